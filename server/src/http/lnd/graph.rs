//! DescribeGraph: the whole graph, written while it is sent.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use engine::graph::{ChannelIdx, NodeIdx};
use engine::snapshot::Snapshot;

use super::graph_form::{ChannelEdge, LightningNode};
use crate::http::app::App;
use crate::http::facade::{array, text, to_body};
use crate::http::tenant::Caller;

pub(super) fn router() -> Router<App> {
    Router::new().route("/v1/graph", get(describe))
}

/// All of it is announced, so `include_unannounced` adds nothing; no proof of it is kept.
async fn describe(State(app): State<App>, _caller: Caller) -> Response {
    let snapshot = app.graph().snapshot();
    let pieces = text("{\"nodes\":")
        .chain(array(nodes(Arc::clone(&snapshot))))
        .chain(text(",\"edges\":"))
        .chain(array(edges(snapshot)))
        .chain(text("}"));
    let mut response = to_body(Box::new(pieces)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn nodes(snapshot: Arc<Snapshot>) -> impl Iterator<Item = LightningNode> + Send {
    let count = u32::try_from(snapshot.node_count()).expect("nodes are numbered with 32 bits");
    (0..count).map(move |place| LightningNode::new(&snapshot, NodeIdx::from_u32(place)))
}

fn edges(snapshot: Arc<Snapshot>) -> impl Iterator<Item = ChannelEdge> + Send {
    let count = u32::try_from(snapshot.channel_count()).expect("channels are numbered with 32 bits");
    let closed = Arc::clone(&snapshot);
    let open = (0..count).map(ChannelIdx::from_u32).filter(move |&channel| !closed.is_closed(channel));
    open.map(move |channel| ChannelEdge::new(&snapshot, channel))
}
