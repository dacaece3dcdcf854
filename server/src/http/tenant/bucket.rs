//! A budget that fills with time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How fast a budget fills, and how full it may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Units a second.
    pub per_second: f64,
    /// Most units that are saved up.
    pub burst: f64,
}

/// A budget that fills with time. What is taken may exceed what is there: the cost of a search is known afterwards, and a
/// debt is paid off before anything else is given. Without a rate it has no bound.
#[derive(Debug)]
pub struct Bucket {
    level: Mutex<Level>,
}

#[derive(Debug)]
struct Level {
    rate: Option<Rate>,
    units: f64,
    at: Instant,
}

impl Bucket {
    /// A full budget.
    pub fn new(rate: Option<Rate>, now: Instant) -> Self {
        let units = rate.map_or(0.0, |rate| rate.burst);
        Bucket { level: Mutex::new(Level { rate, units, at: now }) }
    }

    /// Fills at another rate from now on, and is as full as it was, or as it may be. One that had no bound is full.
    pub fn set_rate(&self, rate: Option<Rate>, now: Instant) {
        let mut level = self.level();
        level.fill(now);
        level.units = match (level.rate, rate) {
            (Some(_), Some(rate)) => level.units.min(rate.burst),
            (None, Some(rate)) => rate.burst,
            (_, None) => 0.0,
        };
        level.rate = rate;
    }

    /// Takes `units` where anything is left.
    ///
    /// # Errors
    /// Else the time after which there is.
    pub fn take(&self, units: f64, now: Instant) -> Result<(), Duration> {
        let mut level = self.level();
        level.fill(now);
        let Some(rate) = level.rate else { return Ok(()) };
        if level.units < 1.0 {
            let wait = (1.0 - level.units) / rate.per_second.max(f64::MIN_POSITIVE);
            return Err(Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX));
        }
        level.units -= units;
        Ok(())
    }

    /// Takes `units`, into debt where they are not there.
    pub fn charge(&self, units: f64, now: Instant) {
        let mut level = self.level();
        level.fill(now);
        if level.rate.is_some() {
            level.units -= units;
        }
    }

    fn level(&self) -> MutexGuard<'_, Level> {
        self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Level {
    fn fill(&mut self, now: Instant) {
        if let Some(rate) = self.rate {
            let secs = now.saturating_duration_since(self.at).as_secs_f64();
            self.units = (self.units + secs * rate.per_second).min(rate.burst);
        }
        self.at = self.at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_given_at_once_and_the_rest_in_time() {
        let start = Instant::now();
        let bucket = Bucket::new(Some(Rate { per_second: 10.0, burst: 2.0 }), start);
        assert_eq!(bucket.take(1.0, start), Ok(()));
        assert_eq!(bucket.take(1.0, start), Ok(()));
        let wait = bucket.take(1.0, start).unwrap_err();
        assert!((wait.as_secs_f64() - 0.1).abs() < 1e-9, "{wait:?}");
        assert_eq!(bucket.take(1.0, start + Duration::from_millis(101)), Ok(()));
        assert!(bucket.take(1.0, start + Duration::from_millis(102)).is_err());
    }

    #[test]
    fn a_debt_is_paid_off_first() {
        let start = Instant::now();
        let bucket = Bucket::new(Some(Rate { per_second: 100.0, burst: 100.0 }), start);
        bucket.charge(1000.0, start);
        assert!(bucket.take(0.0, start + Duration::from_secs(9)).is_err());
        assert_eq!(bucket.take(0.0, start + Duration::from_millis(9_011)), Ok(()));
    }

    #[test]
    fn another_rate_goes_on_with_what_there_is() {
        let start = Instant::now();
        let rate = |burst| Some(Rate { per_second: 1.0, burst });
        let bucket = Bucket::new(rate(10.0), start);
        bucket.charge(8.0, start);
        bucket.set_rate(rate(100.0), start);
        assert_eq!(bucket.take(1.0, start), Ok(()));
        bucket.set_rate(rate(1.0), start);
        assert_eq!(bucket.take(1.0, start), Ok(()));
        assert!(bucket.take(1.0, start).is_err());
        bucket.set_rate(rate(2.0), start);
        assert!(bucket.take(1.0, start).is_err());
        assert_eq!(bucket.take(1.0, start + Duration::from_secs(1)), Ok(()));
    }

    #[test]
    fn without_a_rate_there_is_no_bound_until_there_is_one() {
        let start = Instant::now();
        let bucket = Bucket::new(None, start);
        for _ in 0..3 {
            assert_eq!(bucket.take(1e9, start), Ok(()));
            bucket.charge(1e9, start);
        }
        bucket.set_rate(Some(Rate { per_second: 1.0, burst: 2.0 }), start);
        assert_eq!(bucket.take(2.0, start), Ok(()));
        assert!(bucket.take(1.0, start).is_err());
        bucket.set_rate(None, start);
        assert_eq!(bucket.take(1e9, start), Ok(()));
    }

    #[test]
    fn a_clock_that_stands_still_gives_nothing() {
        let start = Instant::now() + Duration::from_secs(5);
        let bucket = Bucket::new(Some(Rate { per_second: 1.0, burst: 1.0 }), start);
        assert_eq!(bucket.take(1.0, start), Ok(()));
        assert!(bucket.take(1.0, start - Duration::from_secs(1)).is_err());
        assert!(bucket.take(1.0, start).is_err());
    }
}
