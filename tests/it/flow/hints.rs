//! Route hints in plans, those among them that name a channel twice.

use engine::flow::{PlanError, PlanQuery, PlanWorkspace, most_sendable};
use engine::graph::{GraphBuilder, Topology};
use engine::query::ExtraArc;
use engine::snapshot::Snapshot;
use primitives::{ChannelPolicy, Direction, Features};

use super::small::{LEFT, PAYEE, PAYER, RIGHT, graph, node, planned, policy, query, sat, scid};

/// A hint of a channel to the payee, of 90,000 sat.
fn hint(tail: u8, place: u64) -> ExtraArc {
    ExtraArc {
        short_channel_id: scid(place),
        tail: node(tail),
        head: node(PAYEE),
        policy: policy(0, sat(90_000)),
        capacity: Some(sat(90_000)),
    }
}

fn most(snapshot: &Snapshot, query: &PlanQuery) -> u64 {
    most_sendable(snapshot, query, &mut PlanWorkspace::default()).unwrap().0.to_msat() / 1000
}

#[test]
fn route_hints_take_part() {
    let snapshot = graph(&[(PAYER, LEFT, 100_000), (PAYER, RIGHT, 100_000)]);
    let mut query = query(sat(120_000));
    query.route.extra_arcs = vec![hint(LEFT, 10), hint(RIGHT, 11)];
    assert_eq!(planned(&snapshot, &query).unwrap().parts.len(), 2);
}

#[test]
fn a_hint_that_names_a_channel_of_the_graph_is_no_second_one() {
    let snapshot = graph(&[(PAYER, LEFT, 300_000), (LEFT, PAYEE, 100_000)]);
    let mut query = query(sat(150_000));
    query.route.extra_arcs = vec![hint(LEFT, 1)];
    assert_eq!(most(&snapshot, &query), 100_000);
    let found = planned(&snapshot, &query);
    assert!(matches!(found, Err(PlanError::Cut(_))), "{found:?}");
    query.route.amount = sat(95_000);
    let plan = planned(&snapshot, &query).unwrap();
    assert_eq!(plan.fee.to_msat(), 1000 + 9500, "the graph says what the channel charges");
}

#[test]
fn a_hint_that_is_given_twice_is_one_channel() {
    let snapshot = graph(&[(PAYER, LEFT, 300_000)]);
    let mut query = query(sat(150_000));
    query.route.extra_arcs = vec![hint(LEFT, 10); 3];
    assert_eq!(most(&snapshot, &query), 90_000);
    query.route.extra_arcs.push(hint(LEFT, 11));
    assert_eq!(most(&snapshot, &query), 180_000);
    assert_eq!(planned(&snapshot, &query).unwrap().parts.len(), 2);
}

#[test]
fn a_hint_counts_where_the_graph_calls_the_channel_disabled() {
    let mut draft = GraphBuilder::new();
    for (place, from, to) in [(0, PAYER, LEFT), (1, LEFT, PAYEE)] {
        draft
            .add_channel(scid(place), node(from), node(to), Some(sat(100_000)), &Features::default())
            .unwrap();
        for direction in Direction::BOTH {
            let policy = ChannelPolicy { disabled: place == 1, ..policy(1000, sat(100_000)) };
            draft.set_policy(scid(place), direction, policy).unwrap();
        }
    }
    let snapshot = Snapshot::from_topology(Topology::build(draft).unwrap());
    let mut query = query(sat(50_000));
    assert!(planned(&snapshot, &query).is_err());
    query.route.extra_arcs = vec![hint(LEFT, 1); 2];
    assert_eq!(planned(&snapshot, &query).unwrap().parts.len(), 1);
    assert_eq!(most(&snapshot, &query), 90_000);
}
