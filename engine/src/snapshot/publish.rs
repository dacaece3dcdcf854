//! One pointer that a writer replaces and that readers follow without a lock.
//!
//! Readers pin the epoch, follow the pointer and clone the `Arc` behind it; none of that waits for anybody. What was
//! replaced is freed once no pinned reader can still be following it (crossbeam's epochs). A lock that readers share
//! would do the same with less care, but a writer that loses its processor while holding it would stop all searches.
//!
//! This is the one module of the engine with unsafe code. The invariants that it rests on, all upheld in this file:
//!
//! 1. `current` is never null while the value can be reached: `new` sets it, only `replace` changes it, to another
//!    value, and only `drop` takes it out.
//! 2. What `current` points to was allocated by `Owned` and is freed once: by the epoch after `replace` took it out,
//!    which hands each pointer to exactly one caller, or by `drop`.
//! 3. Nobody keeps a `Shared` beyond the guard that it was loaded under.
#![allow(unsafe_code)]

use std::mem;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire};

use crossbeam::epoch::{self, Atomic, Owned};

/// A place where the newest value is to be found.
#[derive(Debug)]
pub(crate) struct Published<T: Send + Sync + 'static> {
    current: Atomic<Arc<T>>,
}

impl<T: Send + Sync + 'static> Published<T> {
    /// Publishes the first value.
    pub(crate) fn new(value: Arc<T>) -> Self {
        Published { current: Atomic::new(value) }
    }

    /// The newest value. Lock-free: some ten nanoseconds, whatever the writer is doing.
    pub(crate) fn load(&self) -> Arc<T> {
        let guard = epoch::pin();
        let shared = self.current.load(Acquire, &guard);
        // SAFETY: not null and properly allocated by invariants 1 and 2. A value that `replace` has taken out
        // meanwhile is not freed before `guard`, which was there before the load, is gone; the acquire load makes
        // the writer's initialisation visible.
        let value = unsafe { shared.deref() };
        Arc::clone(value)
    }

    /// Publishes a new value. Whoever loads from now on gets this one or a later one.
    pub(crate) fn replace(&self, value: Arc<T>) {
        let guard = epoch::pin();
        let old = self.current.swap(Owned::new(value), AcqRel, &guard);
        // SAFETY: `old` is not null (invariant 1) and was unlinked by the swap, so that no later pin can reach it and
        // nobody else frees it (invariant 2). It may be dropped by any thread and at any later time, because
        // `Arc<T>` is `Send` and `'static`.
        unsafe { guard.defer_destroy(old) };
        guard.flush();
    }
}

impl<T: Send + Sync + 'static> Drop for Published<T> {
    fn drop(&mut self) {
        let current = mem::replace(&mut self.current, Atomic::null());
        // SAFETY: `&mut self` proves that nobody loads any more, and later nobody can: the pointer is owned by
        // `current` alone (invariants 1 and 2).
        let value = unsafe { current.try_into_owned() };
        drop(value);
    }
}

/// Lets the epoch free what was replaced, as far as no reader is in its way.
pub(super) fn collect() {
    epoch::pin().flush();
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
    use std::thread;

    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Counts its drops, and breaks its invariant in doing so.
    struct Counted {
        pair: [u64; 2],
        drops: Arc<AtomicUsize>,
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            self.pair[0] = u64::MAX;
            self.drops.fetch_add(1, SeqCst);
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test needs threads that race")]
    fn every_value_is_dropped_once() {
        const ROUNDS: u64 = 500;
        let drops = Arc::new(AtomicUsize::new(0));
        let value = |n: u64| Arc::new(Counted { pair: [n, !n], drops: Arc::clone(&drops) });
        let published = Published::new(value(0));
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let mut last = 0;
                    while !done.load(SeqCst) {
                        let value = published.load();
                        assert_eq!(value.pair[0], !value.pair[1], "freed while it was read");
                        assert!(value.pair[0] >= last, "went back in time");
                        last = value.pair[0];
                    }
                });
            }
            for n in 1..=ROUNDS {
                published.replace(value(n));
                thread::yield_now();
            }
            done.store(true, SeqCst);
        });
        drop(published);
        for _ in 0..1_000_000 {
            if drops.load(SeqCst) == ROUNDS as usize + 1 {
                return;
            }
            collect();
            thread::yield_now();
        }
        panic!("{} of {} values were dropped", drops.load(SeqCst), ROUNDS + 1);
    }

    /// The safe twin is a mutex: whatever is loaded, replaced and kept, both hold the same.
    #[test]
    fn behaves_as_behind_a_mutex() {
        for seed in 0..200 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let (published, twin) = (Published::new(Arc::new(0)), Mutex::new(Arc::new(0)));
            let mut kept = Vec::new();
            for value in 1..rng.random_range(2..40) {
                if rng.random() {
                    published.replace(Arc::new(value));
                    *twin.lock().expect("nobody panics with it") = Arc::new(value);
                }
                kept.push((published.load(), Arc::clone(&twin.lock().expect("nobody panics with it"))));
            }
            for (value, expected) in kept {
                assert_eq!(value, expected, "seed {seed}");
            }
        }
    }
}
