//! What a payer knows of the liquidity in channels.

use primitives::Msat;

use super::in_flight::InFlight;
use crate::belief::{BeliefView, Prior};
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
pub trait Liquidity: Copy {
    /// The bounds of an arc with this capacity.
    fn range(&self, arc: ArcIdx, capacity: Msat) -> LiquidityRange;

    /// How likely the amounts between the bounds are.
    fn prior(&self) -> Prior {
        Prior::Uniform
    }
}

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

impl LiquidityRange {
    /// Bounds of an arc that no HTLC of the payer is on.
    pub const fn new(lower: Msat, upper: Msat) -> Self {
        LiquidityRange { lower, upper, held: Msat::ZERO }
    }

    /// An amount of msat and what is held beside it.
    pub(super) fn with_held(self, msat: u64) -> Msat {
        self.held.saturating_add(Msat::from_msat(msat))
    }

    /// The bounds of what the arc can carry beside what is held: within `capacity`, in order.
    #[inline(always)]
    pub(super) fn spare(self, capacity: u64) -> LiquidityRange {
        let upper = self.upper.min(Msat::from_msat(capacity)).saturating_sub(self.held);
        LiquidityRange { lower: self.lower.saturating_sub(self.held).min(upper), upper, held: self.held }
    }
}

impl Liquidity for UnknownLiquidity {
    #[inline(always)]
    fn range(&self, _: ArcIdx, capacity: Msat) -> LiquidityRange {
        LiquidityRange::new(Msat::ZERO, capacity)
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
}
