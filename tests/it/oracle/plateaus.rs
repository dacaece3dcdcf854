//! Large graphs, on which free channels join thousands of nodes: the fast search, which begins anew there, against one plain
//! search from the payee.

use engine::cost::CostModel;
use engine::graph::{NodeIdx, Topology};
use engine::query::{RouteLimits, RouteQuery};
use engine::reach::reach_to;
use engine::route::Proof;
use engine::router::{RouteWorkspace, route};
use engine::snapshot::Snapshot;
use engine::synthetic::{SyntheticConfig, generate};
use primitives::Msat;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

#[test]
fn least_fees_over_plateaus_are_those_of_one_plain_search() {
    let network = generate(&SyntheticConfig::new(7, 200_000), &mut |_| {}).unwrap();
    let snapshot = Snapshot::from_topology(Topology::build(network).unwrap());
    let long_searches: u64 = (0..24).into_par_iter().map(|seed| check_payee(&snapshot, seed)).sum();
    assert!(long_searches > 50, "{long_searches} searches that may have begun anew");
}

/// Compares the routes of some payers; returns how many searches took long.
fn check_payee(snapshot: &Snapshot, seed: u64) -> u64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let node_count = snapshot.node_count() as u32;
    let mut draw = || rng.random_range(0..node_count);
    let (payee, payers) = (draw(), [(); 600].map(|()| draw()));
    let named = |node| snapshot.node_id(NodeIdx::from_u32(node));
    let amount = Msat::from_msat(10u64.pow(3 + seed as u32 % 5));
    let limits = RouteLimits { cltv_max: u32::MAX, ..RouteLimits::default() };
    let (mut space, mut long_searches) = (RouteWorkspace::default(), 0);
    let of = |payer| RouteQuery {
        limits,
        may_overpay: true,
        ignore_inbound_fees: true,
        ..RouteQuery::new(named(payer), named(payee), amount).with_cost(CostModel::Fee)
    };
    let mut least = vec![None; node_count as usize];
    for entry in reach_to(snapshot, &of(payee)).expect("a payee of the graph") {
        least[entry.node.to_u32() as usize] = Some(entry);
    }
    for payer in payers.into_iter().filter(|&payer| payer != payee) {
        let query = of(payer);
        let expected = least[payer as usize];
        match route(snapshot, &query, &mut space) {
            Ok(route) => {
                let expected = expected.expect("what has a route is reached");
                // The plain search knows no limit on hops.
                let is_limited =
                    expected.hop_count > limits.hop_count_max && route.cost >= expected.least_cost;
                let is_exact = route.proof == Proof::Optimal && route.cost == expected.least_cost;
                assert!(is_exact || is_limited, "seed {seed}, {payer}: {} for {expected:?}", route.cost);
                long_searches += u64::from(route.counts.settled > BEGINS_ANEW_AT);
            }
            Err(error) => assert!(
                expected.is_none_or(|entry| entry.hop_count > limits.hop_count_max),
                "seed {seed}, {payer}: {error}"
            ),
        }
    }
    long_searches
}

/// Nodes after which a forward search begins anew.
const BEGINS_ANEW_AT: u64 = 128;
