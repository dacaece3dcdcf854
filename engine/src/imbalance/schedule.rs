//! What a node charges on one of its channels: flat, proportional, and by how the payment moves its balance.
//!
//! The last part is the difference of a *penalty*, a piecewise linear function of the node's own balance in the channel
//! that is given by its corners (Raiden, mediation fees). A payment that leaves the channel worse balanced pays the
//! rise, one that mends it is paid the fall.
//!
//! **Numbers.** A penalty is counted in millionths of a msat, rounded down once at each whole balance:
//!
//! ```text
//! P(x) = floor(10^6 * penalty(x))      fee for the balance going from x to y, part by part:
//!        10^6 * flat + proportional_millionths * |y - x| + P(y) - P(x)
//! ```
//! Everything behind that is exact: fees of a payment there and back add up to no penalty at all, and the parts of a
//! payment pay together what the whole pays. The penalty part of a fee is off from the real function's by less than a
//! millionth of a msat.
//!
//! **Steps.** No stretch of a schedule rises by more than `10^6 - proportional_millionths` millionths a msat; steeper ones
//! are refused. That number is whole, so `P(x + 1) - P(x)` stays below it too (the floors of two numbers that are at most
//! a whole number apart are at most that number apart, and corners lie at whole balances). `mediate` rests on this.

use std::cmp::Ordering;

use primitives::Msat;

/// A schedule in plain values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeeTerms {
    /// Charged once a payment; at most [`AMOUNT_MAX`].
    pub flat: Msat,
    /// Charged a million msat; at most 1,000,000.
    pub proportional_millionths: u32,
    /// The corners of the penalty: none, or at least two, from balance 0 to the channel's capacity, balances rising.
    pub imbalance_penalty: Vec<PenaltyPoint>,
    /// Whether a mediator's fee below zero counts as zero.
    pub cap_fees: bool,
}

/// A corner of a penalty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PenaltyPoint {
    /// What the node owns in the channel; at most [`AMOUNT_MAX`].
    pub balance: Msat,
    /// Its penalty in msat; only differences count. At most [`PENALTY_MAX_MSAT`], on either side of zero.
    pub penalty_msat: i64,
}

/// A schedule that obeys all bounds, ready to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeSchedule {
    flat: u64,
    proportional: u64,
    cap_fees: bool,
    corners: Box<[Corner]>,
}

/// A corner and the line behind it. A value behind it by `d` is `penalty + slope * d + rest * d / width`, rounded
/// down, `width` being the distance to the next corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Corner {
    /// Balance in msat.
    pub(super) balance: u64,
    /// Millionths of a msat.
    pub(super) penalty: i64,
    /// Whole millionths a msat, rounded down.
    pub(super) slope: i64,
    /// What is left of the rise over the whole width, less than the width.
    pub(super) rest: u64,
}

impl FeeSchedule {
    /// No fees at all.
    pub fn free() -> Self {
        FeeSchedule { flat: 0, proportional: 0, cap_fees: false, corners: Box::default() }
    }

    /// Checks terms and lays them out. O(corners).
    ///
    /// # Errors
    /// Where a number is out of its range, or the penalty is no function on balances from 0 on.
    pub fn new(terms: &FeeTerms) -> Result<Self, ScheduleError> {
        let proportional_millionths = terms.proportional_millionths;
        if terms.flat > AMOUNT_MAX || i64::from(proportional_millionths) > MILLION {
            return Err(ScheduleError::FeeTooHigh { flat: terms.flat, proportional_millionths });
        }
        let points = &terms.imbalance_penalty;
        if points.len() == 1 || points.len() > POINT_COUNT_MAX {
            return Err(ScheduleError::PointCount { count: points.len() });
        }
        if let Some(first) = points.first().filter(|first| first.balance != Msat::ZERO) {
            return Err(ScheduleError::FirstPoint { balance: first.balance });
        }
        let in_range = |point: &PenaltyPoint| {
            point.balance <= AMOUNT_MAX
                && point.penalty_msat.unsigned_abs() <= PENALTY_MAX_MSAT.unsigned_abs()
        };
        if let Some(&point) = points.iter().find(|point| !in_range(point)) {
            return Err(ScheduleError::PointOutOfRange { point });
        }
        let mut corners = Vec::with_capacity(points.len());
        for pair in points.windows(2) {
            corners.push(Corner::between(pair[0], pair[1], i64::from(proportional_millionths))?);
        }
        corners.extend(points.last().map(|&point| Corner::at(point)));
        Ok(FeeSchedule {
            flat: terms.flat.to_msat(),
            proportional: u64::from(proportional_millionths),
            cap_fees: terms.cap_fees,
            corners: corners.into(),
        })
    }

