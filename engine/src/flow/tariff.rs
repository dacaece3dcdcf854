//! What a unit of flow costs on an arc: a query's prices in numbers that need two multiplications and a division.
//!
//! A payment of A msat flows in units of A/1000, rounded up to whole msat. A unit on an arc costs, in 2^-20 msat:
//!
//! ```text
//! fee        fee(A) / units                             none on the payer's own channels
//! risk       unit * cltv_expiry_delta * risk            none on the payer's own channels
//! hop        price of a hop / units
//! liquidity  lambda * secant of -ln(P)                  P(x) = (upper - x) / (upper - lower), 1 up to lower
//! tolls      on hops and blocks                         where parts would be too long
//! ```
//! **Biases** of layers multiply the fee, and the sum of all the rest but tolls, with the factors that a search of single
//! routes has for them (`search::terms`), rounded down. A factor keeps rising slopes rising. Arcs that cost less for it lie beside
//! the lists, so that the lists' bounds, which know of no bias, hold.
//!
//! **Base fees** are no linear cost: a part pays them whole. They are spread over the whole amount, as if every arc
//! carried all of it. A part never pays less, so the relaxed optimum stays below what any set of parts costs; the exact
//! fees are found when the parts are priced. The same holds for the price of a hop.
//!
//! **Liquidity** is cut at fixed shares of what is unknown, 50, 80 and 95 %; between them -ln(P) is a straight line from
//! point to point, which rises from piece to piece. The logarithm comes in fixed point (`cost::log2`). The last piece
//! ends where nothing is left, at the logarithm of its length in msat.
//!
//! The bimodal prior is not convex: its first msat are the dearest. What flow sees is its lower convex hull at the same
//! shares of what the whole amount would take, for no arc carries more; that is exact for a payment in one part. Parts
//! are priced by the prior itself where it is dearer than the hull, so that the relaxed optimum stays a bound. Each of
//! several parts pays most of what the whole would, as it pays base fees: so the planner also tries the hull up to the size of
//! a usual part.

use primitives::Msat;

use super::explicit::SLOPE_MAX;
use super::pieces::{PIECE_COUNT, Piece, Pieces};
use super::resume::Share;
use crate::belief::{Hull, LiquidityRange, Prior};
use crate::cost::{LOG_FRACTION_BITS, Prices, Weight, log2};
use crate::graph::{GridPlace, HtlcBounds, Record};

/// A query's prices.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tariff {
    /// Msat in a unit.
    pub(super) unit: u64,
    /// Units in the whole payment.
    pub(super) units: u64,
    /// The amount that fees are computed of.
    millions: u64,
    rest: u64,
    pub(super) place: GridPlace,
    /// 2^44 times a unit's share of it.
    share: u64,
    /// The price of a hop a unit.
    hop: u64,
    /// The price of a block a unit.
    block: u64,
    /// Tolls on both, a unit.
    hop_toll: u64,
    block_toll: u64,
    /// Whether biases count.
    is_biased: bool,
    /// Price of a halving, times the unit.
    halving: u128,
    /// Slopes of the first three pieces times what is unknown, shifted.
    ranges: [u64; 3],
    shift: u32,
    prior: Prior,
    /// The most that a part sends over an arc, in msat, fees included.
    whole: u64,
}

/// What biases multiply an arc's slope with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Weights {
    /// Its fee.
    pub(super) fee: Weight,
    /// The rest, tolls aside.
    pub(super) beyond: Weight,
}

/// What an arc's slope is made of beside liquidity.
#[derive(Debug, Clone, Copy)]
struct Linear {
    /// The fee, weighed, and tolls.
    apart: u64,
    /// Hop and risk, which are weighed together with liquidity.
    beyond: u64,
    weight: Weight,
}

impl Linear {
    /// The slope where liquidity costs so much.
    #[inline(always)]
    fn slope(self, liquidity: u64) -> u64 {
        self.apart.saturating_add(self.weight.of_price(self.beyond + liquidity)).min(SLOPE_MAX)
    }
}

