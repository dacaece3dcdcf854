//! Where replaced snapshots wait for their last reader.
//!
//! Whoever drops the last handle to a generation frees its memory, on a graph of millions of channels for tens of
//! milliseconds. That should be nobody with a query to answer: the writer keeps a handle to all that it replaced, and
//! lets go of it when it is the last one.

use std::sync::Arc;

use super::publish;
use super::view::{Generation, Snapshot};

/// The replaced snapshots that somebody may still hold.
#[derive(Debug, Default)]
pub(super) struct Retired(Vec<Arc<Snapshot>>);

impl Retired {
    pub(super) fn push(&mut self, snapshot: Arc<Snapshot>) {
        self.0.push(snapshot);
    }

    /// Frees what nobody else holds; whole generations on another thread. O(snapshots that readers hold).
    pub(super) fn sweep(&mut self, current: &Arc<Generation>) {
        if self.0.is_empty() {
            return;
        }
        publish::collect();
        // A count of one is ours, and nobody can make it two: the snapshot can't be loaded any more.
        let unheld = self.0.extract_if(.., |snapshot| Arc::strong_count(snapshot) == 1);
        let (same, former): (Vec<_>, Vec<_>) =
            unheld.partition(|snapshot| Arc::ptr_eq(&snapshot.generation, current));
        drop(same);
        if !former.is_empty() {
            rayon::spawn(move || drop(former));
        }
    }
}
