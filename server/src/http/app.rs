//! What all handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use engine::layer::LayerStack;
use engine::query::RouteQuery;
use engine::router::RouteError;
use engine::snapshot::ChannelGraph;
use primitives::NodeId;

use super::applier::{Applied, Applier, Change, ChangeError, FEEDBACK_LAYER, TenantView};
use super::clock::unix_now;
use super::problem::Problem;
use super::settings::{Limits, Settings};
use super::tenant::Caller;
use super::work::{Lane, Pool, Refused, Worker};
use crate::json::QueryJson;

/// What all handlers share. Clones are handles to the same server.
#[derive(Debug, Clone)]
pub struct App {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    graph: ChannelGraph,
    applier: Applier,
    tenants: Vec<TenantView>,
    pool: Pool,
    limits: Limits,
    own_node: Option<NodeId>,
    is_stopping: AtomicBool,
}

/// A query before it is asked: of one request, with what the caller's layers and reservations add.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The query.
    pub query: RouteQuery,
    /// When the request came.
    pub asked: Instant,
}

impl App {
    pub(super) fn new(
        graph: ChannelGraph,
        applier: Applier,
        tenants: Vec<TenantView>,
        settings: &Settings,
    ) -> std::io::Result<Self> {
        let limits = settings.limits.clone();
        let pool = Pool::start(&graph, settings.search_threads, limits.queue_size, limits.queue_wait_max)?;
        let (own_node, is_stopping) = (settings.own_node, AtomicBool::new(false));
        let shared = Shared { graph, applier, tenants, pool, limits, own_node, is_stopping };
        Ok(App { shared: Arc::new(shared) })
    }

    /// The graph.
    pub fn graph(&self) -> &ChannelGraph {
        &self.shared.graph
    }

    /// The one hand that changes what is served.
    pub fn applier(&self) -> &Applier {
        &self.shared.applier
    }

    /// Bounds on what clients may take.
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// Who pays where a facade's request does not say.
    pub fn own_node(&self) -> Option<NodeId> {
        self.shared.own_node
    }

    /// The threads that search.
    pub fn pool(&self) -> &Pool {
        &self.shared.pool
    }

    /// The layers, reservations and beliefs of whoever asks.
    pub fn tenant(&self, caller: Caller) -> &TenantView {
        &self.shared.tenants[caller.tenant.to_usize()]
    }

    /// Whether the server takes no more connections.
    pub fn is_stopping(&self) -> bool {
        self.shared.is_stopping.load(Relaxed)
    }

    pub(super) fn stop(&self) {
        self.shared.is_stopping.store(true, Relaxed);
    }

    /// Seconds since the newest policy of the graph was signed.
    pub fn graph_age_s(&self) -> u32 {
        unix_now().to_secs().saturating_sub(self.applier().newest_update().to_secs())
    }

    /// Makes a change; returns once readers see it.
    ///
    /// # Errors
    /// See [`ChangeError`].
    pub async fn change(&self, change: Change) -> Result<Applied, ChangeError> {
        self.applier().apply(change).await
    }

    /// Runs a search on the threads for it.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn search<T: Send + 'static>(
        &self,
        _caller: Caller,
        lane: Lane,
        job: impl FnOnce(&mut Worker) -> T + Send + 'static,
    ) -> Result<T, Refused> {
        self.pool().run(lane, job).await
    }

    /// A query of a caller, with its layers and reservations, within the server's limits.
    ///
    /// # Errors
    /// Names the field that is wrong.
    pub fn query(&self, caller: Caller, json: &QueryJson) -> Result<RouteQuery, Problem> {
        let mut query = json.to_query()?;
        query.work_max = query.work_max.min(self.limits().work_max);
        let tenant = self.tenant(caller);
        if !json.ignore_reservations {
            query.reservations = Some(tenant.reservations.clone());
        }
        query.layers = self.stack(caller, &json.layers, !json.ignore_feedback)?;
        Ok(query)
    }

    /// Layers of a caller, on top of what its reports taught where that is wanted.
    ///
    /// # Errors
    /// Where one is unknown.
    pub fn stack(
        &self,
        caller: Caller,
        names: &[String],
        with_feedback: bool,
    ) -> Result<Option<LayerStack>, Problem> {
        let tenant = self.tenant(caller);
        let has_feedback = with_feedback && tenant.knowledge.load().is_some();
        let feedback = has_feedback.then_some(FEEDBACK_LAYER);
        let names: Vec<&str> = feedback.into_iter().chain(names.iter().map(String::as_str)).collect();
        if names.is_empty() {
            return Ok(None);
        }
        let stack = tenant.layers.stack(&names);
        stack.map(Some).map_err(|error| Problem::from(ChangeError::Layer(error)).with_field("layers"))
    }
}

/// Whether a search may be repeated with more steps than it had.
pub(super) fn ran_out(error: &RouteError) -> bool {
    matches!(error, RouteError::WorkLimit { .. })
}
