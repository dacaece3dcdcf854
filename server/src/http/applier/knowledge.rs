//! What a tenant's reports taught, and the graph whose numbers it is in.

use std::sync::Arc;

use engine::belief::{Beliefs, HalfLives};
use engine::snapshot::Snapshot;

/// Beliefs and a snapshot of their generation. A plan that uses them is made on this snapshot, or on a newer one of the
/// same generation.
#[derive(Debug, Clone)]
pub struct Knowledge {
    snapshot: Arc<Snapshot>,
    beliefs: Arc<Beliefs>,
}

impl Knowledge {
    /// Knows nothing. O(m).
    pub(super) fn new(snapshot: Arc<Snapshot>) -> Self {
        let beliefs = Arc::new(Beliefs::new(&snapshot, HalfLives::default()));
        Knowledge { snapshot, beliefs }
    }

    /// The same in the numbers of another generation. O(m).
    pub(super) fn renumbered(&self, snapshot: Arc<Snapshot>) -> Self {
        let beliefs = Arc::new(self.beliefs.for_generation(&snapshot));
        Knowledge { snapshot, beliefs }
    }

    /// Whether its numbers are those of this snapshot.
    pub fn fits(&self, snapshot: &Snapshot) -> bool {
        std::ptr::eq(self.snapshot.topology(), snapshot.topology())
    }

    /// The newest of both snapshots that the beliefs fit. Between two generations that is the former one, for as long as
    /// the applier takes to renumber.
    pub fn snapshot_of(&self, newest: Arc<Snapshot>) -> Arc<Snapshot> {
        if self.fits(&newest) { newest } else { Arc::clone(&self.snapshot) }
    }

    /// What is believed.
    pub fn beliefs(&self) -> &Arc<Beliefs> {
        &self.beliefs
    }
}
