//! What all handlers share.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use engine::belief::HeldBeliefs;
use engine::graph::Topology;
use engine::layer::{LayerError, LayerStack};
use engine::query::RouteQuery;
use engine::snapshot::ChannelGraph;
use engine::stop::Stop;
use primitives::NodeId;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio_rustls::rustls::ServerConfig;

use super::applier::{Applied, Applier, Change, ChangeError};
use super::gossip::GossipWatch;
use super::metrics::Metrics;
use super::problem::Problem;
use super::pulse::Pulse;
use super::reload::replace;
use super::room::BodyRoom;
use super::settings::Limits;
use super::stages::Stage;
use super::tenant::{Accounts, Caller, unknown};
use super::work::{Brake, Lane, Patience, Pool, Pressure, Work, Worker};
use crate::clock::unix_now;
use crate::json::QueryJson;

/// What all handlers share. Clones are handles to the same server.
#[derive(Clone)]
pub struct App {
    shared: Arc<Shared>,
}

struct Shared {
    graph: ChannelGraph,
    applier: Applier,
    accounts: ArcSwap<Accounts>,
    /// Hears each time that the accounts are others.
    reopened: watch::Sender<()>,
    tls: ArcSwapOption<ServerConfig>,
    pool: Pool,
    limits: ArcSwap<Limits>,
    pressure: Pressure,
    brake: Brake,
    body_room: BodyRoom,
    hosts: ArcSwap<Vec<String>>,
    own_node: ArcSwapOption<NodeId>,
    metrics: Metrics,
    pulse: Pulse,
    gossip: OnceLock<GossipWatch>,
    stop: watch::Sender<bool>,
}

/// Hears of the server's end.
#[derive(Debug, Clone)]
pub struct Stopped(watch::Receiver<bool>);

/// Hears of the end of a caller's leave to read.
#[derive(Debug)]
pub(super) struct Revoked {
    reopened: watch::Receiver<()>,
    app: App,
    caller: Caller,
}

/// Counts a search that a thread is at.
struct Running(App);

/// Stops a search whose client has left.
struct Leash {
    stop: Stop,
    app: App,
    is_over: bool,
    /// From when on it is the server that ends a request.
    late_at: Option<Instant>,
}

impl App {
    pub(super) fn new(
        graph: ChannelGraph,
        applier: Applier,
        accounts: Accounts,
        pool: Pool,
        limits: Limits,
        own_node: Option<NodeId>,
        hosts: Vec<String>,
    ) -> Self {
        let (now, thread_count) = (Instant::now(), pool.thread_count());
        let patience = Patience::new(limits.queue_wait_min, limits.queue_wait_max, now);
        let shared = Shared {
            graph,
            applier,
            accounts: ArcSwap::from_pointee(accounts),
            reopened: watch::Sender::new(()),
            tls: ArcSwapOption::empty(),
            brake: Brake::new(thread_count, now),
            body_room: BodyRoom::new(limits.bodies_size_max),
            pressure: Pressure::new(patience, thread_count, now),
            pool,
            limits: ArcSwap::from_pointee(limits),
            hosts: ArcSwap::from_pointee(hosts),
            own_node: ArcSwapOption::from_pointee(own_node),
            metrics: Metrics::new(),
            pulse: Pulse::default(),
            gossip: OnceLock::new(),
            stop: watch::Sender::new(false),
        };
        App { shared: Arc::new(shared) }
    }

    /// The graph.
    pub fn graph(&self) -> &ChannelGraph {
        &self.shared.graph
    }

    /// The one hand that changes what is served.
    pub fn applier(&self) -> &Applier {
        &self.shared.applier
    }

    /// Who may ask.
    pub fn accounts(&self) -> Arc<Accounts> {
        self.shared.accounts.load_full()
    }

    /// Takes other keys from now on. What goes on for a key that is gone hears of it, and what goes on for others goes by
    /// their new budgets.
    pub fn set_accounts(&self, accounts: Accounts) {
        accounts.take_effect(Instant::now());
        self.shared.accounts.store(Arc::new(accounts));
        self.shared.reopened.send_replace(());
    }

    /// What new connections are shown; without it they speak in the clear.
    pub fn tls(&self) -> Option<Arc<ServerConfig>> {
        self.shared.tls.load_full()
    }

    /// Shows another certificate to new connections from now on.
    pub fn set_tls(&self, tls: Arc<ServerConfig>) {
        self.shared.tls.store(Some(tls));
    }

    /// Bounds on what clients may take.
    pub fn limits(&self) -> Arc<Limits> {
        self.shared.limits.load_full()
    }

    /// Takes other bounds from now on: those on connections for new ones. Of those that queues and rooms were made by, the
    /// former go on.
    pub fn set_limits(&self, limits: Limits) {
        self.shared.limits.store(Arc::new(limits));
    }

