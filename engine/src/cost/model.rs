//! The cost models, each compiled into the search.

use primitives::Msat;

use super::log::{FRACTION_BITS, log2};
use super::weight::Weight;
use crate::graph::Record;

/// What a query minimises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostModel {
    /// The fee and nothing else.
    Fee,
    /// The fee, the risk of having the amount locked, and a price for every hop.
    Risk(RiskWeights),
    /// As `Risk`, and a price on the probability that a hop lacks the liquidity.
    Probability(ProbabilityWeights),
}

impl Default for CostModel {
    fn default() -> Self {
        CostModel::Probability(ProbabilityWeights::default())
    }
}

/// Weights of [`CostModel::Risk`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RiskWeights {
    /// Price of locking an amount for one block, in billionths of it. 15, as LND charges.
    pub risk_billionths: u32,
    /// Price of any hop, in msat. 500, as eclair charges.
    pub hop_base_msat: u32,
    /// Price of any hop, in millionths of the payment's amount. 200, as eclair charges.
    pub hop_millionths: u32,
}

impl RiskWeights {
    pub(crate) const DEFAULT: RiskWeights =
        RiskWeights { risk_billionths: 15, hop_base_msat: 500, hop_millionths: 200 };
}

impl Default for RiskWeights {
    fn default() -> Self {
        RiskWeights::DEFAULT
    }
}

/// Weights of [`CostModel::Probability`].
///
/// A failed attempt costs its sender time; LND prices it at 100 sat and 1,000 millionths of the amount. Minimising
/// fee + attempt cost / P needs a cost that is no sum over hops; near P = 1 it equals fee + attempt cost * -ln(P), which
/// is one, so the attempt's price is the weight of the logarithm here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbabilityWeights {
    /// The terms beside probability.
    pub risk: RiskWeights,
    /// lambda, its fixed part in msat. 100,000.
    pub attempt_base_msat: u32,
    /// lambda, its part in millionths of the payment's amount. 1,000.
    pub attempt_millionths: u32,
}

impl Default for ProbabilityWeights {
    fn default() -> Self {
        ProbabilityWeights {
            risk: RiskWeights::default(),
            attempt_base_msat: 100_000,
            attempt_millionths: 1000,
        }
    }
}

impl CostModel {
    /// The likeliest way, whatever it costs within the limits: a failed attempt is a hundred times as dear as usual, so that fees
    /// decide only between ways of nearly the same probability.
    pub const LIKELY: CostModel = CostModel::Probability(ProbabilityWeights {
        risk: RiskWeights::DEFAULT,
        attempt_base_msat: 10_000_000,
        attempt_millionths: 100_000,
    });

    /// The model by which the `rest` of a payment of `whole` pays for an attempt what all of it would, `times` over.
    #[must_use]
    pub(crate) fn of_rest(self, whole: Msat, rest: Msat, times: u64) -> CostModel {
        let CostModel::Probability(weights) = self else { return self };
        let share = u64::from(weights.attempt_millionths).saturating_mul(times);
        let attempt_millionths = u32::try_from(share).unwrap_or(u32::MAX);
        let beyond = millionths(whole.saturating_sub(rest), attempt_millionths);
        let base = u64::from(weights.attempt_base_msat).saturating_mul(times).saturating_add(beyond);
        let attempt_base_msat = u32::try_from(base).unwrap_or(u32::MAX);
        CostModel::Probability(ProbabilityWeights { attempt_base_msat, attempt_millionths, ..weights })
    }
}

