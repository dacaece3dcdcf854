//! A penalty as a flow wants it: convex, and linear in a few pieces.
//!
//! A flow that is cheapest by successive cheapest paths needs convex costs (Pickhardt, Richter, arXiv 2107.05322). The
//! uniform penalty is convex, the bimodal one is not: its first msat are the dearest, behind them lies a plateau. What
//! is taken instead is the lower convex hull of the penalty at a few amounts.
//!
//! ```text
//! penalty_max |                     .*   knots at equal steps of the penalty, each at the least amount that costs as
//!             |                   .'     much, then those above the hull left out
//!             |         .-------*'
//!             |     . '  .  '
//!           0 *-----*------------------ amount
//!             0   lower             end
//! ```
//! Equal steps of the penalty are the best knots for the uniform prior: its pieces are alike but for their scale, so
//! their errors are equal. A flow never fills a channel beyond `end`, where the penalty reaches `penalty_max`; askrene
//! stops at a probability of 5%, which is ln 20.

use primitives::Msat;

use super::prior::{PENALTY_FRACTION_BITS, Prior};

/// ln(20) in penalty units: P = 5%.
pub const PENALTY_OF_ONE_IN_TWENTY: u64 = 50_260_047;

/// Where the slope of a [`Hull`] changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Knot {
    /// Up to which amount in all.
    pub amount: Msat,
    /// What that costs, in 2^-[`PENALTY_FRACTION_BITS`].
    pub penalty: u64,
}

/// A convex penalty of at most `K` rising pieces behind the certain amount. Nothing is allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hull<const K: usize> {
    certain: Msat,
    knots: [Knot; K],
    count: usize,
}

impl<const K: usize> Hull<K> {
    /// The hull of `prior`'s penalty between the bounds, up to `penalty_max`. O(K log capacity).
    pub fn new(prior: Prior, bounds: (Msat, Msat), capacity: Msat, penalty_max: u64) -> Self {
        let upper = bounds.1.min(capacity);
        let mut hull = Hull::certain_within(bounds, capacity);
        let penalty = |amount: u64| prior.penalty(Msat::from_msat(amount), bounds, capacity);
        let mut last = hull.certain.to_msat();
        for step in 1..=K as u128 {
            let level = (u128::from(penalty_max) * step / K as u128) as u64;
            let amount = last_within(last, upper.to_msat(), |amount| penalty(amount) <= level);
            if amount > last {
                hull.push(Knot { amount: Msat::from_msat(amount), penalty: penalty(amount) });
                last = amount;
            }
        }
        hull
    }

    /// The hull of `prior`'s penalty between the bounds at some amounts, in rising order. O(K).
    pub fn at(prior: Prior, bounds: (Msat, Msat), capacity: Msat, amounts: [Msat; K]) -> Self {
        let mut hull = Hull::certain_within(bounds, capacity);
        let mut last = hull.certain;
        for amount in amounts.into_iter().filter(|&amount| amount <= bounds.1.min(capacity)) {
            if amount > last {
                hull.push(Knot { amount, penalty: prior.penalty(amount, bounds, capacity) });
                last = amount;
            }
        }
        hull
    }

    fn certain_within((lower, upper): (Msat, Msat), capacity: Msat) -> Self {
        Hull { certain: lower.min(upper).min(capacity), knots: [Knot::default(); K], count: 0 }
    }

    /// What the channel carries for nothing.
    pub fn certain(&self) -> Msat {
        self.certain
    }

    /// The ends of the pieces, in rising order; the first piece begins at the certain amount, with a penalty of 0. The
    /// last one ends where a flow must.
    pub fn knots(&self) -> &[Knot] {
        &self.knots[..self.count]
    }