/// What an arc charges beside liquidity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charge {
    /// A hop that forwards.
    Forward,
    /// The payer's own channel.
    Own,
    /// A hop that forwards, without its fee: fees are added exactly elsewhere.
    NoFee,
}

impl Weights {
    /// No bias.
    pub(super) const ONE: Weights = Weights { fee: Weight::ONE, beyond: Weight::ONE };
}

impl Tariff {
    /// The prices of a payment of `amount` msat; `halving` may differ from that of the cost model.
    pub(super) fn new(prices: Prices, amount: u64) -> Self {
        Tariff::in_units(UNIT_COUNT, amount, prices, amount)
    }

    /// The same in `unit_count` units, with base fees and a prior that is not convex spread over `part` msat: where that is
    /// less than the amount, it is dearer than what a larger part pays, so no bound comes of it.
    pub(super) fn in_units(unit_count: u64, part: u64, prices: Prices, amount: u64) -> Self {
        let unit = amount.div_ceil(unit_count).max(1);
        let units = amount.div_ceil(unit).max(1);
        let scaled = |msat: u64, count: u64| {
            u64::try_from((u128::from(msat) << SLOPE_BITS) / u128::from(count)).unwrap_or(u64::MAX)
        };
        let halving = u128::from(prices.halving) * u128::from(unit);
        let (ranges, shift) = range_slopes(halving);
        let block = |billionths: u64| {
            let price = ((u128::from(unit) * u128::from(billionths)) << SLOPE_BITS) / BILLION;
            u64::try_from(price).unwrap_or(u64::MAX)
        };
        Tariff {
            unit,
            units,
            millions: part / MILLION,
            rest: part % MILLION,
            place: GridPlace::of(part),
            share: scaled_share(unit, part),
            hop: scaled(prices.hop, units).min(SLOPE_MAX / 4),
            block: block(prices.risk_billionths),
            hop_toll: scaled(prices.hop_toll, units).min(SLOPE_MAX / 4),
            block_toll: block(prices.block_toll_billionths),
            is_biased: prices.is_biased,
            halving,
            ranges,
            shift,
            prior: Prior::Uniform,
            whole: part.saturating_add(part / 8),
        }
    }

    /// The same with another prior.
    pub(super) fn with_prior(self, prior: Prior) -> Self {
        Tariff { prior, ..self }
    }

    /// What every arc costs at least of what it cost by `before`; `None` where that is little, or units differ.
    ///
    /// Fees fall at most as their base, spread over more; liquidity as its price. Slopes are rounded: liquidity's to one part
    /// in 2^18 (where it is less exact, it is beyond the greatest slope), each term to a digit, a fee to a msat of a part.
    /// That is small beside the price of a hop, which every arc has, at a factor of `least` or more. A factor changes no share,
    /// and of what it rounds, both products a digit.
    pub(super) fn share_of(&self, before: &Tariff, least: Weight) -> Option<Share> {
        let scale = |tariff: &Tariff| (tariff.unit, tariff.units, tariff.prior, tariff.hop, tariff.block);
        let beside = |tariff: &Tariff| (tariff.hop_toll, tariff.block_toll, tariff.is_biased);
        if scale(self) != scale(before) || beside(self) != beside(before) {
            return None;
        }
        if !self.is_convex() && self.whole != before.whole {
            return None;
        }
        let part =
            |tariff: &Tariff| u128::from(tariff.millions) * u128::from(MILLION) + u128::from(tariff.rest);
        let share = Share::of(part(before), part(self)).min(Share::of(self.halving, before.halving));
        let lost = 6 + (u128::from(self.unit) << SLOPE_BITS) / part(self).max(1);
        let hop = least.of_price(self.hop);
        let is_little =
            share < Share::of(1, WORTH) || u128::from(share.of_cost(hop) >> (SAFE_BITS + 1)) < lost;
        (!is_little).then(|| share.lessened(SAFE_BITS))
    }

    /// Whether liquidity costs what its pieces say.
    pub(super) fn is_convex(&self) -> bool {
        self.prior == Prior::Uniform || self.halving == 0
    }

