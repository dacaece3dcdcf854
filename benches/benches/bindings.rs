//! What the border to C costs: the same query and the same policy update in Rust and through the C functions, on a graph
//! so small that the engine's own work does not hide it. In the end it prints what each costs more, by turns in Rust and
//! in C, and how many more queries of a large graph two threads answer than one.
#![allow(unsafe_code, reason = "calls C functions")]

use std::hint::black_box;
use std::ptr;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use benches::Query;
use benches::fixture;
use benches::input::is_measured;
use benches::summary::median;
use criterion::{Criterion, criterion_group, criterion_main};
use engine::batch::Router;
use engine::graph::Topology;
use engine::query::RouteQuery;
use engine::snapshot::{ChannelGraph, GraphWriter, SnapshotMeta, write_snapshot};
use fulgurite::{
    fg_channel, fg_error, fg_find_route, fg_graph, fg_graph_load, fg_graph_new, fg_graph_open_channel,
    fg_graph_publish, fg_graph_read, fg_graph_save, fg_graph_set_policy, fg_node_id, fg_policy, fg_query,
    fg_query_init, fg_route, fg_route_free, fg_status,
};
use primitives::{Direction, GraphDelta, Msat, NodeId, ShortChannelId, UnixTime};

type Find =
    unsafe extern "C" fn(*const fg_graph, *const fg_query, *mut *mut fg_route, *mut fg_error) -> fg_status;
type SetPolicy =
    unsafe extern "C" fn(*const fg_graph, u64, u32, *const fg_policy, *mut fg_error) -> fg_status;

const NODE_COUNT: u8 = 4;
const AMOUNT_MSAT: u64 = 50_000;

fn node(last: u8) -> [u8; 33] {
    let mut bytes = [0; 33];
    bytes[0] = 2;
    bytes[32] = last;
    bytes
}

fn policy() -> fg_policy {
    fg_policy {
        htlc_maximum_msat: 900_000_000,
        fee_base_msat: 1000,
        cltv_expiry_delta: 40,
        ..fg_policy::default()
    }
}

/// Nodes in a row, each a channel from the next, in a file.
fn write_row(path: &std::ffi::CStr) {
    let mut graph = ptr::null_mut();
    let null = ptr::null_mut();
    // SAFETY: a variable.
    unsafe { fg_graph_new(&mut graph, null) };
    for at in 1..NODE_COUNT {
        let channel = fg_channel {
            short_channel_id: u64::from(at),
            capacity_msat: 1_000_000_000,
            node_id_1: fg_node_id { bytes: node(at) },
            node_id_2: fg_node_id { bytes: node(at + 1) },
            closed: 0,
        };
        // SAFETY: a handle and variables.
        unsafe {
            fg_graph_open_channel(graph, &channel, null);
            fg_graph_set_policy(graph, u64::from(at), 0, &policy(), null);
        }
    }
    // SAFETY: a handle and a text.
    unsafe {
        fg_graph_publish(graph, ptr::null_mut(), null);
        assert_eq!(fg_graph_save(graph, path.as_ptr(), 0, null), fg_status::FG_OK);
    }
}

struct Rows {
    c: *mut fg_graph,
    router: Router,
    writer: GraphWriter,
}

fn rows() -> Rows {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("row.fgsn");
    let name = std::ffi::CString::new(path.to_str().expect("text")).expect("no nul");
    write_row(&name);
    let mut c = ptr::null_mut();
    // SAFETY: a text and a variable.
    assert_eq!(unsafe { fg_graph_load(name.as_ptr(), &mut c, ptr::null_mut()) }, fg_status::FG_OK);
    let topology = engine::snapshot::load_snapshot(&path).expect("it was saved");
    assert_eq!(topology.channel_count(), usize::from(NODE_COUNT) - 1);
    let (graph, writer) = ChannelGraph::new(topology);
    Rows { c, router: Router::new(graph), writer }
}

/// What a program in C asks.
fn asked(payer: [u8; 33], payee: [u8; 33], amount_msat: u64) -> fg_query {
    // SAFETY: numbers and null pointers, which the init writes.
    let mut asked = unsafe { std::mem::zeroed::<fg_query>() };
    // SAFETY: a variable of that size.
    unsafe { fg_query_init(&mut asked, size_of::<fg_query>()) };
    (asked.payer.bytes, asked.payee.bytes, asked.amount_msat) = (payer, payee, amount_msat);
    asked
}

/// As a program sees it: behind a pointer, not to be seen into. Tells whether there was a route.
fn find_in_c(graph: *mut fg_graph, query: &fg_query) -> bool {
    let find: Find = black_box(fg_find_route);
    let mut route = ptr::null_mut();
    // SAFETY: a handle and variables.
    let status = unsafe { find(graph, black_box(query), &mut route, ptr::null_mut()) };
    // SAFETY: a handle, or null.
    unsafe { fg_route_free(black_box(route)) };
    status == fg_status::FG_OK
}

impl Rows {
    fn set_in_rust(&mut self, base: u32) {
        let policy = fg_policy { fee_base_msat: base, ..policy() };
        let delta = GraphDelta::PolicyUpdated {
            short_channel_id: ShortChannelId::from_u64(2),
            direction: Direction::NodeOneToTwo,
            policy: policy.into(),
        };
        self.writer.apply(black_box(&delta)).expect("the channel is there");
    }