/// The cost of a hop beyond its fee, in msat; never falls with the amount.
pub(crate) trait HopCost: Copy {
    /// Of a forwarding hop that carries `amount` over a channel of `capacity`, of which `known` is known to be there;
    /// all in msat, `known` is at most `capacity`.
    fn forward(self, record: Record, capacity: u64, known: u64, amount: u64) -> u64;
    /// Of the payer's own channel, which has no `cltv_expiry_delta` on its way.
    fn first(self, capacity: u64, known: u64, amount: u64) -> u64;
    /// Of the payer's own channel whose balance is known to suffice.
    fn first_known(self) -> u64;
    /// What any hop costs at least, the best bias and tolls considered.
    fn least(self) -> u64;
    /// Whether the cost is more than the fee, so that a cheaper route may carry a larger amount.
    const HAS_TWO_LABELS: bool;
    /// The price of a unit of the natural logarithm of a probability, in msat; 0 where it counts for nothing.
    fn lambda(self) -> u64 {
        0
    }
    /// What a route of at most `hops` channels and `blocks` blocks, whose HTLCs carry at most `amount` msat, can cost
    /// beyond its fee, biases not considered.
    fn most(self, amount: u64, hops: u32, blocks: u32) -> u64;
    /// What layers do to the bounds on it.
    fn tuning(self) -> Tuning {
        Tuning::default()
    }
    /// What a search charges for a forwarding hop beside its cost ([`Tolled`](super::Tolled)).
    #[inline(always)]
    fn toll(self, _: Record) -> u64 {
        0
    }
    /// The same for the payer's own hop.
    #[inline(always)]
    fn first_toll(self) -> u64 {
        0
    }
    /// How much dearer a larger amount can make a route for `amount` msat whose cost stays below `bound`.
    fn slope(self, amount: u64, bound: u64) -> Slope {
        Slope::new(amount, bound, self.least(), self.lambda() as f64, self.tuning())
    }
}

/// A bound on what a larger amount costs over the rest of a route (docs/search.md, lemma 6).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slope {
    /// Cost per msat of amount.
    per_msat: f64,
    /// What all roundings are worth, in msat.
    rounding: f64,
    /// The amount may be larger by this much for the bound to hold.
    reach: f64,
}

impl Slope {
    /// What an amount that is larger by `msat` costs at most; infinite where nothing is known.
    pub(crate) fn of(self, msat: u64) -> f64 {
        let msat = msat as f64;
        if msat > self.reach { f64::INFINITY } else { msat * self.per_msat + self.rounding }
    }

    /// Nothing is known.
    const UNKNOWN: Slope = Slope { per_msat: 0.0, rounding: 0.0, reach: -1.0 };

    /// `lambda` is the price of the logarithm, 0 where there is none; `hop` the least cost of a hop.
    fn new(amount: u64, bound: u64, hop: u64, lambda: f64, tuning: Tuning) -> Slope {
        if hop == 0 || lambda != 0.0 && tuning.has_known {
            // Then the number of hops is not bounded by the cost, or the share of what is unknown of a channel is not
            // bounded by the share of the amount.
            return Slope::UNKNOWN;
        }
        // With biases: as if all hops had the best one, and all roundings the worst one.
        let (least, most) =
            tuning.weights.map_or((1.0, 1.0), |[least, most]| (least.to_f64(), most.to_f64()));
        let hops = bound as f64 / hop as f64 + 1.0;
        let (amount, bound) = (amount as f64, bound as f64 / least);
        // Sum of all rates: each is at most (cost of the hop + 1) / amount.
        let rates = (bound + (1.0 + most) / least * hops) / amount;
        // Each rounded term of a hop is worth less than one msat, and the logarithm's last digits.
        let rounding = hops * (3.0 + lambda / LOG_STEPS) * most;
        if lambda == 0.0 {
            return Slope {
                per_msat: rates * rates.exp() * 1.01,
                rounding: rounding * (1.0 + rates),
                reach: amount,
            };
        }
        let depth = (bound + rounding) / lambda;
        let steepest = 2.0 * lambda / amount * depth.exp_m1();
        let per_msat = (rates + steepest) * rates.exp() * 1.01 * most;
        // Half of what is left of the fullest channel, after the roundings' share.
        let reach = 0.5 * amount * (-depth).exp() * (-rates).exp() - hops;
        Slope { per_msat, rounding: rounding + hops * per_msat, reach }
    }
}

/// [`CostModel::Fee`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct FeeOnly;

/// [`CostModel::Risk`] for one amount.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Risky {
    pub(super) hop: u64,
    pub(super) risk_billionths: u64,
    tuning: Tuning,
}