    /// The prior.
    pub(super) fn prior(&self) -> Prior {
        self.prior
    }

    /// Units of 1 msat, every arc for the same price: for flows whose amount alone counts.
    pub(super) fn flat() -> Self {
        Tariff { share: 0, hop: 1, unit: 1, ..Tariff::new(Prices::FEES, 1) }
    }

    /// Whether biases count.
    pub(super) fn is_biased(&self) -> bool {
        self.is_biased
    }

    /// Whether amounts alone count.
    pub(super) fn is_flat(&self) -> bool {
        self.share == 0
    }

    /// A lower bound on the slope of arcs whose fee is at least `fee` msat and that no bias favours.
    #[inline(always)]
    pub(super) fn bound(&self, fee: u64) -> u64 {
        self.fee_slope(fee) + self.hop + self.hop_toll
    }

    #[inline(always)]
    fn fee_slope(&self, fee: u64) -> u64 {
        let slope = (u128::from(fee) * u128::from(self.share)) >> (SHARE_BITS - SLOPE_BITS);
        if slope > u128::from(SLOPE_MAX / 4) { SLOPE_MAX / 4 } else { slope as u64 }
    }

    #[inline(always)]
    fn linear(&self, record: Record, charge: Charge, weights: Weights) -> Linear {
        let Weights { fee: fee_weight, beyond: weight } = if self.is_biased { weights } else { Weights::ONE };
        if charge == Charge::Own {
            return Linear { apart: self.hop_toll, beyond: self.hop, weight };
        }
        let blocks = |price: u64| price.saturating_mul(record.cltv()).min(SLOPE_MAX / 4);
        let (toll, beyond) = (self.hop_toll + blocks(self.block_toll), self.hop + blocks(self.block));
        if charge == Charge::NoFee {
            return Linear { apart: toll, beyond, weight };
        }
        let fee = fee_weight.of_price(self.fee_slope(record.fee_split(self.millions, self.rest)));
        Linear { apart: fee.saturating_add(toll), beyond, weight }
    }

    /// The first piece of an arc, `None` where it does not carry a unit.
    #[inline(always)]
    pub(super) fn first(
        &self,
        record: Record,
        charge: Charge,
        weights: Weights,
        bounds: HtlcBounds,
        range: LiquidityRange,
    ) -> Option<Piece> {
        let (lower, upper) = (range.lower.to_msat(), range.upper.to_msat());
        let max = bounds.max.min(upper);
        let unknown = upper.saturating_sub(lower);
        if max < self.unit || self.is_aside(range) {
            return None;
        }
        if lower > 0 || self.halving == 0 || !self.is_convex() {
            // What is surely there comes first.
            return self.pieces(record, charge, weights, bounds, range).ahead(0);
        }
        let slope = self.linear(record, charge, weights).slope(self.range_slope(0, unknown));
        Some(Piece { slope, room: (unknown / 2).min(max) / self.unit })
    }

    /// Whether flow leaves an arc aside because no unit of it goes at the price of its first msat: too little is surely there,
    /// and more than half of the rest would be needed. So no arc that flow looks at costs less than its first piece says.
    #[inline(always)]
    fn is_aside(&self, range: LiquidityRange) -> bool {
        let (lower, upper) = (range.lower.to_msat(), range.upper.to_msat());
        self.halving != 0 && lower < self.unit && upper.saturating_sub(lower) / 2 < self.unit
    }

    /// The whole cost of an arc, in units. What is surely there is at least one if there is any.
    pub(super) fn pieces(
        &self,
        record: Record,
        charge: Charge,
        weights: Weights,
        bounds: HtlcBounds,
        range: LiquidityRange,
    ) -> Pieces {
        if bounds.max.min(range.upper.to_msat()) < self.unit || self.is_aside(range) {
            return Pieces::NONE;
        }
        let msat = self.pieces_msat(record, charge, weights, bounds, range);
        let least = u64::from(msat.ends[0] > 0);
        Pieces { ends: msat.ends.map(|end| (end / self.unit).max(least)), slopes: msat.slopes }
    }

