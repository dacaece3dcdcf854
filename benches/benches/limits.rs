//! Queries whose cheapest route breaks a limit, and circular ones, on a synthetic graph.
//!
//! Each limit is just too tight for the route that the query has without it: hops are one less than it takes, blocks
//! four fifths. Circular queries are of nodes with two channels or more.

use std::error::Error;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use engine::cost::CostModel;
use engine::graph::{NodeIdx, Topology};
use engine::query::{RouteLimits, RouteQuery};
use engine::router::{RouteWorkspace, route};
use engine::snapshot::Snapshot;
use engine::synthetic::{AmountRange, SyntheticConfig, generate, random_queries};
use primitives::Msat;

fn limits(criterion: &mut Criterion) {
    let snapshot = snapshot().expect("a graph of that size is made");
    let mut group = criterion.benchmark_group("engine/route");
    let mut space = RouteWorkspace::default();
    for (name, cost) in [("", CostModel::default()), ("-fee", CostModel::Fee)] {
        let plain = plain(&snapshot, cost, &mut space);
        let tight = |hops: bool, blocks: bool| {
            let limited = plain.iter().map(|(query, found)| {
                let hop_count_max = if hops { found.hop_count_max - 1 } else { 20 };
                let cltv_max = if blocks { found.cltv_max * 4 / 5 } else { 2016 };
                let limits = RouteLimits { hop_count_max, cltv_max, ..query.limits };
                RouteQuery { limits, ..query.clone() }
            });
            limited.collect::<Vec<_>>()
        };
        let cases = [
            ("unlimited", tight(false, false)),
            ("limited-hops", tight(true, false)),
            ("limited-blocks", tight(false, true)),
            ("limited-both", tight(true, true)),
            ("circular", circular(&snapshot, cost)),
        ];
        for (case, queries) in cases {
            let mut turn = queries.iter().cycle();
            group.bench_function(format!("{case}{name}"), |bencher| {
                bencher.iter(|| turn.next().map(|query| route(&snapshot, query, &mut space).is_ok()));
            });
        }
    }
    group.finish();
}

/// Payments that have a route, with what it takes.
fn plain(snapshot: &Snapshot, cost: CostModel, space: &mut RouteWorkspace) -> Vec<(RouteQuery, RouteLimits)> {
    let nodes = (0..snapshot.node_count() as u32).map(|node| snapshot.node_id(NodeIdx::from_u32(node)));
    let pairs = random_queries(&nodes.collect::<Vec<_>>(), QUERY_COUNT * 4, SEED, AmountRange::default());
    let queries = pairs.into_iter().map(|(payer, payee, amount)| RouteQuery {
        ignore_inbound_fees: true,
        ..RouteQuery::new(payer, payee, amount).with_cost(cost)
    });
    let routable = queries.filter_map(|query| {
        let found = route(snapshot, &query, space).ok()?;
        let taken =
            RouteLimits { hop_count_max: found.hops.len() as u32, cltv_max: found.cltv, ..query.limits };
        Some((query, taken))
    });
    routable.take(QUERY_COUNT).collect()
}

/// Circular payments of 100,000 sat.
fn circular(snapshot: &Snapshot, cost: CostModel) -> Vec<RouteQuery> {
    let nodes = (0..snapshot.node_count() as u32).map(NodeIdx::from_u32);
    let able = nodes.filter(|&node| snapshot.topology().outgoing(node).count() >= 2).collect::<Vec<_>>();
    let some = able.iter().step_by((able.len() / QUERY_COUNT).max(1));
    let queries = some.map(|&node| {
        let node_id = snapshot.node_id(node);
        let query = RouteQuery::new(node_id, node_id, Msat::from_msat(100_000_000)).with_cost(cost);
        RouteQuery { ignore_inbound_fees: true, ..query }
    });
    queries.collect()
}

fn snapshot() -> Result<Snapshot, Box<dyn Error>> {
    let graph = generate(&SyntheticConfig::new(SEED, CHANNEL_COUNT), &mut |_| ())?;
    Ok(Snapshot::from_topology(Topology::build(graph)?))
}

/// About as many as mainnet has.
const CHANNEL_COUNT: u32 = 45_000;
const QUERY_COUNT: usize = 200;
const SEED: u64 = 1;

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = limits
}
criterion_main!(benches);
