//! Gossip's way into what is served, and what is told of it.
//!
//! A node of gossip hands its changes to the applier like everybody else, some milliseconds' worth as one change: they have
//! numbers, are heard by who listens, and readers see them together. One change is under way at a time, and what comes
//! meanwhile is kept for the next one. Past a bound the node waits, so that a burst of gossip waits where it came from.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crossbeam::channel::{Receiver, TryRecvError};
use primitives::GraphDelta;
use serde::Serialize;
use utoipa::ToSchema;

use super::applier::{Applier, Change, DELTAS_TOGETHER};
use super::reload::piece_len;
use crate::net::{Feed, Status, StatusBoard};

/// Hands the changes of a node of gossip to the applier.
#[derive(Debug)]
pub struct GossipFeed {
    applier: Applier,
    deltas: VecDeque<GraphDelta>,
    under_way: Option<Receiver<Infallible>>,
}

impl GossipFeed {
    /// A way to that applier.
    pub const fn new(applier: Applier) -> Self {
        GossipFeed { applier, deltas: VecDeque::new(), under_way: None }
    }
}

impl Feed for GossipFeed {
    fn apply(&mut self, delta: &GraphDelta) {
        self.deltas.push_back(delta.clone());
    }

    fn publish(&mut self) {
        while !self.deltas.is_empty() {
            if self.deltas.len() > DELTAS_KEPT_MAX {
                self.wait();
            } else if self.is_under_way() {
                return;
            }
            self.submit();
        }
    }

    fn is_behind(&self) -> bool {
        !self.deltas.is_empty()
    }

    fn flush(&mut self) {
        while !self.deltas.is_empty() {
            self.wait();
            self.submit();
        }
    }
}

impl GossipFeed {
    fn submit(&mut self) {
        let count = piece_len(self.deltas.make_contiguous());
        let piece = self.deltas.drain(..count).collect();
        // A server that stops shows nothing any more, and the log has it all.
        self.under_way = self.applier.submit(Change::Graph(piece)).ok();
    }

    /// Whether readers do not see the last change yet. Its sender sends nothing: it is dropped once they do, or the applier
    /// has ended.
    fn is_under_way(&self) -> bool {
        let under_way = self.under_way.as_ref();
        under_way.is_some_and(|under_way| under_way.try_recv() == Err(TryRecvError::Empty))
    }

    fn wait(&mut self) {
        let _ = self.under_way.take().map(|under_way| under_way.recv());
    }
}

/// Changes that are kept while one is under way.
const DELTAS_KEPT_MAX: usize = 16 * DELTAS_TOGETHER;

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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use engine::graph::{GraphBuilder, Topology};
    use engine::snapshot::ChannelGraph;
    use primitives::{Features, NodeId};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn seen(number: u32) -> GraphDelta {
        let mut bytes = [2; 33];
        bytes[29..].copy_from_slice(&number.to_be_bytes());
        GraphDelta::NodeSeen {
            node_id: NodeId::from_bytes(bytes).expect("a point's first byte"),
            features: Features::default(),
        }
    }

    /// The applier is held up in the middle of its work: the core's thread goes on, and nothing of what it told is lost.
    #[tokio::test]
    async fn an_applier_that_is_busy_holds_up_no_gossip() {
        let empty = Topology::build(GraphBuilder::new()).expect("small");
        let (applier, _thread) = Applier::start(ChannelGraph::new(empty).1, 10, None).expect("a thread");
        let (tenant, _) = applier.tenant("operator").await.expect("room");
        let (release, released) = crossbeam::channel::bounded::<()>(1);
        let (enter, entered) = crossbeam::channel::bounded(1);
        let busy = applier.clone();
        let busy = tokio::spawn(async move {
            let hold = move |_: &_| {
                enter.send(()).expect("the test waits");
                released.recv_timeout(PATIENCE)
            };
            busy.look(tenant, hold).await
        });
        tokio::task::yield_now().await;
        entered.recv_timeout(PATIENCE).expect("the applier looks");

        let mut feed = GossipFeed::new(applier.clone());
        feed.apply(&seen(1));
        feed.publish();
        assert!(!feed.is_behind(), "the first change goes its way");
        feed.apply(&seen(2));
        feed.publish();
        assert!(feed.is_behind(), "the second one waits for it, but not here");
        assert_eq!(applier.seq(), 0, "nothing has been applied");

        release.send(()).expect("the applier waits");
        busy.await.expect("no panic").expect("an answer").expect("released");
        feed.flush();
        assert!(!feed.is_behind());
        feed.wait();
        assert_eq!(applier.seq(), 2);
    }
}