/// What adjustments by layers do to the bounds that searches rely on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tuning {
    /// The least and the largest factor of any arc, `None` where no arc has a bias.
    pub(crate) weights: Option<[Weight; 2]>,
    /// Whether some channel is known to hold a part of its capacity.
    pub(crate) has_known: bool,
}

/// [`CostModel::Probability`] for one amount.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Probable {
    pub(super) risky: Risky,
    /// Price of a unit of the natural logarithm, in msat.
    lambda: u64,
    /// Price of halving the probability, in msat.
    pub(super) halving: u64,
}

impl Risky {
    pub(crate) fn new(weights: RiskWeights, amount: Msat, tuning: Tuning) -> Self {
        let share = millionths(amount, weights.hop_millionths);
        Risky {
            hop: share.saturating_add(u64::from(weights.hop_base_msat)),
            risk_billionths: u64::from(weights.risk_billionths),
            tuning,
        }
    }

    /// [`CostModel::Fee`] where arcs have biases: then a cheaper route may carry a larger amount, as under a risk.
    pub(crate) fn biased_fee(tuning: Tuning) -> Self {
        Risky { hop: 0, risk_billionths: 0, tuning }
    }

    /// The price of locking an amount for so many blocks, rounded down; `u64::MAX` beyond 64 bits.
    #[inline(always)]
    fn locked(self, amount: u64, blocks: u64) -> u64 {
        let rate = blocks * self.risk_billionths;
        match amount.checked_mul(rate) {
            Some(product) => product / BILLION,
            None => locked_wide(amount, rate),
        }
    }
}

/// As [`Risky::locked`], of a product beyond 64 bits. Apart, since a division of 128 bits is slow and hardly any is needed.
#[cold]
#[inline(never)]
fn locked_wide(amount: u64, rate: u64) -> u64 {
    let locked = u128::from(amount) * u128::from(rate) / u128::from(BILLION);
    u64::try_from(locked).unwrap_or(u64::MAX)
}

impl Probable {
    pub(crate) fn new(weights: ProbabilityWeights, amount: Msat, tuning: Tuning) -> Self {
        let attempt =
            millionths(amount, weights.attempt_millionths) as u128 + weights.attempt_base_msat as u128;
        // ln(x) = log2(x) * ln(2)
        let halving = attempt * 693_147_181 / 1_000_000_000;
        let narrow = |value: u128| u64::try_from(value).unwrap_or(u64::MAX);
        Probable {
            risky: Risky::new(weights.risk, amount, tuning),
            lambda: narrow(attempt),
            halving: narrow(halving),
        }
    }

    /// lambda * -ln((capacity + 1 - amount) / (capacity + 1)): liquidity is equally likely anywhere in the channel
    /// (Pickhardt et al., arXiv 2103.08576, equation 3), beyond the part that is known to be there.
    #[inline(always)]
    fn improbability(self, capacity: u64, known: u64, amount: u64) -> u64 {
        let left = capacity - amount.min(capacity).max(known);
        let halvings = log2((capacity - known).saturating_add(1)) - log2(left.saturating_add(1));
        let cost = (u128::from(self.halving) * u128::from(halvings)) >> FRACTION_BITS;
        cost as u64
    }
}

/// The chance that liquidity which is equally likely anywhere between `lower` and `upper` suffices for `amount`, all in
/// msat: what the logarithm in [`CostModel::Probability`] is taken of.
pub(crate) fn chance(lower: u64, upper: u64, amount: u64) -> f64 {
    let whole = (upper - lower) as f64 + 1.0;
    ((whole - amount.saturating_sub(lower) as f64) / whole).max(0.0)
}

impl HopCost for FeeOnly {
    #[inline(always)]
    fn forward(self, _: Record, _: u64, _: u64, _: u64) -> u64 {
        0
    }

    #[inline(always)]
    fn first(self, _: u64, _: u64, _: u64) -> u64 {
        0
    }

    fn first_known(self) -> u64 {
        0
    }

    #[inline(always)]
    fn least(self) -> u64 {
        0
    }

    const HAS_TWO_LABELS: bool = false;

    fn most(self, _: u64, _: u32, _: u32) -> u64 {
        0
    }
}