    /// The same with ends in msat; slopes are still those of units.
    pub(super) fn pieces_msat(
        &self,
        record: Record,
        charge: Charge,
        weights: Weights,
        bounds: HtlcBounds,
        range: LiquidityRange,
    ) -> Pieces {
        let (lower, upper) = (range.lower.to_msat(), range.upper.to_msat());
        let max = bounds.max.min(upper);
        let linear = self.linear(record, charge, weights);
        if self.halving == 0 {
            return Pieces::linear(max, linear.slope(0));
        }
        if !self.is_convex() {
            return self.hull(linear, max, range, bounds.capacity);
        }
        let unknown = upper.saturating_sub(lower);
        let ends = [lower, lower + unknown / 2, upper - unknown / 5, upper - unknown / 20, upper];
        let [half, more, most] = [0, 1, 2].map(|at| self.range_slope(at, unknown));
        let liquidity = [0, half, more, most, most.max(self.last_slope(unknown))];
        Pieces { ends: ends.map(|end| end.min(max)), slopes: liquidity.map(|slope| linear.slope(slope)) }
    }

    /// The lower convex hull of the prior at shares of what the whole amount takes.
    fn hull(&self, linear: Linear, max: u64, range: LiquidityRange, capacity: u64) -> Pieces {
        let (lower, upper) = (range.lower.to_msat(), range.upper.to_msat());
        let width = upper.min(self.whole.max(lower)) - lower;
        let ends = [width / 2, width - width / 5, width - width / 20, width].map(|end| lower + end);
        let bounds = (range.with_held(lower), range.with_held(upper));
        let amounts = ends.map(|end| range.with_held(end));
        let hull = Hull::at(self.prior, bounds, Msat::from_msat(capacity), amounts);
        let mut liquidity = [0; PIECE_COUNT];
        for (slope, amount) in liquidity[1..].iter_mut().zip(amounts) {
            *slope = hull.piece(amount).map_or(0, |[begin, end]| {
                self.penalty_slope(end.penalty - begin.penalty, end.amount.to_msat() - begin.amount.to_msat())
            });
        }
        // Rounding may turn the last digit.
        for at in 1..PIECE_COUNT {
            liquidity[at] = liquidity[at].max(liquidity[at - 1]);
        }
        let ends = [lower, ends[0], ends[1], ends[2], upper].map(|end| end.min(max));
        Pieces { ends, slopes: liquidity.map(|slope| linear.slope(slope)) }
    }

    /// What a unit costs where `width` msat cost a penalty of `rise`.
    fn penalty_slope(&self, rise: u64, width: u64) -> u64 {
        let halvings = (u128::from(rise) * u128::from(LOG_2_E)) >> LOG_FRACTION_BITS;
        let slope = (self.halving.saturating_mul(halvings) >> (LOG_FRACTION_BITS - SLOPE_BITS))
            / u128::from(width.max(1));
        u64::try_from(slope).map_or(SLOPE_MAX / 4, |slope| slope.min(SLOPE_MAX / 4))
    }

    /// What `msat` cost by the prior itself, in msat.
    pub(super) fn exact_msat(
        &self,
        record: Record,
        charge: Charge,
        weights: Weights,
        range: LiquidityRange,
        capacity: u64,
        msat: u64,
    ) -> u64 {
        let linear = self.linear(record, charge, weights);
        let at = |slope: u64| self.cost_msat(&Pieces::linear(msat, slope), msat);
        let penalty = penalty(self.prior, range, capacity, msat);
        let halvings = (u128::from(penalty) * u128::from(LOG_2_E)) >> LOG_FRACTION_BITS;
        let cost = (self.halving.saturating_mul(halvings) >> LOG_FRACTION_BITS) / u128::from(self.unit);
        let beyond = at(linear.beyond).saturating_add(u64::try_from(cost).unwrap_or(u64::MAX));
        linear.weight.of(beyond).saturating_add(at(linear.apart))
    }

