//! `/api/v1/graph`: what is in the graph.

use std::cmp::Reverse;
use std::mem;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use bitcoin::hex::DisplayHex as _;
use engine::graph::ChannelIdx;
use engine::snapshot::Snapshot;
use primitives::{ChannelPolicy, Direction, Msat, NodeId, NodeIdError, ScidError, ShortChannelId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::app::App;
use crate::http::body::{PathText, bad_path};
use crate::http::facade::{object_with, stream_json};
use crate::http::gossip::{GossipInfo, GossipWatch};
use crate::http::neighbours::{arc_count, channels_of};
use crate::http::problem::Problem;
use crate::http::tenant::Caller;
use crate::http::timed::Timed;
use crate::http::work::{Lane, Worker};
use crate::json::{NodeIdText, ScidText, Text};

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/api/v1/graph", get(graph_info))
        .route("/api/v1/graph/nodes/{node_id}", get(graph_node))
        .route("/api/v1/graph/channels/{short_channel_id}", get(graph_channel))
}

/// The graph in numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GraphInfo {
    /// Nodes with a channel.
    node_count: usize,
    /// Channels that are open.
    channel_count: usize,
    /// Directions whose policy is known.
    policy_count: usize,
    /// Of these, such as carry no payment now.
    disabled_count: usize,
    /// All capacities that are known.
    capacity_msat: u64,
    /// Its memory.
    size_bytes: usize,
    /// When its newest policy was signed, in seconds since 1970.
    newest_update: u32,
    /// The number of the last change of what is served.
    seq: u64,
    /// The graph's version.
    graph_version: u64,
    /// The node of gossip that feeds it; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    gossip: Option<GossipInfo>,
}

/// A node and its channels.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NodeInfo {
    /// The node.
    node_id: NodeIdText,
    /// The features that it announced, most significant bit first, in hexadecimal; absent where it announced none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    features: Option<String>,
    /// How many channels it has.
    channel_count: usize,
    /// All capacities that are known.
    capacity_msat: u64,
    /// The largest first.
    channels: Vec<ChannelInfo>,
    /// The graph's version.
    graph_version: u64,
}

/// A channel.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChannelInfo {
    /// Its name.
    short_channel_id: ScidText,
    /// The lesser node id.
    node_id_1: NodeIdText,
    /// The greater node id.
    node_id_2: NodeIdText,
    /// Its size; absent where it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_msat: Option<u64>,
    /// What node_id_1 asks; absent where it told nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_1: Option<PolicyJson>,
    /// What node_id_2 asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_2: Option<PolicyJson>,
}

/// A channel, by its name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChannelAnswer {
    #[serde(flatten)]
    channel: ChannelInfo,
    /// The graph's version.
    graph_version: u64,
}

/// What a node asks for forwarding over a channel.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct PolicyJson {
    /// The fee's fixed part.
    pub fee_base_msat: u32,
    /// The fee's share of the amount.
    pub fee_proportional_millionths: u32,
    /// The fixed part of the fee on what comes in over the channel (bLIP-18).
    pub inbound_fee_base_msat: i32,
    /// Its share of the amount.
    pub inbound_fee_proportional_millionths: i32,
    /// Blocks between the expiries of the incoming and the outgoing HTLC.
    pub cltv_expiry_delta: u16,
    /// The smallest HTLC.
    pub htlc_minimum_msat: u64,
    /// The largest HTLC.
    pub htlc_maximum_msat: u64,
    /// Whether it carries nothing now.
    pub disabled: bool,
    /// When it was signed, in seconds since 1970.
    pub last_update: u32,
}

/// How many channels of a node are told.
#[derive(Debug, Deserialize)]
pub(super) struct NodeParams {
    channels: Option<u32>,
}

