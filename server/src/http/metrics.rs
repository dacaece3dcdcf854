//! What is counted, in the form that Prometheus reads.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::app::App;
use super::problem::Problem;
use super::tenant::Admin;
use super::work::Refused;

/// All counters of one server.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<EndpointLabels, Histogram, fn() -> Histogram>,
    search_seconds: Histogram,
    settled: Counter,
    shed: Family<ReasonLabels, Counter>,
    abandoned: Counter,
    connections: Gauge,
    waiting: Family<LaneLabels, Gauge>,
    graph_age: Gauge,
    graph_version: Gauge<u64, AtomicU64>,
    graph_nodes: Gauge,
    graph_channels: Gauge,
    changes: Gauge<u64, AtomicU64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    endpoint: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndpointLabels {
    endpoint: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LaneLabels {
    lane: &'static str,
}

/// `/metrics`.
pub(super) fn router() -> Router<App> {
    Router::new().route("/metrics", get(scrape))
}

async fn scrape(State(app): State<App>, _: Admin) -> Result<impl IntoResponse, Problem> {
    let text = app.metrics().text(&app).map_err(|_| Problem::internal())?;
    Ok(([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut metrics = Metrics {
            registry: Registry::with_prefix("fulgurite"),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(seconds),
            search_seconds: seconds(),
            settled: Counter::default(),
            shed: Family::default(),
            abandoned: Counter::default(),
            connections: Gauge::default(),
            waiting: Family::default(),
            graph_age: Gauge::default(),
            graph_version: Gauge::default(),
            graph_nodes: Gauge::default(),
            graph_channels: Gauge::default(),
            changes: Gauge::default(),
        };
        metrics.register();
        // So that they are there, as zeros, before the first one is refused.
        for reason in [Refused::Busy, Refused::Failed].map(reason) {
            drop(metrics.shed.get_or_create(&ReasonLabels { reason }));
        }
        metrics
    }

    fn register(&mut self) {
        let to = &mut self.registry;
        to.register("requests", "Requests answered", self.requests.clone());
        to.register("request_seconds", "Time to the head of an answer", self.request_seconds.clone());
        to.register(
            "search_seconds",
            "Time of searches, of batches that of a chunk",
            self.search_seconds.clone(),
        );
        to.register("settled_nodes", "Nodes and labels that searches expanded", self.settled.clone());
        to.register("shed", "Searches that were refused", self.shed.clone());
        to.register("abandoned", "Searches whose client left before their end", self.abandoned.clone());
        to.register("connections", "Connections that are open", self.connections.clone());
        to.register("waiting", "Searches that wait for a thread", self.waiting.clone());
        to.register("graph_age_seconds", "Time since the newest policy was signed", self.graph_age.clone());
        to.register("graph_version", "Publications of the graph", self.graph_version.clone());
        to.register("graph_nodes", "Nodes of the graph", self.graph_nodes.clone());
        to.register(
            "graph_channels",
            "Channels of the graph, closed ones included",
            self.graph_channels.clone(),
        );
        to.register("changes", "Changes of what is served", self.changes.clone());
    }

    pub(super) fn note_request(&self, endpoint: &str, status: StatusCode, elapsed: Duration) {
        let endpoint = endpoint.to_owned();
        let labels = RequestLabels { endpoint: endpoint.clone(), status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
        self.request_seconds.get_or_create(&EndpointLabels { endpoint }).observe(elapsed.as_secs_f64());
    }

    pub(super) fn note_search(&self, settled: u64, elapsed: Duration) {
        self.settled.inc_by(settled);
        self.search_seconds.observe(elapsed.as_secs_f64());
    }

    pub(super) fn note_shed(&self, refused: Refused) {
        self.shed.get_or_create(&ReasonLabels { reason: reason(refused) }).inc();
    }

    pub(super) fn note_abandoned(&self) {
        self.abandoned.inc();
    }

    pub(super) fn connection_opened(&self) {
        self.connections.inc();
    }

    pub(super) fn connection_closed(&self) {
        self.connections.dec();
    }

    /// All of it as text.
    fn text(&self, app: &App) -> Result<String, std::fmt::Error> {
        let snapshot = app.graph().snapshot();
        self.graph_age.set(i64::from(app.graph_age_s()));
        self.graph_version.set(snapshot.version());
        self.graph_nodes.set(i64::try_from(snapshot.node_count()).unwrap_or(i64::MAX));
        self.graph_channels.set(i64::try_from(snapshot.channel_count()).unwrap_or(i64::MAX));
        self.changes.set(app.applier().seq());
        for (lane, count) in ["quick", "heavy"].into_iter().zip(app.pool().waiting()) {
            self.waiting.get_or_create(&LaneLabels { lane }).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

fn reason(refused: Refused) -> &'static str {
    match refused {
        Refused::Busy => "busy",
        Refused::Failed => "failed",
    }
}

/// From 25 µs to 13 s.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(25e-6, 2.0, 20))
}