    fn set_in_c(&self, base: u32) {
        let set: SetPolicy = black_box(fg_graph_set_policy);
        let policy = fg_policy { fee_base_msat: base, ..policy() };
        // SAFETY: a handle and variables.
        let status = unsafe { set(self.c, 2, 0, black_box(&policy), ptr::null_mut()) };
        assert_eq!(status, fg_status::FG_OK);
    }
}

fn row_query() -> (RouteQuery, fg_query) {
    let [payer, payee] = [1, NODE_COUNT].map(|at| NodeId::from_bytes(node(at)).expect("an id"));
    let query = RouteQuery::new(payer, payee, Msat::from_msat(AMOUNT_MSAT));
    (query, asked(node(1), node(NODE_COUNT), AMOUNT_MSAT))
}

fn route(criterion: &mut Criterion) {
    let rows = rows();
    let (query, asked) = row_query();
    let mut group = criterion.benchmark_group("bindings/route");
    group.bench_function("rust", |bencher| {
        bencher.iter(|| rows.router.route(black_box(&query)).expect("a route"));
    });
    group.bench_function("c", |bencher| bencher.iter(|| assert!(find_in_c(rows.c, &asked))));
    group.finish();
}

fn policy_update(criterion: &mut Criterion) {
    let mut rows = rows();
    let mut base = 0_u32;
    let mut next = move || {
        base = base.wrapping_add(1) % 4096;
        base
    };
    let mut group = criterion.benchmark_group("bindings/policy");
    group.bench_function("rust", |bencher| bencher.iter(|| rows.set_in_rust(next())));
    group.bench_function("c", |bencher| bencher.iter(|| rows.set_in_c(next())));
    group.finish();
}

/// Prints what the border costs, and what a second thread gains. The aims: 300 ns, 200 ns, 1.9 times.
fn ratios(_: &mut Criterion) {
    let (rounds, calls) = if is_measured() { (ROUNDS, CALLS) } else { (1, 10) };
    let mut rows = rows();
    let (query, asked) = row_query();
    let more = by_turns(rounds, calls, &mut |is_c, _| match is_c {
        false => drop(black_box(rows.router.route(black_box(&query)).expect("a route"))),
        true => assert!(find_in_c(rows.c, &asked)),
    });
    println!("bindings: a route costs {more:.0} ns more in C than in Rust");
    let more = by_turns(rounds, calls, &mut |is_c, call| match is_c {
        false => rows.set_in_rust(call),
        true => rows.set_in_c(call),
    });
    println!("bindings: a policy update costs {more:.0} ns more in C than in Rust");
    let (nodes, count) = if is_measured() { (20_000, 2_000) } else { (300, 10) };
    let (graph, queries) = large(nodes, count);
    let times = median((0..rounds).map(|_| speed(graph, &queries, 2) / speed(graph, &queries, 1)));
    println!("bindings: two threads answer {times:.2} times as many queries as one");
}

/// The median, over rounds, of what a call takes longer in C than in Rust, in nanoseconds.
fn by_turns(rounds: usize, calls: u32, call: &mut dyn FnMut(bool, u32)) -> f64 {
    let mut time = |is_c| {
        let start = Instant::now();
        (0..calls).for_each(|at| call(is_c, at % 4096));
        start.elapsed().as_nanos() as f64 / f64::from(calls)
    };
    median((0..rounds).map(|_| {
        let rust = time(false);
        time(true) - rust
    }))
}

/// A graph with hubs, behind a handle, and payments over it.
fn large(nodes: u32, count: usize) -> (*mut fg_graph, Vec<fg_query>) {
    let draft = fixture::graph(nodes, 5).expect("it fits");
    let query =
        |query: &Query| asked(*query.payer.as_bytes(), *query.payee.as_bytes(), query.amount.to_msat());
    let queries = fixture::queries(&draft, count, 6).iter().map(query).collect();
    let mut file = Vec::new();
    let meta = SnapshotMeta { created_at: UnixTime::from_secs(1), generator: "benches".to_owned() };
    write_snapshot(&Topology::build(draft).expect("room"), &meta, &mut file).expect("memory");
    let mut graph = ptr::null_mut();
    // SAFETY: bytes and a variable.
    let status = unsafe { fg_graph_read(file.as_ptr(), file.len(), &mut graph, ptr::null_mut()) };
    assert_eq!(status, fg_status::FG_OK);
    (graph, queries)
}

/// Queries a second, each thread answering all.
fn speed(graph: *mut fg_graph, queries: &[fg_query], threads: usize) -> f64 {
    /// The header says that any thread may use them.
    struct Lent<'a>(*mut fg_graph, &'a [fg_query]);
    // SAFETY: the header says that any number of threads may use a graph; the queries point to nothing.
    unsafe impl Sync for Lent<'_> {}
    let (lent, start) = (&Lent(graph, queries), &Barrier::new(threads));
    let answer = move || {
        let Lent(graph, queries) = lent;
        start.wait();
        let start = Instant::now();
        assert!(queries.iter().filter(|query| find_in_c(*graph, query)).count() > 0);
        start.elapsed()
    };
    let longest = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(answer)).collect();
        workers.into_iter().map(|worker| worker.join().expect("no panic")).max()
    });
    (threads * queries.len()) as f64 / longest.unwrap_or(Duration::MAX).as_secs_f64()
}

const ROUNDS: usize = 9;
const CALLS: u32 = 200_000;

criterion_group!(all, route, policy_update, ratios);
criterion_main!(all);
