//! Gossip's way into what is served, and what is told of it.
//!
//! A node of gossip hands its changes to the applier like everybody else, some milliseconds' worth as one change: they have
//! numbers, are heard by who listens, and readers see them together. One change is under way at a time, so a burst of
//! gossip waits where it came from and not in the applier's queue.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crossbeam::channel;
use primitives::GraphDelta;
use serde::Serialize;
use utoipa::ToSchema;

use super::applier::{Applier, Change, DELTAS_TOGETHER};
use crate::net::{Feed, Status, StatusBoard};

/// Hands the changes of a node of gossip to the applier.
#[derive(Debug)]
pub struct GossipFeed {
    applier: Applier,
    deltas: Vec<GraphDelta>,
    under_way: Option<channel::Receiver<Infallible>>,
}

impl GossipFeed {
    /// A way to that applier.
    pub const fn new(applier: Applier) -> Self {
        GossipFeed { applier, deltas: Vec::new(), under_way: None }
    }
}

impl Feed for GossipFeed {
    fn apply(&mut self, delta: &GraphDelta) {
        self.deltas.push(delta.clone());
    }

    fn publish(&mut self) {
        let mut deltas = std::mem::take(&mut self.deltas).into_iter().peekable();
        while deltas.peek().is_some() {
            // Its sender sends nothing: it is dropped once the change is seen, or the applier has ended.
            let _ = self.under_way.take().map(|under_way| under_way.recv());
            let piece = deltas.by_ref().take(DELTAS_TOGETHER).collect();
            // A server that stops shows nothing any more, and the log has it all.
            self.under_way = self.applier.submit(Change::Graph(piece)).ok();
        }
    }
}

/// What a server tells of its node of gossip.
#[derive(Debug)]
pub struct GossipWatch {
    board: StatusBoard,
    messages_per_second: AtomicU64,
}

/// A node of gossip in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct GossipInfo {
    /// Peers that are connected.
    pub peer_count: usize,
    /// Messages that they sent since the start.
    pub message_count: u64,
    /// Of these, such whose signatures were checked and right.
    pub verified_count: u64,
    /// Messages in a second, of the last seconds.
    pub messages_per_second: u64,
    /// From the read of a message to its change of the graph, of the last ones.
    pub lag_us: u64,
    /// Channels of which a peer knows more than we do.
    pub wanted_count: usize,
    /// Whether all is known that the peers know.
    pub is_synced: bool,
    /// Whether it still runs; where not, the graph stays as it is.
    pub is_running: bool,
    /// Bytes of the log.
    pub log_bytes: u64,
}

impl GossipWatch {
    /// Will look at that board.
    pub const fn new(board: StatusBoard) -> Self {
        GossipWatch { board, messages_per_second: AtomicU64::new(0) }
    }

    /// The numbers of this moment.
    pub fn info(&self) -> GossipInfo {
        let status = self.board.status();
        let Status { message_count, verified_count, wanted_count, is_synced, is_running, log_bytes, .. } =
            status;
        GossipInfo {
            peer_count: status.peers.len(),
            message_count,
            verified_count,
            messages_per_second: self.messages_per_second.load(Relaxed),
            lag_us: u64::try_from(status.lag.as_micros()).unwrap_or(u64::MAX),
            wanted_count,
            is_synced,
            is_running,
            log_bytes,
        }
    }

    /// Why it has ended, once it has.
    pub fn ended(&self) -> Option<&str> {
        self.board.ended()
    }

    /// Notes how many messages came in a second.
    pub(super) fn note_rate(&self, messages_per_second: u64) {
        self.messages_per_second.store(messages_per_second, Relaxed);
    }
}
