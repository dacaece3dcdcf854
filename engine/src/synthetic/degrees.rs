//! How many distinct peers each node has.
//!
//! One fitted curve serves all sizes. Node `i` of `n`, by falling degree, takes the degree at rank share
//! `(i + 1/2) / n`: the body of the curve is mainnet's at every size (56 % leaves), and a graph of more nodes reaches
//! further up the power-law tail, so that hubs grow as `n^0.7` and channels for each node slowly rise.

use super::fitted::shape::{CHANNELS_PER_JOINED_PAIR, MAINNET_NODE_COUNT, PEER_COUNT_SHARE, TAIL_EXPONENT};

/// The number of nodes at which the fitted curve itself yields that many channels.
pub(super) fn fitted_node_count(channel_count: u32) -> u32 {
    let stubs = 2.0 * f64::from(channel_count) / CHANNELS_PER_JOINED_PAIR;
    let (mut low, mut high) = (2u32, channel_count.max(2) + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if mean_degree(middle) * f64::from(middle) <= stubs { low = middle } else { high = middle }
    }
    low
}

/// Degrees by rank, summing to `2 * pair_count` and each at least 1.
///
/// # Panics
/// Where that sum is less than `node_count`.
pub(super) fn degrees(node_count: u32, pair_count: u32) -> Vec<u32> {
    let target = 2 * u64::from(pair_count);
    assert!(target >= u64::from(node_count), "each node needs one channel");
    let curve: Vec<f64> = (0..node_count).map(|rank| curve(rank, node_count)).collect();
    // All degrees above 1 stretch alike until the sum fits.
    let stretched = |scale: f64| curve.iter().map(move |degree| (1.0 + scale * (degree - 1.0)) as u32);
    let (mut low, mut high) = (0.0, SCALE_MAX);
    for _ in 0..SCALE_STEPS {
        let middle = 0.5 * (low + high);
        if stretched(middle).map(u64::from).sum::<u64>() <= target { low = middle } else { high = middle }
    }
    let mut degrees: Vec<u32> = stretched(low).collect();
    let mut missing = target - degrees.iter().map(|&degree| u64::from(degree)).sum::<u64>();
    while missing > 0 {
        for degree in degrees.iter_mut().take(missing.min(u64::from(node_count)) as usize) {
            *degree += 1;
            missing -= 1;
        }
    }
    degrees
}

/// The degree, before rounding down, of one rank.
fn curve(rank: u32, node_count: u32) -> f64 {
    let node_count = f64::from(node_count);
    // A smaller graph must not have its hubs' degrees above what the tail gives its size.
    let largest = degree_at(0.5 / MAINNET_NODE_COUNT) * (MAINNET_NODE_COUNT / node_count).powf(TAIL_EXPONENT);
    degree_at((f64::from(rank) + 0.5) / node_count).min(largest)
}

/// The degree at a rank share, linear between the fitted points on logarithmic axes.
fn degree_at(share: f64) -> f64 {
    let last = PEER_COUNT_SHARE.len() - 1;
    let (last_share, last_degree) = PEER_COUNT_SHARE[last];
    if share <= last_share {
        return last_degree * (share / last_share).powf(TAIL_EXPONENT);
    }
    let above = PEER_COUNT_SHARE.partition_point(|&(at, _)| at >= share).clamp(1, last);
    let ((share_a, a), (share_b, b)) = (PEER_COUNT_SHARE[above - 1], PEER_COUNT_SHARE[above]);
    a * (b / a).powf((share / share_a).ln() / (share_b / share_a).ln())
}

/// The mean of rounded-down degrees, by sampling ranks evenly in the body and one by one at the top.
fn mean_degree(node_count: u32) -> f64 {
    let step = |rank: u32| 1 + rank / MEAN_RANKS_EXACT;
    let (mut rank, mut sum) = (0, 0.0);
    while rank < node_count {
        let step = step(rank).min(node_count - rank);
        sum += f64::from(step) * curve(rank + step / 2, node_count).floor();
        rank += step;
    }
    sum / f64::from(node_count)
}

/// Ranks that [`mean_degree`] sums one by one; below them it strides, always less than 0.1 % of the rank.
const MEAN_RANKS_EXACT: u32 = 1000;

/// No sensible request stretches mainnet's degrees this much; beyond it the remainder is spread evenly.
const SCALE_MAX: f64 = 1e4;

/// Halvings of the interval of scales; enough for single degrees among tens of millions.
const SCALE_STEPS: u32 = 56;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact_and_no_node_is_bare() {
        for (nodes, pairs) in [(2, 1), (3, 2), (271, 900), (1000, 500), (1000, 90_000), (12_020, 40_903)] {
            let degrees = degrees(nodes, pairs);
            assert_eq!(degrees.len(), nodes as usize);
            assert_eq!(degrees.iter().sum::<u32>(), 2 * pairs);
            assert!(degrees.iter().all(|&degree| degree >= 1));
        }
    }

    #[test]
    fn larger_graphs_have_larger_hubs_and_a_mainnet_ratio() {
        let mainnet = fitted_node_count(44_371);
        assert!((11_500..12_500).contains(&mainnet), "{mainnet}");
        let large = fitted_node_count(4_000_000);
        assert!((1_000_000..1_090_000).contains(&large), "{large}");
        assert!((36_000.0..44_000.0).contains(&curve(0, large)), "{}", curve(0, large));
    }
}
