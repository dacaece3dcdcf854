//! `listnodes`: the graph's nodes, written while they are sent. A graph keeps no announcements, so a node is its id, as
//! Core Lightning lists one that has not announced itself.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use engine::graph::NodeIdx;
use serde::{Deserialize, Serialize};

use super::error::ClnError;
use super::params::{ClnParams, Params};
use crate::http::app::App;
use crate::http::facade::{array, graph_to_tell, stream_json, text};
use crate::http::neighbours::has_channels;
use crate::http::tenant::Caller;
use crate::json::{NodeIdText, Text};

pub(super) fn router() -> Router<App> {
    Router::new().route("/v1/listnodes", post(listnodes))
}

/// What is asked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListnodesParams {
    id: Option<NodeIdText>,
}

impl Params for ListnodesParams {
    const NAMES: &'static [&'static str] = &["id"];
}

#[derive(Debug, Serialize)]
struct NodeForm {
    nodeid: NodeIdText,
}

async fn listnodes(
    State(app): State<App>,
    caller: Caller,
    ClnParams(params): ClnParams<ListnodesParams>,
) -> Result<Response, ClnError> {
    let snapshot = graph_to_tell(&app, &caller, |snapshot| params.id.map_or(snapshot.node_count(), |_| 1))?;
    let places = match params.id {
        Some(id) => snapshot.node(&id.0).map_or(0..0, |node| node.to_u32()..node.to_u32() + 1),
        None => 0..u32::try_from(snapshot.node_count()).expect("nodes are numbered with 32 bits"),
    };
    let whole = Arc::clone(&snapshot);
    let told = places.map(NodeIdx::from_u32).filter(move |&node| has_channels(&whole, node));
    let nodes = told.map(move |node| NodeForm { nodeid: Text(snapshot.node_id(node)) });
    let pieces = text("{\"nodes\":").chain(array(nodes)).chain(text("}"));
    Ok(stream_json(StatusCode::CREATED, pieces))
}
