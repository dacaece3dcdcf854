//! How long a search may wait for its turn.
//!
//! A queue that empties now and then only sways, and whoever waits in it is served soon. One that never empties stands:
//! it makes everybody wait and gains nothing by it. The least wait of an interval tells them apart (CoDel, RFC 8289).
//! While a queue sways, a search may wait for long; once it stands, for twice what a search takes in the mean, so that
//! what is accepted takes some three times as long as on an idle server.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What is known of a queue. Threads that note something at the same time may lose a note, which changes little.
#[derive(Debug)]
pub struct Patience {
    began: Instant,
    /// While the queue stands, at least.
    wait_min: Duration,
    /// While it sways.
    wait_max: Duration,
    /// When the running interval ends, in us since `began`.
    interval_end: AtomicU64,
    /// The least wait in it, in us.
    least: AtomicU64,
    /// Whether everybody waited in the last one.
    is_standing: AtomicBool,
    /// What a job takes in the mean, in ns.
    service: AtomicU64,
}

impl Patience {
    /// Of an empty queue.
    pub(in crate::http) fn new(wait_min: Duration, wait_max: Duration, now: Instant) -> Self {
        Patience {
            began: now,
            wait_min,
            wait_max,
            interval_end: AtomicU64::new(0),
            least: AtomicU64::new(0),
            is_standing: AtomicBool::new(false),
            service: AtomicU64::new(0),
        }
    }

    /// Notes how long a job has waited that is begun, or refused, now.
    pub(super) fn note_wait(&self, wait: Duration, now: Instant) {
        let (now, wait) = (micros(now.saturating_duration_since(self.began)), micros(wait));
        let end = self.interval_end.load(Relaxed);
        if now < end {
            self.least.fetch_min(wait, Relaxed);
        } else if self.interval_end.compare_exchange(end, now + INTERVAL_US, Relaxed, Relaxed).is_ok() {
            let least = self.least.swap(wait, Relaxed);
            // Where nobody came for an interval, the queue was empty.
            let is_recent = now < end + INTERVAL_US;
            self.is_standing.store(is_recent && least > micros(self.standing_wait()), Relaxed);
        }
    }

    /// Notes how long a job took that did not wait any more.
    pub(super) fn note_service(&self, took: Duration) {
        let (mean, took) = (self.service.load(Relaxed), u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        self.service.store((mean - mean / MEAN_OF).saturating_add(took / MEAN_OF), Relaxed);
    }

    /// How long a job may have waited that is begun now.
    pub(super) fn wait_max(&self, now: Instant) -> Duration {
        let now = micros(now.saturating_duration_since(self.began));
        let is_recent = now < self.interval_end.load(Relaxed).saturating_add(INTERVAL_US);
        if is_recent && self.is_standing.load(Relaxed) { self.standing_wait() } else { self.wait_max }
    }

    fn standing_wait(&self) -> Duration {
        let twice = Duration::from_nanos(self.service.load(Relaxed)).saturating_mul(2);
        twice.max(self.wait_min).min(self.wait_max)
    }
}

pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Longer than a burst takes that a server can bear, and much longer than a turn of the system's scheduler (CoDel has the
/// same).
const INTERVAL_US: u64 = 100_000;
/// Jobs that the mean looks back at.
const MEAN_OF: u64 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    const MIN: Duration = Duration::from_millis(2);
    const MAX: Duration = Duration::from_millis(100);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_queue_that_empties_now_and_then_is_borne() {
        let start = Instant::now();
        let patience = Patience::new(MIN, MAX, start);
        for at in 0..2000 {
            let wait = if at % 50 == 0 { Duration::ZERO } else { ms(50) };
            patience.note_wait(wait, start + ms(at));
            assert_eq!(patience.wait_max(start + ms(at)), MAX);
        }
    }

    #[test]
    fn one_that_never_empties_is_cut_short_until_it_does() {
        let start = Instant::now();
        let patience = Patience::new(MIN, MAX, start);
        (0..250).for_each(|at| patience.note_wait(ms(30), start + ms(at)));
        assert_eq!(patience.wait_max(start + ms(250)), MIN);
        (250..500).for_each(|at| patience.note_wait(ms(1), start + ms(at)));
        assert_eq!(patience.wait_max(start + ms(500)), MAX);
    }

    #[test]
    fn silence_is_an_empty_queue() {
        let start = Instant::now();
        let patience = Patience::new(MIN, MAX, start);
        (0..250).for_each(|at| patience.note_wait(ms(30), start + ms(at)));
        assert_eq!(patience.wait_max(start + ms(5000)), MAX);
        patience.note_wait(ms(30), start + ms(5000));
        assert_eq!(patience.wait_max(start + ms(5001)), MAX);
    }

    #[test]
    fn long_jobs_may_wait_for_twice_their_time() {
        let start = Instant::now();
        let patience = Patience::new(MIN, MAX, start);
        (0..1000).for_each(|_| patience.note_service(ms(20)));
        (0..250).for_each(|at| patience.note_wait(ms(90), start + ms(at)));
        let wait = patience.wait_max(start + ms(250));
        assert!(wait > ms(39) && wait <= ms(40), "{wait:?}");
        (0..1000).for_each(|_| patience.note_service(ms(2000)));
        assert_eq!(patience.wait_max(start + ms(250)), MAX, "never longer than a queue that sways");
    }
}
