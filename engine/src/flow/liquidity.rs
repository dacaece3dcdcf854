//! What a payer knows of the liquidity in channels.

use primitives::Msat;

use crate::graph::ArcIdx;

/// Bounds on what an arc can carry now: surely `lower`, surely not more than `upper`, and every value between is equally
/// likely (Pickhardt et al., arXiv 2103.08576, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiquidityRange {
    /// What is surely there.
    pub lower: Msat,
    /// No more than this is there.
    pub upper: Msat,
}

/// Knowledge of many channels. Asked for every arc that a search looks at, so it should answer from an array.
pub trait Liquidity: Copy {
    /// The bounds of an arc with this capacity.
    fn range(&self, arc: ArcIdx, capacity: Msat) -> LiquidityRange;
}

/// Nothing is known: an arc carries anything from nothing to its capacity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnknownLiquidity;

impl Liquidity for UnknownLiquidity {
    #[inline(always)]
    fn range(&self, _: ArcIdx, capacity: Msat) -> LiquidityRange {
        LiquidityRange { lower: Msat::ZERO, upper: capacity }
    }
}
