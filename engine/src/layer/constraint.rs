//! What is known of a direction's liquidity: two bounds, each as old as what it was learnt from.

use primitives::{Msat, UnixTime};

/// What is known of the liquidity of a direction: an HTLC of the minimum passes, one above the maximum does not.
///
/// A minimum above the maximum is wrong, and counts as the maximum, as askrene has it. A layer may hold such a pair where a
/// document said so: once the maximum is forgotten, the minimum is what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Constraint {
    /// It can pass this much; [`Msat::ZERO`] where that is not known.
    pub minimum: Bound,
    /// It can pass no more than this; [`Msat::MAX`] where that is not known.
    pub maximum: Bound,
}

/// A minimum or a maximum, and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// The amount.
    pub amount: Msat,
    /// When it was learnt. A payment that settles shifts a bound, but makes it no younger. Any time where the bound says
    /// nothing.
    pub timestamp: UnixTime,
}

/// How an attempt to send over a direction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inform {
    /// It lacked the liquidity: the maximum is 1 msat below the amount.
    Constrained,
    /// It passed the HTLC on, which failed later: the minimum is the amount.
    Unconstrained,
    /// The payment settled: the amount moved to the other side of the channel.
    Succeeded,
}

impl Constraint {
    /// Nothing is known.
    pub(super) const NONE: Constraint = Constraint { minimum: Bound::NO_MINIMUM, maximum: Bound::NO_MAXIMUM };

    /// Both bounds, learnt at the same time.
    pub fn learnt_at(timestamp: UnixTime, minimum: Msat, maximum: Msat) -> Self {
        let bound = |amount| Bound { amount, timestamp };
        Constraint { minimum: bound(minimum), maximum: bound(maximum) }
    }

    /// The minimum, where one is known.
    pub fn known_minimum(&self) -> Option<Bound> {
        (self.minimum.amount != Msat::ZERO).then_some(self.minimum)
    }

    /// The maximum, where one is known.
    pub fn known_maximum(&self) -> Option<Bound> {
        (self.maximum.amount != Msat::MAX).then_some(self.maximum)
    }

    /// Whether it says nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.bound_count() == 0
    }

    /// How many of the bounds are known.
    pub(super) fn bound_count(&self) -> usize {
        usize::from(self.known_minimum().is_some()) + usize::from(self.known_maximum().is_some())
    }

    /// The same knowledge in its one form: a bound that says nothing has no time.
    pub(super) fn normalized(self) -> Self {
        Constraint {
            minimum: self.known_minimum().unwrap_or(Bound::NO_MINIMUM),
            maximum: self.known_maximum().unwrap_or(Bound::NO_MAXIMUM),
        }
    }

    /// What both say, in any order: the greater minimum and the lesser maximum, each with its own time.
    pub(super) fn and(self, other: Constraint) -> Self {
        Constraint {
            minimum: self.minimum.greater(other.minimum),
            maximum: self.maximum.lesser(other.maximum),
        }
    }

    /// What is known after an attempt with `amount`: where it contradicts what was known before, the attempt is right. Only
    /// what it newly shows, or shows again, is learnt `now`.
    pub(super) fn informed(self, amount: Msat, inform: Inform, now: UnixTime) -> Self {
        let Constraint { minimum, maximum } = self;
        match inform {
            Inform::Constrained => {
                let most = amount.saturating_sub(Msat::from_msat(1));
                Constraint {
                    minimum: Bound { amount: minimum.amount.min(most), ..minimum },
                    maximum: maximum.lesser(Bound { amount: most, timestamp: now }),
                }
            }
            Inform::Unconstrained => Constraint {
                minimum: minimum.greater(Bound { amount, timestamp: now }),
                maximum: Bound { amount: maximum.amount.max(amount), ..maximum },
            },
            Inform::Succeeded => Constraint {
                minimum: Bound { amount: minimum.amount.saturating_sub(amount), ..minimum },
                maximum: self.known_maximum().map_or(Bound::NO_MAXIMUM, |known| Bound {
                    amount: known.amount.saturating_sub(amount),
                    ..known
                }),
            },
        }
    }

    /// What is known of the other direction after `amount` was paid to its side. A minimum that was there before is as old
    /// as it was, for the sum rests on it.
    pub(super) fn refilled(self, amount: Msat, now: UnixTime) -> Self {
        let Constraint { minimum, maximum } = self;
        let timestamp = self.known_minimum().map_or(now, |known| known.timestamp);
        Constraint {
            minimum: Bound { amount: minimum.amount.saturating_add(amount), timestamp },
            maximum: Bound { amount: maximum.amount.saturating_add(amount), ..maximum },
        }
    }

    /// What was learnt at `cutoff` or later.
    pub(super) fn since(self, cutoff: UnixTime) -> Self {
        let is_young = |bound: &Bound| bound.timestamp >= cutoff;
        Constraint {
            minimum: self.known_minimum().filter(is_young).unwrap_or(Bound::NO_MINIMUM),
            maximum: self.known_maximum().filter(is_young).unwrap_or(Bound::NO_MAXIMUM),
        }
    }
}