    /// The terms that it was made of.
    pub fn terms(&self) -> FeeTerms {
        FeeTerms {
            flat: Msat::from_msat(self.flat),
            proportional_millionths: self.proportional as u32,
            imbalance_penalty: self.corners.iter().map(Corner::point).collect(),
            cap_fees: self.cap_fees,
        }
    }

    /// The greatest balance that it knows a penalty for; [`AMOUNT_MAX`] where there is no penalty.
    pub fn balance_max(&self) -> Msat {
        self.corners.last().map_or(AMOUNT_MAX, |corner| Msat::from_msat(corner.balance))
    }

    /// Whether the penalty is convex, as a flow wants it: its slope never falls.
    pub fn is_convex(&self) -> bool {
        let mut bends = self.corners.windows(3).map(|at| bend(at[0].point(), at[1].point(), at[2].point()));
        bends.all(Ordering::is_ge)
    }

    /// The same fees with the greatest convex penalty that is nowhere above this one's: equal at both ends, lower
    /// where this one is not convex. Fees differ there in both directions. O(corners).
    pub fn convexified(&self) -> FeeSchedule {
        let mut terms = self.terms();
        let mut hull: Vec<PenaltyPoint> = Vec::with_capacity(terms.imbalance_penalty.len());
        for point in terms.imbalance_penalty {
            while let [.., before, last] = hull[..]
                && bend(before, last, point).is_le()
            {
                hull.pop();
            }
            hull.push(point);
        }
        terms.imbalance_penalty = hull;
        FeeSchedule::new(&terms).expect("a chord of lines that are not too steep is not too steep")
    }

    #[inline(always)]
    pub(super) fn flat(&self) -> u64 {
        self.flat
    }

    #[inline(always)]
    pub(super) fn proportional(&self) -> u64 {
        self.proportional
    }

    #[inline(always)]
    pub(super) fn caps_fees(&self) -> bool {
        self.cap_fees
    }

    #[inline(always)]
    pub(super) fn corners(&self) -> &[Corner] {
        &self.corners
    }

    /// The penalty of a balance of at most [`FeeSchedule::balance_max`], in millionths of a msat. O(log corners).
    #[inline]
    pub(super) fn penalty(&self, balance: u64) -> i64 {
        let after = self.corners.partition_point(|corner| corner.balance <= balance);
        let Some(corner) = after.checked_sub(1).map(|at| self.corners[at]) else { return 0 };
        let width = self.corners.get(after).map_or(1, |next| next.balance - corner.balance);
        corner.value(balance - corner.balance, width)
    }
}

impl Corner {
    fn point(&self) -> PenaltyPoint {
        let penalty_msat = self.penalty / MILLION;
        PenaltyPoint { balance: Msat::from_msat(self.balance), penalty_msat }
    }

    fn at(point: PenaltyPoint) -> Self {
        let penalty = point.penalty_msat * MILLION;
        Corner { balance: point.balance.to_msat(), penalty, slope: 0, rest: 0 }
    }

