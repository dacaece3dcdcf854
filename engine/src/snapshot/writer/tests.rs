use std::sync::Arc;
use std::thread;

use primitives::{CltvExpiryDelta, Fee, InboundFee, UnixTime};

use super::*;
use crate::graph::{ArcIdx, GraphBuilder};
use crate::snapshot::ChannelGraph;

fn node(n: u64) -> NodeId {
    let mut bytes = [2; 33];
    bytes[25..].copy_from_slice(&n.to_be_bytes());
    NodeId::from_bytes(bytes).expect("prefix 2")
}

fn scid(n: u64) -> ShortChannelId {
    ShortChannelId::from_u64(n)
}

fn opened(n: u64, one: u64, two: u64) -> GraphDelta {
    GraphDelta::ChannelOpened {
        short_channel_id: scid(n),
        node_id_1: node(one),
        node_id_2: node(two),
        capacity: Some(Msat::from_msat(n * 1000)),
        features: Features::from_bits([n as usize % 7]),
    }
}

fn closed(n: u64) -> GraphDelta {
    GraphDelta::ChannelClosed { short_channel_id: scid(n) }
}

fn seen(n: u64, bit: usize) -> GraphDelta {
    GraphDelta::NodeSeen { node_id: node(n), features: Features::from_bits([bit]) }
}

fn policy(n: u32) -> ChannelPolicy {
    ChannelPolicy {
        fee: Fee { fee_base_msat: n, fee_proportional_millionths: n ^ 5 },
        inbound_fee: InboundFee { base_msat: -(n as i32), proportional_millionths: 1 },
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(n as u16),
        htlc_minimum_msat: Msat::from_msat(n.into()),
        htlc_maximum_msat: Msat::from_msat(u64::from(n) * 1000),
        disabled: false,
        last_update: UnixTime::from_secs(n),
    }
}

fn updated(n: u64, direction: Direction, policy: ChannelPolicy) -> GraphDelta {
    GraphDelta::PolicyUpdated { short_channel_id: scid(n), direction, policy }
}

/// A ring of `count` nodes with channels 1 to `count`, each direction with a policy.
fn ring(count: u64) -> (ChannelGraph, GraphWriter) {
    let mut builder = GraphBuilder::new();
    for n in 1..=count {
        let ends = [n, n % count + 1];
        let [one, two] = [ends[0].min(ends[1]), ends[0].max(ends[1])];
        builder.apply(&opened(n, one, two)).expect("new");
        for direction in Direction::BOTH {
            builder.apply(&updated(n, direction, policy(n as u32))).expect("known");
        }
    }
    ChannelGraph::new(Topology::build(builder).expect("small"))
}

fn arc(snapshot: &Snapshot, n: u64, direction: Direction) -> ArcIdx {
    snapshot.channel(scid(n)).expect("open").arc(direction)
}

fn policy_of(snapshot: &Snapshot, n: u64) -> Option<ChannelPolicy> {
    snapshot.policy(arc(snapshot, n, Direction::NodeOneToTwo))
}

#[test]
fn policies_and_closings_are_visible_at_once() {
    let (graph, mut writer) = ring(5);
    let before = graph.snapshot();
    writer.apply(&updated(3, Direction::NodeOneToTwo, policy(77))).expect("known");
    writer.apply(&closed(4)).expect("known");
    assert_eq!(policy_of(&before, 3), Some(policy(77)));
    assert_eq!(before.policy(arc(&before, 3, Direction::NodeTwoToOne)), Some(policy(3)));
    assert_eq!(before.channel(scid(4)), None);
    assert_eq!((before.version(), before.is_current(), before.channels().count()), (0, true, 4));
    assert_eq!(writer.apply(&closed(4)), Err(ApplyError::UnknownChannel { short_channel_id: scid(4) }));
}

#[test]
fn openings_are_visible_once_published() {
    let (graph, mut writer) = ring(5);
    let mut reader = graph.reader();
    let before = Arc::clone(reader.snapshot());
    writer.apply(&opened(9, 2, 700)).expect("new");
    writer.apply(&opened(8, 600, 700)).expect("new");
    writer.apply(&updated(9, Direction::NodeTwoToOne, policy(9))).expect("pending");
    assert_eq!(reader.snapshot().channel(scid(9)), None);
    assert_eq!(writer.publish(), 1);
    let after = reader.snapshot();
    assert_eq!((after.version(), after.node_count(), after.channel_count()), (1, 7, 7));
    assert!(before.channel(scid(9)).is_none() && !before.is_current() && after.is_current());
    let arc = arc(after, 9, Direction::NodeTwoToOne);
    assert_eq!((after.policy(arc), after.policy(arc.reversed())), (Some(policy(9)), None));
    assert_eq!(
        (after.tail(arc), after.head(arc)),
        (after.node(&node(700)).expect("new"), after.node(&node(2)).expect("old"))
    );
    assert_eq!(after.node_id(after.tail(arc)), node(700));
    assert_eq!(after.short_channel_id(arc.channel()), scid(9));
    assert_eq!(after.capacity(arc.channel()), Some(Msat::from_msat(9000)));
    assert_eq!(after.channel_features(arc.channel()), &Features::from_bits([2]));
    assert_eq!(after.node_features(after.tail(arc)), None);
}

