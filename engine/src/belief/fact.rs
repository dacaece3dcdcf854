//! What is known of one channel, shared by readers and writers: a seqlock of 32 bytes, without an allocation and
//! without `unsafe`.
//!
//! ```text
//! 0         4            8              12             16              24              32
//! | number  | evidence   | learnt 1     | learnt 2     | amount 1      | amount 2      |
//! ```
//! The protocol is that of `snapshot::sequence`, with two differences. A writer claims the odd number by an exchange,
//! so that any thread may write; it waits only for another writer of the same channel. A reader that met writers at
//! each of a few tries takes what it sees: each value was true at some moment, and what is made of them is clamped.
//! So a reader never waits.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU32, AtomicU64, fence};

use crossbeam::utils::Backoff;
use primitives::{Msat, UnixTime};

use super::bounds::{Bounds, Floor};
use super::decay::Evidence;

/// Tries of a reader to see the values of one moment.
const READ_TRY_COUNT_MAX: usize = 16;

/// The bounds of one channel.
#[derive(Debug, Default)]
pub(super) struct Fact {
    number: AtomicU32,
    evidence: AtomicU32,
    learnt: [AtomicU32; 2],
    amounts: [AtomicU64; 2],
}

impl Fact {
    pub(super) fn new(bounds: Bounds) -> Self {
        let fact = Fact::default();
        fact.store(bounds);
        fact
    }

    /// The bounds. Never waits.
    #[inline]
    pub(super) fn read(&self) -> Bounds {
        self.read_one_moment().unwrap_or_else(|| self.load())
    }

    /// The bounds as they were at one moment, or none where writers were met at each of a few tries.
    #[inline]
    fn read_one_moment(&self) -> Option<Bounds> {
        for _ in 0..READ_TRY_COUNT_MAX {
            let before = self.number.load(Acquire);
            let bounds = self.load();
            fence(Acquire);
            if before.is_multiple_of(2) && self.number.load(Relaxed) == before {
                return Some(bounds);
            }
            std::hint::spin_loop();
        }
        None
    }

    /// Replaces the bounds by what `change` makes of them, and returns that.
    #[inline]
    pub(super) fn update(&self, change: impl FnOnce(Bounds) -> Bounds) -> Bounds {
        let number = self.claim();
        fence(Release);
        let bounds = change(self.load());
        self.store(bounds);
        self.number.store(number.wrapping_add(2), Release);
        bounds
    }

    /// Makes the number odd, and returns the even one that it was.
    fn claim(&self) -> u32 {
        let backoff = Backoff::new();
        loop {
            let number = self.number.load(Relaxed);
            let is_free = number.is_multiple_of(2);
            let claimed = number.wrapping_add(1);
            if is_free && self.number.compare_exchange_weak(number, claimed, Acquire, Relaxed).is_ok() {
                return number;
            }
            backoff.snooze();
        }
    }

    #[inline]
    fn load(&self) -> Bounds {
        let evidence = self.evidence.load(Relaxed);
        let floor = |side: usize| Floor {
            amount: Msat::from_msat(self.amounts[side].load(Relaxed)),
            learnt: UnixTime::from_secs(self.learnt[side].load(Relaxed)),
            evidence: Evidence::from_bits(evidence >> (2 * side)),
        };
        Bounds { floors: [floor(0), floor(1)] }
    }

    #[inline]
    fn store(&self, bounds: Bounds) {
        let mut evidence = 0;
        for (side, floor) in bounds.floors.iter().enumerate() {
            self.amounts[side].store(floor.amount.to_msat(), Relaxed);
            self.learnt[side].store(floor.learnt.to_secs(), Relaxed);
            evidence |= floor.evidence.to_bits() << (2 * side);
        }
        self.evidence.store(evidence, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_takes_half_a_cache_line() {
        assert_eq!(size_of::<Fact>(), 32);
    }

    #[test]
    fn a_reader_sees_both_floors_of_one_moment() {
        let fact = Fact::default();
        let write_count = 20_000;
        let floor = |step| Floor {
            amount: Msat::from_msat(step),
            learnt: UnixTime::from_secs(step as u32),
            evidence: Evidence::Carried,
        };
        let write = || {
            for _ in 0..write_count {
                fact.update(|old| {
                    let step = old.floors[0].amount.to_msat() + 1;
                    Bounds { floors: [floor(step), floor(2 * step)] }
                });
            }
        };
        let read = || {
            for _ in 0..write_count {
                if let Some(Bounds { floors: [first, second] }) = fact.read_one_moment() {
                    let step = first.amount.to_msat();
                    assert!(
                        step == 0 || (first, second) == (floor(step), floor(2 * step)),
                        "{first:?} {second:?}"
                    );
                }
            }
        };
        rayon::join(write, || rayon::join(write, read));
        assert_eq!(fact.read().floors[0].amount.to_msat(), 2 * write_count, "an update was lost");
    }
}