    /// The corner at `point` with the line to `next`.
    fn between(point: PenaltyPoint, next: PenaltyPoint, proportional: i64) -> Result<Self, ScheduleError> {
        let width = next.balance.to_msat().saturating_sub(point.balance.to_msat());
        if width == 0 {
            return Err(ScheduleError::NotAscending { balance: next.balance });
        }
        // At most 2^42 * 10^6 < 2^62.
        let rise = (next.penalty_msat - point.penalty_msat) * MILLION;
        let run = width as i64;
        let (slope, rest) = (rise.div_euclid(run), rise.rem_euclid(run) as u64);
        if slope + i64::from(rest > 0) > MILLION - proportional {
            return Err(ScheduleError::TooSteep { balance: point.balance });
        }
        Ok(Corner { slope, rest, ..Corner::at(point) })
    }

    /// The penalty `distance` msat behind the corner, at most `width`.
    #[inline(always)]
    fn value(self, distance: u64, width: u64) -> i64 {
        let fraction = match self.rest.checked_mul(distance) {
            Some(product) => product / width,
            None => (u128::from(self.rest) * u128::from(distance) / u128::from(width)) as u64,
        };
        self.penalty + self.slope * distance as i64 + fraction as i64
    }
}

/// How the slope changes in the middle: greater where it rises.
fn bend(from: PenaltyPoint, middle: PenaltyPoint, to: PenaltyPoint) -> Ordering {
    let run = |a: PenaltyPoint, b: PenaltyPoint| i128::from(b.balance.to_msat() - a.balance.to_msat());
    let rise = |a: PenaltyPoint, b: PenaltyPoint| i128::from(b.penalty_msat - a.penalty_msat);
    (rise(middle, to) * run(from, middle)).cmp(&(rise(from, middle) * run(middle, to)))
}

/// Why terms are no schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// A fee is out of its range.
    #[error("a flat fee of {flat} or {proportional_millionths} millionths is too high")]
    FeeTooHigh {
        /// The flat fee.
        flat: Msat,
        /// The proportional one.
        proportional_millionths: u32,
    },
    /// One corner alone is no function, and more than [`POINT_COUNT_MAX`] are too many.
    #[error("a penalty has no corner or 2 to {POINT_COUNT_MAX}, not {count}")]
    PointCount {
        /// How many there are.
        count: usize,
    },
    /// The penalty of an empty channel is not told.
    #[error("a penalty begins at balance 0, not at {balance}")]
    FirstPoint {
        /// Where it begins.
        balance: Msat,
    },
    /// A corner is out of its range.
    #[error("the corner at {} is out of range", point.balance)]
    PointOutOfRange {
        /// The corner.
        point: PenaltyPoint,
    },
    /// A corner lies no farther than the one before it.
    #[error("the corner at {balance} lies no farther than the one before it")]
    NotAscending {
        /// The corner.
        balance: Msat,
    },
    /// Beyond a corner, a msat more costs more than a msat.
    #[error("beyond {balance} a payment would cost more than it is worth")]
    TooSteep {
        /// The corner.
        balance: Msat,
    },
}