/// Tell the graph's size and freshness
#[utoipa::path(
    get, path = "/api/v1/graph", tag = "graph", operation_id = "graph_info",
    responses(
        (status = 200, description = "Its numbers", body = Timed<GraphInfo>),
        (status = "default", description = "Why there are none", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn graph_info(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<Timed<GraphInfo>>, Problem> {
    let asked = Instant::now();
    let (seq, newest) = (app.applier().seq(), app.applier().newest_update());
    let gossip = app.gossip().map(GossipWatch::info);
    let counted = app.search(&caller, Lane::Heavy, move |worker| {
        let snapshot = worker.snapshot();
        worker.scan(snapshot.channel_count());
        GraphInfo { seq, newest_update: newest.to_secs(), gossip, ..GraphInfo::count(&snapshot) }
    });
    Ok(Json(Timed::new(counted.await?, &app, asked)))
}

/// Look up a node
#[utoipa::path(
    get, path = "/api/v1/graph/nodes/{node_id}", tag = "graph", operation_id = "graph_node",
    params(("node_id" = NodeIdText, Path, description = "The node's id"),
        ("channels" = Option<u32>, Query, description = "At most so many of its channels; 100")),
    responses(
        (status = 200, description = "The node and its channels", body = Timed<NodeInfo>),
        (status = "default", description = "Why there is none", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn graph_node(
    State(app): State<App>,
    caller: Caller,
    PathText(node_id): PathText,
    params: Result<Query<NodeParams>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let asked = Instant::now();
    let Query(params) = params.map_err(|error| {
        Problem::bad_field("channels", error.body_text(), "write how many are to be told, once")
    })?;
    let node_id: NodeId = node_id.parse().map_err(|error: NodeIdError| {
        bad_path("node_id", error.to_string(), "write the 66 hexadecimal digits of the node's key")
    })?;
    let count_max = params.channels.map_or(CHANNEL_COUNT_DEFAULT, |count| count as usize);
    let found = app.search(&caller, Lane::Quick, move |worker| NodeInfo::find(worker, node_id, count_max));
    let (info, snapshot, channels) = found.await?.ok_or_else(|| {
        let detail = format!("node {node_id} is not in the graph");
        Problem::not_found(detail, "check the id; the node may have no channel").with_field("node_id")
    })?;
    let channels = channels.into_iter().map(move |channel| ChannelInfo::new(&snapshot, channel));
    Ok(stream_json(StatusCode::OK, object_with(&Timed::new(info, &app, asked), "channels", channels)))
}

/// Look up a channel
#[utoipa::path(
    get, path = "/api/v1/graph/channels/{short_channel_id}", tag = "graph", operation_id = "graph_channel",
    params(("short_channel_id" = ScidText, Path, description = "The channel's name")),
    responses(
        (status = 200, description = "The channel", body = Timed<ChannelAnswer>),
        (status = "default", description = "Why there is none", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn graph_channel(
    State(app): State<App>,
    caller: Caller,
    PathText(name): PathText,
) -> Result<Json<Timed<ChannelAnswer>>, Problem> {
    let asked = Instant::now();
    let name: ShortChannelId = name.parse().map_err(|error: ScidError| {
        bad_path("short_channel_id", error.to_string(), "write block, transaction and output, as 700000x1x0")
    })?;
    let snapshot = app.search_here(&caller, Worker::snapshot)?;
    let channel = snapshot.channel(name).ok_or_else(|| {
        let detail = format!("channel {name} is not in the graph");
        let hint = "check the name; the channel may be closed";
        Problem::not_found(detail, hint).with_field("short_channel_id")
    })?;
    let answer =
        ChannelAnswer { channel: ChannelInfo::new(&snapshot, channel), graph_version: snapshot.version() };
    Ok(Json(Timed::new(answer, &app, asked)))
}

impl GraphInfo {
    /// O(m).
    fn count(snapshot: &Snapshot) -> Self {
        let mut info = GraphInfo {
            node_count: 0,
            channel_count: 0,
            policy_count: 0,
            disabled_count: 0,
            capacity_msat: 0,
            size_bytes: snapshot.topology().size_bytes(),
            newest_update: 0,
            seq: 0,
            graph_version: snapshot.version(),
            gossip: None,
        };
        let mut is_told = vec![false; snapshot.node_count()];
        for channel in snapshot.channels() {
            for end in Direction::BOTH.map(|direction| snapshot.tail(channel.arc(direction)).to_usize()) {
                info.node_count += usize::from(!mem::replace(&mut is_told[end], true));
            }
            info.channel_count += 1;
            let capacity = snapshot.capacity(channel).map_or(0, Msat::to_msat);
            info.capacity_msat = info.capacity_msat.saturating_add(capacity);
            for policy in Direction::BOTH.map(|direction| snapshot.policy(channel.arc(direction))) {
                info.policy_count += usize::from(policy.is_some());
                info.disabled_count += usize::from(policy.is_some_and(|policy| policy.disabled));
            }
        }
        info
    }
}

impl NodeInfo {
    /// The node, without its channels, and the largest of these. O(d log d) of d channels.
    fn find(
        worker: &mut Worker,
        node_id: NodeId,
        count_max: usize,
    ) -> Option<(Self, Arc<Snapshot>, Vec<ChannelIdx>)> {
        let snapshot = worker.snapshot();
        let node = snapshot.node(&node_id)?;
        let capacity = |channel: &ChannelIdx| snapshot.capacity(*channel).map_or(0, Msat::to_msat);
        worker.scan(arc_count(&snapshot, [node]));
        let mut channels = channels_of(&snapshot, node);
        if channels.is_empty() {
            return None;
        }
        channels.sort_by_cached_key(|channel| Reverse(capacity(channel)));
        let info = NodeInfo {
            node_id: Text(node_id),
            features: snapshot
                .node_features(node)
                .map(|features| features.as_be_bytes().to_lower_hex_string()),
            channel_count: channels.len(),
            capacity_msat: channels.iter().fold(0, |sum, channel| sum.saturating_add(capacity(channel))),
            channels: Vec::new(),
            graph_version: snapshot.version(),
        };
        channels.truncate(count_max);
        Some((info, snapshot, channels))
    }
}

impl ChannelInfo {
    fn new(snapshot: &Snapshot, channel: ChannelIdx) -> Self {
        let arcs = Direction::BOTH.map(|direction| channel.arc(direction));
        // A writer that never rests shows halves of policies, at worst.
        let policies = snapshot.read_consistent(|| arcs.map(|arc| snapshot.policy(arc)));
        let [policy_1, policy_2] = policies.unwrap_or_else(|_| arcs.map(|arc| snapshot.policy(arc)));
        ChannelInfo {
            short_channel_id: Text(snapshot.short_channel_id(channel)),
            node_id_1: Text(snapshot.node_id(snapshot.tail(arcs[0]))),
            node_id_2: Text(snapshot.node_id(snapshot.head(arcs[0]))),
            capacity_msat: snapshot.capacity(channel).map(Msat::to_msat),
            policy_1: policy_1.map(PolicyJson::new),
            policy_2: policy_2.map(PolicyJson::new),
        }
    }
}

impl PolicyJson {
    /// A policy.
    pub fn new(policy: ChannelPolicy) -> Self {
        PolicyJson {
            fee_base_msat: policy.fee.fee_base_msat,
            fee_proportional_millionths: policy.fee.fee_proportional_millionths,
            inbound_fee_base_msat: policy.inbound_fee.base_msat,
            inbound_fee_proportional_millionths: policy.inbound_fee.proportional_millionths,
            cltv_expiry_delta: policy.cltv_expiry_delta.to_blocks(),
            htlc_minimum_msat: policy.htlc_minimum_msat.to_msat(),
            htlc_maximum_msat: policy.htlc_maximum_msat.to_msat(),
            disabled: policy.disabled,
            last_update: policy.last_update.to_secs(),
        }
    }
}

/// Channels of a node that are told where nothing is said.
const CHANNEL_COUNT_DEFAULT: usize = 100;
