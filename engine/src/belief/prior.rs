//! How likely a channel can carry an amount, given its bounds and what is thought of balances in general.
//!
//! With bounds `lower` and `upper` on the liquidity X of an arc in a channel of capacity c, and all amounts in msat,
//! P(a) = P(X >= a | lower <= X <= upper) is
//!
//! ```text
//! uniform   (upper + 1 - a) / (upper + 1 - lower)
//! bimodal   (F(upper + 1) - F(a)) / (F(upper + 1) - F(lower)),   F(x) = -exp(-x/s) + exp((x - c - 1)/s)
//! ```
//! for lower <= a <= upper; 1 below and 0 above. Uniform: Pickhardt, Tikhomirov, Biryukov, Nowostawski, "Security and
//! Privacy of Lightning Network Payments with Uncertain Channel Balances", arXiv 2103.08576, section on the uniform
//! prior, and its condition on bounds in Pickhardt, Richter, arXiv 2107.05322. Bimodal: balances pile up at both ends
//! of a channel within some scale s, with density exp(-x/s) + exp((x - c)/s) up to a factor; this is the distribution
//! of LND's `routing/probability_bimodal.go`, whose primitive F is (without what LND adds for other channels of a
//! node and for the age of what it knows: here bounds fade instead). The 1 beside `upper` and c makes the amounts
//! whole: P(upper) is positive.
//!
//! The penalty -ln P is returned with [`PENALTY_FRACTION_BITS`] bits behind the point. It never falls when the amount
//! grows, which a search from both ends needs (docs/search.md, lemma 1).

use primitives::Msat;

use super::exp::{FRACTION_BITS, exp2_neg};
use crate::cost::log2;

/// Bits behind the point of a penalty.
pub const PENALTY_FRACTION_BITS: u32 = crate::cost::LOG_FRACTION_BITS;

/// The penalty of what the bounds rule out.
pub const IMPOSSIBLE: u64 = u64::MAX;

/// The least scale of [`Bimodal`]: one satoshi.
pub const BIMODAL_SCALE_MIN: Msat = Msat::from_msat(1000);

/// ln(2) with 32 bits behind the point.
const LN_2: u64 = 0xb172_17f7;

/// log2(e) with 62 bits behind the point.
const LOG2_E: u128 = 0x5c55_1d94_ae0b_f85d;

/// What is thought of balances before anything is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Prior {
    /// Any balance is equally likely.
    #[default]
    Uniform,
    /// Most of the balance is on one side.
    Bimodal(Bimodal),
}

/// The bimodal prior.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bimodal {
    scale: Msat,
    /// log2(e) / scale, with 64 bits behind the point.
    rate: u64,
}

impl Prior {
    /// -ln P(amount), in 2^-[`PENALTY_FRACTION_BITS`]; 0 where the amount is certain, [`IMPOSSIBLE`] above `upper`,
    /// less than 50 otherwise. Bounds are put in order: lower <= upper <= capacity.
    pub fn penalty(self, amount: Msat, bounds: (Msat, Msat), capacity: Msat) -> u64 {
        let upper = bounds.1.min(capacity);
        let lower = bounds.0.min(upper);
        if amount > upper {
            return IMPOSSIBLE;
        }
        if amount <= lower {
            return 0;
        }
        match self {
            Prior::Uniform => {
                let end = upper.to_msat().saturating_add(1);
                ln_quotient(end - lower.to_msat(), end - amount.to_msat())
            }
            Prior::Bimodal(bimodal) => bimodal.penalty(amount, (lower, upper), capacity),
        }
    }
}

impl Bimodal {
    /// With balances within some `scale` of either end; at least [`BIMODAL_SCALE_MIN`] is taken. LND's default is
    /// 300,000 sat.
    pub fn new(scale: Msat) -> Self {
        let scale = scale.max(BIMODAL_SCALE_MIN);
        Bimodal { scale, rate: ((LOG2_E << 2) / u128::from(scale.to_msat())) as u64 }
    }

    /// The scale.
    pub fn scale(self) -> Msat {
        self.scale
    }

    /// With lower < amount <= upper <= capacity.
    fn penalty(self, amount: Msat, (lower, upper): (Msat, Msat), capacity: Msat) -> u64 {
        let end = upper.to_msat().saturating_add(1);
        let most = capacity.to_msat().saturating_add(1);
        // In the middle of a large channel all terms vanish. What they share is taken out, so that the greatest is 1.
        let shared = lower.to_msat().min(most - end);
        let near = |x: u64| self.exp_neg(x - shared);
        let far = |x: u64| self.exp_neg(most - x - shared);
        let mass = |from: u64| (near(from) - near(end)).saturating_add(far(end) - far(from));
        // In units of 2^-62 at most two, so one bit is free; a mass of nothing stands for one unit.
        ln_quotient(mass(lower.to_msat()).max(1), mass(amount.to_msat()).max(1))
    }

    /// exp(-x / scale) with 62 bits behind the point.
    fn exp_neg(self, x: u64) -> u64 {
        let exponent = (u128::from(x) * u128::from(self.rate)) >> (64 - FRACTION_BITS);
        exp2_neg(u64::try_from(exponent).unwrap_or(u64::MAX))
    }
}

/// LND's scale of 300,000 sat.
impl Default for Bimodal {
    fn default() -> Self {
        Bimodal::new(Msat::from_msat(300_000_000))
    }
}

/// ln(all / part), never rising with `part`.
fn ln_quotient(all: u64, part: u64) -> u64 {
    let bits = log2(all).saturating_sub(log2(part));
    ((u128::from(bits) * u128::from(LN_2)) >> 32) as u64
}

#[cfg(test)]
mod tests;
