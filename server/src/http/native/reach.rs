//! `POST /api/v1/reach`: one payer and all nodes, or all payers and one payee.

use std::collections::HashSet;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use engine::query::RouteQuery;
use engine::reach::{ReachEntry, reach, reach_to};
use engine::router::RouteError;
use engine::snapshot::Snapshot;
use primitives::NodeId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::app::App;
use crate::http::body::JsonBody;
use crate::http::problem::Problem;
use crate::http::tenant::Caller;
use crate::http::timed::{Timed, timed};
use crate::http::unfound::Unfound;
use crate::http::work::{Lane, Worker};
use crate::json::{AvoidJson, CostJson, NodeIdText, QueryJson, Text};

pub(super) fn router() -> Router<App> {
    Router::new().route("/api/v1/reach", post(find_reach))
}

/// One node, and all others.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReachQueryJson {
    /// The node.
    node: NodeIdText,
    /// What the payee gets.
    amount_msat: u64,
    /// Whether the node pays or is paid.
    #[serde(default)]
    towards: TowardsJson,
    /// What is minimised; of a payer.
    #[serde(default)]
    cost: CostJson,
    /// What may not be used.
    #[serde(default)]
    avoid: AvoidJson,
    /// Names of layers.
    #[serde(default)]
    layers: Vec<String>,
    /// Leave inbound fees (bLIP-18) out of the price.
    #[serde(default)]
    ignore_inbound_fees: bool,
    /// Tell only of these nodes, which must be in the graph; without it of all.
    #[serde(default)]
    nodes: Option<Vec<NodeIdText>>,
    /// Tell of so many nodes at most, the cheapest; 1,000.
    #[serde(default)]
    count_max: Option<u32>,
}

/// Which way payments go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum TowardsJson {
    /// The node pays the others: costs are lower bounds.
    #[default]
    Others,
    /// The others pay the node: costs are least fees, exactly.
    Node,
}

/// Who is reached.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReachAnswer {
    /// How many nodes are reached.
    reached_count: usize,
    /// The cheapest first.
    nodes: Vec<ReachedJson>,
    /// Nodes that were settled.
    settled: usize,
    /// The graph's version.
    graph_version: u64,
}

/// A node that is reached.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReachedJson {
    /// The node.
    node_id: NodeIdText,
    /// Towards others a lower bound: no route between both costs less, by what is minimised, and there may be none that
    /// costs as little, or none at all. Towards the node the least fee, exactly.
    least_cost_msat: u64,
    /// Channels on a path of that cost.
    hops: u32,
}

/// Tell who can be paid, or who can pay
///
/// A node that is not told of has no route for the amount; what `least_cost_msat` tells of the others is a lower bound on what
/// a route costs, and where they pay the node the least fee. Limits on fees, blocks and hops count for nothing here. Nodes
/// that only a layer knows are passed through, and not told.
#[utoipa::path(
    post, path = "/api/v1/reach", tag = "routes", operation_id = "find_reach",
    request_body = ReachQueryJson,
    responses(
        (status = 200, description = "The nodes", body = Timed<ReachAnswer>),
        (status = "default", description = "Why there are none", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn find_reach(
    State(app): State<App>,
    caller: Caller,
    JsonBody(json): JsonBody<ReachQueryJson>,
) -> Result<Json<Timed<ReachAnswer>>, Problem> {
    let asked = app.note_read(&caller);
    let query = app.query(&caller, &json.to_query())?;
    let found = app.search(&caller, Lane::Heavy, move |worker| find(&json, query, worker));
    let answer = found.await?.map_err(|problem| timed(problem, &app, asked))?;
    Ok(Json(Timed::new(answer, &app, asked)))
}

fn find(json: &ReachQueryJson, mut query: RouteQuery, worker: &mut Worker) -> Result<ReachAnswer, Problem> {
    let snapshot = worker.snapshot();
    let wanted = json.nodes.as_deref();
    worker.scan(wanted.map_or(0, <[NodeIdText]>::len));
    check_known(wanted.unwrap_or_default(), &snapshot, &query)?;
    worker.take_up(&mut query);
    let found = search(&snapshot, &query, json.towards);
    let settled = match &found {
        Ok(entries) => entries.len(),
        Err(RouteError::WorkLimit { settled }) => usize::try_from(*settled).unwrap_or(usize::MAX),
        Err(_) => 0,
    };
    worker.settle(settled);
    let entries = found.map_err(|error| refused(error, &snapshot, &query, settled))?;
    let wanted: Option<HashSet<NodeId>> = wanted.map(|nodes| nodes.iter().map(|node| node.0).collect());
    let count_max = json.count_max.map_or(COUNT_DEFAULT, |count| count as usize);
    Ok(ReachAnswer::new(&snapshot, &entries, wanted.as_ref(), count_max))
}

/// Refuses nodes to tell of that are not in the graph, as a route to them would be.
fn check_known(wanted: &[NodeIdText], snapshot: &Snapshot, query: &RouteQuery) -> Result<(), Problem> {
    let Some(place) = wanted.iter().position(|node| snapshot.node(&node.0).is_none()) else { return Ok(()) };
    let error = RouteError::UnknownNode { node_id: wanted[place].0 };
    Err(refused(error, snapshot, query, 0).with_field(format!("nodes[{place}]")))
}

/// Why nobody is reached; both ends of the query are the node.
fn refused(error: RouteError, snapshot: &Snapshot, query: &RouteQuery, settled: usize) -> Problem {
    let unfound = Unfound { error, graph_version: snapshot.version(), settled: settled as u64 };
    let problem = unfound.of_route(query);
    match problem.field.as_deref() {
        Some("src" | "dst") => problem.with_field("node"),
        Some(_) | None => problem,
    }
}

fn search(
    snapshot: &Snapshot,
    query: &RouteQuery,
    towards: TowardsJson,
) -> Result<Vec<ReachEntry>, RouteError> {
    match towards {
        TowardsJson::Others => reach(snapshot, query),
        TowardsJson::Node => reach_to(snapshot, query),
    }
}

impl ReachQueryJson {
    fn to_query(&self) -> QueryJson {
        QueryJson {
            cost: self.cost,
            avoid: self.avoid.clone(),
            layers: self.layers.clone(),
            ignore_inbound_fees: self.ignore_inbound_fees,
            ..QueryJson::new(self.node.0, self.node.0, self.amount_msat)
        }
    }
}

impl ReachAnswer {
    fn new(
        snapshot: &Snapshot,
        entries: &[ReachEntry],
        wanted: Option<&HashSet<NodeId>>,
        count_max: usize,
    ) -> Self {
        // Nodes that only a layer has are behind those of the graph, and are not told.
        let is_known = |entry: &&ReachEntry| (entry.node.to_u32() as usize) < snapshot.node_count();
        let known: Vec<&ReachEntry> = entries.iter().filter(is_known).collect();
        let named = known.iter().map(|entry| (snapshot.node_id(entry.node), entry));
        let kept = named.filter(|(node_id, _)| wanted.is_none_or(|wanted| wanted.contains(node_id)));
        let nodes = kept.take(count_max).map(|(node_id, entry)| ReachedJson {
            node_id: Text(node_id),
            least_cost_msat: entry.least_cost,
            hops: entry.hop_count,
        });
        ReachAnswer {
            reached_count: known.len(),
            nodes: nodes.collect(),
            settled: entries.len(),
            graph_version: snapshot.version(),
        }
    }
}

/// Nodes that are told of where nothing is said.
const COUNT_DEFAULT: usize = 1000;
