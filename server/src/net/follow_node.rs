//! Follows the log that a node of gossip in another process writes, so that one process listens to peers for many that
//! answer.
//!
//! A thread looks at the file ten times a second. Nothing is checked again and nothing written: the writer's view is this
//! one's, removals included. A writer that has ended leaves the graph as it is.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use engine::graph::{BuildError, GraphBuilder};
use gossip::record::Restored;
use gossip::view::{ChannelEntry, NetworkView};
use primitives::{ChainHash, GraphDelta, ShortChannelId};

use super::feed::Feed;
use super::status::{Board, Status, StatusBoard};
use super::view_graph;
use crate::store::{Followed, GossipFollower, LogError};

/// A log that was read to its end.
#[derive(Debug)]
pub struct OpenedFollow {
    follower: GossipFollower,
    view: NetworkView,
}

/// A log that is followed. It ends when it is dropped; [`FollowNode::stop`] waits for that.
#[derive(Debug)]
pub struct FollowNode {
    thread: JoinHandle<Result<(), LogError>>,
    /// Nothing is ever sent: the thread ends when this is gone.
    running: Sender<()>,
    board: Arc<Board>,
}

/// Reads a log that another process may be writing. O(bytes).
///
/// # Errors
/// Where the log cannot be read, or is of another chain.
pub fn open_follow(path: &Path, chain_hash: ChainHash) -> Result<OpenedFollow, LogError> {
    let mut follower = GossipFollower::open(path, chain_hash)?;
    let view = read_on(&mut follower)?;
    Ok(OpenedFollow { follower, view })
}

impl OpenedFollow {
    /// The graph of the log. O(channels).
    ///
    /// # Errors
    /// Where the engine takes no graph so large.
    pub fn graph(&self) -> Result<GraphBuilder, BuildError> {
        view_graph::graph(&self.view)
    }

    /// The changes that make the graph of the log out of nothing, for one that begins with another source's.
    pub fn deltas(&self) -> impl Iterator<Item = GraphDelta> {
        view_graph::deltas(&self.view)
    }

    /// Follows: changes go to `feed` from now on.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(self, feed: impl Feed) -> io::Result<FollowNode> {
        let (board, (running, ended)) = (Arc::new(Board::new(None)), channel());
        let its_board = Arc::clone(&board);
        let pace = move || ended.recv_timeout(POLL_EVERY) == Err(RecvTimeoutError::Timeout);
        let thread = std::thread::Builder::new().name("gossip-follower".into()).spawn(move || {
            let mut follow = Follow { opened: self, feed, board: &its_board, counts: Status::default() };
            its_board.note_end(|| {
                follow.show();
                while pace() {
                    follow.step()?;
                }
                Ok(())
            })
        })?;
        Ok(FollowNode { thread, running, board })
    }
}

impl FollowNode {
    /// Its numbers, for others to look at.
    pub fn board(&self) -> StatusBoard {
        StatusBoard(Arc::clone(&self.board))
    }

    /// Ends it.
    ///
    /// # Errors
    /// Where the log could not be read any more.
    ///
    /// # Panics
    /// Where its thread did, which is a bug.
    pub fn stop(self) -> Result<(), LogError> {
        drop(self.running);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

struct Follow<'a, F> {
    opened: OpenedFollow,
    feed: F,
    board: &'a Board,
    counts: Status,
}

impl<F: Feed> Follow<'_, F> {
    /// Reads on to the end.
    fn step(&mut self) -> Result<(), LogError> {
        let Follow { opened: OpenedFollow { follower, view }, feed, counts, .. } = self;
        let before = counts.delta_count;
        loop {
            let followed = follower.poll(|restored| {
                if let Some(delta) = apply(view, restored) {
                    feed.apply(&delta);
                    counts.delta_count += 1;
                }
            })?;
            match followed {
                Followed::UpToDate => break,
                Followed::Compacted => {}
                Followed::Replaced => {
                    let fresh = read_on(follower)?;
                    replace(view, &fresh, &mut |delta| feed.apply(delta));
                    counts.delta_count += 1;
                    *view = fresh;
                }
            }
        }
        if counts.delta_count != before {
            feed.flush();
        }
        self.show();
        Ok(())
    }

    fn show(&mut self) {
        self.counts.channel_count = self.opened.view.channel_count();
        self.counts.node_count = self.opened.view.node_count();
        self.counts.log_bytes = self.opened.follower.offset();
        self.counts.is_synced = true;
        self.board.show(self.counts.clone());
    }
}

/// The view of a log that is read from its beginning.
fn read_on(follower: &mut GossipFollower) -> Result<NetworkView, LogError> {
    let mut view = NetworkView::default();
    loop {
        match follower.poll(|restored| drop(apply(&mut view, restored)))? {
            Followed::UpToDate => return Ok(view),
            Followed::Compacted => {}
            Followed::Replaced => view = NetworkView::default(),
        }
    }
}

/// What makes the graph of one view that of another. A channel that differs is closed just before it opens, and those that
/// are no more close at the end, so that few are missing at any moment.
fn replace(view: &NetworkView, fresh: &NetworkView, change: &mut dyn FnMut(&GraphDelta)) {
    for delta in view_graph::deltas(fresh) {
        if let GraphDelta::ChannelOpened { short_channel_id, .. } = delta
            && let (Some(entry), Some(later)) =
                (view.channel(short_channel_id), fresh.channel(short_channel_id))
            && !is_same_graph(entry, later)
        {
            change(&GraphDelta::ChannelClosed { short_channel_id });
        }
        change(&delta);
    }
    for (short_channel_id, _) in view.channels_from(ShortChannelId::from_u64(0)) {
        if fresh.channel(short_channel_id).is_none() {
            change(&GraphDelta::ChannelClosed { short_channel_id });
        }
    }
}

/// Whether the changes that open the later one make it of the earlier one: what is open is not opened again, and no change
/// takes a policy back.
fn is_same_graph(entry: &ChannelEntry, later: &ChannelEntry) -> bool {
    let has_all = entry.updates.iter().zip(&later.updates).all(|(old, new)| old.is_none() || new.is_some());
    let is_same = entry.node_ids == later.node_ids && entry.capacity == later.capacity;
    is_same && entry.features == later.features && has_all
}

/// What a record changes; nothing where the view has it already, as all that a compaction has copied.
fn apply(view: &mut NetworkView, restored: &Restored) -> Option<GraphDelta> {
    restored.apply(view).ok().flatten()
}

const POLL_EVERY: Duration = Duration::from_millis(100);
