//! What the writer was told and the generation cannot take: channels that opened, what nodes announced, policies
//! that found no room. It waits here for the next generation; the channels are shown in the overlay meanwhile.
//!
//! Everything is kept by name in ordered maps, so that hostile names cannot collide, and the overlay comes out
//! sorted.

use std::collections::BTreeMap;

use primitives::{ChannelPolicy, Direction, Features, Msat, NodeId, ShortChannelId};

use crate::graph::{NodeIdx, Topology};
use crate::overlay::{Overlay, OverlayChannel};

/// Changes that wait for the next generation.
#[derive(Debug, Clone, Default)]
pub(super) struct Pending {
    /// Channels that opened and were not closed since.
    pub(super) channels: BTreeMap<ShortChannelId, PendingChannel>,
    /// What nodes announced that the generation does not know.
    pub(super) nodes: BTreeMap<NodeId, PendingNode>,
    /// Policies of the generation's channels that did not fit it. Each is newer than the one in the generation.
    pub(super) policies: BTreeMap<(ShortChannelId, Direction), ChannelPolicy>,
}

/// A channel that waits.
#[derive(Debug, Clone)]
pub(super) struct PendingChannel {
    /// `node_id_1` and `node_id_2`.
    pub(super) node_ids: [NodeId; 2],
    /// Their numbers in the current generation, where it has them.
    pub(super) nodes: [Option<u32>; 2],
    pub(super) capacity: Option<Msat>,
    pub(super) features: Features,
    pub(super) policies: [Option<ChannelPolicy>; 2],
    /// Whether the merge that is going on has it.
    pub(super) is_merging: bool,
    /// Which policies are newer than those that the merge has.
    pub(super) is_newer: [bool; 2],
}

/// A node's announcement that waits.
#[derive(Debug, Clone)]
pub(super) struct PendingNode {
    pub(super) features: Features,
    /// Whether the merge that is going on has it.
    pub(super) is_merging: bool,
}

impl Pending {
    /// The channels as an overlay of `topology`. O(c log c) for c channels.
    pub(super) fn overlay(&self, topology: &Topology) -> Overlay {
        let first_node = topology.node_count() as u32;
        let ends = |channel: &PendingChannel| [0, 1].map(|end| (channel.node_ids[end], channel.nodes[end]));
        let mut node_ids = self
            .channels
            .values()
            .flat_map(ends)
            .filter_map(|(node_id, node)| node.is_none().then_some(node_id))
            .collect::<Vec<_>>();
        node_ids.sort_unstable();
        node_ids.dedup();
        let number = |(node_id, node): (NodeId, Option<u32>)| {
            node.unwrap_or_else(|| {
                let place =
                    node_ids.binary_search(&node_id).expect("all nodes without a number were collected");
                first_node + place as u32
            })
        };
        let channels = self
            .channels
            .iter()
            .map(|(&short_channel_id, channel)| OverlayChannel {
                short_channel_id,
                nodes: ends(channel).map(number),
                capacities: [channel.capacity; 2],
                features: channel.features.clone(),
                policies: channel.policies,
            })
            .collect();
        let mut overlay =
            Overlay::new(first_node, topology.channel_count() as u32 * 2, node_ids.clone(), channels);
        for (node_id, node) in self.channels.values().flat_map(ends) {
            let seen = self.nodes.get(&node_id).map(|seen| &seen.features);
            let features = seen.or_else(|| Some(topology.node_features(NodeIdx::from_u32(node?))));
            if features.is_some_and(|features| features.unknown_demand().is_some()) {
                overlay.refuse(number((node_id, node)));
            }
        }
        overlay
    }

    /// Returns what a merge takes along, and remembers that it did.
    pub(super) fn begin_merge(&mut self) -> Pending {
        for channel in self.channels.values_mut() {
            (channel.is_merging, channel.is_newer) = (true, [false; 2]);
        }
        for node in self.nodes.values_mut() {
            node.is_merging = true;
        }
        self.clone()
    }

    /// Forgets what the merge took along from `current` to `next`, after bringing it up to date there.
    pub(super) fn end_merge(&mut self, current: &Topology, next: &mut Topology) {
        for (&short_channel_id, channel) in self.channels.iter().filter(|(_, channel)| channel.is_merging) {
            let place = next.channel(short_channel_id).expect("the merge had this channel");
            for direction in Direction::BOTH {
                let at = direction.as_usize();
                if let (true, Some(policy)) = (channel.is_newer[at], &channel.policies[at]) {
                    next.store_unpublished(place, direction, policy);
                }
            }
        }
        self.channels.retain(|_, channel| !channel.is_merging);
        self.nodes.retain(|_, node| !node.is_merging);
        for (node_id, _) in self.nodes.iter().filter(|(_, node)| node.features.unknown_demand().is_some()) {
            if let Some(place) = next.node(node_id) {
                next.refuse(place);
            }
        }
        for ((short_channel_id, direction), policy) in std::mem::take(&mut self.policies) {
            if let Some(channel) = next.open_channel(short_channel_id) {
                next.store_unpublished(channel, direction, &policy);
            }
        }
        for channel in self.channels.values_mut() {
            let place = |node_id| next.node(node_id).map(|node| node.to_u32());
            let places = channel.node_ids.each_ref().map(place);
            for (end, node_id) in channel.node_ids.into_iter().enumerate() {
                // Its last channel had closed when the merge began.
                if let (Some(former), None) = (channel.nodes[end], places[end])
                    && !self.nodes.contains_key(&node_id)
                {
                    let features = current.node_features(NodeIdx::from_u32(former)).clone();
                    self.nodes.insert(node_id, PendingNode { features, is_merging: false });
                }
            }
            channel.nodes = places;
        }
    }
}