    #[inline(always)]
    fn range_slope(&self, piece: usize, unknown: u64) -> u64 {
        (self.ranges[piece] / (unknown >> self.shift).max(1)).min(SLOPE_MAX / 4)
    }

    /// From 5 % left to nothing.
    fn last_slope(&self, unknown: u64) -> u64 {
        let halvings = u128::from(log2(unknown / 20 + 1));
        let slope = (self.halving.saturating_mul(20 * halvings) >> (LOG_FRACTION_BITS - SLOPE_BITS))
            / u128::from(unknown.max(1));
        u64::try_from(slope).map_or(SLOPE_MAX / 4, |slope| slope.min(SLOPE_MAX / 4))
    }

    /// What `msat` cost on an arc with these pieces (ends in msat), in msat rounded down.
    pub(super) fn cost_msat(&self, pieces: &Pieces, msat: u64) -> u64 {
        self.in_msat(pieces.cost(msat))
    }

    /// A sum of slopes times msat, in msat rounded down.
    pub(super) fn in_msat(&self, cost: u128) -> u64 {
        u64::try_from((cost / u128::from(self.unit)) >> SLOPE_BITS).unwrap_or(u64::MAX)
    }

    /// The other way round.
    pub(super) fn of_msat(&self, msat: u64) -> u128 {
        u128::from(msat).saturating_mul(u128::from(self.unit)).saturating_mul(1 << SLOPE_BITS)
    }
}

/// What `prior` says of `amount` msat beside what is held, in 2^-24.
pub(super) fn penalty(prior: Prior, range: LiquidityRange, capacity: u64, amount: u64) -> u64 {
    let bounds = (range.with_held(range.lower.to_msat()), range.with_held(range.upper.to_msat()));
    prior.penalty(range.with_held(amount), bounds, Msat::from_msat(capacity))
}

fn scaled_share(unit: u64, part: u64) -> u64 {
    u64::try_from((u128::from(unit) << SHARE_BITS) / u128::from(part.max(1))).unwrap_or(u64::MAX)
}

/// Slopes of the pieces up to 50, 80 and 95 % of what is unknown, times it: halvings of the probability over the share
/// that they take, times a unit's price of a halving. Shifted to fit.
fn range_slopes(halving: u128) -> ([u64; 3], u32) {
    let steps = [(1, 2, 50), (1, 5, 30), (1, 20, 15)];
    let (mut before, mut slopes) = (0, [0u128; 3]);
    for (slope, (part, whole, percent)) in slopes.iter_mut().zip(steps) {
        let halvings = log2(whole) - log2(part);
        let scaled = u128::from(halvings - before) * 100 / percent;
        before = halvings;
        *slope = halving.saturating_mul(scaled) >> (LOG_FRACTION_BITS - SLOPE_BITS);
    }
    let shift = 64u32.saturating_sub(slopes[2].leading_zeros());
    (slopes.map(|slope| (slope >> shift) as u64), shift)
}

