//! What is known of the other side of a label (`relax`).

/// What a route costs at least on the other side of a label, the tolerance included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rest {
    /// At any node that the other side has not settled.
    pub(super) near: u64,
    /// At a node that has no label of the other side.
    pub(super) beyond: u64,
}

impl Rest {
    pub(super) fn new(near: u64, beyond: u64, tolerance: u64) -> Self {
        Rest { near: near.saturating_add(tolerance), beyond: beyond.saturating_add(tolerance) }
    }

    /// Nothing is known.
    pub(super) const NOTHING: Rest = Rest { near: 0, beyond: 0 };

    /// At nodes that the other side has settled as well, if they are no nearer than `near`.
    pub(super) fn or_near(self, near: u64, tolerance: u64) -> Rest {
        Rest { near: self.near.min(near.saturating_add(tolerance)), ..self }
    }
}