    /// Who pays where a facade's request does not say.
    pub fn own_node(&self) -> Option<NodeId> {
        self.shared.own_node.load().as_deref().copied()
    }

    /// Lets another node pay from now on.
    pub fn set_own_node(&self, own_node: Option<NodeId>) {
        self.shared.own_node.store(own_node.map(Arc::new));
    }

    /// The threads that search.
    pub fn pool(&self) -> &Pool {
        &self.shared.pool
    }

    /// How far behind its work the server is.
    pub fn pressure(&self) -> &Pressure {
        &self.shared.pressure
    }

    /// The pace at which clients hear that they are refused.
    pub(super) fn brake(&self) -> &Brake {
        &self.shared.brake
    }

    /// The room of bodies that are being read, and of answers that are not taken yet.
    pub(super) fn body_room(&self) -> &BodyRoom {
        &self.shared.body_room
    }

    /// Names by which an open server may be asked, beside those of the loopback.
    pub(super) fn hosts(&self) -> Arc<Vec<String>> {
        self.shared.hosts.load_full()
    }

    /// Answers to other names from now on.
    pub fn set_hosts(&self, hosts: Vec<String>) {
        self.shared.hosts.store(Arc::new(hosts));
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Answers of the last minute, second by second.
    pub(super) fn pulse(&self) -> &Pulse {
        &self.shared.pulse
    }

    /// The node of gossip that feeds the graph, where there is one.
    pub fn gossip(&self) -> Option<&GossipWatch> {
        self.shared.gossip.get()
    }

    /// Tells of a node of gossip from now on. The first one stays.
    pub fn watch_gossip(&self, watch: GossipWatch) {
        let _ = self.shared.gossip.set(watch);
    }

    /// Whether the server takes no more connections.
    pub fn is_stopping(&self) -> bool {
        *self.shared.stop.borrow()
    }

    /// For answers without an end.
    pub fn stopped(&self) -> Stopped {
        Stopped(self.shared.stop.subscribe())
    }

    /// For answers without an end that a caller may read.
    pub(super) fn revoked(&self, caller: Caller) -> Revoked {
        Revoked { reopened: self.shared.reopened.subscribe(), app: self.clone(), caller }
    }

    /// Tells the server to finish what it began, and end.
    pub fn stop(&self) {
        self.shared.stop.send_replace(true);
    }

    /// Seconds since the newest policy of the graph was signed.
    pub fn graph_age_s(&self) -> u32 {
        unix_now().to_secs().saturating_sub(self.applier().newest_update().to_secs())
    }

    /// Notes that a caller's question is read, now.
    pub(super) fn note_read(&self, caller: &Caller) -> Instant {
        let now = Instant::now();
        self.metrics().note_stage(Stage::Read, now.saturating_duration_since(caller.began()));
        now
    }

    /// Makes a change; returns once readers see it.
    ///
    /// # Errors
    /// See [`ChangeError`].
    pub async fn change(&self, change: Change) -> Result<Applied, ChangeError> {
        self.applier().apply(change).await
    }

    /// Runs a search where it was asked. For such as take some ten microseconds.
    ///
    /// # Errors
    /// Where the caller's budget is used up.
    pub fn search_here<T>(&self, caller: &Caller, job: impl FnOnce(&mut Worker) -> T) -> Result<T, Problem> {
        caller.check_work()?;
        let began = Instant::now();
        let (result, work) = self.pool().run_here(job);
        self.pressure().note_service(self.note(caller, work, began));
        Ok(result)
    }

    /// Runs a search on the threads for it. It is stopped where the future is dropped, as when the client leaves, if its
    /// query carries the worker's `stop`.
    ///
    /// # Errors
    /// Where the caller's budget is used up, or the server is busy.
    pub async fn search<T: Send + 'static>(
        &self,
        caller: &Caller,
        lane: Lane,
        job: impl FnOnce(&mut Worker) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        caller.check_work()?;
        let late_at = caller.began().checked_add(self.limits().request_timeout);
        let mut leash = Leash::new(self, late_at);
        let app = self.clone();
        let owner = caller.clone();
        let asked = Instant::now();
        let found = self.pool().run(lane, leash.stop.clone(), move |worker| {
            app.metrics().note_stage(Stage::Queue, asked.elapsed());
            app.run(&owner, worker, job)
        });
        let found = found.await;
        leash.is_over = true;
        found.map_err(|refused| {
            self.metrics().note_shed(refused);
            refused.into()
        })
    }

