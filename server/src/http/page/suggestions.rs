//! `GET /api/v1/graph/suggestions?prefix=02ab`: nodes whose ids begin so.

use std::time::Instant;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use engine::graph::NodeIdx;
use engine::snapshot::Snapshot;
use primitives::{Msat, NodeId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::app::App;
use crate::http::neighbours::{channels_of, has_channels};
use crate::http::problem::Problem;
use crate::http::tenant::Caller;
use crate::http::timed::Timed;
use crate::http::work::Lane;
use crate::json::{NodeIdText, Text};

/// What is looked for.
#[derive(Debug, Deserialize)]
pub(in crate::http) struct SuggestionParams {
    /// The first hexadecimal digits of an id.
    #[serde(default)]
    prefix: String,
}

/// Nodes that may have been meant.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Suggestions {
    /// The largest ones, at most eight. Nodes that are new since the graph was last laid out are not among them yet.
    nodes: Vec<SuggestedNode>,
    /// The graph's version.
    graph_version: u64,
}

/// A node, and how large it is.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SuggestedNode {
    /// The node.
    node_id: NodeIdText,
    /// How many open channels it has.
    channels: usize,
    /// Sum of their capacities, as far as they are known.
    capacity_msat: u64,
}

pub(super) fn router() -> Router<App> {
    Router::new().route(PATH, get(graph_suggestions))
}

/// Tell the largest nodes whose ids begin so
#[utoipa::path(
    get, path = "/api/v1/graph/suggestions", tag = "graph", operation_id = "graph_suggestions",
    params(("prefix" = Option<String>, Query, description = "The first hexadecimal digits of an id", pattern = "^[0-9a-fA-F]{0,66}$")),
    responses(
        (status = 200, description = "The nodes", body = Timed<Suggestions>),
        (status = "default", description = "Why there are none", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn graph_suggestions(
    State(app): State<App>,
    caller: Caller,
    wanted: Result<Query<SuggestionParams>, QueryRejection>,
) -> Result<Json<Timed<Suggestions>>, Problem> {
    let asked = Instant::now();
    let wanted = wanted.map_err(|error| Problem::bad_field("prefix", error.body_text(), HINT))?;
    let Some(prefix) = digits(&wanted.prefix) else {
        return Err(Problem::bad_field("prefix", "an id has at most 66 hexadecimal digits", HINT));
    };
    let found = app.search(&caller, Lane::Heavy, move |worker| {
        let (suggestions, seen) = nodes_with(&worker.snapshot(), &prefix);
        worker.scan(seen);
        suggestions
    });
    Ok(Json(Timed::new(found.await?, &app, asked)))
}

/// Nodes are numbered by falling degree: the first ones that fit are the largest. O(n) where few fit; tells how many were
/// looked at.
fn nodes_with(snapshot: &Snapshot, prefix: &[u8]) -> (Suggestions, usize) {
    let nodes = (0..snapshot.node_count() as u32).map(NodeIdx::from_u32);
    let mut seen = 0;
    let fits = |node: &NodeIdx| {
        seen += 1;
        begins_with(&snapshot.node_id(*node), prefix) && has_channels(snapshot, *node)
    };
    let told = nodes.filter(fits).take(NODE_COUNT_MAX).map(|node| {
        let channels = channels_of(snapshot, node);
        let capacities = channels.iter().filter_map(|&channel| snapshot.capacity(channel));
        SuggestedNode {
            node_id: Text(snapshot.node_id(node)),
            channels: channels.len(),
            capacity_msat: capacities.fold(Msat::ZERO, Msat::saturating_add).to_msat(),
        }
    });
    let suggestions = Suggestions { nodes: told.collect(), graph_version: snapshot.version() };
    (suggestions, seen)
}

/// The values of hexadecimal digits.
fn digits(text: &str) -> Option<Vec<u8>> {
    if text.len() > DIGIT_COUNT {
        return None;
    }
    text.chars().map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok())).collect()
}

fn begins_with(node_id: &NodeId, prefix: &[u8]) -> bool {
    let digit = |at: usize| node_id.as_bytes()[at / 2] >> (4 * (1 - at % 2)) & 15;
    prefix.iter().enumerate().all(|(at, &value)| digit(at) == value)
}

const HINT: &str = "the first digits of a node's id suffice, once";
/// As many as can be taken in at a glance.
const NODE_COUNT_MAX: usize = 8;
/// Hexadecimal digits of a node id.
const DIGIT_COUNT: usize = 66;

/// Where it is asked for.
pub(super) const PATH: &str = "/api/v1/graph/suggestions";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_compared_digit_by_digit() {
        let node_id: NodeId = format!("03a{}", "1".repeat(63)).parse().unwrap();
        for fits in ["", "0", "03", "03A", "03a1", &node_id.to_string()] {
            assert!(begins_with(&node_id, &digits(fits).unwrap()), "{fits}");
        }
        for differs in ["1", "02", "03b", "03a2"] {
            assert!(!begins_with(&node_id, &digits(differs).unwrap()), "{differs}");
        }
        assert_eq!((digits("0x"), digits(&"0".repeat(67))), (None, None));
    }
}
