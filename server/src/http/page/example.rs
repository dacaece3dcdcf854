//! `GET /api/v1/graph/example?seed=1`: a payment that has a route, to begin with.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use engine::graph::NodeIdx;
use engine::query::RouteQuery;
use engine::router::route;
use engine::synthetic::{AmountRange, random_queries};
use primitives::{Msat, NodeId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::app::App;
use crate::http::problem::Problem;
use crate::http::tenant::Caller;
use crate::http::work::{Lane, Worker};
use crate::json::{NodeIdText, Text};

/// Which example.
#[derive(Debug, Deserialize)]
pub(in crate::http) struct ExampleParams {
    /// Others for other numbers.
    #[serde(default)]
    seed: u64,
}

/// A payment, its fields named as in a question for routes.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Example {
    /// Who pays.
    src: NodeIdText,
    /// Who is paid.
    dst: NodeIdText,
    /// What the payee gets: whole satoshi.
    amount_msat: u64,
}

pub(super) fn router() -> Router<App> {
    Router::new().route(PATH, get(graph_example))
}

/// Draw a payment that has a route
#[utoipa::path(
    get, path = "/api/v1/graph/example", tag = "graph", operation_id = "graph_example",
    params(("seed" = Option<u64>, Query, description = "Others for other numbers; 0")),
    responses(
        (status = 200, description = "The payment", body = Example),
        (status = "default", description = "Why there is none", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn graph_example(
    State(app): State<App>,
    caller: Caller,
    wanted: Result<Query<ExampleParams>, QueryRejection>,
) -> Result<Json<Example>, Problem> {
    let Query(ExampleParams { seed }) = wanted
        .map_err(|error| Problem::bad_field("seed", error.body_text(), "write a number from 0 on, once"))?;
    let drawn = app.search(&caller, Lane::Heavy, move |worker| draw(worker, seed)).await?;
    drawn.map(Json).ok_or_else(|| {
        let detail = "none of the payments that were tried has a route";
        Problem::not_found(detail, "try another seed").with_field("seed")
    })
}

/// The first payment of some hops, or the one nearest to that.
fn draw(worker: &mut Worker, seed: u64) -> Option<Example> {
    let snapshot = worker.snapshot();
    let node_count = snapshot.node_count() as u64;
    if node_count == 0 {
        return None;
    }
    // Multiples of an odd number: nodes from all parts of the graph, and others for each seed.
    let node = |at: u64| (seed.wrapping_add(at).wrapping_mul(STRIDE) >> 16) % node_count;
    let id_of = |at: u64| snapshot.node_id(NodeIdx::from_u32(node(at) as u32));
    let nodes: Vec<NodeId> = (0..DRAWN_NODE_COUNT).map(id_of).collect();
    let mut best: Option<(usize, RouteQuery)> = None;
    for (payer, payee, amount) in random_queries(&nodes, QUERY_COUNT, seed, AmountRange::default()) {
        let amount = Msat::from_msat(amount.to_msat() / 1000 * 1000);
        let query = RouteQuery {
            work_max: WORK_MAX,
            stop: worker.stop.clone(),
            ..RouteQuery::new(payer, payee, amount)
        };
        if payer == payee {
            continue;
        }
        let Ok(found) = route(&snapshot, &query, &mut worker.routes) else { continue };
        let from_wanted = found.hops.len().abs_diff(HOP_COUNT);
        if best.as_ref().is_none_or(|(least, _)| from_wanted < *least) {
            best = Some((from_wanted, query));
        }
        if from_wanted == 0 {
            break;
        }
    }
    best.map(|(_, query)| Example {
        src: Text(query.payer),
        dst: Text(query.payee),
        amount_msat: query.amount.to_msat(),
    })
}

/// Hops that show fees and expiries without filling the screen.
const HOP_COUNT: usize = 4;
/// Payments that are tried: on mainnet two in three have a route, and one in five of those has this many hops.
const QUERY_COUNT: usize = 48;
/// Nodes that they are drawn from.
const DRAWN_NODE_COUNT: u64 = 96;
/// Steps of each search.
const WORK_MAX: u64 = 20_000;
/// Odd, its bits spread: 2^64 divided by the golden ratio.
const STRIDE: u64 = 0x9e37_79b9_7f4a_7c15;

/// Where it is asked for.
pub(super) const PATH: &str = "/api/v1/graph/example";
