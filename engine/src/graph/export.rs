//! A generation's contents taken out again, to be changed and laid out as the next generation.
//!
//! The writer goes on while a generation is read, so a record that is being replaced may come out torn: words of the
//! old policy beside words of the new one, hence a policy that nobody ever told. Whoever exports a graph with a
//! working writer repairs that by storing again every policy that was written since the export began (see
//! `snapshot`). What such a repair could not reach is never torn: names, nodes and features do not change, `CLOSED`
//! only ever appears, and a known capacity is written back unchanged by every update, in the same place.

use primitives::Direction;
use rayon::prelude::*;

use super::builder::GraphBuilder;
use super::contents::{ChannelDraft, Contents};
use super::ids::ChannelIdx;
use super::topology::Topology;

impl Topology {
    /// A builder that holds this graph: all nodes, and the channels that are not closed. O(n + m).
    ///
    /// Policies that a writer replaces meanwhile may come out torn.
    pub fn to_builder(&self) -> GraphBuilder {
        GraphBuilder::from_contents(self.contents())
    }

    /// As [`Topology::to_builder`], without the look-up of names. Nodes keep their numbers, channels are sorted by
    /// name, feature vectors that nobody has any more are left out. O(n + m), in parallel.
    pub(crate) fn contents(&self) -> Contents {
        let channels = (0..self.channel_count() as u32)
            .into_par_iter()
            .map(ChannelIdx::from_u32)
            .filter(|&channel| !self.is_closed(channel))
            .map(|channel| self.draft(channel))
            .collect();
        let mut contents = Contents {
            node_ids: self.node_ids.to_vec(),
            node_features: self.node_features.to_vec(),
            feature_sets: self.feature_sets.to_vec(),
            channels,
        };
        contents.drop_unused_features();
        contents
    }

