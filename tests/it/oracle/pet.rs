//! petgraph's algorithms run on a snapshot as it is, and agree with the engine where they can.

use std::collections::HashMap;

use engine::graph::{ArcIdx, NodeIdx};
use engine::query::RouteQuery;
use engine::router::{RouteError, RouteWorkspace, route};
use engine::snapshot::Snapshot;
use petgraph::Direction::Incoming;
use petgraph::algo::{connected_components, dijkstra, kosaraju_scc};
use petgraph::graph::DiGraph;
use petgraph::visit::{
    EdgeRef, IntoEdgeReferences, IntoEdgesDirected, IntoNeighborsDirected, NodeIndexable, Reversed,
};
use primitives::Msat;
use proptest::prelude::{ProptestConfig, TestCaseError, proptest};
use proptest::{prop_assert, prop_assert_eq};

use super::draw::{Mix, world};
use super::world::{Channel, Origin, Policy, World, node_id};

/// The same graph in petgraph's own form.
fn copy(snapshot: &Snapshot) -> DiGraph<(), ArcIdx> {
    let mut copy = DiGraph::new();
    for _ in 0..snapshot.node_count() {
        copy.add_node(());
    }
    for channel in snapshot.channels() {
        for arc in primitives::Direction::BOTH.map(|direction| channel.arc(direction)) {
            if snapshot.policy(arc).is_some_and(|policy| !policy.disabled) {
                let [tail, head] = [snapshot.tail(arc), snapshot.head(arc)].map(|node| node.to_u32().into());
                copy.add_edge(tail, head, arc);
            }
        }
    }
    copy
}

fn sorted<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all = all.collect::<Vec<_>>();
    all.sort_unstable();
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_snapshot_is_what_petgraph_would_hold(world in world(Mix::default())) {
        let snapshot = &*world.snapshot();
        let copy = copy(snapshot);
        let edges = sorted(snapshot.edge_references().map(|edge| (edge.source().to_usize(), edge.target().to_usize(), edge.id())));
        let copied = copy.edge_references();
        prop_assert_eq!(edges, sorted(copied.map(|edge| (edge.source().index(), edge.target().index(), *edge.weight()))));
        prop_assert_eq!(connected_components(snapshot), connected_components(&copy));
        let parts = kosaraju_scc(snapshot).into_iter().map(|part| sorted(part.iter().map(|node| node.to_usize())));
        let copied = kosaraju_scc(&copy).into_iter().map(|part| sorted(part.iter().map(|node| node.index())));
        prop_assert_eq!(sorted(parts), sorted(copied));
        for node in (0..snapshot.node_bound()).map(|place| NodeIndexable::from_index(&snapshot, place)) {
            let into = snapshot.edges_directed(node, Incoming).map(|edge| edge.source());
            prop_assert_eq!(sorted(into), sorted(snapshot.neighbors_directed(node, Incoming)));
            let weight = |arc: &ArcIdx| u64::from(snapshot.policy(*arc).map_or(0, |policy| policy.fee.fee_base_msat));
            let costs = dijkstra(snapshot, node, None, |edge| weight(edge.weight()));
            let costs = costs.into_iter().map(|(node, cost)| (node.to_usize(), cost)).collect::<HashMap<_, _>>();
            let copied = dijkstra(&copy, node.to_u32().into(), None, |edge| weight(edge.weight()));
            prop_assert_eq!(costs, copied.into_iter().map(|(node, cost)| (node.index(), cost)).collect());
        }
    }

    /// Where all fees are fixed and all channels are wide, the textbook's search from the payee is exact.
    #[test]
    fn least_fixed_fees_are_those_of_petgraph(world in world(Mix { has_ties: true, ..Mix::default() })) {
        let mut fixed = World::new(world.channels.clone(), world.payment.payer, world.payment.payee, 1000);
        for channel in &mut fixed.channels {
            channel.capacity_sat = None;
            channel.policies = channel.policies.map(|policy| policy.map(|policy| Policy { disabled: policy.disabled, ..Policy::base(policy.base) }));
        }
        let snapshot = &*fixed.snapshot();
        let (payer, payee) = (snapshot.node(&node_id(fixed.payment.payer)), snapshot.node(&node_id(fixed.payment.payee)));
        let (Some(payer), Some(payee)) = (payer, payee) else { return Ok(()) };
        let fee = |tail: NodeIdx, arc: ArcIdx| match snapshot.policy(arc) {
            Some(policy) if tail != payer => u64::from(policy.fee.fee_base_msat),
            _ => 0,
        };
        let costs = dijkstra(Reversed(snapshot), payee, Some(payer), |edge| fee(edge.target(), *edge.weight()));
        match route(snapshot, &fixed.query(), &mut RouteWorkspace::default()) {
            Ok(found) => prop_assert_eq!(Some(&found.cost), costs.get(&payer)),
            Err(RouteError::NoRoute(_)) => prop_assert!(!costs.contains_key(&payer)),
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        }
    }
}

#[test]
fn channels_of_the_overlay_are_edges() {
    let built = Channel::new([0, 1], [Some(Policy::FREE), None]);
    let opened = Channel { origin: Origin::Opened, ..Channel::new([1, 2], [Some(Policy::FREE); 2]) };
    let closed = Channel { origin: Origin::Closed, ..Channel::new([0, 2], [Some(Policy::FREE); 2]) };
    let snapshot = &*World::new(vec![built, opened, closed], 0, 2, 1).snapshot();
    assert_eq!(snapshot.edge_references().count(), 3);
    let query = RouteQuery::new(node_id(0), node_id(2), Msat::from_msat(1));
    let found = route(snapshot, &query, &mut RouteWorkspace::default());
    assert_eq!(found.map(|found| found.hops.len()), Ok(2));
}
