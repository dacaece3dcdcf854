//! What somebody who asks knows of the liquidity in channels.

use std::fmt;

use primitives::Msat;

use super::Prior;
use crate::graph::ArcIdx;

/// Bounds on the liquidity of an arc: surely `lower`, surely not more than `upper`, of which HTLCs on the way hold a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiquidityRange {
    /// What is surely there.
    pub lower: Msat,
    /// No more than this is there.
    pub upper: Msat,
    /// What of it the payer's own HTLCs hold that are on the way. They are taken to have got through: what more the arc
    /// carries is as likely as it is where that much is known to be there.
    pub held: Msat,
}

/// Knowledge of many channels. Asked for every arc that a search looks at, so it should answer from an array.
pub trait Liquidity: fmt::Debug {
    /// The bounds of an arc with this capacity.
    fn range(&self, arc: ArcIdx, capacity: Msat) -> LiquidityRange;

    /// Whether the upper bound is what an HTLC was refused for, and not a capacity.
    fn has_refused(&self, _: ArcIdx) -> bool {
        false
    }

    /// How likely the amounts between the bounds are.
    fn prior(&self) -> Prior {
        Prior::Uniform
    }

    /// Whether nothing is known of any arc, so that nobody needs to ask.
    fn is_unknown(&self) -> bool {
        false
    }
}

impl LiquidityRange {
    /// Bounds of an arc that no HTLC of the payer is on.
    pub const fn new(lower: Msat, upper: Msat) -> Self {
        LiquidityRange { lower, upper, held: Msat::ZERO }
    }

    /// An amount of msat and what is held beside it.
    pub(crate) fn with_held(self, msat: u64) -> Msat {
        self.held.saturating_add(Msat::from_msat(msat))
    }
}
