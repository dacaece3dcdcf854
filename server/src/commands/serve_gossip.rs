//! Where a server's graph is learnt from while it serves: peers, or the log of a process that learns from them.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;

use clap::Args;
use engine::graph::Topology;
use server::http::{App, GossipFeed, GossipWatch, report_gossip};
use server::net::{Feed as _, FollowNode, OpenedFollow, OpenedSync, SyncNode, open_follow};

use crate::exit::Failure;
use crate::gossip_flags::{GossipFlags, log_failure};

/// Whom to learn from, and where that is kept.
#[derive(Debug, Args)]
pub(crate) struct ServeGossipArgs {
    #[command(flatten)]
    gossip: GossipFlags,
    /// The log of verified gossip; made where it is not there, and the graph where no other is named [default: the graph's
    /// name with .gossip.log behind it]
    #[arg(long, value_name = "FILE", help_heading = "Gossip")]
    gossip_log: Option<PathBuf>,
    /// Let other nodes connect here, and tell them what we know; port 0 is any
    #[arg(long, value_name = "ADDRESS:PORT", help_heading = "Gossip")]
    gossip_listen: Option<SocketAddr>,
    /// Threads that check signatures [default: one for each processor but one]
    #[arg(long, value_name = "N", help_heading = "Gossip")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    gossip_threads: Option<u16>,
    /// The log of another process, which is only read: the graph changes as that process learns
    #[arg(long, value_name = "FILE", help_heading = "Gossip")]
    #[arg(conflicts_with_all = ["gossip_log", "gossip_listen", "gossip_threads", "peers"])]
    follow: Option<PathBuf>,
}

/// A log that was read.
pub(crate) struct OpenedGossip {
    log: PathBuf,
    source: OpenedSource,
}

enum OpenedSource {
    Peers(Box<OpenedSync>),
    Log(Box<OpenedFollow>),
}

/// What changes the graph while it is served.
pub(crate) struct ServedGossip {
    log: PathBuf,
    source: Source,
}

enum Source {
    Peers(SyncNode<GossipFeed>),
    Log(FollowNode),
}

impl ServeGossipArgs {
    /// Reads the log, where there is to be one; it lies beside the graph's file where nothing else is said.
    pub(crate) fn open(&self, graph: Option<&Path>) -> Result<Option<OpenedGossip>, Failure> {
        if let Some(log) = &self.follow {
            let opened =
                open_follow(log, self.gossip.chain_hash()).map_err(|error| log_failure(log, error))?;
            return Ok(Some(OpenedGossip { log: log.clone(), source: OpenedSource::Log(Box::new(opened)) }));
        }
        let is_wanted = !self.gossip.peers.is_empty() || self.gossip_listen.is_some();
        let log = match (&self.gossip_log, graph) {
            (Some(log), _) => log.clone(),
            (None, Some(graph)) if is_wanted => log_beside(graph),
            (None, _) if is_wanted || self.gossip_threads.is_some() => {
                return Err(Failure::usage("what peers tell is kept nowhere", "add --gossip-log FILE"));
            }
            (None, _) => return Ok(None),
        };
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        // Queries have the other one.
        let threads = self.gossip_threads.map_or(processors.saturating_sub(1).max(1), usize::from);
        let opened = Box::new(self.gossip.open(&log, self.gossip_listen, threads)?);
        Ok(Some(OpenedGossip { log, source: OpenedSource::Peers(opened) }))
    }
}

impl OpenedGossip {
    /// The graph of the log, and its name.
    pub(crate) fn topology(&self) -> Result<(Topology, String), Failure> {
        let built = match &self.source {
            OpenedSource::Peers(opened) => opened.graph(),
            OpenedSource::Log(opened) => opened.graph(),
        };
        let topology = built.and_then(Topology::build);
        let topology = topology.map_err(|error| Failure::usage(error.to_string(), "use another log"))?;
        Ok((topology, self.log.display().to_string()))
    }

    /// Feeds the graph from now on. One that came from elsewhere learns first what the log says.
    pub(crate) fn start(
        self,
        app: &App,
        has_other_graph: bool,
        out: &mut impl Write,
    ) -> Result<ServedGossip, Failure> {
        let OpenedGossip { log, source } = self;
        let mut feed = GossipFeed::new(app.applier().clone());
        if has_other_graph {
            match &source {
                OpenedSource::Peers(opened) => opened.deltas().for_each(|delta| feed.apply(&delta)),
                OpenedSource::Log(opened) => opened.deltas().for_each(|delta| feed.apply(&delta)),
            }
            feed.flush();
            writeln!(out, "log:   {}", log.display())?;
        }
        let (notices_in, notices) = sync_channel(NOTICE_COUNT_MAX);
        let (source, board) = match source {
            OpenedSource::Peers(opened) => {
                let node = opened.start(feed, Some(notices_in)).map_err(|error| {
                    Failure::usage(
                        format!("gossip does not start: {error}"),
                        "change --gossip-listen, or --gossip-threads",
                    )
                })?;
                write!(out, "node:  {}", node.node_id())?;
                match node.listens_at() {
                    Some(address) => writeln!(out, "@{address}")?,
                    None => writeln!(out)?,
                }
                let board = node.board();
                (Source::Peers(node), board)
            }
            OpenedSource::Log(opened) => {
                let node = opened.start(feed).map_err(|error| {
                    Failure::usage(
                        format!("nobody follows the log: {error}"),
                        "allow the process more threads",
                    )
                })?;
                let board = node.board();
                (Source::Log(node), board)
            }
        };
        app.watch_gossip(GossipWatch::new(board));
        tokio::spawn(report_gossip(app.clone(), notices));
        Ok(ServedGossip { log, source })
    }
}

impl ServedGossip {
    /// Ends it; tells what went wrong, now or before.
    pub(crate) fn stop(self) -> Result<(), Failure> {
        let ended = match self.source {
            Source::Peers(node) => node.stop().map(drop),
            Source::Log(node) => node.stop(),
        };
        ended.map_err(|error| log_failure(&self.log, error))
    }
}

fn log_beside(graph: &Path) -> PathBuf {
    let mut name = graph.file_name().unwrap_or_default().to_owned();
    name.push(".gossip.log");
    graph.with_file_name(name)
}

/// Notices that wait to be logged; more are dropped.
const NOTICE_COUNT_MAX: usize = 256;
