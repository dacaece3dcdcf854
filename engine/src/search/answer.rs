//! What a search answers.

use super::Counts;

/// Which search gave the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The bidirectional search, and its own labels proved it.
    Bidirectional,
    /// The label search closed what the proof had left open.
    Corridor,
    /// The label search within what tolls leave open, because a limit binds that the fast search cannot see.
    Labels,
    /// A limit binds, and tolls alone proved the answer.
    Tolls,
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A route of this cost; its arcs are in the workspace.
    Route {
        /// Its cost.
        cost: u64,
    },
    /// There is none.
    NoRoute,
    /// The work ran out before one was found.
    WorkLimit,
    /// The graph changed under the search, so that it can tell neither.
    Changed,
}

/// An answer with its proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    /// No route costs less than this.
    pub(crate) least: u64,
    /// Which search it came from.
    pub(crate) method: Method,
    /// What was done for it.
    pub(crate) counts: Counts,
}

impl Answer {
    /// The cost of the route, where there is one.
    pub(super) fn cost(&self) -> Option<u64> {
        match self.outcome {
            Outcome::Route { cost } => Some(cost),
            Outcome::NoRoute | Outcome::WorkLimit | Outcome::Changed => None,
        }
    }
}
