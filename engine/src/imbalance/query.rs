//! What is asked for, and the answer.

use primitives::{Msat, NodeId, ShortChannelIdDir};

use super::schedule::AMOUNT_MAX;

/// A request for paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathQuery {
    /// Who pays.
    pub payer: NodeId,
    /// Who is paid.
    pub payee: NodeId,
    /// What arrives; 1 msat to [`AMOUNT_MAX`].
    pub amount: Msat,
    /// The most paths; 1 to [`PATH_COUNT_MAX`].
    pub path_count: usize,
    /// What makes a path better than another.
    pub weights: PathWeights,
    /// Nodes that are not there; at most [`AVOIDED_COUNT_MAX`]. Unknown ones are ignored.
    pub avoided_nodes: Vec<NodeId>,
}

/// Weights of a path's arcs, in units of which only ratios count.
///
/// An arc weighs `hop`, once more where its channel's other direction holds less than 11/10 of the amount (so that it
/// could not be refunded), `diversity` for each path before that uses its channel, and `fee` for each msat that the arc by itself
/// charges for the amount, at least zero (Raiden's pathfinding service, edge weight).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathWeights {
    /// A hop; at least 1, so that every hop counts.
    pub hop: u32,
    /// A channel that a path before uses.
    pub diversity: u32,
    /// A msat of fees.
    pub fee: u32,
}

/// Paths, in the order in which they were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiversePaths {
    /// No two have the same channels in the same order.
    pub paths: Vec<FeePath>,
    /// Why there are not more.
    pub end: PathsEnd,
    /// The work that it took.
    pub counts: PathCounts,
}

/// The work of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PathCounts {
    /// Searches.
    pub searches: u64,
    /// Nodes that were settled.
    pub settled: u64,
    /// Arcs that were weighed, those of the balls aside.
    pub weighed: u64,
    /// Paths that were priced.
    pub priced: u64,
}

/// Why no more paths were looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathsEnd {
    /// There are as many as were asked for.
    Enough,
    /// There is no other; this is certain.
    NoOther,
    /// [`CANDIDATE_COUNT_MAX`](super::CANDIDATE_COUNT_MAX) paths were tried for the next one, none of which can be paid.
    WorkLimit,
}

/// A path with exact amounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeePath {
    /// From the payer's channel to the payee's.
    pub hops: Vec<FeePathHop>,
    /// What the payer sends beyond the amount, in msat; below zero where mediators pay for being rebalanced.
    pub fee_msat: i64,
    /// What it weighed when it was found.
    pub weight: u64,
}

/// One channel of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeePathHop {
    /// The channel, and which way.
    pub channel: ShortChannelIdDir,
    /// Where it leads.
    pub node_id: NodeId,
    /// What it carries.
    pub amount: Msat,
}

impl Default for PathWeights {
    /// A hop is as bad as 1 sat, a used channel as five hops.
    fn default() -> Self {
        PathWeights { hop: 1000, diversity: 5000, fee: 1 }
    }
}

impl PathWeights {
    /// The defaults of Raiden's service, where an amount's unit is a billionth of a token: a token of fees is as bad as
    /// a hundred hops, a used channel as five.
    pub const RAIDEN_GWEI: PathWeights = PathWeights { hop: 10_000_000, diversity: 50_000_000, fee: 1 };
}

impl PathQuery {
    /// Five paths with default weights, as Raiden's service has it.
    pub fn new(payer: NodeId, payee: NodeId, amount: Msat) -> Self {
        let weights = PathWeights::default();
        PathQuery { payer, payee, amount, path_count: 5, weights, avoided_nodes: Vec::new() }
    }

    pub(super) fn check(&self) -> Result<(), PathError> {
        if self.payer == self.payee {
            return Err(PathError::OneNode);
        }
        if self.amount == Msat::ZERO || self.amount > AMOUNT_MAX {
            return Err(PathError::Amount { amount: self.amount });
        }
        if self.path_count == 0 || self.path_count > PATH_COUNT_MAX {
            return Err(PathError::PathCount { path_count: self.path_count });
        }
        if self.weights.hop == 0 {
            return Err(PathError::NoHopWeight);
        }
        if self.avoided_nodes.len() > AVOIDED_COUNT_MAX {
            return Err(PathError::AvoidedCount { count: self.avoided_nodes.len() });
        }
        Ok(())
    }
}

/// Why a query has no answer. That there is no path is an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// An end is not in the graph.
    #[error("node {node_id} is not in the graph")]
    UnknownNode {
        /// The end.
        node_id: NodeId,
    },
    /// Both ends are one node.
    #[error("payer and payee are one node")]
    OneNode,
    /// The amount is out of its range.
    #[error("an amount of {amount} is out of range")]
    Amount {
        /// The amount.
        amount: Msat,
    },
    /// The number of paths is out of its range.
    #[error("1 to {PATH_COUNT_MAX} paths can be asked for, not {path_count}")]
    PathCount {
        /// How many were asked for.
        path_count: usize,
    },
    /// Hops would weigh nothing.
    #[error("a hop weighs at least 1")]
    NoHopWeight,
    /// Too many nodes are avoided.
    #[error("{count} avoided nodes are too many")]
    AvoidedCount {
        /// How many.
        count: usize,
    },
    /// The graph changed faster than a path could be priced.
    #[error("the graph changed faster than a path could be priced; try again")]
    Contended,
}

/// The most paths a query, as in Raiden's service.
pub const PATH_COUNT_MAX: usize = 25;
/// The most nodes that a query avoids.
pub const AVOIDED_COUNT_MAX: usize = 10_000;
