//! What a plan is asked for, what it looks like, and why there may be none.

use primitives::{Msat, NodeId, ShortChannelIdDir};

use super::counts::FlowCounts;
use super::cut::Cut;
use super::maximum_rule::MaximumRule;
use crate::query::RouteQuery;
use crate::route::Hop;
use crate::router::RouteError;

/// A payment that may be split.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanQuery {
    /// Ends, amount, cost model, limits and exclusions, as for a single route. The fee limit is one on all parts
    /// together. Parts deliver the amount to the msat, so `may_overpay` counts for nothing; `tolerance` counts for one part alone.
    pub route: RouteQuery,
    /// How many parts there may be. 16.
    pub part_count_max: usize,
    /// What each of several parts delivers at least. 1 sat.
    pub part_min: Msat,
    /// What a channel's `htlc_maximum_msat` limits. [`MaximumRule::Together`].
    pub maximum_rule: MaximumRule,
}

impl PlanQuery {
    /// A payment with the defaults.
    pub fn new(route: RouteQuery) -> Self {
        let part_min = Msat::from_msat(1000);
        PlanQuery { route, part_count_max: 16, part_min, maximum_rule: MaximumRule::default() }
    }
}

/// A payment in parts that obeyed every rule at one moment during its query.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Who pays.
    pub payer: NodeId,
    /// What the payee gets in all.
    pub amount: Msat,
    /// The parts, the largest first.
    pub parts: Vec<PlanPart>,
    /// What the payer pays beyond the amount.
    pub fee: Msat,
    /// How likely every channel can carry all that the parts send over it.
    pub probability: f64,
    /// Blocks until the last of the payer's HTLCs expires, the final delta included.
    pub cltv: u32,
    /// Fees, and what the cost model charges for the rest, in msat. As in a route's cost, layers' biases weigh both; `fee` is
    /// what is paid.
    pub cost: u64,
    /// A lower bound on what any set of parts costs in the model, of no more parts than the query allows, in msat; never above
    /// `cost`. It is what the cheapest flow proves: by duality, over the straight pieces that liquidity is priced with, biases
    /// included. The flow's fees are not rounded, but BOLT 7 rounds each hop's down: by what that saves this plan the bound is
    /// lowered, and another set may cost less than it by less than a msat, or what a bias makes of one, for each hop of each
    /// part. Left aside are channels of which not a thousandth of the amount is sure and not two are possible, and those whose
    /// `htlc_minimum_msat` is above all of it: with them a set may cost less. `None` where inbound fees count, which the flow
    /// does not know, for a stage, and where only the parts of a narrower [`MaximumRule`] were few enough.
    pub least_cost: Option<u64>,
    /// The graph's version.
    pub version: u64,
    /// The work it took.
    pub counts: FlowCounts,
}

/// One part of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanPart {
    /// What the payee gets of it.
    pub amount: Msat,
    /// What the payer pays beyond that.
    pub fee: Msat,
    /// Blocks from now to the expiry of the payer's HTLC.
    pub cltv: u32,
    /// How likely its channels can carry it, if it were alone.
    pub probability: f64,
    /// The channels, the payer's own first.
    pub hops: Vec<Hop>,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The query names what is not there, or contradicts itself; or a single route that would do is refused.
    #[error(transparent)]
    Query(#[from] RouteError),
    /// No set of parts can carry the amount within the query's rule on maxima, whatever it costs.
    #[error("{0}")]
    Cut(Cut),
    /// Parts that carry the amount exist, but not with fees on top of it.
    #[error("the channels are full before fees: {missing} of the amount find no place")]
    NoRoomForFees {
        /// What was missing in the end.
        missing: Msat,
    },
    /// Parts that would carry the rest are below the `htlc_minimum_msat` of channels on their way, as far as is known: which
    /// parts to raise to such minima, and which channels to do without, is tried for some.
    #[error(
        "parts below an htlc_minimum_msat leave {missing} of the amount over: {channel} takes none below {minimum}; \
         raise the amount, or lower it by that much"
    )]
    HtlcMinimum {
        /// What was missing in the end.
        missing: Msat,
        /// The channel with the least of these minima.
        channel: ShortChannelIdDir,
        /// What each HTLC over it must carry.
        minimum: Msat,
    },
    /// Channels on the way have as many HTLCs in flight, those of the parts included, as they take.
    #[error("channels that take no more HTLCs leave {missing} of the amount over; wait for some to end")]
    HtlcLimit {
        /// What was missing in the end.
        missing: Msat,
    },
    /// Parts within the limits on blocks, hops and onion size cannot carry the amount, as far as is known: where all of it has to
    /// be within them, some way may exist that is not found.
    #[error("parts within the limits on blocks, hops and onion size leave {missing} of the amount over")]
    RouteLimits {
        /// What was missing in the end.
        missing: Msat,
    },
    /// So few parts of the least size cannot carry the amount.
    #[error("{part_count_max} parts leave {missing} of the amount over; allow more or smaller ones")]
    TooFewParts {
        /// How many were allowed.
        part_count_max: usize,
        /// What was missing in the end.
        missing: Msat,
    },
    /// The cheapest plan costs more than the limit.
    #[error("the fee limit of {limit} is short by {}", needed.saturating_sub(*limit))]
    FeeLimit {
        /// The limit.
        limit: Msat,
        /// The fee of the cheapest plan that was found.
        needed: Msat,
    },
    /// The work ran out.
    #[error("gave up after {augmentations} paths")]
    WorkLimit {
        /// Paths that flow was sent along.
        augmentations: u64,
    },
}

impl PlanError {
    /// Whether the query would fail alike at other prices, for another amount or over other channels: the work has run out, or
    /// the graph does not come to rest.
    pub(super) fn is_final(&self) -> bool {
        match self {
            PlanError::WorkLimit { .. } | PlanError::Query(_) => true,
            PlanError::Cut(_)
            | PlanError::NoRoomForFees { .. }
            | PlanError::HtlcMinimum { .. }
            | PlanError::HtlcLimit { .. }
            | PlanError::RouteLimits { .. }
            | PlanError::TooFewParts { .. }
            | PlanError::FeeLimit { .. } => false,
        }
    }

    /// Whether flow carries the amount, and it is parts that do not.
    pub(super) fn is_of_parts(&self) -> bool {
        !self.is_final() && !matches!(self, PlanError::Cut(_))
    }
}