impl HopCost for Risky {
    #[inline(always)]
    fn forward(self, record: Record, _: u64, _: u64, amount: u64) -> u64 {
        self.locked(amount, record.cltv()).saturating_add(self.hop)
    }

    #[inline(always)]
    fn first(self, _: u64, _: u64, _: u64) -> u64 {
        self.hop
    }

    fn first_known(self) -> u64 {
        self.hop
    }

    #[inline(always)]
    fn least(self) -> u64 {
        match self.tuning.weights {
            Some([least, _]) => least.of(self.hop),
            None => self.hop,
        }
    }

    const HAS_TWO_LABELS: bool = true;

    fn tuning(self) -> Tuning {
        self.tuning
    }

    fn most(self, amount: u64, hops: u32, blocks: u32) -> u64 {
        let locked = u128::from(amount) * u128::from(blocks) * u128::from(self.risk_billionths);
        let most = locked / u128::from(BILLION) + u128::from(hops) * u128::from(self.hop);
        u64::try_from(most).unwrap_or(u64::MAX)
    }
}

impl HopCost for Probable {
    #[inline(always)]
    fn forward(self, record: Record, capacity: u64, known: u64, amount: u64) -> u64 {
        let risk = self.risky.forward(record, capacity, known, amount);
        risk.saturating_add(self.improbability(capacity, known, amount))
    }

    #[inline(always)]
    fn first(self, capacity: u64, known: u64, amount: u64) -> u64 {
        self.risky.hop.saturating_add(self.improbability(capacity, known, amount))
    }

    fn first_known(self) -> u64 {
        self.risky.hop
    }

    #[inline(always)]
    fn least(self) -> u64 {
        self.risky.least()
    }

    const HAS_TWO_LABELS: bool = true;

    fn lambda(self) -> u64 {
        self.lambda
    }

    fn tuning(self) -> Tuning {
        self.risky.tuning
    }

    fn most(self, amount: u64, hops: u32, blocks: u32) -> u64 {
        // No number of 64 bits can be halved more often than 64 times, and no prior gives less than exp(-50).
        let improbable = u64::from(hops).saturating_mul(50).saturating_mul(self.lambda);
        self.risky.most(amount, hops, blocks).saturating_add(improbable)
    }
}

fn millionths(amount: Msat, share: u32) -> u64 {
    u64::try_from(u128::from(amount.to_msat()) * u128::from(share) / 1_000_000).unwrap_or(u64::MAX)
}

/// The last digits of two fixed-point logarithms are less than one part in this many.
const LOG_STEPS: f64 = (1u64 << 22) as f64;

const BILLION: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_price_of_locking_is_exact_at_any_weight() {
        let amounts = [1, 999_999_999, 18_446_744_073, 18_446_744_074, 1 << 44, (1 << 44) + 1, 1 << 62];
        for amount in amounts {
            for risk_billionths in [0, 1, 15, 1000, 1_000_000, 1_000_000_000, u32::MAX] {
                for blocks in [0, 1, 40, 144, 2016, u16::MAX] {
                    let weights = RiskWeights { risk_billionths, hop_base_msat: 7, hop_millionths: 0 };
                    let risky = Risky::new(weights, Msat::from_msat(1), Tuning::default());
                    let record = Record::from_words([0; 3]).with_cltv(blocks);
                    let exact = u128::from(amount) * u128::from(blocks) * u128::from(risk_billionths);
                    let exact = u64::try_from(exact / 1_000_000_000 + 7).unwrap_or(u64::MAX);
                    let found = risky.forward(record, amount, 0, amount);
                    assert_eq!(found, exact, "{amount} msat, {blocks} blocks, {risk_billionths} billionths");
                }
            }
        }
    }

    #[test]
    fn a_hop_s_price_saturates() {
        let weights = RiskWeights { risk_billionths: 15, hop_base_msat: 500, hop_millionths: u32::MAX };
        let risky = Risky::new(weights, Msat::from_msat(1 << 61), Tuning::default());
        let record = Record::from_words([0; 3]).with_cltv(40);
        assert_eq!(risky.forward(record, 1 << 61, 0, 1 << 61), u64::MAX);
    }
}
