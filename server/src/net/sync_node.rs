//! A node of gossip as a whole: opened from its log, started, watched, stopped.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bitcoin::secp256k1::{Secp256k1, SecretKey};
use engine::graph::{BuildError, GraphBuilder};
use gossip::funding::{FundingCheck, FundingQuestion};
use gossip::record::Restored;
use gossip::sync::{Config, Gossip, Input, Output, Stored};
use gossip::verify::VerifiedGossip;
use primitives::{ChainHash, GraphDelta, NodeId, ShortChannelId, UnixTime};
use rayon::{ThreadPool, ThreadPoolBuilder};
use rustix::process::setpriority_process;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::address::PeerAddress;
use super::connector::{keep_connected, listen};
use super::driver::{Answer, Chores, Driver, Verifier};
use super::entropy::Entropy;
use super::feed::Feed;
use super::hub::Hub;
use super::status::{Board, Notice, Status, StatusBoard};
use super::view_graph;
use crate::chain::{self, ChainConfig, ChainQuestion};
use crate::clock::unix_now;
use crate::import::{ImportCounts, ImportError, Importer, Moment};
use crate::store::{GossipLog, LogError, OpenNotes};

/// What a node must be told before it begins.
#[derive(Debug, Clone)]
pub struct SyncConfig {
    /// The chain.
    pub chain_hash: ChainHash,
    /// The log, which is made where it is not there.
    pub log: PathBuf,
    /// Who knows the chain; `None` where funding outputs are believed unseen.
    pub chain: Option<ChainConfig>,
    /// Whom to keep up a connection with.
    pub peers: Vec<PeerAddress>,
    /// Where others may connect to us; port 0 is any that is free.
    pub listen: Option<SocketAddr>,
    /// The SOCKS5 proxy for all connections to peers, such as Tor's.
    pub proxy: Option<SocketAddr>,
    /// Threads that check signatures; 0 stands for one each processor. With one less, queries have that one.
    pub verify_thread_count: usize,
    /// The log is compacted where it has more bytes than this, and more than half of them do not hold any more:
    /// [`COMPACTION_SIZE_MIN`](crate::store::COMPACTION_SIZE_MIN) outside of tests.
    pub compaction_size_min: u64,
    /// What is secret of us.
    pub secrets: Secrets,
}

impl SyncConfig {
    /// Threads that check signatures.
    fn threads(&self) -> usize {
        match self.verify_thread_count {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            count => count,
        }
    }
}

/// Our key, and where chance comes from.
#[derive(Clone)]
pub struct Secrets {
    /// The key of our node id.
    pub node_key: SecretKey,
    /// Random bytes that nobody knows and that are used once: ephemeral keys are drawn from them.
    pub seed: [u8; 32],
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}

/// A log that was read: the graph is known, and nobody was asked yet.
pub struct OpenedSync {
    config: SyncConfig,
    gossip: Gossip,
    log: GossipLog,
    notes: OpenNotes,
    /// What left the graph because it has become stale since.
    stored: Vec<Stored>,
    watched: Vec<FundingQuestion>,
}

/// A node that runs. It ends when it is dropped; [`SyncNode::stop`] waits for that.
pub struct SyncNode<F> {
    core: Option<JoinHandle<Result<F, LogError>>>,
    /// Of the sockets, and of the chain.
    runtimes: Vec<Runtime>,
    answers: mpsc::UnboundedSender<Answer>,
    board: Arc<Board>,
    node_id: NodeId,
    listens_at: Option<SocketAddr>,
}

/// Reads the log. O(bytes), and no signature is checked again: what is in the log was checked before.
///
/// # Errors
/// Where the log cannot be read, or is of another chain.
pub fn open_sync(config: SyncConfig) -> Result<OpenedSync, LogError> {
    let now = unix_now();
    let funding = if config.chain.is_some() { FundingCheck::Chain } else { FundingCheck::Nobody };
    let (chain_hash, verify_thread_count) = (config.chain_hash, config.threads());
    let mut gossip = Gossip::new(Config { chain_hash, funding, verify_thread_count }, now);
    let mut watched = std::collections::BTreeMap::new();
    let (log, notes) = GossipLog::open(&config.log, config.chain_hash, |restored| {
        if funding == FundingCheck::Chain {
            watch(&mut watched, restored);
        }
        // What the view refuses was overtaken by a later record.
        let _ = gossip.restore(restored);
    })?;
    gossip.handle(now, Input::Tick);
    let mut stored = Vec::new();
    while let Some(output) = gossip.poll_output() {
        if let Output::Store(record) = output {
            stored.push(record);
        }
    }
    let watched = watched.into_values().collect();
    Ok(OpenedSync { config, gossip, log, notes, stored, watched })
}

