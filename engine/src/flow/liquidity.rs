//! What a payer knows of the liquidity in channels.

use primitives::Msat;

use super::in_flight::InFlight;
use crate::belief::{BeliefView, Liquidity, LiquidityRange, Prior};
use crate::graph::ArcIdx;

/// Nothing is known: an arc carries anything from nothing to its capacity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnknownLiquidity;

/// What is believed at one moment, and what is on the way.
#[derive(Debug, Clone, Copy)]
pub struct BelievedLiquidity<'a> {
    /// The bounds.
    pub beliefs: BeliefView<'a>,
    /// How likely the amounts between them are.
    pub prior: Prior,
    /// The payer's HTLCs on the way, where there are any.
    pub in_flight: Option<&'a InFlight>,
}

impl Liquidity for UnknownLiquidity {
    #[inline(always)]
    fn range(&self, _: ArcIdx, capacity: Msat) -> LiquidityRange {
        LiquidityRange::new(Msat::ZERO, capacity)
    }

    fn is_unknown(&self) -> bool {
        true
    }
}

impl<'a> BelievedLiquidity<'a> {
    /// Beliefs with nothing on the way.
    pub fn new(beliefs: BeliefView<'a>, prior: Prior) -> Self {
        BelievedLiquidity { beliefs, prior, in_flight: None }
    }
}

impl Liquidity for BelievedLiquidity<'_> {
    #[inline]
    fn range(&self, arc: ArcIdx, capacity: Msat) -> LiquidityRange {
        let direction = arc.direction();
        let (lower, upper) = self.beliefs.bounds(arc.channel().to_u32(), direction, capacity);
        let held = self.in_flight.map_or(Msat::ZERO, |in_flight| in_flight.of(arc));
        LiquidityRange { lower, upper, held }
    }

    fn prior(&self) -> Prior {
        self.prior
    }

    fn is_unknown(&self) -> bool {
        self.prior == Prior::Uniform && self.in_flight.is_none() && self.beliefs.is_empty()
    }
}
