//! How often which values occur.

use serde::Serialize;
use utoipa::ToSchema;

/// How often which values occur.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(in crate::http) struct Distribution {
    /// Of what.
    pub(super) name: &'static str,
    /// What one is.
    pub(super) unit: &'static str,
    /// How many values there are.
    pub(super) count: usize,
    /// One in ten is at most this; absent where there are none.
    pub(super) p10: Option<u64>,
    /// Half of them are at most this.
    pub(super) p50: Option<u64>,
    /// Nine in ten are at most this.
    pub(super) p90: Option<u64>,
    /// Counts from the first bin that has any to the last one.
    pub(super) bins: Vec<Bin>,
}

/// How many values lie between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(in crate::http) struct Bin {
    /// The least value that is counted.
    pub(super) from: u64,
    /// The least value that is no longer counted; absent where all greater ones are.
    pub(super) below: Option<u64>,
    /// How many there are.
    pub(super) count: usize,
}

impl Distribution {
    /// The distribution of some values over bins that begin at these bounds, which rise from 0. O(n log n).
    pub(super) fn of(name: &'static str, unit: &'static str, mut values: Vec<u64>, bounds: &[u64]) -> Self {
        debug_assert!(bounds.first() == Some(&0) && bounds.is_sorted());
        values.sort_unstable();
        // Nearest rank: the least value that this share of all does not exceed.
        let at = |percent: usize| {
            let rank = (values.len() * percent).div_ceil(100);
            values.get(rank.saturating_sub(1)).copied()
        };
        let mut bins: Vec<Bin> = (0..bounds.len())
            .map(|place| {
                let (from, below) = (bounds[place], bounds.get(place + 1).copied());
                let end = below.map_or(values.len(), |below| values.partition_point(|&value| value < below));
                Bin { from, below, count: end - values.partition_point(|&value| value < from) }
            })
            .collect();
        bins.truncate(bins.iter().rposition(|bin| bin.count > 0).map_or(0, |last| last + 1));
        bins.drain(..bins.iter().position(|bin| bin.count > 0).unwrap_or(0));
        Distribution { name, unit, count: values.len(), p10: at(10), p50: at(50), p90: at(90), bins }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_one_bin() {
        let values = vec![1, 1, 5, 9, 10, 11, 1000];
        let told = Distribution::of("x", "y", values, &[0, 1, 2, 10, 100, 2000, 5000]);
        let bins: Vec<_> = told.bins.iter().map(|bin| (bin.from, bin.below, bin.count)).collect();
        assert_eq!(
            bins,
            [(1, Some(2), 2), (2, Some(10), 2), (10, Some(100), 2), (100, Some(2000), 1)],
            "empty ends are left out"
        );
        assert_eq!((told.count, told.p10, told.p50, told.p90), (7, Some(1), Some(9), Some(1000)));
    }

    #[test]
    fn the_last_bin_is_open() {
        let told = Distribution::of("x", "y", vec![3, u64::MAX], &[0, 2, 4]);
        assert_eq!(told.bins.last(), Some(&Bin { from: 4, below: None, count: 1 }));
        assert_eq!(told.bins[0], Bin { from: 2, below: Some(4), count: 1 });
    }

    #[test]
    fn nothing_has_no_bins() {
        let told = Distribution::of("x", "y", Vec::new(), &[0, 2]);
        assert_eq!((told.bins.len(), told.p50), (0, None));
    }
}