    fn draft(&self, channel: ChannelIdx) -> ChannelDraft {
        let arc = channel.arc(Direction::NodeOneToTwo);
        ChannelDraft {
            short_channel_id: self.short_channel_id(channel),
            nodes: [self.tail(arc).to_u32(), self.head(arc).to_u32()],
            capacity: self.capacity(channel),
            features: self.channel_features[channel.to_usize()],
            policies: [self.policy(arc), self.policy(arc.reversed())],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::{
        ChannelPolicy, CltvExpiryDelta, Features, Fee, GraphDelta, InboundFee, Msat, NodeId, ShortChannelId,
        UnixTime,
    };

    fn node(n: u8) -> NodeId {
        let mut bytes = [n; 33];
        bytes[0] = 2;
        NodeId::from_bytes(bytes).expect("prefix 2")
    }

    fn policy(n: u64) -> ChannelPolicy {
        ChannelPolicy {
            fee: Fee { fee_base_msat: n as u32, fee_proportional_millionths: 7 },
            inbound_fee: InboundFee { base_msat: -(n as i32), proportional_millionths: 3 },
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(40),
            htlc_minimum_msat: Msat::from_msat(n),
            htlc_maximum_msat: Msat::from_msat(5_000_000_001 * n),
            disabled: n.is_multiple_of(2),
            last_update: UnixTime::from_secs(n as u32),
        }
    }

    fn three_channels() -> GraphBuilder {
        let mut builder = GraphBuilder::new();
        for n in 1..=3u64 {
            let features = Features::from_bits([n as usize]);
            let (scid, capacity) = (ShortChannelId::from_u64(n), Some(Msat::from_msat(n * 1_000_000)));
            builder.add_channel(scid, node(n as u8), node(9), capacity, &features).expect("new");
            builder.set_policy(scid, Direction::NodeTwoToOne, policy(n)).expect("known");
            let seen = GraphDelta::NodeSeen { node_id: node(n as u8), features };
            builder.apply(&seen).expect("there is room");
        }
        builder
    }

    #[test]
    fn what_goes_in_comes_out() {
        let topology = Topology::build(three_channels()).expect("small");
        let (expected, found) = (three_channels(), topology.to_builder());
        assert_eq!((found.nodes().len(), found.channels().len()), (4, 3));
        for channel in expected.channels() {
            let copy = found.channel(channel.short_channel_id).expect("kept");
            assert_eq!((copy.capacity, copy.policies), (channel.capacity, channel.policies));
            for (old, new) in channel.nodes.into_iter().zip(copy.nodes) {
                assert_eq!(expected.nodes()[old as usize], found.nodes()[new as usize]);
                let set = |graph: &GraphBuilder, at: u32| {
                    graph.feature_sets()[usize::from(graph.node_features()[at as usize])].clone()
                };
                assert_eq!(set(&expected, old), set(&found, new));
            }
        }
    }

    #[test]
    fn closed_channels_stay_behind() {
        let topology = Topology::build(three_channels()).expect("small");
        let second = topology.channel(ShortChannelId::from_u64(2)).expect("known");
        topology.close(second);
        let builder = topology.to_builder();
        assert_eq!((builder.channels().len(), builder.nodes().len()), (2, 4));
        assert!(builder.channel(ShortChannelId::from_u64(2)).is_none());
    }

    #[test]
    fn features_that_nobody_has_are_left_out() {
        let topology = Topology::build(three_channels()).expect("small");
        let mut contents = topology.contents();
        let replaced = contents.node_ids.iter().position(|&id| id == node(3)).expect("known");
        contents.set_node_features(replaced as u32, &Features::from_bits([1]));
        let topology = Topology::lay_out(contents).expect("small");
        topology.close(topology.channel(ShortChannelId::from_u64(3)).expect("known"));
        assert_eq!(topology.feature_sets.len(), 4);
        let kept = Topology::build(topology.to_builder()).expect("small");
        let sets = [vec![], vec![1], vec![2]].map(Features::from_bits);
        assert!(sets.iter().all(|set| kept.feature_sets.contains(set)) && kept.feature_sets.len() == 3);
        let features = |n| kept.node_features(kept.node(&node(n)).expect("known"));
        assert_eq!(
            [features(1), features(2), features(3), features(9)],
            [&sets[1], &sets[2], &sets[1], &sets[0]]
        );
    }

    #[test]
    fn a_policy_without_room_changes_nothing() {
        let mut builder = GraphBuilder::new();
        let scid = ShortChannelId::from_u64(1);
        let added = builder.add_channel(scid, node(1), node(2), None, &Features::default());
        added.expect("new");
        let wide_minimum = ChannelPolicy { htlc_minimum_msat: Msat::from_msat(1 << 40), ..policy(0) };
        builder.set_policy(scid, Direction::NodeOneToTwo, wide_minimum).expect("known");
        let topology = Topology::build(builder).expect("small");
        let channel = topology.channel(scid).expect("known");
        topology.wide.used.store(topology.wide.values.len() as u32, std::sync::atomic::Ordering::Relaxed);
        let before = topology.policy(channel.arc(Direction::NodeOneToTwo));
        let wider = ChannelPolicy {
            htlc_minimum_msat: Msat::from_msat(1 << 41),
            htlc_maximum_msat: Msat::MAX,
            ..policy(2)
        };
        assert!(topology.plan_policy(channel, Direction::NodeTwoToOne, &wider).is_none());
        assert!(topology.plan_policy(channel, Direction::NodeOneToTwo, &wider).is_none());
        assert_eq!(topology.policy(channel.arc(Direction::NodeOneToTwo)), before);
        let narrow = ChannelPolicy { htlc_minimum_msat: Msat::from_msat(1 << 41), ..policy(0) };
        let plan = topology.plan_policy(channel, Direction::NodeOneToTwo, &narrow).expect("has its place");
        topology.store_policy(&plan);
        assert_eq!(topology.policy(channel.arc(Direction::NodeOneToTwo)), Some(narrow));
    }
}
