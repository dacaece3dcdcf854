//! Any bytes as bodies of LND's clients, and what is read as a query.
#![no_main]

use engine::graph::{GraphBuilder, Topology};
use engine::snapshot::Snapshot;
use libfuzzer_sys::fuzz_target;
use primitives::NodeId;
use server::http::lnd::{BuildRouteRequest, QueryRoutesRequest, RouteFeeRequest, read_body};

fuzz_target!(|bytes: &[u8]| {
    let payer = NodeId::from_bytes([2; 33]).expect("a node's id");
    let topology = Topology::build(GraphBuilder::new()).expect("an empty graph");
    let snapshot = Snapshot::from_topology(topology);
    if let Ok(request) = read_body::<QueryRoutesRequest>(bytes) {
        let _ = request.to_query(&snapshot, payer);
    }
    if let Ok(request) = read_body::<BuildRouteRequest>(bytes) {
        let _ = (request.to_query(payer), request.chain(&snapshot, payer));
    }
    if let Ok(request) = read_body::<RouteFeeRequest>(bytes) {
        let _ = request.to_query(payer);
    }
});
