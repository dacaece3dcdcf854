//! Whole queries, from names to a priced route: by cost, with and without a route, on one and two threads, and beside
//! a writer.
//!
//! On the recorded graph of the real network where `FULGURITE_DATA` names a folder that holds it, else on a synthetic
//! one of its size; the ids say which. Quantiles, which Criterion does not show, are printed.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use benches::Query;
use benches::beside::{Beside, beside_a_writer};
use benches::clock::ThreadClock;
use benches::input::{self, Origin};
use benches::summary::Summary;
use criterion::{Criterion, criterion_group, criterion_main};
use engine::batch::Router;
use engine::cost::CostModel;
use engine::graph::{GraphBuilder, Topology};
use engine::query::RouteQuery;
use engine::router::{RouteWorkspace, route};
use engine::snapshot::{ChannelGraph, Snapshot};
use engine::synthetic::{AmountRange, random_queries};
use primitives::Msat;

struct Input {
    name: &'static str,
    draft: GraphBuilder,
    /// Payments that have a route, by the recorded answers or by ours.
    routable: Vec<Query>,
    /// Random payments, most of which have none.
    random: Vec<Query>,
}

impl Input {
    fn read() -> Input {
        let folder = std::env::var_os("FULGURITE_DATA").map(PathBuf::from);
        let folder = folder.map(|folder| folder.join("data/mainnet-2025-10-26")).filter(|path| path.exists());
        let (name, graph) = match &folder {
            Some(folder) => ("mainnet", Origin::File(folder.join("channels.csv.zst"))),
            None => ("synthetic", Origin::Generated(SYNTHETIC_CHANNELS)),
        };
        let draft = input::graph(&graph).expect("a graph");
        let random = random_queries(draft.nodes(), QUERY_COUNT, 1, AmountRange::default());
        let random: Vec<Query> =
            random.into_iter().map(|(payer, payee, amount)| Query { payer, payee, amount }).collect();
        let routable = match folder {
            Some(folder) => input::read_queries(&folder.join("queries.csv"), QUERY_COUNT).expect("queries"),
            None => {
                let snapshot = Snapshot::from_topology(Topology::build(draft.clone()).expect("room"));
                let mut space = RouteWorkspace::default();
                let has_route = |query: &&Query| route(&snapshot, &default_query(query), &mut space).is_ok();
                random.iter().filter(has_route).copied().collect()
            }
        };
        Input { name, draft, routable, random }
    }
}

fn default_query(query: &Query) -> RouteQuery {
    RouteQuery::new(query.payer, query.payee, query.amount)
}

