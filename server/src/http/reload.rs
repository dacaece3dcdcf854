//! The way from the graph that is served to another one, as changes.

use std::collections::HashSet;

use engine::graph::{ArcIdx, ChannelIdx, NodeIdx, Topology};
use engine::snapshot::Snapshot;
use primitives::{Direction, GraphDelta};

/// What makes the served graph the other one: closings first, then openings with their policies, then policies that
/// differ, then what nodes announce. O(m log m).
pub fn difference(served: &Snapshot, wanted: &Topology) -> Vec<GraphDelta> {
    let mut deltas = Vec::new();
    // What these have announced may be forgotten with their last channel, before another one opens.
    let mut bereft = HashSet::new();
    for channel in served.channels() {
        let short_channel_id = served.short_channel_id(channel);
        if wanted.open_channel(short_channel_id).is_none_or(|other| !is_same(served, channel, wanted, other))
        {
            deltas.push(GraphDelta::ChannelClosed { short_channel_id });
            bereft.extend(Direction::BOTH.map(|direction| served.tail(channel.arc(direction))));
        }
    }
    let all = (0..wanted.channel_count() as u32).map(ChannelIdx::from_u32);
    for channel in all.filter(|&channel| !wanted.is_closed(channel)) {
        let short_channel_id = wanted.short_channel_id(channel);
        let known = served.channel(short_channel_id);
        let known = known.filter(|&other| is_same(served, other, wanted, channel));
        if known.is_none() {
            let [node_id_1, node_id_2] = ends(wanted, channel);
            deltas.push(GraphDelta::ChannelOpened {
                short_channel_id,
                node_id_1,
                node_id_2,
                capacity: wanted.capacity(channel),
                features: wanted.channel_features(channel).clone(),
            });
        }
        for direction in Direction::BOTH {
            let Some(policy) = wanted.policy(channel.arc(direction)) else { continue };
            if known.is_none_or(|known| served.policy(known.arc(direction)) != Some(policy)) {
                deltas.push(GraphDelta::PolicyUpdated { short_channel_id, direction, policy });
            }
        }
    }
    let nodes = (0..wanted.node_count() as u32).map(NodeIdx::from_u32);
    for node in nodes.filter(|&node| wanted.outgoing(node).next().is_some()) {
        let (node_id, features) = (wanted.node_id(node), wanted.node_features(node));
        let known = served.node(&node_id).filter(|known| !bereft.contains(known));
        let known = known.and_then(|known| served.node_features(known));
        if known.map_or(!features.is_empty(), |known| known != features) {
            deltas.push(GraphDelta::NodeSeen { node_id, features: features.clone() });
        }
    }
    deltas
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

fn ends(topology: &Topology, channel: ChannelIdx) -> [primitives::NodeId; 2] {
    let arc: ArcIdx = channel.arc(Direction::NodeOneToTwo);
    [topology.node_id(topology.tail(arc)), topology.node_id(topology.head(arc))]
}
