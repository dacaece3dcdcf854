//! DescribeGraph: the whole graph, written while it is sent.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use engine::graph::{ChannelIdx, NodeIdx};
use engine::snapshot::Snapshot;
use serde::Deserialize;

use super::body::LndQuery;
use super::error::LndError;
use super::graph_form::{ChannelEdge, LightningNode};
use crate::http::app::App;
use crate::http::facade::{Flag, array, graph_to_tell, stream_json, text};
use crate::http::neighbours::has_channels;
use crate::http::tenant::Caller;

pub(super) fn router() -> Router<App> {
    Router::new().route("/v1/graph", get(describe))
}

/// `lnrpc.ChannelGraphRequest`. All of the graph is announced, and no proof of it is kept, so neither adds anything.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ChannelGraphQuery {
    #[serde(rename = "include_unannounced")]
    _include_unannounced: Flag,
    #[serde(rename = "include_auth_proof")]
    _include_auth_proof: Flag,
}

async fn describe(
    State(app): State<App>,
    caller: Caller,
    LndQuery(_): LndQuery<ChannelGraphQuery>,
) -> Result<Response, LndError> {
    let snapshot = graph_to_tell(&app, &caller, |snapshot| snapshot.node_count() + snapshot.channel_count())?;
    let pieces = text("{\"nodes\":")
        .chain(array(nodes(Arc::clone(&snapshot))))
        .chain(text(",\"edges\":"))
        .chain(array(edges(snapshot)))
        .chain(text("}"));
    Ok(stream_json(StatusCode::OK, pieces))
}

fn nodes(snapshot: Arc<Snapshot>) -> impl Iterator<Item = LightningNode> + Send {
    let count = u32::try_from(snapshot.node_count()).expect("nodes are numbered with 32 bits");
    let whole = Arc::clone(&snapshot);
    let told = (0..count).map(NodeIdx::from_u32).filter(move |&node| has_channels(&whole, node));
    told.map(move |node| LightningNode::new(&snapshot, node))
}

fn edges(snapshot: Arc<Snapshot>) -> impl Iterator<Item = ChannelEdge> + Send {
    let count = u32::try_from(snapshot.channel_count()).expect("channels are numbered with 32 bits");
    let closed = Arc::clone(&snapshot);
    let open = (0..count).map(ChannelIdx::from_u32).filter(move |&channel| !closed.is_closed(channel));
    open.map(move |channel| ChannelEdge::new(&snapshot, channel))
}