#[test]
fn only_changes_are_published() {
    let (_, mut writer) = ring(5);
    assert_eq!(writer.publish(), 0);
    writer.apply(&updated(1, Direction::NodeOneToTwo, policy(1))).expect("known");
    assert_eq!((writer.publish(), writer.publish()), (1, 1));
    assert!(writer.apply(&closed(99)).is_err());
    assert_eq!(writer.publish(), 1);
}

#[test]
fn what_does_not_fit_is_refused() {
    let (_, mut writer) = ring(5);
    let duplicate = |n| Err(ApplyError::DuplicateChannel { short_channel_id: scid(n) });
    assert_eq!(writer.apply(&opened(1, 1, 2)), duplicate(1));
    assert_eq!(writer.apply(&opened(9, 1, 2)), Ok(()));
    assert_eq!(writer.apply(&opened(9, 1, 2)), duplicate(9));
    assert_eq!(
        writer.apply(&opened(10, 2, 2)),
        Err(ApplyError::NodesOutOfOrder { short_channel_id: scid(10) })
    );
    assert_eq!(
        writer.apply(&updated(10, Direction::NodeOneToTwo, policy(1))),
        Err(ApplyError::UnknownChannel { short_channel_id: scid(10) })
    );
}

#[test]
fn changes_during_a_merge_reach_the_next_generation() {
    let (graph, mut writer) = ring(8);
    for delta in [opened(20, 1, 50), opened(21, 1, 51), opened(22, 1, 52), closed(8), seen(2, 1), seen(50, 3)]
    {
        writer.apply(&delta).expect("fits");
    }
    writer.begin_merge();
    let during = [
        updated(1, Direction::NodeOneToTwo, policy(100)),
        updated(20, Direction::NodeOneToTwo, policy(101)),
        closed(2),
        closed(21),
        closed(22),
        opened(22, 3, 52),
        opened(23, 4, 53),
        opened(8, 2, 6),
        seen(2, 2),
    ];
    for delta in &during {
        writer.apply(delta).expect("fits");
    }
    writer.finish_merge();
    assert!(!writer.is_merging());
    let snapshot = graph.snapshot();
    assert_eq!(policy_of(&snapshot, 1), Some(policy(100)));
    assert_eq!(policy_of(&snapshot, 20), Some(policy(101)));
    let open = snapshot.channels().map(|channel| snapshot.short_channel_id(channel).to_u64());
    let mut open = open.collect::<Vec<_>>();
    open.sort_unstable();
    assert_eq!(open, [1, 3, 4, 5, 6, 7, 8, 20, 22, 23]);
    assert!(snapshot.topology().channel(scid(20)).is_some(), "merged");
    assert_eq!(snapshot.topology().channel(scid(8)), None, "dropped by the merge, and open again since");
    assert_eq!(snapshot.capacity(snapshot.channel(scid(8)).expect("open")), Some(Msat::from_msat(8000)));
    let features = |n| snapshot.node_features(snapshot.node(&node(n)).expect("known"));
    assert_eq!(features(2), Some(&Features::from_bits([1])), "what came later waits for the next merge");
    assert_eq!(features(50), Some(&Features::from_bits([3])));
    writer.begin_merge();
    writer.finish_merge();
    let snapshot = graph.snapshot();
    assert_eq!(
        snapshot.node_features(snapshot.node(&node(2)).expect("known")),
        Some(&Features::from_bits([2]))
    );
    assert_eq!(snapshot.topology().channel_count(), 10);
}

#[test]
fn a_node_goes_with_its_last_channel() {
    let (graph, mut writer) = ring(4);
    // A hostile peer's nodes, of channels that do not stay.
    for n in 100..150 {
        writer.apply(&opened(n, 1, n)).expect("new");
        writer.apply(&seen(n, 3)).expect("fits");
    }
    let merge = |writer: &mut GraphWriter| {
        writer.begin_merge();
        writer.finish_merge();
    };
    merge(&mut writer);
    assert_eq!(graph.snapshot().node_count(), 54);
    for n in 100..149 {
        writer.apply(&closed(n)).expect("known");
    }
    // This one was never in a generation.
    for delta in [opened(200, 1, 200), seen(200, 3), closed(200)] {
        writer.apply(&delta).expect("fits");
    }
    merge(&mut writer);
    merge(&mut writer);
    let snapshot = graph.snapshot();
    assert_eq!(
        (snapshot.node_count(), snapshot.node(&node(120)), snapshot.node(&node(200))),
        (5, None, None)
    );
    let left = snapshot.node(&node(149)).expect("its channel is open");
    assert_eq!(snapshot.node_features(left), Some(&Features::from_bits([3])));
    for n in 1..=4 {
        let arc = arc(&snapshot, n, Direction::NodeOneToTwo);
        assert_eq!(policy_of(&snapshot, n), Some(policy(n as u32)));
        let ends = [snapshot.tail(arc), snapshot.head(arc)].map(|end| snapshot.node_id(end));
        assert_eq!(ends, if n == 4 { [node(1), node(4)] } else { [node(n), node(n + 1)] });
    }
}

