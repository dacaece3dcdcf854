//! Tells a reader whether the writer changed a generation while it was being read: a seqlock, without the lock.
//!
//! ```text
//! writer                          reader
//! number = odd    relaxed         before = number   acquire, again while odd
//! fence           release         loads             relaxed
//! stores          relaxed         fence             acquire
//! number = even   release         after = number    relaxed, again if it is not `before`
//! ```
//! A load that sees one of the stores makes the reader's fence synchronise with the writer's: `after` is then at
//! least the odd number, hence not `before`. A load after `before` was read sees all stores that came before that
//! even number. So equal numbers mean that the loads saw the state of one moment. All data are atomics: what a
//! reader sees in vain is nonsense, but no undefined behaviour.

use crossbeam::utils::{Backoff, CachePadded};

#[cfg(all(loom, test))]
use loom::sync::atomic::{AtomicU64, Ordering, fence};
#[cfg(not(all(loom, test)))]
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// The number of the writer's steps: odd inside a change. On cache lines of its own, since only readers that check a
/// route look at it.
#[derive(Debug, Default)]
pub(crate) struct Sequence(CachePadded<AtomicU64>);

/// A reader found the writer inside a change, or met one, at each of many tries: a writer that was suspended by the
/// operating system in the middle of a change, or that does nothing but write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the graph changed during each of {READ_TRY_COUNT_MAX} tries to read it")]
pub struct Contended;

impl Sequence {
    /// Runs `write`, whose relaxed stores readers shall see all or not at all. Only the one writer may call this.
    #[inline]
    pub(super) fn write<R>(&self, write: impl FnOnce() -> R) -> R {
        let number = self.0.load(Ordering::Relaxed);
        self.0.store(number.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        let result = write();
        self.0.store(number.wrapping_add(2), Ordering::Release);
        result
    }

    /// Runs `read`, whose loads may be relaxed, until no change fell into it, and returns what it then returned.
    ///
    /// # Errors
    /// [`Contended`] after [`READ_TRY_COUNT_MAX`] tries.
    #[inline]
    pub(super) fn read<R>(&self, mut read: impl FnMut() -> R) -> Result<R, Contended> {
        let backoff = Backoff::new();
        for _ in 0..READ_TRY_COUNT_MAX {
            if let Some(result) = self.try_read(&mut read) {
                return Ok(result);
            }
            // Spins at first; a writer that lost its processor in the middle of a change needs ours.
            backoff.snooze();
        }
        Err(Contended)
    }

    #[inline]
    fn try_read<R>(&self, read: &mut impl FnMut() -> R) -> Option<R> {
        let before = self.0.load(Ordering::Acquire);
        if before % 2 == 1 {
            return None;
        }
        let result = read();
        fence(Ordering::Acquire);
        (self.0.load(Ordering::Relaxed) == before).then_some(result)
    }
}

/// Tries before a reader gives up. With a hundred thousand changes a second even a second try is rare. Nearly all of
/// these tries yield the processor: they are soon over where it is idle, and give a suspended writer its turn where it
/// is not.
pub const READ_TRY_COUNT_MAX: usize = 1024;

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_change_inside_a_read_is_noticed() {
        let sequence = Sequence::default();
        let mut tries = 0;
        let read = sequence.read(|| {
            tries += 1;
            if tries < 3 {
                sequence.write(|| ());
            }
            tries
        });
        assert_eq!(read, Ok(3));
    }

    #[test]
    fn readers_give_up_inside_an_endless_change() {
        let sequence = Sequence::default();
        let read = sequence.write(|| sequence.read(|| panic!("nothing may be read inside a change")));
        assert_eq!(read, Err::<(), _>(Contended));
        assert_eq!(sequence.read(|| 7), Ok(7));
    }
}

/// One writer and one reader in all interleavings, with the stale values that relaxed loads may return, as far as loom
/// knows them:
/// `RUSTFLAGS="--cfg loom" cargo test -p engine --lib sequence`.
#[cfg(all(test, loom))]
mod model {
    use loom::sync::Arc;

    use super::*;

    #[test]
    fn a_read_sees_one_change_whole() {
        loom::model(|| {
            let shared = Arc::new((Sequence::default(), AtomicU64::new(0), AtomicU64::new(0)));
            let writer = Arc::clone(&shared);
            let writer = loom::thread::spawn(move || {
                for value in 1..=2 {
                    writer.0.write(|| {
                        writer.1.store(value, Ordering::Relaxed);
                        writer.2.store(value, Ordering::Relaxed);
                    });
                }
            });
            let (sequence, first, second) = &*shared;
            let read = sequence
                .try_read(&mut || [&*sequence.0, first, second].map(|value| value.load(Ordering::Relaxed)));
            if let Some([number, first, second]) = read {
                assert_eq!([first, second], [number / 2; 2], "the state that the number stands for");
            }
            writer.join().expect("the writer does not panic");
        });
    }
}
