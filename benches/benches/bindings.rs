//! What the border to C costs: the same query and the same policy update in Rust and through the C functions, on a graph
//! so small that the engine's own work does not hide it.
#![allow(unsafe_code, reason = "calls C functions")]

use std::hint::black_box;
use std::ptr;

use criterion::{Criterion, criterion_group, criterion_main};
use engine::batch::Router;
use engine::query::RouteQuery;
use engine::snapshot::{ChannelGraph, GraphWriter};
use fulgurite::{
    fg_channel, fg_error, fg_find_route, fg_graph, fg_graph_load, fg_graph_new, fg_graph_open_channel,
    fg_graph_publish, fg_graph_save, fg_graph_set_policy, fg_node_id, fg_policy, fg_query, fg_query_init,
    fg_route, fg_route_free, fg_status,
};
use primitives::{Direction, GraphDelta, Msat, NodeId, ShortChannelId};

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

fn route(criterion: &mut Criterion) {
    let rows = rows();
    let mut group = criterion.benchmark_group("bindings/route");
    let [payer, payee] = [1, NODE_COUNT].map(|at| NodeId::from_bytes(node(at)).expect("an id"));
    let query = RouteQuery::new(payer, payee, Msat::from_msat(AMOUNT_MSAT));
    group.bench_function("rust", |bencher| {
        bencher.iter(|| rows.router.route(black_box(&query)).expect("a route"));
    });
    // SAFETY: numbers and null pointers, which the init writes.
    let mut asked = unsafe { std::mem::zeroed::<fg_query>() };
    // SAFETY: a variable of that size.
    unsafe { fg_query_init(&mut asked, size_of::<fg_query>()) };
    (asked.payer.bytes, asked.payee.bytes) = (node(1), node(NODE_COUNT));
    asked.amount_msat = AMOUNT_MSAT;
    // As a program sees it: behind a pointer, not to be seen into.
    let find: Find = black_box(fg_find_route);
    group.bench_function("c", |bencher| {
        bencher.iter(|| {
            let mut route = ptr::null_mut();
            // SAFETY: a handle and variables.
            let status = unsafe { find(rows.c, black_box(&asked), &mut route, ptr::null_mut()) };
            assert_eq!(status, fg_status::FG_OK);
            // SAFETY: a handle.
            unsafe { fg_route_free(black_box(route)) }
        });
    });
    group.finish();
}

fn policy_update(criterion: &mut Criterion) {
    let mut rows = rows();
    let mut group = criterion.benchmark_group("bindings/policy");
    let mut base = 0_u32;
    group.bench_function("rust", |bencher| {
        bencher.iter(|| {
            base = base.wrapping_add(1) % 4096;
            let policy = fg_policy { fee_base_msat: base, ..policy() };
            let delta = GraphDelta::PolicyUpdated {
                short_channel_id: ShortChannelId::from_u64(2),
                direction: Direction::NodeOneToTwo,
                policy: policy.into(),
            };
            rows.writer.apply(black_box(&delta))
        });
    });
    let set: SetPolicy = black_box(fg_graph_set_policy);
    group.bench_function("c", |bencher| {
        bencher.iter(|| {
            base = base.wrapping_add(1) % 4096;
            let policy = fg_policy { fee_base_msat: base, ..policy() };
            // SAFETY: a handle and variables.
            unsafe { set(rows.c, 2, 0, black_box(&policy), ptr::null_mut()) }
        });
    });
    group.finish();
}

criterion_group!(benches, route, policy_update);
criterion_main!(benches);
