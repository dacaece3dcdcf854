//! What was paid over both directions of a channel, for those who ask what happened and not what is left: 24 bytes
//! beside the fact, which no search reads.
//!
//! ```text
//! 0         4         8               16              24
//! | last 1  | last 2  | most 1        | most 2        |
//! ```
//! A floor tells what a side holds now. That a direction carried an HTLC which was settled is no floor of it: the money
//! has moved. LND remembers just that, and its mission control is told so (`exchange`).
//!
//! The most and the last are noted one by one, without a sequence number: each was true at some moment.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicU64};

use primitives::{Direction, Msat, UnixTime};

/// What one direction was seen to pay, as LND notes it: the greatest amount with the time of the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Paid {
    /// The most that one HTLC carried, and less than what was refused since; 0 where nothing is known.
    pub amount: Msat,
    /// When the last HTLC did.
    pub at: UnixTime,
}

/// The same of both directions, shared by readers and writers.
#[derive(Debug, Default)]
pub(super) struct PaidFact {
    at: [AtomicU32; 2],
    amounts: [AtomicU64; 2],
}

impl PaidFact {
    /// By direction.
    pub(super) fn read(&self) -> [Paid; 2] {
        [0, 1].map(|side: usize| Paid {
            amount: Msat::from_msat(self.amounts[side].load(Relaxed)),
            at: UnixTime::from_secs(self.at[side].load(Relaxed)),
        })
    }

    /// The direction carried that much.
    pub(super) fn note(&self, direction: Direction, paid: Paid) {
        if paid.amount != Msat::ZERO {
            self.amounts[direction.as_usize()].fetch_max(paid.amount.to_msat(), Relaxed);
            self.at[direction.as_usize()].fetch_max(paid.at.to_secs(), Relaxed);
        }
    }

    /// The direction refused that much at a moment: what it paid before is no word on as much any more.
    pub(super) fn lower(&self, direction: Direction, refused: Msat, now: UnixTime) {
        let (amount, at) = (&self.amounts[direction.as_usize()], &self.at[direction.as_usize()]);
        let most = refused.saturating_sub(Msat::from_msat(1)).to_msat();
        if amount.load(Relaxed) > most && at.load(Relaxed) <= now.to_secs() {
            amount.fetch_min(most, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_amount_and_the_last_time_are_kept_of_each_direction() {
        assert_eq!(size_of::<PaidFact>(), 24);
        let (fact, [along, back]) = (PaidFact::default(), Direction::BOTH);
        let paid = |amount, secs| Paid { amount: Msat::from_msat(amount), at: UnixTime::from_secs(secs) };
        fact.note(along, paid(500, 10));
        fact.note(along, paid(300, 20));
        fact.note(back, paid(0, 30));
        assert_eq!(fact.read(), [paid(500, 20), paid(0, 0)]);
        fact.lower(along, Msat::from_msat(400), UnixTime::from_secs(19));
        assert_eq!(fact.read()[0], paid(500, 20), "it has paid since");
        fact.lower(along, Msat::from_msat(400), UnixTime::from_secs(20));
        fact.lower(back, Msat::ZERO, UnixTime::from_secs(20));
        assert_eq!(fact.read(), [paid(399, 20), paid(0, 0)]);
    }
}
