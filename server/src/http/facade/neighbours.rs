//! The channels of a node, and those between two, whatever their policies say.

use engine::graph::{ArcIdx, ChannelIdx, NodeIdx};
use engine::snapshot::Snapshot;
use primitives::Direction;

/// The open channels of a node, by name. O(its channels + channels that opened since the generation was built).
pub(in crate::http) fn channels_of(snapshot: &Snapshot, node: NodeIdx) -> Vec<ChannelIdx> {
    let mut channels: Vec<ChannelIdx> = arcs_from(snapshot, node).map(ArcIdx::channel).collect();
    channels.sort_unstable_by_key(|&channel| snapshot.short_channel_id(channel));
    channels
}

/// The arcs of open channels from one node to another. O(channels of `tail` + channels that opened since the generation
/// was built).
pub(in crate::http) fn arcs_between(
    snapshot: &Snapshot,
    tail: NodeIdx,
    head: NodeIdx,
) -> impl Iterator<Item = ArcIdx> + '_ {
    arcs_from(snapshot, tail).filter(move |&arc| snapshot.head(arc) == head)
}

fn arcs_from(snapshot: &Snapshot, tail: NodeIdx) -> impl Iterator<Item = ArcIdx> + '_ {
    let topology = snapshot.topology();
    let is_old = tail.to_usize() < topology.node_count();
    let old = is_old.then(|| topology.outgoing(tail)).into_iter().flatten();
    let index = |place: usize| u32::try_from(place).expect("channels are numbered with 32 bits");
    let opened = index(topology.channel_count())..index(snapshot.channel_count());
    let both = |place| Direction::BOTH.map(|direction| ChannelIdx::from_u32(place).arc(direction));
    let new = opened.flat_map(both).filter(move |&arc| snapshot.tail(arc) == tail);
    old.chain(new).filter(|arc| !snapshot.is_closed(arc.channel()))
}
