//! How much work a search was. Says nothing of time, which is the caller's to measure.

/// What a search did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Nodes (or labels of the label search) that were expanded.
    pub settled: u64,
    /// Arcs that were looked at.
    pub relaxed: u64,
    /// Labels that were given or improved.
    pub labelled: u64,
    /// Arcs of which only the far end was looked at.
    pub passed: u64,
    /// Times both directions met and the path was priced.
    pub met: u64,
}

impl Counts {
    /// Both together.
    pub(crate) fn plus(self, other: Counts) -> Counts {
        Counts {
            settled: self.settled + other.settled,
            relaxed: self.relaxed + other.relaxed,
            labelled: self.labelled + other.labelled,
            passed: self.passed + other.passed,
            met: self.met + other.met,
        }
    }
}