/// A name, and the query that is made of a payment.
type Case = (&'static str, fn(&Query) -> RouteQuery);

/// The costs that are measured.
fn cases() -> Vec<Case> {
    fn plain(query: &Query, cost: CostModel) -> RouteQuery {
        RouteQuery { cost, ignore_inbound_fees: true, ..default_query(query) }
    }
    vec![
        ("fee", |query| plain(query, CostModel::Fee)),
        ("fee-within-1-sat", |query| RouteQuery {
            tolerance: Msat::from_msat(1000),
            ..plain(query, CostModel::Fee)
        }),
        ("risk", |query| plain(query, CostModel::Risk(Default::default()))),
        ("default", |query| plain(query, CostModel::default())),
        ("default-inbound", default_query),
        ("fee-inbound", |query| RouteQuery { cost: CostModel::Fee, ..default_query(query) }),
    ]
}

fn costs(criterion: &mut Criterion) {
    let input = Input::read();
    let snapshot = Snapshot::from_topology(Topology::build(input.draft.clone()).expect("room"));
    for (name, query_of) in cases() {
        let queries: Vec<RouteQuery> = input.routable.iter().map(query_of).collect();
        one_by_one(criterion, &snapshot, &format!("engine/route/{}/{name}", input.name), &queries);
    }
    let mut space = RouteWorkspace::default();
    let random = input.random.iter().map(default_query);
    let unroutable: Vec<_> = random.filter(|query| route(&snapshot, query, &mut space).is_err()).collect();
    one_by_one(criterion, &snapshot, &format!("engine/route/{}/unroutable", input.name), &unroutable);
    threads(criterion, &input);
    writer(&input);
}

fn one_by_one(criterion: &mut Criterion, snapshot: &Snapshot, id: &str, queries: &[RouteQuery]) {
    let (clock, mut space) = (ThreadClock::calibrate(), RouteWorkspace::default());
    let mut best = vec![Duration::MAX; queries.len()];
    for _ in 0..PASSES {
        for (best, query) in best.iter_mut().zip(queries) {
            *best = (*best).min(clock.time(|| route(snapshot, query, &mut space)).1);
        }
    }
    println!("{id}: best of {PASSES}, {}", Summary::of(best));
    let mut turn = queries.iter().cycle();
    criterion.bench_function(id, |bencher| {
        bencher.iter(|| turn.next().map(|query| route(snapshot, query, &mut space)));
    });
}

/// Batches of all queries on one thread and on two, in turns, so that a change of the machine's speed hits both.
fn threads(criterion: &mut Criterion, input: &Input) {
    let plain = |query: &Query| RouteQuery { ignore_inbound_fees: true, ..default_query(query) };
    let queries: Vec<RouteQuery> = input.random.iter().map(plain).collect();
    let (graph, _writer) = ChannelGraph::new(Topology::build(input.draft.clone()).expect("room"));
    let pools =
        [1, 2].map(|count| rayon::ThreadPoolBuilder::new().num_threads(count).build().expect("threads"));
    let routers = pools.each_ref().map(|pool| pool.install(|| Router::new(graph.clone())));
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..THREAD_ROUNDS {
        for (at, pool) in pools.iter().enumerate() {
            let start = Instant::now();
            let answers = pool.install(|| routers[at].route_batch(&queries));
            times[at].push(start.elapsed() / answers.len().max(1) as u32);
        }
    }
    let [one, two] = times.map(Summary::of);
    let rate = |summary: &Summary| 1_000_000_000 / summary.p50_ns.max(1);
    let ratio = one.p50_ns as f64 / two.p50_ns.max(1) as f64;
    let (one, two) = (rate(&one), rate(&two));
    println!("engine/route_batch/{}: {one} and {two} queries a second, {ratio:.2} times", input.name);
    for (at, pool) in pools.iter().enumerate() {
        let id = format!("engine/route_batch/{}/{}-threads", input.name, at + 1);
        criterion.bench_function(&id, |bencher| {
            bencher.iter(|| pool.install(|| routers[at].route_batch(&queries)));
        });
    }
}

/// Queries at rest and beside a writer, in turns.
fn writer(input: &Input) {
    let queries: Vec<RouteQuery> = input.routable.iter().map(default_query).collect();
    let measure = |rate: u64| {
        beside_a_writer(&input.draft, &queries, rate, BESIDE_TIME).expect("the graph was laid out before")
    };
    let show = |beside: &Beside| {
        let Beside { queries, updates_per_second, visible } = beside;
        println!(
            "engine/route_beside_writer/{}: {updates_per_second} updates a second, {}; visible after {}",
            input.name, queries, visible
        );
    };
    for _ in 0..BESIDE_ROUNDS {
        let (rest, busy) = (measure(0), measure(UPDATES_PER_SECOND));
        show(&rest);
        show(&busy);
        let ratio =
            |pick: fn(&Summary) -> u64| pick(&busy.queries) as f64 / pick(&rest.queries).max(1) as f64;
        let (p50, p99) = (ratio(|summary| summary.p50_ns), ratio(|summary| summary.p99_ns));
        println!("  p50 {p50:.2} times, p99 {p99:.2} times the time at rest");
    }
}

fn quick() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2))
}

/// Mainnet's size.
const SYNTHETIC_CHANNELS: u32 = 44_000;
const QUERY_COUNT: usize = 1000;
const PASSES: u32 = 4;
const THREAD_ROUNDS: usize = 20;
const UPDATES_PER_SECOND: u64 = 100_000;
const BESIDE_TIME: Duration = Duration::from_secs(2);
const BESIDE_ROUNDS: usize = 3;

criterion_group!(name = benches; config = quick(); targets = costs);
criterion_main!(benches);
