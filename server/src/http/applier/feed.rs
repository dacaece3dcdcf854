//! Changes as they were made, for whoever wants to hear of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use primitives::UnixTime;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::change::{Applied, Change};

/// A change with its number.
#[derive(Debug, Clone)]
pub struct Sequenced {
    /// The change; of one of the graph what fitted.
    pub change: Change,
    /// What came of it.
    pub applied: Applied,
    /// When it was applied.
    pub at: UnixTime,
}

/// Where changes are heard. Whoever is too slow misses the oldest ones, and is told how many.
#[derive(Debug, Clone)]
pub struct Feed {
    sender: broadcast::Sender<Weak<Sequenced>>,
    kept: Arc<Mutex<Kept>>,
}

/// Whoever listens.
#[derive(Debug)]
pub struct Listener {
    receiver: broadcast::Receiver<Weak<Sequenced>>,
}

/// The newest changes, as many as may be large together.
#[derive(Debug, Default)]
struct Kept {
    changes: VecDeque<Arc<Sequenced>>,
    size: usize,
}

impl Feed {
    pub(super) fn new() -> Self {
        Feed { sender: broadcast::Sender::new(FEED_SIZE), kept: Arc::default() }
    }

    pub(super) fn tell(&self, sequenced: Sequenced) {
        let sequenced = Arc::new(sequenced);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if self.sender.send(Arc::downgrade(&sequenced)).is_err() {
            // Nobody listens.
            *kept = Kept::default();
        } else {
            kept.push(sequenced);
        }
    }

    /// All changes from now on.
    pub fn listen(&self) -> Listener {
        Listener { receiver: self.sender.subscribe() }
    }
}

impl Listener {
    /// The next change.
    ///
    /// # Errors
    /// [`RecvError::Lagged`] where some were missed, [`RecvError::Closed`] where no more come.
    pub async fn recv(&mut self) -> Result<Arc<Sequenced>, RecvError> {
        self.receiver.recv().await?.upgrade().ok_or(RecvError::Lagged(1))
    }
}

impl Kept {
    fn push(&mut self, sequenced: Arc<Sequenced>) {
        self.size += size(&sequenced);
        self.changes.push_back(sequenced);
        while self.changes.len() > FEED_SIZE || self.size > FEED_DELTA_COUNT_MAX && self.changes.len() > 1 {
            let oldest = self.changes.pop_front();
            self.size -= oldest.map_or(0, |oldest| size(&oldest));
        }
    }
}

fn size(sequenced: &Sequenced) -> usize {
    match &sequenced.change {
        Change::Graph(deltas) => deltas.len(),
        Change::Layer { .. } | Change::Reserve { .. } | Change::Release { .. } | Change::Learn { .. } => 1,
    }
}

/// Changes that a slow listener may be behind.
const FEED_SIZE: usize = 4096;
/// Deltas of the graph among them, some 150 bytes each: 10 MB.
const FEED_DELTA_COUNT_MAX: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use primitives::{GraphDelta, ShortChannelId};

    use super::super::change::Effect;
    use super::*;

    fn change(seq: u64, delta_count: usize) -> Sequenced {
        let closed = GraphDelta::ChannelClosed { short_channel_id: ShortChannelId::from_u64(seq) };
        let applied = Applied { seq, graph_version: 1, effect: Effect::Done };
        Sequenced { change: Change::Graph(vec![closed; delta_count]), applied, at: UnixTime::default() }
    }

    /// The changes that a listener hears, and how many it is told that it missed.
    async fn hear(listener: &mut Listener) -> (Vec<u64>, u64) {
        let (mut heard, mut missed) = (Vec::new(), 0);
        loop {
            match listener.recv().await {
                Ok(sequenced) => heard.push(sequenced.applied.seq),
                Err(RecvError::Lagged(count)) => missed += count,
                Err(RecvError::Closed) => return (heard, missed),
            }
        }
    }

    #[tokio::test]
    async fn a_listener_that_never_reads_keeps_no_more_than_some_deltas() {
        let feed = Feed::new();
        let mut listener = feed.listen();
        for seq in 1..=100 {
            feed.tell(change(seq, 1000));
        }
        assert!(feed.kept.lock().unwrap().size <= FEED_DELTA_COUNT_MAX);
        drop(feed.sender);
        let (heard, missed) = hear(&mut listener).await;
        assert_eq!((heard.len() as u64 + missed, heard.last()), (100, Some(&100)));
        assert_eq!(heard.len(), FEED_DELTA_COUNT_MAX / 1000);
    }

    #[tokio::test]
    async fn small_changes_are_kept_in_number() {
        let feed = Feed::new();
        let mut listener = feed.listen();
        for seq in 1..=5000 {
            feed.tell(change(seq, 1));
        }
        drop(feed.sender);
        let (heard, missed) = hear(&mut listener).await;
        assert_eq!((heard.len(), missed), (FEED_SIZE, 5000 - FEED_SIZE as u64));
    }

    #[test]
    fn without_a_listener_nothing_is_kept() {
        let feed = Feed::new();
        drop(feed.listen());
        feed.tell(change(1, 1000));
        assert!(feed.kept.lock().unwrap().changes.is_empty());
    }
}
