//! Changes as they were made, for whoever wants to hear of them.

use std::sync::Arc;

use primitives::UnixTime;
use tokio::sync::broadcast;

use super::change::{Applied, Change};

/// A change with its number.
#[derive(Debug, Clone)]
pub struct Sequenced {
    /// The change.
    pub change: Change,
    /// What came of it.
    pub applied: Applied,
    /// When it was applied.
    pub at: UnixTime,
}

/// Where changes are heard. Whoever is too slow misses the oldest ones, and is told how many.
#[derive(Debug, Clone)]
pub struct Feed {
    sender: broadcast::Sender<Arc<Sequenced>>,
}

impl Feed {
    pub(super) fn new() -> Self {
        Feed { sender: broadcast::Sender::new(FEED_SIZE) }
    }

    pub(super) fn tell(&self, sequenced: Sequenced) {
        // Nobody may listen.
        let _ = self.sender.send(Arc::new(sequenced));
    }

    /// All changes from now on.
    pub fn listen(&self) -> broadcast::Receiver<Arc<Sequenced>> {
        self.sender.subscribe()
    }
}

/// Changes that a slow listener may be behind.
const FEED_SIZE: usize = 4096;
