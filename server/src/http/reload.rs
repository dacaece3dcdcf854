//! The way from the graph that is served to another one, as changes.

use std::collections::HashSet;

use engine::graph::{ArcIdx, ChannelIdx, NodeIdx, Topology};
use engine::snapshot::{ChannelGraph, Snapshot};
use primitives::{Direction, GraphDelta, NodeId, ShortChannelId};

use super::applier::{Applier, Change, ChangeError, DELTAS_TOGETHER};

/// Makes the served graph the other one, and returns how many changes that took. For a thread that may wait: a piece
/// follows another once readers see that one.
pub(super) fn replace(
    graph: &ChannelGraph,
    applier: &Applier,
    wanted: &Topology,
) -> Result<usize, ChangeError> {
    let deltas = difference(&graph.snapshot(), wanted);
    for piece in pieces(&deltas) {
        // Nothing is ever sent: the sender is dropped once readers see the piece, or the applier has ended.
        let _ = applier.submit(Change::Graph(piece.to_vec()))?.recv();
    }
    applier.recount_newest_update()?;
    Ok(deltas.len())
}

/// What makes the served graph the other one, channel by channel: one that differs is closed, opened and given its
/// policies in a row, so that few are missing at any moment. Channels that are no more close after that, so that a node
/// whose channels are all new ones is never without. What nodes announce comes last. O(m log m).
pub fn difference(served: &Snapshot, wanted: &Topology) -> Vec<GraphDelta> {
    let mut difference = Difference { served, wanted, deltas: Vec::new(), bereft: HashSet::new() };
    let all = (0..wanted.channel_count() as u32).map(ChannelIdx::from_u32);
    for channel in all.filter(|&channel| !wanted.is_closed(channel)) {
        difference.bring(channel);
    }
    for channel in served.channels() {
        if wanted.open_channel(served.short_channel_id(channel)).is_none() {
            difference.close(channel);
        }
    }
    let nodes = (0..wanted.node_count() as u32).map(NodeIdx::from_u32);
    for node in nodes.filter(|&node| wanted.outgoing(node).next().is_some()) {
        difference.announce(node);
    }
    difference.deltas
}

/// Changes in pieces of some size.
fn pieces(deltas: &[GraphDelta]) -> impl Iterator<Item = &[GraphDelta]> {
    let mut rest = deltas;
    std::iter::from_fn(move || {
        let (piece, behind) = rest.split_at(piece_len(rest));
        rest = behind;
        (!piece.is_empty()).then_some(piece)
    })
}

/// How many of the next changes are to be made together. Those of one channel are, for a closing is seen at once, and an
/// opening with its piece.
pub(super) fn piece_len(rest: &[GraphDelta]) -> usize {
    let size_max = rest.len().min(DELTAS_TOGETHER);
    let is_border = |&at: &usize| at == rest.len() || !are_of_one_channel(&rest[at - 1], &rest[at]);
    (1..=size_max).rev().find(is_border).unwrap_or(size_max)
}

/// A difference in the making.
struct Difference<'a> {
    served: &'a Snapshot,
    wanted: &'a Topology,
    deltas: Vec<GraphDelta>,
    /// What these have announced may be forgotten with their last channel, before another one opens.
    bereft: HashSet<NodeIdx>,
}

