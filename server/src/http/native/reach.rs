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
use crate::http::refusal::route_problem;
use crate::http::tenant::Caller;
use crate::http::timed::Timed;
use crate::http::work::Lane;
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
    /// Tell only of these nodes; without it of all.
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
    /// The least cost of a route, or a lower bound on it.
    least_cost_msat: u64,
    /// Channels on a path of that cost.
    hops: u32,
}

/// Tell who can be paid, or who can pay
///
/// A node that is not told of has no route for the amount. Limits on fees, blocks and hops count for nothing here.
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
    let mut query = app.query(&caller, &json.to_query())?;
    let wanted: Option<HashSet<NodeId>> =
        json.nodes.as_ref().map(|nodes| nodes.iter().map(|node| node.0).collect());
    let count_max = json.count_max.map_or(COUNT_DEFAULT, |count| count as usize);
    let towards = json.towards;
    let found = app.search(&caller, Lane::Heavy, move |worker| {
        let snapshot = worker.snapshot();
        worker.take_up(&mut query);
        let found = search(&snapshot, &query, towards);
        worker.settle(match &found {
            Ok(entries) => entries.len(),
            Err(RouteError::WorkLimit { settled }) => usize::try_from(*settled).unwrap_or(usize::MAX),
            Err(_) => 0,
        });
        let entries = found.map_err(|error| refused(&error, &query))?;
        Ok::<_, Problem>(ReachAnswer::new(&snapshot, &entries, wanted.as_ref(), count_max))
    });
    Ok(Json(Timed::new(found.await??, &app, asked)))
}

/// Why nobody is reached; both ends of the query are the node.
fn refused(error: &RouteError, query: &RouteQuery) -> Problem {
    let problem = route_problem(error, query);
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
        let named = entries.iter().map(|entry| (snapshot.node_id(entry.node), entry));
        let kept = named.filter(|(node_id, _)| wanted.is_none_or(|wanted| wanted.contains(node_id)));
        let nodes = kept.take(count_max).map(|(node_id, entry)| ReachedJson {
            node_id: Text(node_id),
            least_cost_msat: entry.least_cost,
            hops: entry.hop_count,
        });
        ReachAnswer {
            reached_count: entries.len(),
            nodes: nodes.collect(),
            settled: entries.len(),
            graph_version: snapshot.version(),
        }
    }
}

/// Nodes that are told of where nothing is said.
const COUNT_DEFAULT: usize = 1000;
