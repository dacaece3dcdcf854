//! How measured values are distributed.

use indicatif::HumanCount;
use serde::Serialize;

/// A distribution; zeros where nothing was measured.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Spread {
    pub(crate) count: usize,
    pub(crate) mean: f64,
    pub(crate) p50: u64,
    pub(crate) p95: u64,
    pub(crate) p99: u64,
    pub(crate) max: u64,
}

impl Spread {
    /// The distribution of some values. O(n log n).
    pub(crate) fn of(mut values: Vec<u64>) -> Self {
        values.sort_unstable();
        let Some(&max) = values.last() else { return Spread::default() };
        // Nearest rank: the least value that this share of all does not exceed.
        let at = |percent: usize| values[(values.len() * percent).div_ceil(100).max(1) - 1];
        let mean = values.iter().sum::<u64>() as f64 / values.len() as f64;
        Spread { count: values.len(), mean, p50: at(50), p95: at(95), p99: at(99), max }
    }

    /// A line of a table: name, count, mean, quantiles, maximum.
    pub(crate) fn row(&self, name: String, show: impl Fn(u64) -> String) -> [String; 7] {
        let count = HumanCount(self.count as u64).to_string();
        let values = [self.mean.round() as u64, self.p50, self.p95, self.p99, self.max];
        let [mean, p50, p95, p99, max] = values.map(show);
        [name, count, mean, p50, p95, p99, max]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_nearest_ranks() {
        let spread = Spread::of((1..=200).rev().collect());
        assert_eq!((spread.p50, spread.p95, spread.p99, spread.max), (100, 190, 198, 200));
        assert_eq!(spread.mean, 100.5);
        let one = Spread::of(vec![7]);
        assert_eq!((one.p50, one.p99, one.max, one.count), (7, 7, 7, 1));
        assert_eq!(Spread::of(Vec::new()).count, 0);
    }
}