    /// The same for so many lines of a stream that has begun: it waits for room, and for its budgets as long as a request
    /// may take.
    ///
    /// # Errors
    /// Where the key is gone, a budget needs longer, or the search fails.
    pub async fn search_patiently<T: Send + 'static>(
        &self,
        caller: &Caller,
        line_count: usize,
        job: impl FnOnce(&mut Worker) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        // A stream may outlive its key.
        if !self.accounts().still_lets_read(caller) {
            return Err(unknown());
        }
        caller.take_lines(line_count, self.limits().request_timeout).await?;
        let mut leash = Leash::new(self, None);
        let app = self.clone();
        let owner = caller.clone();
        let found = self.pool().run_patiently(leash.stop.clone(), move |worker| app.run(&owner, worker, job));
        let found = found.await;
        leash.is_over = true;
        Ok(found?)
    }

    /// Runs a search on a thread for it, and charges it.
    fn run<T>(&self, owner: &Caller, worker: &mut Worker, job: impl FnOnce(&mut Worker) -> T) -> T {
        let began = Instant::now();
        let _running = Running::begin(self);
        let result = job(worker);
        self.note(owner, worker.take_work(), began);
        result
    }

    /// Charges entries that are to be looked at one by one.
    ///
    /// # Errors
    /// Where the caller's budget is used up.
    pub fn charge_entries(&self, caller: &Caller, count: usize) -> Result<(), Problem> {
        caller.check_work()?;
        self.note_entries(caller, count);
        Ok(())
    }

    /// Charges entries that were looked at one by one.
    pub fn note_entries(&self, caller: &Caller, count: usize) {
        let work = Work { settled: 0, scanned: count as u64 };
        caller.charge_work(work.charge(), Instant::now());
        self.metrics().note_work(work);
    }

    /// Charges a search that has ended now; returns how long it took.
    fn note(&self, caller: &Caller, work: Work, began: Instant) -> Duration {
        let now = Instant::now();
        let took = now.saturating_duration_since(began);
        caller.charge_work(work.charge(), now);
        self.metrics().note_search(work, took);
        took
    }

    /// Serves another graph from now on, change by change, and returns how many that took. Changes of others do not make it
    /// give up halfway, nor does whoever asked and waits no longer.
    ///
    /// # Errors
    /// [`ChangeError::Stopped`].
    pub async fn replace_graph(&self, wanted: Topology) -> Result<usize, ChangeError> {
        let (graph, applier) = (self.graph().clone(), self.applier().clone());
        let replacing = spawn_blocking(move || replace(&graph, &applier, &wanted));
        replacing.await.unwrap_or(Err(ChangeError::Stopped))
    }

    /// A query of a caller, with its layers, reservations and beliefs, within the server's limits.
    ///
    /// # Errors
    /// Names the field that is wrong.
    pub fn query(&self, caller: &Caller, json: &QueryJson) -> Result<RouteQuery, Problem> {
        let mut query = json.to_query()?;
        query.work_max = query.work_max.min(self.limits().work_max);
        if !json.ignore_reservations {
            query.reservations = Some(caller.view.reservations.clone());
        }
        if !json.ignore_feedback {
            let beliefs = caller.view.beliefs.load_full();
            query.beliefs = beliefs.map(|beliefs| HeldBeliefs::new(beliefs, unix_now()));
        }
        query.layers = stack(caller, &json.layers)?;
        Ok(query)
    }
}

/// Layers of a caller by their names.
///
/// # Errors
/// Where one is unknown.
pub fn stack(caller: &Caller, names: &[String]) -> Result<Option<LayerStack>, Problem> {
    if names.is_empty() {
        return Ok(None);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let stack = caller.view.layers.stack(&names);
    stack.map(Some).map_err(|error| {
        let is_unknown = |name: &&str| caller.view.layer(name).is_err();
        let place = names.iter().position(is_unknown).filter(|_| error == LayerError::Unknown);
        let field = place.map_or("layers".to_owned(), |place| format!("layers[{place}]"));
        Problem::from(ChangeError::Layer(error)).with_field(field)
    })
}

impl Stopped {
    /// Waits for it.
    pub async fn wait(&mut self) {
        // A server that is gone has ended, too.
        let _ = self.0.wait_for(|&is_stopped| is_stopped).await;
    }
}

impl Revoked {
    /// Waits for it.
    pub(super) async fn wait(&mut self) {
        while self.app.accounts().still_lets_read(&self.caller) {
            // A server that is gone has ended what it served, too.
            if self.reopened.changed().await.is_err() {
                return;
            }
        }
    }
}

impl Running {
    fn begin(app: &App) -> Self {
        app.metrics().search_began();
        Running(app.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.metrics().search_ended();
    }
}

impl Leash {
    fn new(app: &App, late_at: Option<Instant>) -> Self {
        Leash { stop: Stop::new(), app: app.clone(), is_over: false, late_at }
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        if !self.is_over {
            self.stop.set(true);
            if self.late_at.is_none_or(|late_at| Instant::now() < late_at) {
                self.app.metrics().note_abandoned();
            }
        }
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}
