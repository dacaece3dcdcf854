//! What a node of gossip tells of itself: numbers at any time, and notices of what happens.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use gossip::admit::PeerId;
use primitives::NodeId;

use super::end_reason::EndReason;
use crate::store::LogError;

/// Numbers of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// Who is connected.
    pub peers: Vec<PeerStatus>,
    /// Messages of gossip that came.
    pub message_count: u64,
    /// Messages whose signatures were checked and right.
    pub verified_count: u64,
    /// Changes of the graph.
    pub delta_count: u64,
    /// Channels that are known.
    pub channel_count: usize,
    /// Nodes that are known.
    pub node_count: usize,
    /// Channels of which a peer knows more than we do, as far as was compared.
    pub wanted_count: usize,
    /// Whether all is known that our peers can tell; see [`gossip::sync::SyncProgress`].
    pub is_synced: bool,
    /// Whether it still runs; where not, the other numbers are those of its end.
    pub is_running: bool,
    /// Bytes of the log.
    pub log_bytes: u64,
    /// From the read of the socket to the change of the graph, of the messages that were checked last: how long they
    /// waited for the core's thread, and how long their signatures took.
    pub lag: Duration,
}

/// A peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerStatus {
    /// Its id, which it has proved to own.
    pub node_id: NodeId,
    /// Messages of gossip that it sent.
    pub message_count: u64,
}

/// Something that a user may want to read.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice {
    /// A peer is there.
    Connected {
        /// Who.
        node_id: NodeId,
    },
    /// A connection ended, or none came about.
    Ended {
        /// With whom, where that is known.
        node_id: Option<NodeId>,
        /// Why.
        reason: EndReason,
        /// When it is tried again; `None` where the other side must.
        retry: Option<Duration>,
    },
    /// A peer says something by a `warning` or an `error`.
    Said {
        /// Who.
        node_id: NodeId,
        /// The printable part of it.
        text: String,
    },
    /// The log could not be compacted; it is tried again later.
    Compaction(LogError),
    /// Something became of the headers that are kept.
    Headers(crate::chain::HeadersNotice),
    /// The chain could not be asked; it is tried again.
    Chain(crate::chain::ChainError),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Connected { node_id } => write!(f, "{node_id}: connected"),
            Notice::Ended { node_id, reason, retry } => {
                match node_id {
                    Some(node_id) => write!(f, "{node_id}: {reason}")?,
                    None => write!(f, "a stranger: {reason}")?,
                }
                retry.map_or(Ok(()), |retry| write!(f, "; again in {:.0?}", retry))
            }
            Notice::Said { node_id, text } => write!(f, "{node_id} says: {text}"),
            Notice::Compaction(error) => write!(f, "the log was not compacted: {error}"),
            Notice::Headers(notice) => write!(f, "{notice}"),
            Notice::Chain(error) => write!(f, "the chain was not asked: {error}"),
        }
    }
}

/// The numbers of a node, for who does not hold the node itself.
#[derive(Debug, Clone)]
pub struct StatusBoard(pub(super) Arc<Board>);

impl StatusBoard {
    /// Numbers of this moment, at most a tenth of a second old. Those of a node that has ended stay.
    pub fn status(&self) -> Status {
        self.0.status()
    }

    /// Why the node has ended, once it has.
    pub fn ended(&self) -> Option<&str> {
        self.0.ended.get().map(String::as_str)
    }
}

/// Where all threads of a node put what is to be told.
#[derive(Debug)]
pub(super) struct Board {
    status: Mutex<Status>,
    peers: Mutex<BTreeMap<PeerId, PeerStatus>>,
    notices: Option<SyncSender<Notice>>,
    ended: OnceLock<String>,
}

impl Board {
    pub(super) fn new(notices: Option<SyncSender<Notice>>) -> Self {
        Board { status: Mutex::default(), peers: Mutex::default(), notices, ended: OnceLock::new() }
    }

    /// Runs what all numbers come from, and notes that and why it ended, be it by a panic.
    pub(super) fn note_end<T>(&self, run: impl FnOnce() -> Result<T, LogError>) -> Result<T, LogError> {
        let end = OnEnd(&self.ended);
        let ended = run();
        // Only this and a panic say so.
        let _ = end.0.set(ended.as_ref().err().map_or_else(|| "it was stopped".into(), LogError::to_string));
        ended
    }

    /// Tells, unless too much waits to be read already.
    pub(super) fn tell(&self, notice: Notice) {
        if let Some(notices) = &self.notices {
            let _ = notices.try_send(notice);
        }
    }

    pub(super) fn connected(&self, peer: PeerId, node_id: NodeId) {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.insert(peer, PeerStatus { node_id, message_count: 0 });
    }

    pub(super) fn disconnected(&self, peer: PeerId) {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner).remove(&peer);
    }

    pub(super) fn came(&self, peer: PeerId, message_count: u64) {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(peer) = peers.get_mut(&peer) {
            peer.message_count += message_count;
        }
    }

    /// Shows the core's numbers.
    pub(super) fn show(&self, status: Status) {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }

    pub(super) fn status(&self) -> Status {
        let peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner).values().copied().collect();
        let status = self.status.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_running = self.ended.get().is_none();
        Status { peers, is_running, is_synced: status.is_synced && is_running, ..status }
    }
}

/// Says that a thread has ended where the thread itself cannot any more.
struct OnEnd<'a>(&'a OnceLock<String>);

impl Drop for OnEnd<'_> {
    fn drop(&mut self) {
        let _ = self.0.set("its thread has panicked".into());
    }
}
