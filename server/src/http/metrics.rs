//! What is counted, in the form that Prometheus reads.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::http::StatusCode;
use engine::snapshot::Snapshot;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::gossip::GossipInfo;
use super::stages::{Stage, Stages};
use super::timings::Timings;
use super::work::{Refused, Work};

/// All counters of one server.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<EndpointLabels, Timings>,
    stage_seconds: Stages,
    settled: Counter,
    scanned: Counter,
    shed: Family<ReasonLabels, Counter>,
    abandoned: Counter,
    searching: Gauge,
    connections: Gauge,
    waiting: Family<LaneLabels, Gauge>,
    graph_age: Gauge,
    graph_version: Gauge<u64, AtomicU64>,
    graph_nodes: Gauge,
    graph_channels: Gauge,
    changes: Gauge<u64, AtomicU64>,
    gossip: GossipGauges,
}

/// The node of gossip; all zero where there is none.
#[derive(Debug, Default)]
struct GossipGauges {
    running: Gauge<u64, AtomicU64>,
    peers: Gauge<u64, AtomicU64>,
    messages: Gauge<u64, AtomicU64>,
    verified: Gauge<u64, AtomicU64>,
    messages_per_second: Gauge<u64, AtomicU64>,
    lag_seconds: Gauge<f64, AtomicU64>,
    wanted: Gauge<u64, AtomicU64>,
    log_bytes: Gauge<u64, AtomicU64>,
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

impl Metrics {
    pub(super) fn new() -> Self {
        let mut metrics = Metrics {
            registry: Registry::with_prefix("fulgurite"),
            requests: Family::default(),
            request_seconds: Family::default(),
            stage_seconds: Stages::default(),
            settled: Counter::default(),
            scanned: Counter::default(),
            shed: Family::default(),
            abandoned: Counter::default(),
            searching: Gauge::default(),
            connections: Gauge::default(),
            waiting: Family::default(),
            graph_age: Gauge::default(),
            graph_version: Gauge::default(),
            graph_nodes: Gauge::default(),
            graph_channels: Gauge::default(),
            changes: Gauge::default(),
            gossip: GossipGauges::default(),
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
        to.register("stage_seconds", "Time of a stage of requests", self.stage_seconds.clone());
        to.register("settled_nodes", "Nodes and labels that searches expanded", self.settled.clone());
        let scanned = self.scanned.clone();
        to.register("scanned_entries", "Channels, nodes and entries of layers looked at one by one", scanned);
        to.register("shed", "Searches that were refused", self.shed.clone());
        to.register("abandoned", "Searches whose client left before their end", self.abandoned.clone());
        to.register("searching", "Searches that threads are at", self.searching.clone());
        to.register("connections", "Connections that are open", self.connections.clone());
        to.register("waiting", "Searches that wait for a thread", self.waiting.clone());
        to.register("graph_age_seconds", "Time since the newest policy was signed", self.graph_age.clone());
        to.register("graph_version", "Publications of the graph", self.graph_version.clone());
        to.register(
            "graph_nodes",
            "Nodes of the graph, a few on their way out included",
            self.graph_nodes.clone(),
        );
        to.register(
            "graph_channels",
            "Channels of the graph, closed ones included",
            self.graph_channels.clone(),
        );
        to.register("changes", "Changes of what is served", self.changes.clone());
        self.gossip.register(to);
    }

    pub(super) fn note_request(&self, endpoint: &str, status: StatusCode, elapsed: Duration) {
        let labels = RequestLabels { endpoint: endpoint.to_owned(), status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
        let labels = EndpointLabels { endpoint: labels.endpoint };
        self.request_seconds.get_or_create(&labels).observe(elapsed);
    }

    pub(super) fn note_search(&self, work: Work, elapsed: Duration) {
        self.note_work(work);
        self.note_stage(Stage::Search, elapsed);
    }

    pub(super) fn note_work(&self, work: Work) {
        self.settled.inc_by(work.settled);
        if work.scanned > 0 {
            self.scanned.inc_by(work.scanned);
        }
    }

    pub(super) fn note_stage(&self, stage: Stage, elapsed: Duration) {
        self.stage_seconds.observe(stage, elapsed);
    }

    pub(super) fn note_shed(&self, refused: Refused) {
        self.shed.get_or_create(&ReasonLabels { reason: reason(refused) }).inc();
    }

    pub(super) fn note_abandoned(&self) {
        self.abandoned.inc();
    }

    pub(super) fn search_began(&self) {
        self.searching.inc();
    }

    pub(super) fn search_ended(&self) {
        self.searching.dec();
    }

    /// Searches that threads are at now, those aside that run where they were asked.
    pub fn searching(&self) -> i64 {
        self.searching.get()
    }

    pub(super) fn connection_opened(&self) {
        self.connections.inc();
    }

    pub(super) fn connection_closed(&self) {
        self.connections.dec();
    }

    /// What is served now.
    pub(super) fn set_graph(&self, snapshot: &Snapshot, age_s: u32, change_count: u64) {
        self.graph_age.set(i64::from(age_s));
        self.graph_version.set(snapshot.version());
        self.graph_nodes.set(i64::try_from(snapshot.node_count()).unwrap_or(i64::MAX));
        self.graph_channels.set(i64::try_from(snapshot.channel_count()).unwrap_or(i64::MAX));
        self.changes.set(change_count);
    }

    /// Searches that wait, the quick ones first.
    pub(super) fn set_waiting(&self, counts: [usize; 2]) {
        for (lane, count) in ["quick", "heavy"].into_iter().zip(counts) {
            self.waiting.get_or_create(&LaneLabels { lane }).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// What a node of gossip does.
    pub(super) fn set_gossip(&self, info: GossipInfo) {
        self.gossip.set(info);
    }

    /// All of it as text.
    pub(super) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl GossipGauges {
    fn register(&self, to: &mut Registry) {
        to.register("gossip_running", "1 while the node of gossip runs", self.running.clone());
        to.register("gossip_peers", "Peers that are connected", self.peers.clone());
        to.register("gossip_messages", "Messages of peers since the start", self.messages.clone());
        to.register("gossip_verified", "Messages whose signatures were right", self.verified.clone());
        let per_second = self.messages_per_second.clone();
        to.register("gossip_messages_per_second", "Messages in a second, of the last ones", per_second);
        let lag = self.lag_seconds.clone();
        to.register("gossip_lag_seconds", "From the read of a message to its change of the graph", lag);
        let wanted = self.wanted.clone();
        to.register("gossip_wanted", "Channels of which a peer knows more than we do", wanted);
        to.register("gossip_log_bytes", "Bytes of the log", self.log_bytes.clone());
    }

    fn set(&self, info: GossipInfo) {
        self.running.set(u64::from(info.is_running));
        self.peers.set(info.peer_count as u64);
        self.messages.set(info.message_count);
        self.verified.set(info.verified_count);
        self.messages_per_second.set(info.messages_per_second);
        self.lag_seconds.set(Duration::from_micros(info.lag_us).as_secs_f64());
        self.wanted.set(info.wanted_count as u64);
        self.log_bytes.set(info.log_bytes);
    }
}

fn reason(refused: Refused) -> &'static str {
    match refused {
        Refused::Busy => "busy",
        Refused::Failed => "failed",
    }
}
