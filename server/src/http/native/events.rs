//! `GET /api/v1/events`: changes as server-sent events, with their numbers.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use futures_util::{Stream, stream};
use primitives::GraphDelta;
use serde::Serialize;
use utoipa::ToSchema;

use super::changed::ChangedJson;
use super::graph::PolicyJson;
use crate::http::app::App;
use crate::http::applier::{Change, Feed, Heard, Listener, Place, Sequenced, TenantIdx};
use crate::http::problem::Problem;
use crate::http::tenant::Caller;
use crate::json::{NodeIdText, ScidText, Text, direction_number};

pub(super) fn router() -> Router<App> {
    Router::new().route("/api/v1/events", get(listen))
}

/// An event's data.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventJson {
    #[serde(flatten)]
    changed: ChangedJson,
    /// When, in seconds since 1970.
    at: u32,
    /// What changed of the graph.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<DeltaJson>,
    /// Which layer changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<String>,
}

/// A change of the graph.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "change", rename_all = "snake_case")]
pub(super) enum DeltaJson {
    /// A channel was announced.
    ChannelOpened {
        /// Its name.
        short_channel_id: ScidText,
        /// The lesser node id.
        node_id_1: NodeIdText,
        /// The greater node id.
        node_id_2: NodeIdText,
        /// Its size, where it is known.
        capacity_msat: Option<u64>,
    },
    /// A channel was closed.
    ChannelClosed {
        /// Its name.
        short_channel_id: ScidText,
    },
    /// A direction has a new policy.
    PolicyUpdated {
        /// The channel.
        short_channel_id: ScidText,
        /// 0 from node_id_1 to node_id_2, 1 back.
        direction: u8,
        /// The policy.
        policy: PolicyJson,
    },
    /// A node announced itself.
    NodeSeen {
        /// The node.
        node_id: NodeIdText,
    },
}

/// Hear of changes
///
/// Events `graph`, `layer`, `reservations` and `feedback`, of the graph and of the key's tenant. The data of each is an
/// EventJson; its id takes the stream up again behind it, in the header `Last-Event-ID`, as `EventSource` sends it. An id
/// without an event says that nothing before it is left to hear.
///
/// An event `missed` says that changes are lost, as the listener was too slow or away for too long. Its data is their
/// number, those of other tenants included, as nobody knows any more whose they were; null where the id is not known, as
/// after a restart. Then ask for what you need anew. The stream ends when the server stops, and when the key is no longer
/// allowed to read.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "graph", operation_id = "listen",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was heard")),
    responses(
        (status = 200, description = "Events, an EventJson each, without an end of their own", body = String, content_type = "text/event-stream"),
        (status = "default", description = "Why there are none", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn listen(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let listener = listen_as(app.applier().feed(), &headers);
    let (stopped, tenant) = (app.stopped(), caller.tenant);
    let start = (listener, stopped, app.revoked(caller));
    let events = stream::unfold(start, move |(mut listener, mut stopped, mut revoked)| async move {
        loop {
            let heard = tokio::select! {
                biased;
                () = stopped.wait() => return None,
                () = revoked.wait() => return None,
                heard = listener.recv() => heard?,
            };
            let event = match heard {
                Heard::Change(place, sequenced) => event(place, &sequenced, tenant),
                // A listener whose tenant changes nothing comes again with this one.
                Heard::Place(place) => Some(Event::default().id(place.to_string())),
                Heard::Missed(count) => Event::default().event("missed").json_data(count).ok(),
            };
            if let Some(event) = event {
                return Some((Ok(event), (listener, stopped, revoked)));
            }
        }
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// A new listener, or one that comes again.
fn listen_as(feed: &Feed, headers: &HeaderMap) -> Listener {
    match headers.get(LAST_EVENT_ID) {
        Some(id) => feed.listen_behind(id.to_str().ok().and_then(|id| id.parse().ok())),
        None => feed.listen(),
    }
}

/// The event, unless it is another tenant's.
fn event(place: Place, sequenced: &Sequenced, tenant: TenantIdx) -> Option<Event> {
    let (kind, owner) = match &sequenced.change {
        Change::Graph(_) => ("graph", None),
        Change::Layer { tenant, .. } => ("layer", Some(*tenant)),
        Change::Reserve { tenant, .. } | Change::Release { tenant, .. } => ("reservations", Some(*tenant)),
        Change::Learn { tenant, .. } => ("feedback", Some(*tenant)),
    };
    if owner.is_some_and(|owner| owner != tenant) {
        return None;
    }
    let (changes, layer) = match &sequenced.change {
        Change::Graph(deltas) => (deltas.iter().map(DeltaJson::new).collect(), None),
        Change::Layer { name, .. } => (Vec::new(), Some(name.clone())),
        Change::Reserve { .. } | Change::Release { .. } | Change::Learn { .. } => (Vec::new(), None),
    };
    let changed = ChangedJson::new(&sequenced.applied);
    let data = EventJson { changed, at: sequenced.at.to_secs(), changes, layer };
    let event = Event::default().event(kind).id(place.to_string());
    event.json_data(data).ok()
}

impl DeltaJson {
    fn new(delta: &GraphDelta) -> Self {
        match delta {
            GraphDelta::ChannelOpened { short_channel_id, node_id_1, node_id_2, capacity, .. } => {
                DeltaJson::ChannelOpened {
                    short_channel_id: Text(*short_channel_id),
                    node_id_1: Text(*node_id_1),
                    node_id_2: Text(*node_id_2),
                    capacity_msat: capacity.map(primitives::Msat::to_msat),
                }
            }
            GraphDelta::ChannelClosed { short_channel_id } => {
                DeltaJson::ChannelClosed { short_channel_id: Text(*short_channel_id) }
            }
            GraphDelta::PolicyUpdated { short_channel_id, direction, policy } => DeltaJson::PolicyUpdated {
                short_channel_id: Text(*short_channel_id),
                direction: direction_number(*direction),
                policy: PolicyJson::new(*policy),
            },
            GraphDelta::NodeSeen { node_id, .. } => DeltaJson::NodeSeen { node_id: Text(*node_id) },
        }
    }
}

/// What a listener that comes again has heard last (HTML, server-sent events).
const LAST_EVENT_ID: &str = "last-event-id";
/// Often enough for proxies that close what is silent.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
