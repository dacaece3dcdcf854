//! What a bias makes of a cost: a factor in fixed point, the same bits on every machine.
//!
//! Core Lightning's askrene multiplies the cost of a channel by exp(-bias / (100 / ln 30)), which is 30^(-bias / 100):
//! a bias of 100 makes a channel thirty times cheaper, one of -100 thirty times dearer. Products are rounded up, so that a
//! cost times a factor never falls where the cost grows, is zero for zero only, and bounds the cost from above again
//! (see [`Weight::undone`]). Prices of a unit of flow are rounded down instead, so that what a flow proves stays below what
//! HTLCs cost.

/// A factor on a cost, from 1/30 to 30, with 20 bits behind the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Weight(u32);

impl Weight {
    /// Leaves a cost as it is.
    pub(crate) const ONE: Weight = Weight(1 << POINT);

    /// The factor of a bias, to the nearest digit; biases beyond -100 and 100 count as these.
    pub(crate) fn of_bias(bias: i32) -> Self {
        let steps = bias.unsigned_abs().min(BIAS_MAX as u32) as usize;
        let power = POWERS[steps];
        let fixed = if bias > 0 {
            ((1u128 << (POINT + POWER_POINT)) + power / 2) / power
        } else {
            (power + (1 << (POWER_POINT - POINT - 1))) >> (POWER_POINT - POINT)
        };
        Weight(u32::try_from(fixed).expect("thirty fits the bits before the point"))
    }

    /// Whether it makes costs smaller.
    pub(crate) fn is_favour(self) -> bool {
        self < Weight::ONE
    }

    /// A cost in msat times the factor, rounded up; saturates.
    #[inline(always)]
    pub(crate) fn of(self, cost: u64) -> u64 {
        if self == Weight::ONE {
            return cost;
        }
        let product = (u128::from(cost) * u128::from(self.0)).div_ceil(1 << POINT);
        u64::try_from(product).unwrap_or(u64::MAX)
    }

    /// A price of a unit of flow times the factor, rounded down; saturates.
    #[inline(always)]
    pub(crate) fn of_price(self, price: u64) -> u64 {
        if self == Weight::ONE {
            return price;
        }
        let product = (u128::from(price) * u128::from(self.0)) >> POINT;
        u64::try_from(product).unwrap_or(u64::MAX)
    }

    /// The largest cost that does not become more than `cost`; saturates.
    pub(crate) fn undone(self, cost: u64) -> u64 {
        let whole = (u128::from(cost) << POINT) / u128::from(self.0);
        u64::try_from(whole).unwrap_or(u64::MAX)
    }

    /// The factor as a float, for bounds that leave room for its rounding.
    pub(crate) fn to_f64(self) -> f64 {
        f64::from(self.0) / f64::from(1u32 << POINT)
    }
}

/// The largest bias, and the least with its sign turned.
pub const BIAS_MAX: i8 = 100;

/// Bits behind the point of a factor.
const POINT: u32 = 20;
/// Bits behind the point of a power.
const POWER_POINT: u32 = 56;
/// 30^(1/100) with [`POWER_POINT`] bits behind the point.
const ROOT: u128 = 74_550_570_239_016_899;
/// 30^(i/100) with [`POWER_POINT`] bits behind the point.
static POWERS: [u128; BIAS_MAX as usize + 1] = powers();

const fn powers() -> [u128; BIAS_MAX as usize + 1] {
    let mut powers = [1u128 << POWER_POINT; BIAS_MAX as usize + 1];
    let mut step = 1;
    while step < powers.len() {
        powers[step] = (powers[step - 1] * ROOT) >> POWER_POINT;
        step += 1;
    }
    powers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_those_of_askrene() {
        for bias in -100..=100 {
            let exact = (-f64::from(bias) / (100.0 / 30f64.ln())).exp();
            let found = Weight::of_bias(bias).to_f64();
            assert!(
                (found - exact).abs() <= 0.501 / f64::from(1 << POINT),
                "{bias}: {found} against {exact}"
            );
        }
        assert_eq!(Weight::of_bias(0), Weight::ONE);
        assert_eq!(Weight::of_bias(400), Weight::of_bias(100));
    }

    #[test]
    fn costs_never_fall_and_are_bounded_both_ways() {
        for bias in [-100, -37, -1, 0, 1, 50, 100] {
            let weight = Weight::of_bias(bias);
            let (mut last, mut last_price) = (0, 0);
            for cost in (0..3000).chain([u64::MAX / 64, u64::MAX / 40]) {
                let weighed = weight.of(cost);
                assert!(weighed >= last, "{bias}: falls at {cost}");
                assert!(weight.undone(weighed) >= cost, "{bias}: {cost} is not bounded");
                assert_eq!(weighed == 0, cost == 0);
                let price = weight.of_price(cost);
                assert!(price >= last_price && weighed - price <= 1, "{bias}: {price} for {weighed}");
                (last, last_price) = (weighed, price);
            }
        }
        assert_eq!(Weight::of_bias(-100).of(u64::MAX), u64::MAX);
    }
}