/// Units in a payment, as Core Lightning's planner has them.
pub(super) const UNIT_COUNT: u64 = 1000;
/// A flow whose prices were this many times higher is no good start.
const WORTH: u128 = 64;
/// A share is taken for less by one part in a power of two, which makes up for roundings.
const SAFE_BITS: u32 = 10;
/// Digits behind the point of a slope.
pub(super) const SLOPE_BITS: u32 = 20;
const SHARE_BITS: u32 = 44;
/// log2(e) with as many digits behind the point as a penalty has.
const LOG_2_E: u64 = 24_204_406;
const MILLION: u64 = 1_000_000;
const BILLION: u128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use primitives::{ChannelPolicy, CltvExpiryDelta, Fee, Msat};
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::cost::CostModel;
    use crate::search::passage::Passage;

    fn random_weights(rng: &mut ChaCha8Rng) -> Weights {
        let [fee, beyond] = [(); 2].map(|()| Weight::of_bias(rng.random_range(-100..=100)));
        if rng.random() { Weights { fee, beyond } } else { Weights::ONE }
    }

    const AMOUNTS: [u64; 6] = [1, 999, 100_000, 123_456_789, 10_000_000_000, 100_000_000_000_000];

    fn random_record(rng: &mut ChaCha8Rng, capacity: u64) -> Record {
        let policy = ChannelPolicy {
            fee: Fee {
                fee_base_msat: rng.random_range(0..3000),
                fee_proportional_millionths: rng.random_range(0..5000),
            },
            inbound_fee: Default::default(),
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(rng.random_range(0..200)),
            htlc_minimum_msat: Msat::from_msat(1),
            htlc_maximum_msat: Msat::from_msat(rng.random_range(0..=capacity / 1000) * 1000),
            disabled: false,
            last_update: Default::default(),
        };
        Record::pack(&policy, Some(Msat::from_msat(capacity)), &mut Vec::new()).expect("room")
    }

    #[test]
    fn pieces_are_convex_and_the_first_is_the_first() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut carried = 0;
        for round in 0..20_000 {
            let amount = AMOUNTS[round % AMOUNTS.len()];
            let tariff = Tariff::new(CostModel::default().prices(Msat::from_msat(amount)), amount);
            let capacity = 1000 << rng.random_range(0..34);
            let record = random_record(&mut rng, capacity);
            let bounds = record.bounds(&[]).expect("enabled");
            let lower = if rng.random() { 0 } else { rng.random_range(0..=capacity) };
            let upper = if rng.random() { capacity } else { rng.random_range(lower..=capacity) };
            let range = LiquidityRange::new(Msat::from_msat(lower), Msat::from_msat(upper));
            let weights = random_weights(&mut rng);
            for charge in [Charge::Forward, Charge::Own, Charge::NoFee] {
                let pieces = tariff.pieces(record, charge, weights, bounds, range);
                assert!(pieces.slopes.is_sorted() && pieces.ends.is_sorted(), "{pieces:?}");
                assert!(pieces.slopes[4] <= SLOPE_MAX);
                let capacity = bounds.max.min(upper) / tariff.unit;
                assert!(pieces.capacity() == capacity || pieces == Pieces::NONE && tariff.is_aside(range));
                if let Some(first) = pieces.ahead(0) {
                    let msat = tariff.pieces_msat(record, charge, weights, bounds, range);
                    assert_eq!(
                        Some(first.slope),
                        msat.ahead(0).map(|piece| piece.slope),
                        "no msat is cheaper"
                    );
                }
                assert_eq!(
                    tariff.first(record, charge, weights, bounds, range),
                    pieces.ahead(0),
                    "{amount} {range:?}"
                );
                carried += u64::from(pieces.capacity() > 0);
            }
            let fee = record.fee(amount);
            // What a bias favours is in no list.
            let unfavoured =
                Weights { fee: weights.fee.max(Weight::ONE), beyond: weights.beyond.max(Weight::ONE) };
            let first = tariff.first(record, Charge::Forward, unfavoured, bounds, range);
            assert!(first.is_none_or(|first| tariff.bound(fee) <= first.slope));
        }
        assert!(carried > 20_000, "{carried}");
    }

    #[test]
    fn the_whole_amount_costs_its_fee_and_the_logarithm_at_each_share() {
        let (amount, capacity) = (1_000_000_000u64, 4_000_000_000u64);
        let prices = CostModel::default().prices(Msat::from_msat(amount));
        let tariff = Tariff::new(prices, amount);
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for _ in 0..100 {
            let record = random_record(&mut rng, capacity);
            let bounds = HtlcBounds { min: 0, max: capacity, capacity };
            let range = LiquidityRange::new(Msat::ZERO, Msat::from_msat(capacity));
            let whole = tariff.pieces_msat(record, Charge::Forward, Weights::ONE, bounds, range);
            let without = tariff.pieces_msat(record, Charge::NoFee, Weights::ONE, bounds, range);
            let fee = tariff.cost_msat(&whole, amount) - tariff.cost_msat(&without, amount);
            assert!(fee.abs_diff(record.fee(amount)) <= 2, "{fee} for {}", record.fee(amount));
            let own = tariff.pieces_msat(record, Charge::Own, Weights::ONE, bounds, range);
            for share in [0.5, 0.8, 0.95] {
                let msat = (capacity as f64 * share) as u64;
                let hop = prices.hop as f64 * msat as f64 / amount as f64;
                let expected = prices.halving as f64 * -(1.0 - share).log2() + hop;
                let found = tariff.cost_msat(&own, msat) as f64;
                assert!((found / expected - 1.0).abs() < 1e-4, "{share}: {found} for {expected}");
            }
        }
    }

    #[test]
    fn biases_multiply_all_of_a_slope_but_tolls() {
        let amount = 1_000_000_000;
        let untolled = CostModel::default().prices(Msat::from_msat(amount));
        let tolled = Prices { hop_toll: 70_000, block_toll_billionths: 900, ..untolled };
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        for _ in 0..1000 {
            let record = random_record(&mut rng, 4 * amount);
            let bounds = HtlcBounds { min: 0, max: 4 * amount, capacity: 4 * amount };
            let range = LiquidityRange::new(Msat::ZERO, Msat::from_msat(4 * amount));
            let bias = rng.random_range(-100..=100);
            let weight = Weight::of_bias(bias);
            let weights = Weights { fee: weight, beyond: weight };
            let slopes = |prices: Prices, weights: Weights| {
                let tariff = Tariff::new(prices, amount);
                tariff.pieces_msat(record, Charge::Forward, weights, bounds, range).slopes
            };
            let plain = slopes(Prices { is_biased: false, ..tolled }, weights);
            assert_eq!(plain, slopes(tolled, Weights::ONE), "{bias} counts where no bias does");
            let biased = slopes(tolled, weights);
            let without = slopes(untolled, Weights::ONE);
            for ((biased, plain), without) in biased.into_iter().zip(plain).zip(without) {
                let toll = plain - without;
                let expected = without as f64 * weight.to_f64() + toll as f64;
                assert!((biased as f64 - expected).abs() <= 2.0 + expected * 1e-9, "{biased} for {expected}");
            }
        }
    }

    #[test]
    fn the_bimodal_hull_is_convex_and_meets_the_prior_where_all_is_sent() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for round in 0..20_000 {
            let amount = AMOUNTS[round % AMOUNTS.len()];
            let prior = Prior::Bimodal(Default::default());
            let prices = CostModel::default().prices(Msat::from_msat(amount));
            let tariff = Tariff::new(prices, amount).with_prior(prior);
            let capacity = 1000 << rng.random_range(0..34);
            let record = random_record(&mut rng, capacity);
            let bounds = HtlcBounds { min: 0, max: capacity, capacity };
            let mut ends = [0; 3].map(|_| rng.random_range(0..=capacity));
            ends.sort_unstable();
            let [held, lower, upper] = ends.map(Msat::from_msat);
            let range = LiquidityRange { lower, upper, held };
            let range = Passage::of(bounds).narrowed(range, Prior::Uniform).spare();
            let bounds = HtlcBounds { max: range.upper.to_msat(), ..bounds };
            let weights = random_weights(&mut rng);
            let pieces = tariff.pieces_msat(record, Charge::Own, weights, bounds, range);
            assert!(pieces.slopes.is_sorted() && pieces.ends.is_sorted(), "{pieces:?}");
            assert_eq!(pieces.capacity(), range.upper.to_msat());
            let whole = tariff.pieces(record, Charge::Own, weights, bounds, range);
            assert_eq!(tariff.first(record, Charge::Own, weights, bounds, range), whole.ahead(0));
            // No knot lies above the prior.
            for &end in pieces.ends.iter().filter(|&&end| end <= tariff.whole) {
                let (convex, exact) = (
                    tariff.cost_msat(&pieces, end),
                    tariff.exact_msat(record, Charge::Own, weights, range, capacity, end),
                );
                // Roundings are weighed, too.
                let slack = exact / 100_000 + weights.beyond.of(2).max(2);
                assert!(convex <= exact + slack, "{convex} above {exact} at {end}: {range:?}");
            }
        }
    }
}