    /// The penalty along the hull, rounded down; `None` beyond its end.
    pub fn penalty(&self, amount: Msat) -> Option<u64> {
        if amount <= self.certain {
            return Some(0);
        }
        let [begin, end] = self.piece(amount)?;
        let part = u128::from(amount.to_msat() - begin.amount.to_msat());
        let width = u128::from(end.amount.to_msat() - begin.amount.to_msat());
        let rise = u128::from(end.penalty - begin.penalty);
        Some(begin.penalty + (rise * part / width) as u64)
    }

    /// Both ends of the piece on which an amount lies, or which it ends; `None` where it is certain or beyond the hull.
    pub fn piece(&self, amount: Msat) -> Option<[Knot; 2]> {
        let mut begin = Knot { amount: self.certain, penalty: 0 };
        for &end in self.knots() {
            if begin.amount < amount && amount <= end.amount {
                return Some([begin, end]);
            }
            begin = end;
        }
        None
    }

    /// A bound on the distance between the hull and `prior`'s penalty with the same arguments as in [`Hull::new`],
    /// anywhere up to the hull's end. Both never fall, so between two amounts they differ at most by the one's value at
    /// the greater and the other's at the lesser amount; the pieces are cut into 32 for that. O(K).
    pub fn error_bound(&self, prior: Prior, bounds: (Msat, Msat), capacity: Msat) -> u64 {
        let at = |amount: Msat| {
            let hull = self.penalty(amount).expect("asked up to the last knot only");
            (prior.penalty(amount, bounds, capacity), hull)
        };
        let (mut low, mut last, mut bound) = (self.certain, at(self.certain), 0);
        for knot in self.knots() {
            let width = u128::from(knot.amount.to_msat() - low.to_msat());
            let begin = low;
            for cut in 1..=CUT_COUNT {
                let amount = begin.saturating_add(Msat::from_msat((width * cut / CUT_COUNT) as u64));
                let here = at(amount);
                bound = bound.max(here.0.saturating_sub(last.1)).max(here.1.saturating_sub(last.0));
                last = here;
            }
            low = knot.amount;
        }
        bound
    }

    /// Appends a knot, and leaves out those that lie above the line to it.
    fn push(&mut self, knot: Knot) {
        while self.count > 0 {
            let middle = self.knots[self.count - 1];
            let before = match self.count {
                1 => Knot { amount: self.certain, penalty: 0 },
                count => self.knots[count - 2],
            };
            let rise = |from: Knot, to: Knot| u128::from(to.penalty - from.penalty);
            let width = |from: Knot, to: Knot| u128::from(to.amount.to_msat() - from.amount.to_msat());
            if rise(before, middle) * width(middle, knot) < rise(middle, knot) * width(before, middle) {
                break;
            }
            self.count -= 1;
        }
        self.knots[self.count] = knot;
        self.count += 1;
    }
}

