//! What is known of the network while a payment goes on.

use crate::belief::Beliefs;
use crate::snapshot::Snapshot;

/// What is known of the network while a payment goes on; both of one generation.
#[derive(Debug, Clone, Copy)]
pub struct PayWorld<'a> {
    /// The graph.
    pub snapshot: &'a Snapshot,
    /// What is believed of its channels; payments learn into it.
    pub beliefs: &'a Beliefs,
}
