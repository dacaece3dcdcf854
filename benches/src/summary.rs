//! Percentiles of a set of timings.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Where a set of timings lies, in nanoseconds. Percentiles are nearest-rank, so each is a timing that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// How many timings there are.
    pub count: u64,
    /// The median.
    pub p50_ns: u64,
    /// 95 % are no longer.
    pub p95_ns: u64,
    /// 99 % are no longer.
    pub p99_ns: u64,
    /// The longest.
    pub max_ns: u64,
    /// The average.
    pub mean_ns: u64,
}

impl Summary {
    /// Summarises timings in any order; all zero where there are none.
    pub fn of(timings: impl IntoIterator<Item = Duration>) -> Self {
        let mut sorted: Vec<u64> =
            timings.into_iter().map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)).collect();
        sorted.sort_unstable();
        let Some(&max_ns) = sorted.last() else { return Summary::default() };
        let rank = |percent: usize| sorted[(sorted.len() * percent).div_ceil(100) - 1];
        let count = sorted.len() as u64;
        let mean_ns = sorted.iter().fold(0u64, |sum, &time| sum.saturating_add(time)) / count;
        Summary { count, p50_ns: rank(50), p95_ns: rank(95), p99_ns: rank(99), max_ns, mean_ns }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { p50_ns, p95_ns, p99_ns, max_ns, mean_ns, count } = self;
        write!(f, "p50 {p50_ns} ns, p95 {p95_ns} ns, p99 {p99_ns} ns, worst {max_ns} ns, ")?;
        write!(f, "mean {mean_ns} ns of {count}")
    }
}

/// The median of values that are numbers, in any order: the upper one of two; not a number where there are none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Nanoseconds in microseconds, as tables want them.
pub fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_rank() {
        let summary = Summary::of((1..=200).rev().map(Duration::from_nanos));
        let expected =
            Summary { count: 200, p50_ns: 100, p95_ns: 190, p99_ns: 198, max_ns: 200, mean_ns: 100 };
        assert_eq!(summary, expected);
        assert_eq!(Summary::of([Duration::from_nanos(7)]).p50_ns, 7);
        assert_eq!(Summary::of([]), Summary::default());
    }
}
