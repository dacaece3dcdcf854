//! Channels and nodes that demand features which nobody here knows are not routed through (BOLT 7).

use engine::graph::{FEATURE_SET_COUNT_MAX, GraphBuilder, Topology};
use engine::query::RouteQuery;
use engine::router::{RouteError, RouteWorkspace, route};
use engine::snapshot::{ChannelGraph, GraphWriter, Snapshot, read_snapshot};
use primitives::{ChannelPolicy, Direction, Features, GraphDelta, Msat, NodeId, ShortChannelId};
use tests::network::{base_policy, node};

use super::persist::stored;

const CAPACITY: Msat = Msat::from_msat(10_000_000_000);
/// Even, and without a meaning in BOLT 9.
const UNKNOWN: usize = 100;

fn scid(number: u64) -> ShortChannelId {
    ShortChannelId::from_u64(number << 40)
}

fn features(bits: &[usize]) -> Features {
    Features::from_bits(bits.iter().copied())
}

fn opened(number: u64, ends: (u32, u32), bits: &[usize]) -> GraphDelta {
    GraphDelta::ChannelOpened {
        short_channel_id: scid(number),
        node_id_1: node(ends.0),
        node_id_2: node(ends.1),
        capacity: Some(CAPACITY),
        features: features(bits),
    }
}

fn policy(fee_base_msat: u32) -> ChannelPolicy {
    base_policy(fee_base_msat, CAPACITY)
}

fn priced(number: u64, fee_base_msat: u32) -> [GraphDelta; 2] {
    Direction::BOTH.map(|direction| GraphDelta::PolicyUpdated {
        short_channel_id: scid(number),
        direction,
        policy: policy(fee_base_msat),
    })
}

fn seen(number: u32, bits: &[usize]) -> GraphDelta {
    GraphDelta::NodeSeen { node_id: node(number), features: features(bits) }
}

/// Two ways from node 0 to node 3: channels 1 and 2 over node 1, and 3 and 4 over node 2, which is dearer. The cheap way's
/// second channel, and node 1, have these features.
fn square(channel_bits: &[usize], node_bits: &[usize]) -> Vec<GraphDelta> {
    let mut deltas = vec![
        opened(1, (0, 1), &[]),
        opened(2, (1, 3), channel_bits),
        opened(3, (0, 2), &[]),
        opened(4, (2, 3), &[]),
        seen(1, node_bits),
    ];
    deltas.extend((1..=4).flat_map(|number| priced(number, if number < 3 { 1 } else { 1000 })));
    deltas
}

fn built(deltas: &[GraphDelta]) -> GraphWriter {
    let mut draft = GraphBuilder::new();
    deltas.iter().for_each(|delta| draft.apply(delta).unwrap());
    ChannelGraph::new(Topology::build(draft).unwrap()).1
}

/// The nodes on the way, or `None`.
fn way(snapshot: &Snapshot, payer: u32, payee: u32) -> Option<Vec<NodeId>> {
    let query = RouteQuery::new(node(payer), node(payee), Msat::from_msat(1_000_000));
    match route(snapshot, &query, &mut RouteWorkspace::default()) {
        Ok(found) => Some(found.hops.iter().map(|hop| hop.node_id).collect()),
        Err(RouteError::NoRoute(_)) => None,
        Err(error) => panic!("{error}"),
    }
}

fn over(number: u32) -> Option<Vec<NodeId>> {
    Some(vec![node(number), node(3)])
}

#[test]
fn unknown_demands_are_not_routed_through_and_others_are() {
    for (channel_bits, node_bits, expected) in [
        (&[][..], &[][..], 1),
        (&[UNKNOWN + 1], &[UNKNOWN + 1], 1),
        (&[0, 8, 12], &[8, 14, 16, 18, 22], 1),
        (&[UNKNOWN], &[], 2),
        (&[], &[8, UNKNOWN], 2),
    ] {
        let deltas = square(channel_bits, node_bits);
        let writer = built(&deltas);
        assert_eq!(way(writer.snapshot(), 0, 3), over(expected), "{channel_bits:?} {node_bits:?}");
        // The same while it is beside a generation, and when it is in one.
        let (_, mut writer) = ChannelGraph::new(Topology::build(GraphBuilder::new()).unwrap());
        deltas.iter().for_each(|delta| writer.apply(delta).unwrap());
        writer.publish();
        assert_eq!(way(writer.snapshot(), 0, 3), over(expected), "{channel_bits:?} {node_bits:?}, beside");
        writer.begin_merge();
        writer.finish_merge();
        assert_eq!(way(writer.snapshot(), 0, 3), over(expected), "{channel_bits:?} {node_bits:?}, merged");
    }
}