#[test]
fn what_a_node_announced_waits_for_its_channel() {
    let (graph, mut writer) = ring(4);
    let features = |graph: &ChannelGraph, n| {
        let snapshot = graph.snapshot();
        snapshot.node(&node(n)).and_then(|place| snapshot.node_features(place).cloned())
    };
    let bits = |bit: usize| Some(Features::from_bits([bit]));
    // Announced before the merge, its channel opened after it.
    writer.apply(&seen(50, 3)).expect("fits");
    writer.begin_merge();
    writer.finish_merge();
    writer.apply(&opened(50, 1, 50)).expect("new");
    writer.publish();
    assert_eq!(features(&graph, 50), bits(3));
    // Without a channel when the merge begins, with one when it ends.
    writer.begin_merge();
    writer.finish_merge();
    writer.apply(&closed(50)).expect("known");
    writer.begin_merge();
    writer.apply(&opened(51, 1, 50)).expect("new");
    writer.finish_merge();
    writer.begin_merge();
    writer.finish_merge();
    assert_eq!(features(&graph, 50), bits(3));
}

#[test]
fn a_policy_without_room_comes_with_the_next_generation() {
    let (graph, mut writer) = ring(4);
    let wide =
        |n: u64| ChannelPolicy { htlc_maximum_msat: Msat::from_msat(n * 1000 + 1), ..policy(n as u32) };
    let mut n = 0;
    while writer.pending.policies.is_empty() {
        // Narrow and wide by turns: each wide value takes a new place.
        n += 1;
        writer.apply(&updated(1, Direction::NodeOneToTwo, policy(n as u32))).expect("known");
        writer.apply(&updated(1, Direction::NodeOneToTwo, wide(n))).expect("known");
        assert!(n < 100_000, "the room is bounded");
    }
    let snapshot = graph.snapshot();
    assert_eq!(policy_of(&snapshot, 1), Some(policy(n as u32)), "the former policy holds");
    writer.publish();
    assert!(writer.is_merging());
    writer.apply(&updated(2, Direction::NodeOneToTwo, wide(5))).expect("known");
    writer.finish_merge();
    let snapshot = graph.snapshot();
    assert_eq!((policy_of(&snapshot, 1), policy_of(&snapshot, 2)), (Some(wide(n)), Some(wide(5))));
    assert!(writer.pending.policies.is_empty());
}

#[test]
fn a_newer_policy_replaces_one_that_waits() {
    let (graph, mut writer) = ring(4);
    let wide = ChannelPolicy { htlc_maximum_msat: Msat::from_msat(1), ..policy(1) };
    while writer.pending.policies.is_empty() {
        writer.apply(&updated(1, Direction::NodeOneToTwo, policy(1))).expect("known");
        writer.apply(&updated(1, Direction::NodeOneToTwo, wide)).expect("known");
    }
    writer.apply(&updated(1, Direction::NodeOneToTwo, policy(2))).expect("known");
    writer.begin_merge();
    writer.finish_merge();
    assert_eq!(policy_of(&graph.snapshot(), 1), Some(policy(2)));
}

#[test]
fn many_openings_start_a_merge() {
    let (graph, mut writer) = ring(4);
    for n in 0..CHANGED_CHANNEL_COUNT_MAX as u64 {
        writer.apply(&opened(100 + n, 1, 100 + n)).expect("new");
    }
    writer.publish();
    assert!(writer.is_merging());
    writer.finish_merge();
    let snapshot = graph.snapshot();
    assert_eq!(snapshot.topology().channel_count(), 4 + CHANGED_CHANNEL_COUNT_MAX);
    assert!(snapshot.overlay().is_empty());
    writer.publish();
    assert!(!writer.is_merging());
}

#[test]
fn a_merge_may_be_awaited_inside_the_pool() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread");
    pool.install(|| {
        let (graph, mut writer) = ring(4);
        writer.apply(&opened(9, 1, 3)).expect("new");
        writer.begin_merge();
        writer.finish_merge();
        assert_eq!(graph.snapshot().topology().channel_count(), 5);
    });
}

#[test]
fn former_generations_are_freed() {
    let (graph, mut writer) = ring(4);
    let first = Arc::downgrade(&graph.snapshot().generation);
    let held = graph.snapshot();
    writer.begin_merge();
    writer.finish_merge();
    for _ in 0..1000 {
        writer.publish();
    }
    assert!(first.upgrade().is_some(), "a reader holds it");
    drop(held);
    for _ in 0..1_000_000 {
        if first.upgrade().is_none() {
            return;
        }
        writer.publish();
        thread::yield_now();
    }
    panic!("nobody freed the first generation");
}
