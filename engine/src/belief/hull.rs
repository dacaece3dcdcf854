//! A penalty as a flow wants it: convex, and linear in a few pieces.
//!
//! A flow that is cheapest by successive cheapest paths needs convex costs (Pickhardt, Richter, arXiv 2107.05322). The
//! uniform penalty is convex, the bimodal one is not: its first msat are the dearest, behind them lies a plateau. What
//! is taken instead is the lower convex hull of the penalty at a few amounts, which the caller chooses.
//!
//! ```text
//!     penalty |                     .*   knots at the amounts, those above the hull left out
//!             |                   .'
//!             |         .-------*'
//!             |     . '  .  '
//!           0 *-----*------------------ amount
//!             0   lower
//! ```

use primitives::Msat;

use super::prior::Prior;

/// Where the slope of a [`Hull`] changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Knot {
    /// Up to which amount in all.
    pub amount: Msat,
    /// What that costs, in 2^-[`PENALTY_FRACTION_BITS`](super::PENALTY_FRACTION_BITS).
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

    /// Both ends of the piece on which an amount lies, or which it ends; `None` where it is certain or beyond the hull.
    pub fn piece(&self, amount: Msat) -> Option<[Knot; 2]> {
        let mut begin = Knot { amount: self.certain, penalty: 0 };
        for &end in &self.knots[..self.count] {
            if begin.amount < amount && amount <= end.amount {
                return Some([begin, end]);
            }
            begin = end;
        }
        None
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::belief::Bimodal;

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
    fn a_hull_is_convex_and_not_above_the_penalty_at_its_amounts() {
        for (prior, bounds, capacity) in cases() {
            let width = bounds.1.to_msat() - bounds.0.to_msat();
            let amounts = [width / 4, width / 2, width - width / 5, width]
                .map(|part| bounds.0.saturating_add(Msat::from_msat(part)));
            let hull = Hull::at(prior, bounds, capacity, amounts);
            let penalty = |amount: Msat| prior.penalty(amount, bounds, capacity);
            let line = |begin: Knot, end: Knot| {
                let width = end.amount.to_msat() - begin.amount.to_msat();
                (u128::from(end.penalty - begin.penalty), u128::from(width))
            };
            let mut last: Option<[Knot; 2]> = None;
            for amount in amounts.into_iter().filter(|&amount| amount > bounds.0) {
                let [begin, end] = hull.piece(amount).expect("the last amount ends the hull");
                let exact = Knot { amount, penalty: penalty(amount) };
                let (slope, to_exact) = (line(begin, end), line(begin, exact));
                assert!(
                    slope.0 * to_exact.1 <= to_exact.0 * slope.1,
                    "above {exact:?}: {prior:?} {bounds:?} {capacity:?}"
                );
                assert_eq!(end.penalty, penalty(end.amount));
                if let Some(last) = last.filter(|&last| last != [begin, end]) {
                    let before = line(last[0], last[1]);
                    assert_eq!(last[1], begin);
                    assert!(
                        before.0 * slope.1 < slope.0 * before.1,
                        "not convex: {prior:?} {bounds:?} {capacity:?}"
                    );
                }
                last = Some([begin, end]);
            }
            assert_eq!(last.map_or(bounds.0, |last| last[1].amount), bounds.1);
            assert_eq!(hull.piece(bounds.0), None);
            assert_eq!(hull.piece(bounds.1.saturating_add(Msat::from_msat(1))), None);
        }
    }
}