/// A graph keeps a bounded number of distinct feature vectors. Whoever announces more of them hides no demand.
#[test]
fn demands_count_however_many_features_there_are() {
    let odd = |number: u32| (0..14).filter(move |bit| number >> bit & 1 == 1).map(|bit| 201 + 2 * bit);
    let other = |number: u32| seen(10 + number, &odd(number).collect::<Vec<_>>());
    for (channel_bits, node_bits, expected) in
        [(&[][..], &[][..], 1), (&[UNKNOWN], &[], 2), (&[], &[UNKNOWN + 2], 2)]
    {
        let mut deltas: Vec<GraphDelta> = (0..2 * FEATURE_SET_COUNT_MAX as u32).map(other).collect();
        // Another demand, which all that come later share.
        deltas.push(seen(9, &[UNKNOWN + 4]));
        deltas.extend(square(channel_bits, node_bits));
        let writer = built(&deltas);
        assert_eq!(way(writer.snapshot(), 0, 3), over(expected), "{channel_bits:?} {node_bits:?}");
        let read = read_snapshot(&stored(writer.snapshot().topology())).unwrap();
        assert_eq!(
            way(&Snapshot::from_topology(read), 0, 3),
            over(expected),
            "{channel_bits:?} {node_bits:?}, stored"
        );
    }
}

#[test]
fn a_node_with_unknown_demands_pays_and_is_not_paid() {
    let writer = built(&square(&[], &[UNKNOWN]));
    assert_eq!(way(writer.snapshot(), 1, 3), Some(vec![node(3)]));
    assert_eq!(way(writer.snapshot(), 0, 1), None);
}

#[test]
fn policies_are_kept_as_they_were_told() {
    let mut writer = built(&square(&[UNKNOWN], &[UNKNOWN]));
    let check = |snapshot: &Snapshot, number: u64, fee: u32| {
        let channel = snapshot.channel(scid(number)).unwrap();
        for direction in Direction::BOTH {
            assert_eq!(snapshot.policy(channel.arc(direction)), Some(policy(fee)));
        }
    };
    check(writer.snapshot(), 1, 1);
    check(writer.snapshot(), 2, 1);
    // A new policy changes nothing of what the channel demands.
    for number in 1..3 {
        priced(number, 0).iter().for_each(|delta| writer.apply(delta).unwrap());
        check(writer.snapshot(), number, 0);
    }
    writer.publish();
    assert_eq!(way(writer.snapshot(), 0, 3), over(2));
    let read = Snapshot::from_topology(read_snapshot(&stored(writer.snapshot().topology())).unwrap());
    check(&read, 1, 0);
    assert_eq!(way(&read, 0, 3), over(2));
}

#[test]
fn a_node_is_left_alone_as_soon_as_it_demands_the_unknown_and_comes_back_with_a_generation() {
    let mut writer = built(&square(&[], &[]));
    // A channel that opens later leads to it, too.
    writer.apply(&opened(5, (0, 1), &[])).unwrap();
    priced(5, 0).iter().for_each(|delta| writer.apply(delta).unwrap());
    writer.publish();
    assert_eq!(way(writer.snapshot(), 0, 3), over(1));
    writer.apply(&seen(1, &[UNKNOWN])).unwrap();
    writer.publish();
    assert_eq!(way(writer.snapshot(), 0, 3), over(2));
    // Told while a generation is built that knows nothing of it.
    let mut late = built(&square(&[], &[]));
    late.begin_merge();
    late.apply(&seen(1, &[UNKNOWN])).unwrap();
    late.finish_merge();
    assert_eq!(way(late.snapshot(), 0, 3), over(2));
    for mut writer in [writer, late] {
        for (bits, expected) in [(&[UNKNOWN][..], 2), (&[], 1)] {
            writer.apply(&seen(1, bits)).unwrap();
            writer.publish();
            writer.begin_merge();
            writer.finish_merge();
            assert_eq!(way(writer.snapshot(), 0, 3), over(expected));
        }
    }
}