impl Bound {
    const NO_MINIMUM: Bound = Bound { amount: Msat::ZERO, timestamp: UnixTime::from_secs(0) };
    const NO_MAXIMUM: Bound = Bound { amount: Msat::MAX, timestamp: UnixTime::from_secs(0) };

    /// The greater of two; of equal ones the later.
    fn greater(self, other: Bound) -> Self {
        if (other.amount, other.timestamp) > (self.amount, self.timestamp) { other } else { self }
    }

    /// The lesser of two; of equal ones the later.
    fn lesser(self, other: Bound) -> Self {
        if (other.amount, self.timestamp) < (self.amount, other.timestamp) { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(timestamp: u32, msat: u64) -> Bound {
        Bound { amount: Msat::from_msat(msat), timestamp: UnixTime::from_secs(timestamp) }
    }

    fn known(minimum: Bound, maximum: Bound) -> Constraint {
        Constraint { minimum, maximum }
    }

    fn informed(before: Constraint, msat: u64, inform: Inform, now: u32) -> Constraint {
        before.informed(Msat::from_msat(msat), inform, UnixTime::from_secs(now))
    }

    #[test]
    fn an_attempt_makes_only_what_it_shows_younger() {
        let before = known(at(10, 100), at(20, 500));
        assert_eq!(informed(before, 300, Inform::Unconstrained, 30), known(at(30, 300), at(20, 500)));
        assert_eq!(
            informed(before, 100, Inform::Unconstrained, 30),
            known(at(30, 100), at(20, 500)),
            "again"
        );
        assert_eq!(informed(before, 99, Inform::Unconstrained, 30), before, "less is no news");
        assert_eq!(informed(before, 300, Inform::Constrained, 30), known(at(10, 100), at(30, 299)));
        assert_eq!(informed(before, 501, Inform::Constrained, 30), known(at(10, 100), at(30, 500)), "again");
        assert_eq!(informed(before, 502, Inform::Constrained, 30), before, "more is no news");
    }

    #[test]
    fn what_an_attempt_contradicts_gives_way_and_stays_as_old_as_it_is() {
        let before = known(at(10, 100), at(20, 500));
        assert_eq!(informed(before, 700, Inform::Unconstrained, 30), known(at(30, 700), at(20, 700)));
        assert_eq!(informed(before, 61, Inform::Constrained, 30), known(at(10, 60), at(30, 60)));
    }

    #[test]
    fn what_a_payment_shifts_stays_as_old_as_it_is() {
        let before = known(at(10, 100), at(20, 500));
        assert_eq!(informed(before, 40, Inform::Succeeded, 30), known(at(10, 60), at(20, 460)));
        let (amount, now) = (Msat::from_msat(40), UnixTime::from_secs(30));
        assert_eq!(before.refilled(amount, now), known(at(10, 140), at(20, 540)));
        assert_eq!(Constraint::NONE.refilled(amount, now), known(at(30, 40), Bound::NO_MAXIMUM));
    }

    #[test]
    fn bounds_are_forgotten_one_by_one() {
        let before = known(at(10, 100), at(20, 500));
        let since = |cutoff| before.since(UnixTime::from_secs(cutoff));
        assert_eq!(since(10), before);
        assert_eq!(since(11), known(Bound::NO_MINIMUM, at(20, 500)));
        assert_eq!(since(21), Constraint::NONE);
    }
}
