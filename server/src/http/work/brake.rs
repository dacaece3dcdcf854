//! The pace at which clients hear that they are refused.
//!
//! A refusal costs as much as any answer beside its search, and a client that takes it as a reason to ask at once again
//! gets the server to do nothing else. So refusals leave at a pace that leaves nearly all time to searches; what is
//! faster waits, on its own connection, for less time than it was told to wait anyhow. What is accepted waits for none
//! of this. Where the server runs out of work, because all who ask have been refused at some moment, one is told at once
//! for each answer until there is work again: the one that came last, because the others' times come before its own.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::timeout;

use super::patience::micros;

/// The pace at which clients hear that they are refused.
#[derive(Debug)]
pub struct Brake {
    began: Instant,
    /// Between two refusals, in us.
    step: u64,
    /// When the next one is due, in us since `began`.
    next: AtomicU64,
    /// Refusals that wait.
    held_count: AtomicUsize,
    /// Lets one of them go, the latest first.
    let_go: Notify,
}

/// Counts a refusal that waits.
struct Held<'a>(&'a AtomicUsize);

impl Brake {
    /// For that many threads.
    pub(in crate::http) fn new(thread_count: usize, now: Instant) -> Self {
        let step = (STEP_US / thread_count.max(1) as u64).max(1);
        let (next, held_count, let_go) = (AtomicU64::new(0), AtomicUsize::new(0), Notify::new());
        Brake { began: now, step, next, held_count, let_go }
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

    /// Waits for so long, or until the server has nothing else to do.
    pub(in crate::http) async fn hold(&self, pause: Duration) {
        self.held_count.fetch_add(1, Relaxed);
        let _held = Held(&self.held_count);
        // Whether its time is over or it was let go is the same to it.
        let _ = timeout(pause, self.let_go.notified()).await;
    }

    /// Lets one go, where any waits.
    pub(in crate::http) fn let_go(&self) {
        if self.held_count.load(Relaxed) > 0 {
            self.let_go.notify_last();
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
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
    use std::sync::Arc;

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

    #[tokio::test(start_paused = true)]
    async fn whoever_came_last_is_let_go_first_and_the_others_at_their_times() {
        let brake = Arc::new(Brake::new(2, Instant::now()));
        let (said, mut heard) = tokio::sync::mpsc::unbounded_channel();
        for at in 1..=3 {
            let (brake, said) = (Arc::clone(&brake), said.clone());
            tokio::spawn(async move {
                brake.hold(Duration::from_secs(at)).await;
                said.send(at).unwrap();
            });
        }
        brake.let_go();
        tokio::task::yield_now().await;
        assert_eq!(brake.held_count.load(Relaxed), 3, "nobody was there when it was called");
        let began = tokio::time::Instant::now();
        brake.let_go();
        for (at, secs) in [(3, 0), (1, 1), (2, 2)] {
            assert_eq!(heard.recv().await, Some(at));
            assert_eq!(began.elapsed().as_secs(), secs);
        }
        assert_eq!(brake.held_count.load(Relaxed), 0);
    }
}
