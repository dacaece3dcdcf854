//! What a route's query allocates once its workspace has grown: the answer, and nothing else.
//!
//! What a query says beside its ends, its amount, its cost and its limits is compiled into lists of its own and not looked
//! at here; nor is a circular query.

use allocation_counter::measure;
use engine::cost::{CostModel, RiskWeights};
use engine::graph::Topology;
use engine::query::{RouteLimits, RouteQuery};
use engine::router::{RouteWorkspace, route};
use engine::search::Method;
use engine::snapshot::Snapshot;
use engine::synthetic::{AmountRange, SyntheticConfig, generate, random_queries};
use primitives::{Msat, NodeId};

#[test]
fn queries_on_a_workspace_that_has_grown_allocate_their_answers_alone() {
    let network = generate(&SyntheticConfig::new(7, 3_000), &mut |_| {}).unwrap();
    let payments = random_queries(network.nodes(), PAYMENT_COUNT, 7, AmountRange::default());
    let snapshot = Snapshot::from_topology(Topology::build(network).unwrap());
    let queries: Vec<RouteQuery> = payments.into_iter().flat_map(variants).collect();
    let mut space = RouteWorkspace::default();
    for query in [&queries; WARM_UP_COUNT].into_iter().flatten() {
        drop(route(&snapshot, query, &mut space));
    }
    let (mut route_count, mut closed_count) = (0, 0);
    for query in &queries {
        let mut answer = None;
        let used = measure(|| answer = Some(route(&snapshot, query, &mut space)));
        match answer.unwrap() {
            Ok(route) => {
                let size = size_of_val(&route.hops[..]) as u64;
                let is_answer = (used.count_total, used.bytes_total) == (1, size);
                let may_loop = !query.ignore_inbound_fees && used.count_total <= 1 + LOOP_LIST_COUNT;
                assert!(is_answer || may_loop, "{used:?} for {size} bytes: {query:?}");
                route_count += 1;
                closed_count += usize::from(route.method != Method::Bidirectional);
            }
            Err(reason) => assert!(used.count_total <= REASON_LIST_COUNT, "{used:?}, {reason}: {query:?}"),
        }
    }
    assert!(route_count > PAYMENT_COUNT, "{route_count} routes: the test tests little");
    assert!(closed_count > 0, "no label search: the test tests little");
}

/// Queries of each cost, with and without inbound fees, with the usual limits and with one on hops that often binds.
fn variants((payer, payee, amount): (NodeId, NodeId, Msat)) -> impl Iterator<Item = RouteQuery> {
    let costs = [CostModel::Fee, CostModel::Risk(RiskWeights::default()), CostModel::default()];
    let hop_counts = [RouteLimits::default().hop_count_max, 3];
    let all = costs.into_iter().flat_map(move |cost| hop_counts.map(|hop_count| (cost, hop_count)));
    all.flat_map(move |(cost, hop_count_max)| {
        let limits = RouteLimits { hop_count_max, ..RouteLimits::default() };
        let query = RouteQuery { limits, ..RouteQuery::new(payer, payee, amount).with_cost(cost) };
        [true, false].map(|ignore_inbound_fees| RouteQuery { ignore_inbound_fees, ..query.clone() })
    })
}

const PAYMENT_COUNT: usize = 100;
/// Lists of a workspace change places, three of them at most: by then each has been in every place.
const WARM_UP_COUNT: usize = 4;
/// Where discounts make loops pay for themselves, searches are told which nodes not to visit twice.
const LOOP_LIST_COUNT: u64 = 4;
/// A reason looks at the channels of both ends, and prices the cheapest route of all: a list that grows to 20 hops or so.
const REASON_LIST_COUNT: u64 = 10;
