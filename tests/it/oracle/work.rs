//! How much work a query may take.

use engine::graph::Topology;
use engine::query::{RouteLimits, RouteQuery};
use engine::router::{RouteError, RouteWorkspace, route};
use engine::search::Method;
use engine::snapshot::Snapshot;
use engine::synthetic::{AmountRange, SyntheticConfig, generate, random_queries};

#[test]
fn all_searches_of_a_query_share_its_work() {
    let network = generate(&SyntheticConfig::new(11, 20_000), &mut |_| {}).unwrap();
    let payments = random_queries(network.nodes(), 3_000, 11, AmountRange::default());
    let snapshot = Snapshot::from_topology(Topology::build(network).unwrap());
    let mut space = RouteWorkspace::default();
    let mut cut_count = 0;
    for (payer, payee, amount) in payments {
        let free = RouteQuery { may_overpay: true, ..RouteQuery::new(payer, payee, amount) };
        let Ok(first) = route(&snapshot, &free, &mut space) else { continue };
        let hop_count_max = first.hops.len() as u32 - 1;
        let limits = RouteLimits { hop_count_max, ..RouteLimits::default() };
        let query = RouteQuery { limits, ..free };
        let Ok(whole) = route(&snapshot, &query, &mut space) else { continue };
        let is_little = whole.counts.settled < first.counts.settled + 4 * LATE;
        if first.method != Method::Bidirectional || is_little {
            continue;
        }
        // More than the first search takes, and less than all of them do.
        let work_max = (first.counts.settled + whole.counts.settled) / 2;
        let settled = match route(&snapshot, &RouteQuery { work_max, ..query }, &mut space) {
            Ok(found) => found.counts.settled,
            Err(RouteError::WorkLimit { settled }) => settled,
            Err(error) => panic!("{error}"),
        };
        assert!(settled <= work_max + LATE, "{settled} of {work_max}");
        cut_count += 1;
    }
    assert!(cut_count > 20, "{cut_count} queries of several searches: the test tests little");
}

/// Each of a query's searches may end a step late.
const LATE: u64 = 8;