/// The most that a balance, a flat fee or a payment can be: 2^53 msat, some 90,000 BTC.
pub const AMOUNT_MAX: Msat = Msat::from_msat(1 << 53);
/// The most that a penalty can be, on either side of zero: 2^41 msat, some 22 BTC.
pub const PENALTY_MAX_MSAT: i64 = 1 << 41;
/// The most corners of a penalty; Raiden's own clients make 21.
pub const POINT_COUNT_MAX: usize = 256;
/// Millionths in one.
pub(super) const MILLION: i64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(points: &[(u64, i64)], proportional_millionths: u32) -> Result<FeeSchedule, ScheduleError> {
        let imbalance_penalty = points
            .iter()
            .map(|&(balance, penalty_msat)| PenaltyPoint { balance: Msat::from_msat(balance), penalty_msat })
            .collect();
        FeeSchedule::new(&FeeTerms { proportional_millionths, imbalance_penalty, ..FeeTerms::default() })
    }

    #[test]
    fn penalties_lie_on_the_lines_between_corners() {
        // Raiden's own examples of interpolation, and one that does not come out even.
        let line = schedule(&[(0, 0), (50, -50), (100, 50)], 0);
        assert_eq!(line, Err(ScheduleError::TooSteep { balance: Msat::from_msat(50) }));
        let line = schedule(&[(0, 0), (500, -50), (1000, 50)], 0).expect("sound");
        assert_eq!([400, 600, 900, 990].map(|x| line.penalty(x) / MILLION), [-40, -30, 30, 48]);
        let thirds = schedule(&[(0, 0), (3, 1), (6, 0)], 0).expect("sound");
        let expected = [0, 333_333, 666_666, 1_000_000, 666_666, 333_333, 0];
        assert_eq!([0, 1, 2, 3, 4, 5, 6].map(|x| thirds.penalty(x)), expected);
        assert_eq!(FeeSchedule::free().penalty(AMOUNT_MAX.to_msat()), 0);
    }

    #[test]
    fn terms_out_of_range_are_refused() {
        assert_eq!(schedule(&[(0, 0)], 0), Err(ScheduleError::PointCount { count: 1 }));
        let many: Vec<(u64, i64)> = (0..=POINT_COUNT_MAX as u64).map(|x| (x, 0)).collect();
        assert!(schedule(&many[1..], 0).is_err() && schedule(&many[..POINT_COUNT_MAX], 0).is_ok());
        assert_eq!(schedule(&many, 0), Err(ScheduleError::PointCount { count: POINT_COUNT_MAX + 1 }));
        let begins = Msat::from_msat(1);
        assert_eq!(schedule(&[(1, 0), (2, 0)], 0), Err(ScheduleError::FirstPoint { balance: begins }));
        assert!(matches!(schedule(&[(0, 0), (0, 0)], 0), Err(ScheduleError::NotAscending { .. })));
        assert!(matches!(schedule(&[(0, 0), (5, 0), (4, 0)], 0), Err(ScheduleError::NotAscending { .. })));
        let beyond = AMOUNT_MAX.to_msat() + 1;
        assert!(matches!(schedule(&[(0, 0), (beyond, 0)], 0), Err(ScheduleError::PointOutOfRange { .. })));
        let low = [(0, i64::MIN), (9, 0)];
        assert!(matches!(schedule(&low, 0), Err(ScheduleError::PointOutOfRange { .. })));
        assert!(matches!(schedule(&[], 1_000_001), Err(ScheduleError::FeeTooHigh { .. })));
        // A rise of 9/10 leaves a tenth for the proportional fee, and not a millionth more.
        assert!(schedule(&[(0, 0), (10, 9)], 100_000).is_ok());
        assert!(matches!(schedule(&[(0, 0), (10, 9)], 100_001), Err(ScheduleError::TooSteep { .. })));
        let widest =
            [(0, PENALTY_MAX_MSAT), (1, -PENALTY_MAX_MSAT), (AMOUNT_MAX.to_msat(), PENALTY_MAX_MSAT)];
        let widest = schedule(&widest, 0).expect("in range");
        assert_eq!(widest.penalty(AMOUNT_MAX.to_msat()), PENALTY_MAX_MSAT * MILLION);
        assert!(widest.penalty(AMOUNT_MAX.to_msat() - 1) < PENALTY_MAX_MSAT * MILLION);
    }

    #[test]
    fn hulls_are_convex_and_keep_the_ends() {
        let bumpy = schedule(&[(0, 10), (10, 9), (20, 3), (30, 8), (40, 9), (50, 16)], 0).expect("sound");
        assert!(!bumpy.is_convex());
        let hull = bumpy.convexified();
        let corners: Vec<(u64, i64)> =
            hull.corners.iter().map(|corner| (corner.balance, corner.penalty / MILLION)).collect();
        assert!(hull.is_convex());
        assert_eq!(corners, [(0, 10), (20, 3), (40, 9), (50, 16)]);
        assert!((0..=50).all(|x| hull.penalty(x) <= bumpy.penalty(x)));
        assert_eq!(hull.convexified(), hull);
        assert!(FeeSchedule::free().is_convex() && FeeSchedule::free().convexified() == FeeSchedule::free());
        assert_eq!(schedule(&[(0, 3), (7, 1)], 5).expect("sound").terms().imbalance_penalty.len(), 2);
    }
}
