//! The channels of a node, and those between two, whatever their policies say.

use std::collections::HashSet;

use engine::graph::{ArcIdx, ChannelIdx, NodeIdx};
use engine::snapshot::Snapshot;
use primitives::Direction;

/// The open channels of a node, by name. O(its channels + channels that opened since the generation was built).
pub(super) fn channels_of(snapshot: &Snapshot, node: NodeIdx) -> Vec<ChannelIdx> {
    let mut channels: Vec<ChannelIdx> = arcs_from(snapshot, node).map(ArcIdx::channel).collect();
    channels.sort_unstable_by_key(|&channel| snapshot.short_channel_id(channel));
    channels
}

/// Whether a node has an open channel. Those without one are on their way out of the graph, and nobody is told of them.
/// O(its channels); where they are all closed, also O(channels that opened since the generation was built).
pub(super) fn has_channels(snapshot: &Snapshot, node: NodeIdx) -> bool {
    let is_new = node.to_usize() >= snapshot.topology().node_count();
    is_new || arcs_from(snapshot, node).next().is_some()
}

/// The arcs of open channels from one node to another. O(channels of `tail` + channels that opened since the generation
/// was built).
pub(super) fn arcs_between(
    snapshot: &Snapshot,
    tail: NodeIdx,
    head: NodeIdx,
) -> impl Iterator<Item = ArcIdx> + '_ {
    arcs_from(snapshot, tail).filter(move |&arc| snapshot.head(arc) == head)
}

/// The arcs of open channels from the first to the second node of any of these pairs, in no order. O(pairs + channels of
/// all the first ones together + channels that opened since the generation was built).
pub(super) fn arcs_of_pairs(
    snapshot: &Snapshot,
    pairs: &HashSet<(NodeIdx, NodeIdx)>,
) -> impl Iterator<Item = ArcIdx> {
    let tails: HashSet<NodeIdx> = pairs.iter().map(|&(tail, _)| tail).collect();
    let old = tails.into_iter().flat_map(move |tail| old_arcs(snapshot, tail));
    let arcs = old.chain(new_arcs(snapshot).filter(move |_| !pairs.is_empty()));
    arcs.filter(move |&arc| {
        pairs.contains(&(snapshot.tail(arc), snapshot.head(arc))) && !snapshot.is_closed(arc.channel())
    })
}

/// How many arcs are looked at to find those from these nodes. O(nodes).
pub(super) fn arc_count(snapshot: &Snapshot, tails: impl IntoIterator<Item = NodeIdx>) -> usize {
    let topology = snapshot.topology();
    let old = tails.into_iter().filter(|tail| tail.to_usize() < topology.node_count());
    let old: usize = old.map(|tail| topology.outgoing(tail).size_hint().0).sum();
    old + 2 * snapshot.channel_count().saturating_sub(topology.channel_count())
}

fn arcs_from(snapshot: &Snapshot, tail: NodeIdx) -> impl Iterator<Item = ArcIdx> + '_ {
    let new = new_arcs(snapshot).filter(move |&arc| snapshot.tail(arc) == tail);
    old_arcs(snapshot, tail).chain(new).filter(|arc| !snapshot.is_closed(arc.channel()))
}

/// The arcs from a node that the generation has.
fn old_arcs(snapshot: &Snapshot, tail: NodeIdx) -> impl Iterator<Item = ArcIdx> + '_ {
    let topology = snapshot.topology();
    let is_old = tail.to_usize() < topology.node_count();
    is_old.then(|| topology.outgoing(tail)).into_iter().flatten()
}

/// The arcs of channels that opened since the generation was built.
fn new_arcs(snapshot: &Snapshot) -> impl Iterator<Item = ArcIdx> + '_ {
    let index = |place: usize| u32::try_from(place).expect("channels are numbered with 32 bits");
    let opened = index(snapshot.topology().channel_count())..index(snapshot.channel_count());
    opened.flat_map(|place| Direction::BOTH.map(|direction| ChannelIdx::from_u32(place).arc(direction)))
}

#[cfg(test)]
mod tests {
    use engine::graph::Topology;
    use engine::snapshot::ChannelGraph;
    use engine::synthetic::{SyntheticConfig, generate};
    use primitives::{Features, GraphDelta, ShortChannelId};

    use super::*;

    #[test]
    fn arcs_of_many_pairs_are_those_of_each() {
        let graph = generate(&SyntheticConfig::new(5, 300), &mut |_| {}).unwrap();
        let (graph, mut writer) = ChannelGraph::new(Topology::build(graph).unwrap());
        let node = |place: u32| NodeIdx::from_u32(place);
        let before = graph.snapshot();
        let some = before.channels().nth(7).unwrap().arc(Direction::NodeOneToTwo);
        let ends = [before.node_id(before.tail(some)), before.node_id(before.head(some))];
        let far = [before.node_id(node(0)), before.node_id(node(1))];
        for (block, ends) in [(900_000, ends), (900_001, far)] {
            let opened = GraphDelta::ChannelOpened {
                short_channel_id: ShortChannelId::from_u64(block << 40),
                node_id_1: ends[0].min(ends[1]),
                node_id_2: ends[0].max(ends[1]),
                capacity: None,
                features: Features::default(),
            };
            writer.apply(&opened).unwrap();
        }
        writer.publish();
        let snapshot = graph.snapshot();
        let (tail, head) = (snapshot.tail(some), snapshot.head(some));
        assert!(arcs_between(&snapshot, tail, head).count() >= 2, "an old one and a new one");
        let old_count = |node: NodeIdx| before.topology().outgoing(node).count();
        assert_eq!(arc_count(&snapshot, [tail, head]), old_count(tail) + old_count(head) + 2 * 2);
        let count = u32::try_from(snapshot.node_count()).unwrap();
        let all = |step: usize| {
            let pairs = (0..count).flat_map(|one| (0..count).map(move |two| (node(one), node(two))));
            pairs.step_by(step).chain([(tail, head)]).collect::<HashSet<_>>()
        };
        for pairs in [HashSet::new(), all(1), all(2), all(97)] {
            let arcs: Vec<ArcIdx> = arcs_of_pairs(&snapshot, &pairs).collect();
            let found: HashSet<ArcIdx> = arcs.iter().copied().collect();
            let each = pairs.iter().flat_map(|&(tail, head)| arcs_between(&snapshot, tail, head));
            assert_eq!(found, each.collect());
            assert_eq!(arcs.len(), found.len(), "each once");
        }
    }
}