/// The greatest number from `low` to `high` that `is_within`, where that holds for `low` and for nothing behind the
/// first one that is not.
fn last_within(low: u64, high: u64, is_within: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (low, high);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if is_within(middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

/// Parts of a piece in [`Hull::error_bound`].
const CUT_COUNT: u128 = 32;

const _: () = assert!(PENALTY_FRACTION_BITS == 24, "the constant above is in units of 2^-24");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::belief::Bimodal;

    const ONE: f64 = (1u64 << PENALTY_FRACTION_BITS) as f64;

    fn cases() -> Vec<(Prior, (Msat, Msat), Msat)> {
        let mut cases = Vec::new();
        for capacity in [0u64, 1, 5, 1000, 1_000_000_000, 50_000_000_000, 1 << 61] {
            for (low, high) in [(0u64, 100u64), (0, 40), (30, 100), (10, 60), (50, 50)] {
                let share =
                    |percent| Msat::from_msat((u128::from(capacity) * u128::from(percent) / 100) as u64);
                for prior in [Prior::Uniform, Prior::Bimodal(Bimodal::default())] {
                    cases.push((prior, (share(low), share(high)), Msat::from_msat(capacity)));
                }
            }
        }
        cases
    }

    #[test]
    fn the_constant_is_the_logarithm_of_twenty() {
        assert!((PENALTY_OF_ONE_IN_TWENTY as f64 - 20f64.ln() * ONE).abs() < 1.0);
    }

    #[test]
    fn neighbours_are_joined_until_slopes_rise() {
        let pieces = |rises: [u64; 3], widths: [u64; 3]| {
            let mut hull = Hull::<3>::certain_within((Msat::ZERO, Msat::MAX), Msat::MAX);
            let mut knot = Knot::default();
            let ends = rises.into_iter().zip(widths).map(|(rise, width)| {
                let amount = Msat::from_msat(knot.amount.to_msat() + width);
                knot = Knot { amount, penalty: knot.penalty + rise };
                hull.push(knot);
                amount
            });
            let ends = ends.collect::<Vec<_>>();
            let piece = |end: Msat| {
                let [begin, end] = hull.piece(end)?;
                Some((end.penalty - begin.penalty, end.amount.to_msat() - begin.amount.to_msat()))
            };
            ends.into_iter().map(piece).collect::<Vec<_>>()
        };
        assert_eq!(pieces([6, 1, 8], [2, 1, 1]), [Some((7, 3)), Some((7, 3)), Some((8, 1))]);
        assert_eq!(pieces([6, 1, 2], [2, 1, 1]), [Some((9, 4)); 3]);
        let empty = Hull::<2>::at(Prior::Uniform, (Msat::ZERO, Msat::ZERO), Msat::MAX, [Msat::ZERO; 2]);
        assert_eq!(empty.piece(Msat::ZERO), None);
    }

    #[test]
    fn a_hull_is_convex_and_within_its_error() {
        for (prior, bounds, capacity) in cases() {
            let hull = Hull::<4>::new(prior, bounds, capacity, PENALTY_OF_ONE_IN_TWENTY);
            let mut slopes = Vec::new();
            let mut begin = Knot { amount: hull.certain(), penalty: 0 };
            for &end in hull.knots() {
                let (rise, width) =
                    (end.penalty - begin.penalty, end.amount.to_msat() - begin.amount.to_msat());
                slopes.push((u128::from(rise), u128::from(width)));
                begin = end;
            }
            assert!(
                slopes.windows(2).all(|pair| pair[0].0 * pair[1].1 < pair[1].0 * pair[0].1),
                "not convex"
            );
            assert!(begin.amount <= bounds.1 && begin.penalty <= PENALTY_OF_ONE_IN_TWENTY);
            let bound = hull.error_bound(prior, bounds, capacity);
            let width = u128::from(begin.amount.to_msat() - hull.certain().to_msat());
            for step in 0..=1000 {
                let amount = hull.certain().saturating_add(Msat::from_msat((width * step / 1000) as u64));
                let (exact, along) =
                    (prior.penalty(amount, bounds, capacity), hull.penalty(amount).unwrap_or(0));
                assert!(exact.abs_diff(along) <= bound, "{prior:?} {bounds:?} {capacity:?} at {amount:?}");
            }
            assert_eq!(hull.penalty(begin.amount.saturating_add(Msat::from_msat(1))), None);
        }
    }

    #[test]
    fn four_pieces_of_a_uniform_penalty_are_off_by_less_than_a_tenth() {
        let bounds = (Msat::ZERO, Msat::from_msat(5_000_000_000));
        let hull = Hull::<4>::new(Prior::Uniform, bounds, bounds.1, PENALTY_OF_ONE_IN_TWENTY);
        assert_eq!(hull.knots().len(), 4);
        let bound = hull.error_bound(Prior::Uniform, bounds, bounds.1) as f64 / ONE;
        // The widest gap between -ln(1 - x) and a chord that rises by ln(20) / 4 is 0.0693.
        assert!((0.069..0.115).contains(&bound), "{bound}");
    }
}
