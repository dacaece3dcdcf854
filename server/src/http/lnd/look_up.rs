//! GetNodeInfo and GetChanInfo.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use primitives::{Msat, NodeId, ShortChannelId};
use serde::{Deserialize, Serialize};

use super::body::{LndPath, LndQuery};
use super::error::LndError;
use super::graph_form::{ChannelEdge, LightningNode};
use crate::http::app::App;
use crate::http::facade::{Flag, graph_to_tell, object_with, stream_json};
use crate::http::neighbours::{arc_count, channels_of};
use crate::http::tenant::Caller;
use crate::json::Text;

pub(super) fn router() -> Router<App> {
    Router::new().route("/v1/graph/node/{pub_key}", get(node)).route("/v1/graph/edge/{chan_id}", get(edge))
}

/// `lnrpc.NodeInfoRequest`. No proofs are kept.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NodeInfoQuery {
    include_channels: Flag,
    #[serde(rename = "include_auth_proof")]
    _include_auth_proof: Flag,
}

/// `lnrpc.ChanInfoRequest`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ChanInfoQuery {
    #[serde(rename = "include_auth_proof")]
    _include_auth_proof: Flag,
    /// Another name of the channel, which its id in the path goes before.
    #[serde(rename = "chan_point")]
    _chan_point: String,
}

/// `lnrpc.NodeInfo`.
#[derive(Debug, Serialize)]
struct NodeInfo {
    node: LightningNode,
    num_channels: usize,
    total_capacity: Text<u64>,
    channels: Vec<ChannelEdge>,
}

async fn node(
    State(app): State<App>,
    caller: Caller,
    LndPath(pub_key): LndPath<String>,
    LndQuery(query): LndQuery<NodeInfoQuery>,
) -> Result<Response, LndError> {
    let id: NodeId = pub_key.parse().map_err(|error| LndError::bad_argument(format!("pub_key: {error}")))?;
    let mut channels = Vec::new();
    let snapshot = graph_to_tell(&app, &caller, |snapshot| {
        let node = snapshot.node(&id);
        channels = node.map(|node| channels_of(snapshot, node)).unwrap_or_default();
        node.map_or(0, |node| arc_count(snapshot, [node]))
    })?;
    let node = snapshot.node(&id).filter(|_| !channels.is_empty());
    let node = node.ok_or_else(|| LndError::not_found("unable to find node"))?;
    let capacity: Msat = channels.iter().filter_map(|&channel| snapshot.capacity(channel)).sum();
    let info = NodeInfo {
        node: LightningNode::new(&snapshot, node),
        num_channels: channels.len(),
        total_capacity: Text(capacity.to_sat_floor()),
        channels: Vec::new(),
    };
    if !query.include_channels.0 {
        channels.clear();
    }
    let edges = channels.into_iter().map(move |channel| ChannelEdge::new(&snapshot, channel));
    Ok(stream_json(StatusCode::OK, object_with(&info, "channels", edges)))
}

async fn edge(
    State(app): State<App>,
    caller: Caller,
    LndPath(chan_id): LndPath<String>,
    LndQuery(_): LndQuery<ChanInfoQuery>,
) -> Result<Json<ChannelEdge>, LndError> {
    let id =
        chan_id.parse().map_err(|_| LndError::bad_argument("chan_id: it is a whole number of 64 bits"))?;
    // It is found by its name: none is looked at one by one.
    let snapshot = graph_to_tell(&app, &caller, |_| 0)?;
    let channel = snapshot.channel(ShortChannelId::from_u64(id));
    let channel = channel.ok_or_else(|| LndError::not_found("edge not found"))?;
    Ok(Json(ChannelEdge::new(&snapshot, channel)))
}
