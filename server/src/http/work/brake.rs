//! The pace at which clients hear that they are refused.
//!
//! A refusal costs as much as any answer beside its search, and a client that takes it as a reason to ask at once again
//! gets the server to do nothing else. So refusals leave at a pace that leaves nearly all time to searches; what is
//! faster waits, on its own connection, for less time than it was told to wait anyhow. What is accepted waits for none
//! of this.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::patience::micros;

/// The pace at which clients hear that they are refused.
#[derive(Debug)]
pub struct Brake {
    began: Instant,
    /// Between two refusals, in us.
    step: u64,
    /// When the next one is due, in us since `began`.
    next: AtomicU64,
}

impl Brake {
    /// For that many threads.
    pub(in crate::http) fn new(thread_count: usize, now: Instant) -> Self {
        let step = (STEP_US / thread_count.max(1) as u64).max(1);
        Brake { began: now, step, next: AtomicU64::new(0) }
    }

    /// How long this refusal waits. A few at once do not.
    pub(in crate::http) fn pause(&self, now: Instant) -> Duration {
        let now = micros(now.saturating_duration_since(self.began));
        let due = self.next.fetch_update(Relaxed, Relaxed, |next| {
            let due = next.max(now.saturating_sub(BURST_US));
            (due.saturating_sub(now) < PAUSE_MAX_US).then_some(due + self.step)
        });
        // What was due before `now - BURST_US` is due then.
        let wait = due.map_or(PAUSE_MAX_US, |due| due.saturating_sub(now));
        Duration::from_micros(wait)
    }
}

/// Of one thread: 2,500 refusals a second, which take a twentieth of it.
const STEP_US: u64 = 400;
/// Refusals that have not been told in this time are told at once.
const BURST_US: u64 = 20_000;
/// What `Retry-After` says at least.
const PAUSE_MAX_US: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_told_at_once_and_many_at_a_pace() {
        let start = Instant::now();
        let brake = Brake::new(2, start);
        let later = start + Duration::from_secs(9);
        let pauses: Vec<_> = (0..20_000).map(|_| brake.pause(later)).collect();
        assert!(pauses[..100].iter().all(Duration::is_zero));
        assert!(pauses.is_sorted());
        assert_eq!(pauses[1101], Duration::from_micros(1001 * STEP_US / 2));
        assert_eq!(pauses.last(), Some(&Duration::from_secs(1)), "no longer than they are told to wait");
        assert!(brake.pause(later + Duration::from_secs(2)).is_zero(), "whoever waited is forgotten");
    }
}
