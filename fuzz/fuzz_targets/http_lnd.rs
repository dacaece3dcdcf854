//! Any bytes as bodies and query strings of LND's clients, and what is read as a query.
#![no_main]

#[path = "../line.rs"]
mod line;

use std::sync::LazyLock;

use engine::snapshot::Snapshot;
use axum::http::Uri;
use libfuzzer_sys::fuzz_target;
use server::http::lnd::{
    BuildRouteRequest, ImportRequest, QueryRoutesRequest, RouteFeeRequest, read_body, read_query,
};

static GRAPH: LazyLock<Snapshot> = LazyLock::new(line::line);

fuzz_target!(|bytes: &[u8]| {
    let payer = line::node(1);
    if let Ok(request) = read_body::<QueryRoutesRequest>(bytes) {
        let _ = request.to_query(&GRAPH, payer);
    }
    let uri = [b"/?", bytes].concat();
    if let Ok(uri) = Uri::from_maybe_shared(uri)
        && let Ok(request) = read_query::<QueryRoutesRequest>(&uri)
    {
        let _ = request.to_query(&GRAPH, payer);
    }
    if let Ok(request) = read_body::<BuildRouteRequest>(bytes) {
        let _ = (request.to_query(payer), request.chain(&GRAPH, payer));
    }
    if let Ok(request) = read_body::<RouteFeeRequest>(bytes) {
        let _ = request.to_query(payer);
    }
    if let Ok(request) = read_body::<ImportRequest>(bytes) {
        let _ = request.attempts(&GRAPH);
    }
});