impl Difference<'_> {
    /// Makes a channel what it is in the other graph.
    fn bring(&mut self, channel: ChannelIdx) {
        let (served, wanted) = (self.served, self.wanted);
        let short_channel_id = wanted.short_channel_id(channel);
        let former = served.channel(short_channel_id);
        let kept = former.filter(|&former| is_same(served, former, wanted, channel));
        if kept.is_none() {
            if let Some(former) = former {
                self.close(former);
            }
            let [node_id_1, node_id_2] = ends(wanted, channel);
            self.deltas.push(GraphDelta::ChannelOpened {
                short_channel_id,
                node_id_1,
                node_id_2,
                capacity: wanted.capacity(channel),
                features: wanted.channel_features(channel).clone(),
            });
        }
        for direction in Direction::BOTH {
            let Some(policy) = wanted.policy(channel.arc(direction)) else { continue };
            if kept.is_none_or(|kept| served.policy(kept.arc(direction)) != Some(policy)) {
                self.deltas.push(GraphDelta::PolicyUpdated { short_channel_id, direction, policy });
            }
        }
    }

    /// Closes a channel that is served.
    fn close(&mut self, channel: ChannelIdx) {
        let short_channel_id = self.served.short_channel_id(channel);
        self.deltas.push(GraphDelta::ChannelClosed { short_channel_id });
        self.bereft.extend(Direction::BOTH.map(|direction| self.served.tail(channel.arc(direction))));
    }

    /// Tells what a node announces in the other graph, where that is not known or may be forgotten.
    fn announce(&mut self, node: NodeIdx) {
        let (node_id, features) = (self.wanted.node_id(node), self.wanted.node_features(node));
        let known = self.served.node(&node_id);
        let is_bereft = known.is_some_and(|known| self.bereft.contains(&known));
        let announced = known.and_then(|known| self.served.node_features(known));
        let is_other = announced.map_or(!features.is_empty(), |announced| announced != features);
        if is_other || is_bereft && !features.is_empty() {
            self.deltas.push(GraphDelta::NodeSeen { node_id, features: features.clone() });
        }
    }
}

/// Whether a channel has the same ends and size in both, and no direction has lost its policy.
fn is_same(served: &Snapshot, channel: ChannelIdx, wanted: &Topology, other: ChannelIdx) -> bool {
    let arc = channel.arc(Direction::NodeOneToTwo);
    let is_kept = |direction: Direction| {
        served.policy(channel.arc(direction)).is_none() || wanted.policy(other.arc(direction)).is_some()
    };
    [served.node_id(served.tail(arc)), served.node_id(served.head(arc))] == ends(wanted, other)
        && served.capacity(channel) == wanted.capacity(other)
        && Direction::BOTH.into_iter().all(is_kept)
}

fn ends(topology: &Topology, channel: ChannelIdx) -> [NodeId; 2] {
    let arc: ArcIdx = channel.arc(Direction::NodeOneToTwo);
    [topology.node_id(topology.tail(arc)), topology.node_id(topology.head(arc))]
}

fn are_of_one_channel(one: &GraphDelta, other: &GraphDelta) -> bool {
    channel_of(one).is_some_and(|channel| channel_of(other) == Some(channel))
}

fn channel_of(delta: &GraphDelta) -> Option<ShortChannelId> {
    match delta {
        GraphDelta::ChannelOpened { short_channel_id, .. }
        | GraphDelta::ChannelClosed { short_channel_id }
        | GraphDelta::PolicyUpdated { short_channel_id, .. } => Some(*short_channel_id),
        GraphDelta::NodeSeen { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use primitives::Features;

    use super::*;

    fn seen(number: u8) -> GraphDelta {
        let mut bytes = [number; 33];
        bytes[0] = 2;
        let node_id = NodeId::from_bytes(bytes).expect("prefix 2");
        GraphDelta::NodeSeen { node_id, features: Features::default() }
    }

    #[test]
    fn changes_of_a_channel_stay_in_one_piece() {
        // Three of each, so that a border falls into one.
        let of = |number| {
            vec![GraphDelta::ChannelClosed { short_channel_id: ShortChannelId::from_u64(number) }; 3]
        };
        let mut deltas: Vec<GraphDelta> = (0..700).flat_map(of).collect();
        deltas.extend([seen(1), seen(2), seen(1)]);
        let pieces: Vec<&[GraphDelta]> = pieces(&deltas).collect();
        assert_eq!(pieces.concat(), deltas);
        assert_eq!(pieces.iter().map(|piece| piece.len()).collect::<Vec<_>>(), [999, 999, 105]);
    }

    #[test]
    fn a_channel_with_more_changes_than_fit_is_cut() {
        let short_channel_id = ShortChannelId::from_u64(7);
        let deltas = vec![GraphDelta::ChannelClosed { short_channel_id }; 2500];
        let sizes: Vec<usize> = pieces(&deltas).map(<[GraphDelta]>::len).collect();
        assert_eq!(sizes, [1000, 1000, 500]);
        assert_eq!(pieces(&[]).count(), 0);
    }
}