fn watch(watched: &mut std::collections::BTreeMap<ShortChannelId, FundingQuestion>, restored: &Restored) {
    match restored {
        Restored::Removed(short_channel_id) => drop(watched.remove(short_channel_id)),
        Restored::Gossip { gossip: VerifiedGossip::Channel(channel), .. } => {
            let question = FundingQuestion::of(channel.fact());
            watched.insert(question.short_channel_id, question);
        }
        Restored::Gossip { .. } | Restored::Spent { .. } => {}
    }
}

impl OpenedSync {
    /// What was found in the log.
    pub const fn notes(&self) -> OpenNotes {
        self.notes
    }

    /// Takes what a `gossip_store` of Core Lightning or a capture of gossip holds, every signature and every funding output
    /// checked, as a peer's gossip is. `progress` is told the bytes that were read.
    ///
    /// # Errors
    /// Where the file is wrong, the log cannot be written, or the chain gives no answers. What was taken before stays.
    pub fn import_gossip(
        &mut self,
        input: impl io::Read,
        written_at: UnixTime,
        progress: &mut dyn FnMut(u64),
    ) -> Result<ImportCounts, ImportError> {
        let now = unix_now();
        // What has become stale leaves the log before it may come again.
        let records: Vec<_> = self.stored.iter().map(Stored::record).collect();
        self.log.append(&records, now)?;
        self.stored.clear();
        let (chain, moment) = (self.config.chain.clone(), Moment { now, written_at });
        let importer = Importer::new(&mut self.gossip, &mut self.log, chain, moment)?;
        let (counts, taken) = importer.read(input, progress)?;
        if self.config.chain.is_some() {
            self.watched.extend(taken);
        }
        Ok(counts)
    }

    /// The graph of the log. O(channels).
    ///
    /// # Errors
    /// Where the engine takes no graph so large.
    pub fn graph(&self) -> Result<GraphBuilder, BuildError> {
        view_graph::graph(self.gossip.view())
    }

    /// The changes that make the graph of the log out of nothing, for one that begins with another source's.
    pub fn deltas(&self) -> impl Iterator<Item = GraphDelta> {
        view_graph::deltas(self.gossip.view())
    }

    /// Connects and listens. Changes go to `feed` from now on, notices to `notices` as long as there is room for them.
    /// May be called inside and outside of a tokio runtime: a node has threads of its own.
    ///
    /// # Errors
    /// Where the address is taken, or the system gives no threads.
    pub fn start<F: Feed>(
        self,
        feed: F,
        notices: Option<SyncSender<Notice>>,
    ) -> Result<SyncNode<F>, io::Error> {
        let OpenedSync { config, gossip, log, stored, watched, .. } = self;
        let pool = verifiers(config.threads())?;
        let sockets = runtime("gossip-sockets")?;
        let board = Arc::new(Board::new(notices));
        let (events_in, events) = mpsc::channel(EVENT_COUNT_MAX);
        let (answers_in, answers) = mpsc::unbounded_channel();
        let hub = Arc::new(Hub::new(
            events_in,
            Arc::clone(&board),
            Entropy::new(config.secrets.seed),
            config.secrets.node_key,
            config.chain_hash,
        ));
        let listens_at = start_sockets(&config, &hub, &sockets)?;
        // Blocks are long to parse, which no socket shall wait for.
        let chain_runtime = config.chain.is_some().then(|| runtime("gossip-chain")).transpose()?;
        let chain = config.chain.zip(chain_runtime.as_ref()).map(|(chain, runtime)| {
            let (questions_in, questions) = mpsc::unbounded_channel();
            for question in watched {
                let entry = gossip.view().channel(question.short_channel_id);
                let spent_at = entry.and_then(|entry| entry.spent_at);
                let _ = questions_in.send(ChainQuestion::Watch { question, spent_at });
            }
            let answers = answers_in.clone();
            // The core is gone where this fails.
            let answer = move |answer| answers.send(Answer::Chain(answer)).is_ok();
            runtime.spawn(chain::serve(chain, questions, answer));
            questions_in
        });
        let secp = Arc::new(Secp256k1::verification_only());
        let verifier = Verifier { pool, secp, ring: Arc::default(), answers: answers_in.clone() };
        let driver = Driver {
            gossip,
            log,
            feed,
            board: Arc::clone(&board),
            events,
            answers,
            verifier,
            chain,
            waiters: sockets.handle().clone(),
            compaction_size_min: config.compaction_size_min,
            stored,
            links: Default::default(),
            chores: Chores::new(),
            counts: Status::default(),
        };
        let clock = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let core_board = Arc::clone(&board);
        let core = std::thread::Builder::new()
            .name("gossip-core".into())
            .spawn(move || core_board.note_end(|| clock.block_on(driver.run())))?;
        let node_id = NodeId::from(config.secrets.node_key.public_key(&Secp256k1::new()));
        let runtimes = [sockets].into_iter().chain(chain_runtime).collect();
        Ok(SyncNode { core: Some(core), runtimes, answers: answers_in, board, node_id, listens_at })
    }
}

