//! What a mediator takes of a payment that comes in over one of its channels and goes out over another.
//!
//! It gets `a`, passes on `b`, and keeps at least the sum of both channels' fees (Raiden, mediation fees):
//!
//! ```text
//!    a             b          in(a)  = 10^6 flat_in  + q_in  a + P_in(x_in + a)   - P_in(x_in)
//! -------> node ------->      out(b) = 10^6 flat_out + q_out b + P_out(x_out - b) - P_out(x_out)
//!                             kept:  10^6 (a - b) >= in(a) + out(b)          and a >= b where fees are capped
//! ```
//! x are the node's own balances before, everything is in millionths of a msat and whole, so "kept" is exact; the fee
//! that is told, a - b, is the exact one rounded up to whole msat.
//!
//! **Lemma (monotone).** `L(a) = 10^6 a - in(a)` never falls: one msat more adds `10^6 - q - (P(x+a+1) - P(x+a)) >= 0`.
//! `N(b) = 10^6 b + out(b)` never falls: one msat more adds `10^6 + q - (P(x-b) - P(x-b-1)) >= 2 q`. Both by the steps of
//! `schedule`.
//!
//! So for each b the least sufficient `a` (*before fees*) and for each a the most `b` (*after fees*) exist and are
//! adjoint: `before(b) <= a` exactly if `b <= after(a)`. Hence `after(before(b)) >= b`, while one msat less than `before(b)`
//! lets less than b through. Equality holds wherever a further msat on the way out costs a msat or more on the way in;
//! only a mediator that pays for being rebalanced may let more through. Who is told what to forward, as in Lightning's
//! onions, forwards b. The same holds of chains of mediators, since adjoint functions compose.
//!
//! `before` needs one division: L is compared at the corners of P, and between two of them
//! `(10^6 - q - slope) d - floor(rest d / width) >= R` is solved for the least d (below). `after` bisects.

use super::schedule::{Corner, FeeSchedule, MILLION};

/// A node's share of one of its channels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share<'a> {
    /// What it owns there, in msat.
    pub(super) balance: u64,
    /// What it charges there.
    pub(super) schedule: &'a FeeSchedule,
    /// The schedule's penalty at that balance.
    pub(super) penalty: i64,
}

/// Whether a mediator's fee may fall below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cap {
    /// It may.
    None,
    /// It counts as zero then.
    AtZero,
}

impl Share<'_> {
    /// Millionths that an outgoing channel takes for passing on `amount`, together with the amount: N above.
    #[inline]
    fn needed(self, amount: u64) -> i128 {
        let schedule = self.schedule;
        let linear = i128::from(MILLION) + i128::from(schedule.proportional());
        let moved = i128::from(schedule.penalty(self.balance - amount)) - i128::from(self.penalty);
        i128::from(schedule.flat()) * i128::from(MILLION) + i128::from(amount) * linear + moved
    }

    /// Millionths that are left of `amount` after an incoming channel's fee: L above.
    fn left(self, amount: u64) -> i128 {
        let schedule = self.schedule;
        let linear = i128::from(MILLION) - i128::from(schedule.proportional());
        let moved = i128::from(schedule.penalty(self.balance + amount)) - i128::from(self.penalty);
        i128::from(amount) * linear - i128::from(schedule.flat()) * i128::from(MILLION) - moved
    }

    /// The least incoming amount that leaves `needed` millionths, `None` where no balance of the schedule does.
    #[inline]
    fn least_leaving(self, needed: i128) -> Option<u64> {
        let schedule = self.schedule;
        let linear = MILLION - schedule.proportional() as i64;
        // What the penalty and the proportional part must leave, as if counted from balance 0.
        let flat = i128::from(schedule.flat()) * i128::from(MILLION);
        let wanted = needed + flat - i128::from(self.penalty);
        let corners = schedule.corners();
        if corners.is_empty() {
            return least_on_line(linear, 0, 1, wanted);
        }
        let left_at = |corner: &Corner| {
            let amount = corner.balance - self.balance;
            i128::from(linear) * i128::from(amount) - i128::from(corner.penalty)
        };
        let here = corners.partition_point(|corner| corner.balance <= self.balance);
        let ahead = corners[here..].partition_point(|corner| left_at(corner) < wanted);
        let next = corners.get(here + ahead)?;
        let line = corners[here + ahead - 1];
        let width = next.balance - line.balance;
        // From the corner at the line's beginning on, which may lie below the balance.
        let start = i128::from(line.balance) - i128::from(self.balance);
        let rise = wanted - i128::from(linear) * start + i128::from(line.penalty);
        let distance = least_on_line(linear - line.slope, line.rest, width, rise)?;
        Some((line.balance + distance).saturating_sub(self.balance))
    }
}

/// The least `d >= 0` with `slope * d - floor(rest * d / width) >= rise`. `rest < width`, and `slope` is at least 0, or 1
/// where there is a rest.
///
/// A floor is at most a whole number z exactly if what it is taken of is below z + 1, so the condition is
/// `rest * d / width < slope * d - rise + 1`, which is `d * (slope * width - rest) > (rise - 1) * width`.
#[inline]
fn least_on_line(slope: i64, rest: u64, width: u64, rise: i128) -> Option<u64> {
    if rise <= 0 {
        return Some(0);
    }
    let gain = i128::from(slope) * i128::from(width) - i128::from(rest);
    if gain <= 0 {
        return None;
    }
    let distance = (rise - 1) * i128::from(width) / gain + 1;
    u64::try_from(distance).ok()
}

/// What must come in for `amount` to go out, at most `receivable`; `None` where that is impossible: the amount is not
/// there, the fee does not fit, or the mediator would pay all of it itself.
#[inline]
pub(super) fn before_fees(
    incoming: Share<'_>,
    receivable: u64,
    outgoing: Share<'_>,
    amount: u64,
    cap: Cap,
) -> Option<u64> {
    if amount == 0 || amount > outgoing.balance {
        return None;
    }
    let mut before = incoming.least_leaving(outgoing.needed(amount))?;
    if cap == Cap::AtZero {
        before = before.max(amount);
    }
    (before > 0 && before <= receivable).then_some(before)
}

/// The most that can go out of `amount` that came in; `None` where nothing can. O(log amount * log corners).
///
/// `amount` is within what the incoming schedule knows.
pub(super) fn after_fees(incoming: Share<'_>, outgoing: Share<'_>, amount: u64, cap: Cap) -> Option<u64> {
    let left = incoming.left(amount);
    let most = if cap == Cap::AtZero { amount.min(outgoing.balance) } else { outgoing.balance };
    let (mut fits, mut beyond) = (0, most + 1);
    while beyond - fits > 1 {
        let middle = fits + (beyond - fits) / 2;
        if outgoing.needed(middle) <= left { fits = middle } else { beyond = middle }
    }
    (fits > 0).then_some(fits)
}

#[cfg(test)]
mod tests;
