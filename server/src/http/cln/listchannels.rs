//! `listchannels`: the graph's channels, each direction on its own, written while they are sent.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use bitcoin::hex::DisplayHex as _;
use engine::graph::{ArcIdx, ChannelIdx};
use engine::snapshot::Snapshot;
use primitives::Direction;
use serde::{Deserialize, Serialize};

use super::error::ClnError;
use super::params::{ClnParams, Params};
use super::scid::Scid;
use crate::http::app::App;
use crate::http::facade::{array, graph_to_tell, stream_json, text};
use crate::http::neighbours::channels_of;
use crate::http::tenant::Caller;
use crate::json::{NodeIdText, ScidText, Text, direction_number};

pub(super) fn router() -> Router<App> {
    Router::new().route("/v1/listchannels", post(listchannels))
}

/// What is asked: one of them, or nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListchannelsParams {
    short_channel_id: Option<Scid>,
    source: Option<NodeIdText>,
    destination: Option<NodeIdText>,
}

impl Params for ListchannelsParams {
    const NAMES: &'static [&'static str] = &["short_channel_id", "source", "destination"];
}

/// A direction of a channel.
#[derive(Debug, Serialize)]
struct ChannelForm {
    source: NodeIdText,
    destination: NodeIdText,
    short_channel_id: ScidText,
    direction: u8,
    public: bool,
    amount_msat: u64,
    message_flags: u8,
    channel_flags: u8,
    active: bool,
    last_update: u32,
    base_fee_millisatoshi: u32,
    fee_per_millionth: u32,
    delay: u16,
    htlc_minimum_msat: u64,
    htlc_maximum_msat: u64,
    features: String,
}

async fn listchannels(
    State(app): State<App>,
    caller: Caller,
    ClnParams(params): ClnParams<ListchannelsParams>,
) -> Result<Response, ClnError> {
    let snapshot = graph_to_tell(&app, &caller, |snapshot| params.channel_count(snapshot))?;
    let pieces = text("{\"channels\":").chain(array(params.list(snapshot)?)).chain(text("}"));
    Ok(stream_json(StatusCode::CREATED, pieces))
}

impl ListchannelsParams {
    fn channel_count(&self, snapshot: &Snapshot) -> usize {
        match (self.short_channel_id, self.source.or(self.destination)) {
            (Some(_), _) => 1,
            (None, Some(node)) => snapshot.node(&node.0).map_or(0, |node| channels_of(snapshot, node).len()),
            (None, None) => snapshot.channel_count(),
        }
    }

    fn list(
        &self,
        snapshot: Arc<Snapshot>,
    ) -> Result<impl Iterator<Item = ChannelForm> + Send + use<>, ClnError> {
        let both = |channel: ChannelIdx| Direction::BOTH.map(|direction| channel.arc(direction));
        let of_node = |node: NodeIdText| {
            let node = snapshot.node(&node.0);
            let channels = node.map(|node| channels_of(&snapshot, node)).unwrap_or_default();
            (node, channels.into_iter().flat_map(both))
        };
        let arcs: Box<dyn Iterator<Item = ArcIdx> + Send> =
            match (self.short_channel_id, self.source, self.destination) {
                (None, None, None) => {
                    let count = u32::try_from(snapshot.channel_count()).expect("numbered with 32 bits");
                    Box::new((0..count).map(ChannelIdx::from_u32).flat_map(both))
                }
                (Some(name), None, None) => Box::new(snapshot.channel(name.0).into_iter().flat_map(both)),
                (None, Some(source), None) => {
                    let (node, arcs) = of_node(source);
                    let snapshot = Arc::clone(&snapshot);
                    Box::new(arcs.filter(move |&arc| Some(snapshot.tail(arc)) == node))
                }
                (None, None, Some(destination)) => {
                    let (node, arcs) = of_node(destination);
                    let snapshot = Arc::clone(&snapshot);
                    Box::new(arcs.filter(move |&arc| Some(snapshot.head(arc)) == node))
                }
                _ => {
                    let problem = "Can only specify one of `short_channel_id`, `source` or `destination`";
                    return Err(ClnError::bad_params(problem));
                }
            };
        let open = Arc::clone(&snapshot);
        let arcs = arcs.filter(move |arc| !open.is_closed(arc.channel()));
        Ok(arcs.filter_map(move |arc| ChannelForm::new(&snapshot, arc)))
    }
}

impl ChannelForm {
    /// `None` where no policy was told.
    fn new(snapshot: &Snapshot, arc: ArcIdx) -> Option<Self> {
        let policy = snapshot.policy(arc)?;
        let channel = arc.channel();
        let direction = direction_number(arc.direction());
        Some(ChannelForm {
            source: Text(snapshot.node_id(snapshot.tail(arc))),
            destination: Text(snapshot.node_id(snapshot.head(arc))),
            short_channel_id: Text(snapshot.short_channel_id(channel)),
            direction,
            public: true,
            // Where the capacity is unknown, what an HTLC may carry says how large the channel is at least.
            amount_msat: snapshot.capacity(channel).unwrap_or(policy.htlc_maximum_msat).to_msat(),
            message_flags: HAS_MAXIMUM,
            channel_flags: direction | u8::from(policy.disabled) << 1,
            active: !policy.disabled,
            last_update: policy.last_update.to_secs(),
            base_fee_millisatoshi: policy.fee.fee_base_msat,
            fee_per_millionth: policy.fee.fee_proportional_millionths,
            delay: policy.cltv_expiry_delta.to_blocks(),
            htlc_minimum_msat: policy.htlc_minimum_msat.to_msat(),
            htlc_maximum_msat: policy.htlc_maximum_msat.to_msat(),
            features: snapshot.channel_features(channel).as_be_bytes().to_lower_hex_string(),
        })
    }
}

/// The bit of `message_flags` that every `channel_update` has (BOLT 7).
const HAS_MAXIMUM: u8 = 1;