/// A thread for tasks that wait, by name.
fn runtime(name: &str) -> io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name(name).enable_all().build()
}

/// Threads that check signatures.
fn verifiers(count: usize) -> io::Result<ThreadPool> {
    ThreadPoolBuilder::new()
        .num_threads(count)
        .thread_name(|at| format!("gossip-verify-{at}"))
        // Where the system refuses, they only get a larger share.
        .start_handler(|_| _ = setpriority_process(None, VERIFIER_NICENESS))
        .build()
        .map_err(io::Error::other)
}

/// Starts all that talks; returns where we listen.
fn start_sockets(config: &SyncConfig, hub: &Arc<Hub>, runtime: &Runtime) -> io::Result<Option<SocketAddr>> {
    let mut listens_at = None;
    if let Some(address) = config.listen {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        listens_at = Some(listener.local_addr()?);
        let _guard = runtime.enter();
        runtime.spawn(listen(Arc::clone(hub), tokio::net::TcpListener::from_std(listener)?));
    }
    for peer in &config.peers {
        runtime.spawn(keep_connected(Arc::clone(hub), peer.clone(), config.proxy));
    }
    Ok(listens_at)
}

impl<F> SyncNode<F> {
    /// Numbers of this moment, at most a tenth of a second old.
    pub fn status(&self) -> Status {
        self.board.status()
    }

    /// The same numbers, for others to look at.
    pub fn board(&self) -> StatusBoard {
        StatusBoard(Arc::clone(&self.board))
    }

    /// Our node id, by which others connect to us.
    pub const fn node_id(&self) -> NodeId {
        self.node_id
    }

    /// Where others may connect to us.
    pub const fn listens_at(&self) -> Option<SocketAddr> {
        self.listens_at
    }

    /// Whether it still runs; where not, [`SyncNode::stop`] tells why.
    pub fn is_running(&self) -> bool {
        self.core.as_ref().is_some_and(|core| !core.is_finished())
    }

    /// Ends all connections, waits until the log is on the disk, and gives the feed back.
    ///
    /// # Errors
    /// Where the log could not be written, now or before.
    ///
    /// # Panics
    /// Where the core did, which is a bug.
    pub fn stop(mut self) -> Result<F, LogError> {
        let _ = self.answers.send(Answer::Stop);
        let core = self.core.take().expect("only this takes it");
        let ended = core.join();
        let ended_at = Instant::now() + SHUTDOWN_MAX;
        for runtime in self.runtimes.drain(..) {
            runtime.shutdown_timeout(ended_at.saturating_duration_since(Instant::now()));
        }
        match ended {
            Ok(ended) => ended,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

impl<F> Drop for SyncNode<F> {
    fn drop(&mut self) {
        let _ = self.answers.send(Answer::Stop);
        for runtime in self.runtimes.drain(..) {
            runtime.shutdown_background();
        }
    }
}

/// Reads of sockets that wait for the core's thread; their bytes are bounded for each peer.
const EVENT_COUNT_MAX: usize = 1024;
/// Checking signatures takes all the time that there is. It has a third of what others take who want the same core: so what
/// was checked goes its way at once, and queries have theirs.
const VERIFIER_NICENESS: i32 = 5;
const SHUTDOWN_MAX: Duration = Duration::from_secs(3);
