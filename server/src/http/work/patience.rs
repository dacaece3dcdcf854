//! How long a search may wait for its turn.
//!
//! A queue that empties now and then only sways, and whoever waits in it is served soon. One that never empties stands:
//! it makes everybody wait and gains nothing by it. The least wait of an interval tells them apart (CoDel, RFC 8289).
//! While a queue sways, a search may wait for long; once it has stood, for twice what a search takes in the mean, so that
//! what is accepted takes some three times as long as on an idle server. That holds until nobody was refused for a while:
//! a queue that is cut short empties now and then, and would stand again at once if it were left alone.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What is known of a queue. Threads that note something at the same time may lose a note, which changes little.
#[derive(Debug)]
pub struct Patience {
    began: Instant,
    /// After the queue has stood, at least.
    wait_min: Duration,
    /// While it sways.
    wait_max: Duration,
    /// When the running interval ends; all times in us since `began`.
    interval_end: AtomicU64,
    /// The least wait in it, in us.
    least: AtomicU64,
    /// Until when the queue is cut short.
    strict_until: AtomicU64,
    /// What a job takes in the mean, in ns.
    service: AtomicU64,
}

impl Patience {
    /// Of an empty queue.
    pub(in crate::http) fn new(wait_min: Duration, wait_max: Duration, now: Instant) -> Self {
        let [interval_end, least, strict_until, service] = [const { AtomicU64::new(0) }; 4];
        Patience { began: now, wait_min, wait_max, interval_end, least, strict_until, service }
    }

    /// Notes how long a job has waited that is begun, or refused, now.
    pub(super) fn note_wait(&self, wait: Duration, now: Instant) {
        let (now, wait) = (self.micros(now), micros(wait));
        let end = self.interval_end.load(Relaxed);
        if now < end {
            self.least.fetch_min(wait, Relaxed);
        } else if self.interval_end.compare_exchange(end, now + INTERVAL_US, Relaxed, Relaxed).is_ok() {
            let least = self.least.swap(wait, Relaxed);
            // Where nobody came for an interval, the queue was empty.
            if now < end + INTERVAL_US && least > micros(self.strict_wait()) {
                self.strict_until.fetch_max(now + STRICT_US, Relaxed);
            }
        }
    }

    /// Notes how long a job took that did not wait any more.
    pub(super) fn note_service(&self, took: Duration) {
        let (mean, took) = (self.service.load(Relaxed), u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        self.service.store((mean - mean / MEAN_OF).saturating_add(took / MEAN_OF), Relaxed);
    }

    /// Whether a job may begin now that has waited for so long.
    pub(super) fn allows(&self, wait: Duration, now: Instant) -> bool {
        wait <= if self.is_strict(self.micros(now)) { self.strict_wait() } else { self.wait_max }
    }

    /// Notes that jobs are still refused: a queue that is cut short stays so for another while.
    pub(super) fn go_on(&self, now: Instant) {
        let now = self.micros(now);
        if self.is_strict(now) {
            self.strict_until.fetch_max(now + STRICT_US, Relaxed);
        }
    }

    fn is_strict(&self, now: u64) -> bool {
        now < self.strict_until.load(Relaxed)
    }

    fn strict_wait(&self) -> Duration {
        let twice = Duration::from_nanos(self.service.load(Relaxed)).saturating_mul(2);
        twice.max(self.wait_min).min(self.wait_max)
    }

    fn micros(&self, now: Instant) -> u64 {
        micros(now.saturating_duration_since(self.began))
    }
}

pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Longer than a burst takes that a server can bear, and much longer than a turn of the system's scheduler (CoDel has the
/// same).
const INTERVAL_US: u64 = 100_000;
/// How long nobody must have been refused before bursts are borne again: what clients are told to wait.
const STRICT_US: u64 = 1_000_000;
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

    /// A queue in which everybody waited for 30 ms for a quarter of a second.
    fn standing(start: Instant) -> Patience {
        let patience = Patience::new(MIN, MAX, start);
        (0..250).for_each(|at| patience.note_wait(ms(30), start + ms(at)));
        patience
    }

    #[test]
    fn a_queue_that_empties_now_and_then_is_borne() {
        let start = Instant::now();
        let patience = Patience::new(MIN, MAX, start);
        for at in 0..2000 {
            let wait = if at % 50 == 0 { Duration::ZERO } else { ms(50) };
            patience.note_wait(wait, start + ms(at));
            assert!(patience.allows(MAX, start + ms(at)));
        }
        assert!(!patience.allows(MAX + ms(1), start + ms(2000)));
    }

    #[test]
    fn one_that_never_empties_is_cut_short_until_nobody_is_refused_any_more() {
        let start = Instant::now();
        let patience = standing(start);
        for at in (250..5000).step_by(50) {
            patience.note_wait(Duration::ZERO, start + ms(at));
            assert!(patience.allows(MIN, start + ms(at)));
            assert!(!patience.allows(MIN + ms(1), start + ms(at)), "refusals go on");
            patience.go_on(start + ms(at));
        }
        assert!(!patience.allows(MAX, start + ms(5900)));
        assert!(patience.allows(MAX, start + ms(7000)));
        patience.go_on(start + ms(7000));
        assert!(patience.allows(MAX, start + ms(7001)), "refusals alone cut nothing short");
    }

    #[test]
    fn silence_is_an_empty_queue() {
        let start = Instant::now();
        let patience = standing(start);
        assert!(patience.allows(MAX, start + ms(5000)));
        patience.note_wait(ms(30), start + ms(5000));
        assert!(patience.allows(MAX, start + ms(5001)));
    }

    #[test]
    fn long_jobs_may_wait_for_twice_their_time() {
        let start = Instant::now();
        let patience = standing(start);
        (0..1000).for_each(|_| patience.note_service(ms(20)));
        assert!(patience.allows(ms(39), start + ms(250)) && !patience.allows(ms(41), start + ms(250)));
        (0..1000).for_each(|_| patience.note_service(ms(2000)));
        assert!(patience.allows(MAX, start + ms(250)));
        assert!(!patience.allows(MAX + ms(1), start + ms(250)), "no longer than in a burst");
    }
}
