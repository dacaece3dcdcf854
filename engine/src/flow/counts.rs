//! What a flow took.

/// The work of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FlowCounts {
    /// Paths that flow was sent along.
    pub augmentations: u64,
    /// Nodes that were settled.
    pub settled: u64,
    /// Arcs that were looked at.
    pub relaxed: u64,
}

impl FlowCounts {
    /// Both together.
    pub(super) fn plus(self, other: FlowCounts) -> FlowCounts {
        FlowCounts {
            augmentations: self.augmentations + other.augmentations,
            settled: self.settled + other.settled,
            relaxed: self.relaxed + other.relaxed,
        }
    }
}
