//! Route searches: the fast one, the proof that its answer is optimal, and what takes over where there is none.
//!
//! ```text
//! bidirectional   two balls that meet; prices the best meeting exactly
//! certificate     proves the answer, or names what is open
//! pareto          exact label search: closes what is open, and obeys limits that the fast search ignores
//! exact           runs the three in order
//! reference       the obvious search, for tests and benches
//! ```
//! docs/search.md states what is optimal under which conditions, and proves it.

mod bidirectional;
mod certificate;
mod discount;
mod exact;
mod heap;
mod pareto;
mod potentials;
pub(crate) mod problem;
mod resources;
mod workspace;

pub use workspace::Workspace;

pub use exact::Method;
pub(crate) use exact::{Answer, Outcome, solve, solve_within};
pub(crate) use resources::{Limits, Used};

/// What a search did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Nodes (or labels of the label search) that were expanded.
    pub settled: u64,
    /// Arcs that were looked at.
    pub relaxed: u64,
    /// Times both directions met and the path was priced.
    pub met: u64,
}

impl Counts {
    /// Both together.
    pub(crate) fn plus(self, other: Counts) -> Counts {
        Counts {
            settled: self.settled + other.settled,
            relaxed: self.relaxed + other.relaxed,
            met: self.met + other.met,
        }
    }
}
