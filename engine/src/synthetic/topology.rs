//! Who joins whom: a configuration model with degree classes.
//!
//! ```text
//! degrees -> stubs of each class, shuffled -> cells: how many pairs join class i and class j
//!         -> stubs of each cell matched in order -> loops undone -> pairs multiplied -> channels shuffled by age
//! ```
//!
//! The size of each cell is the fitted affinity, scaled until each class uses up exactly its stubs (iterative
//! proportional fitting: Deming & Stephan, "On a least squares adjustment of a sampled frequency table", 1940). Thus
//! every node keeps its degree, whatever the affinities. Nodes are numbered by falling degree here.
//!
//! Memory: 8 bytes a channel for the result, as much again for the stubs while it runs.

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::fitted::shape::{AFFINITY, CHANNELS_PER_PAIR, CLASS_COUNT, PARALLEL_COUNT, PARALLEL_SHARE};
use super::quantile;
use super::stream::{Purpose, stream};

/// The two ends of a channel or pair, as ranks.
pub(super) type Ends = [u32; 2];

/// How many distinct pairs carry that many channels, at least enough to reach every node.
pub(super) fn pair_count(node_count: u32, channel_count: u32) -> u32 {
    let fitted = (f64::from(channel_count) / CHANNELS_PER_PAIR) as u32;
    fitted.max(node_count.div_ceil(2))
}

/// The degree class: the logarithm of the degree, the last class is open.
pub(super) fn class_of(degree: u32) -> usize {
    (degree.max(1).ilog2() as usize).min(CLASS_COUNT - 1)
}

/// Joins nodes of these degrees into exactly `channel_count` channels, in random order of age.
pub(super) fn channels(seed: u64, degrees: &[u32], channel_count: u32) -> Vec<Ends> {
    let mut pairs = matched(seed, degrees);
    undo_loops(&mut pairs, degrees.len() as u32, &mut stream(seed, Purpose::Stubs, CLASS_COUNT as u32));
    let mut channels = multiplied(seed, pairs, degrees, channel_count as usize);
    channels.shuffle(&mut stream(seed, Purpose::ChannelOrder, 0));
    channels
}

/// Matches all stubs; some pairs may be loops.
fn matched(seed: u64, degrees: &[u32]) -> Vec<Ends> {
    let mut stubs: Vec<Vec<u32>> = vec![Vec::new(); CLASS_COUNT];
    let mut node_counts = [0u32; CLASS_COUNT];
    for (rank, &degree) in degrees.iter().enumerate() {
        let class = class_of(degree);
        node_counts[class] += 1;
        stubs[class].extend(std::iter::repeat_n(rank as u32, degree as usize));
    }
    stubs.par_iter_mut().enumerate().for_each(|(class, stubs)| {
        stubs.shuffle(&mut stream(seed, Purpose::Stubs, class as u32));
    });
    let cells = cells(&stubs, &node_counts);
    let mut pairs = Vec::with_capacity(stubs.iter().map(Vec::len).sum::<usize>() / 2);
    for i in 0..CLASS_COUNT {
        for j in i..CLASS_COUNT {
            for _ in 0..cells[i][j] {
                if let (Some(a), Some(b)) = (stubs[i].pop(), stubs[j].pop()) {
                    pairs.push([a, b]);
                }
            }
        }
    }
    // Rounding leaves a few stubs of each class; they marry across classes.
    let mut rest: Vec<u32> = stubs.concat();
    rest.shuffle(&mut stream(seed, Purpose::Stubs, CLASS_COUNT as u32 + 1));
    pairs.extend(rest.chunks_exact(2).map(|pair| [pair[0], pair[1]]));
    pairs
}

/// Whole pairs for each two classes (upper triangle), never more than the stubs allow.
fn cells(stubs: &[Vec<u32>], node_counts: &[u32; CLASS_COUNT]) -> [[usize; CLASS_COUNT]; CLASS_COUNT] {
    // One node alone cannot be joined within its class.
    let affinity = |i: usize, j: usize| {
        if i == j && node_counts[i] < 2 { 0.0 } else { AFFINITY[i][j] }
    };
    let sizes: Vec<f64> = stubs.iter().map(|stubs| stubs.len() as f64).collect();
    let mut weights: Vec<f64> = sizes.iter().map(|size| size.sqrt()).collect();
    for _ in 0..FITTING_ROUNDS {
        for i in 0..CLASS_COUNT {
            let row: f64 = (0..CLASS_COUNT).map(|j| affinity(i, j) * weights[j]).sum();
            if row > 0.0 {
                // The geometric mean of the old and the matching weight: the plain step oscillates.
                weights[i] = (weights[i] * sizes[i] / row).sqrt();
            }
        }
    }
    let mut left: Vec<usize> = stubs.iter().map(Vec::len).collect();
    let mut cells = [[0; CLASS_COUNT]; CLASS_COUNT];
    for i in 0..CLASS_COUNT {
        for j in i..CLASS_COUNT {
            let ends = weights[i] * affinity(i, j) * weights[j];
            let whole = if i == j { ends / 2.0 } else { ends } as usize;
            cells[i][j] = if i == j { whole.min(left[i] / 2) } else { whole.min(left[i]).min(left[j]) };
            left[i] -= cells[i][j];
            left[j] -= cells[i][j];
        }
    }
    cells
}

/// Exchanges ends between each loop and a random pair, so that degrees stay.
fn undo_loops(pairs: &mut [Ends], node_count: u32, rng: &mut ChaCha8Rng) {
    for at in 0..pairs.len() {
        let [node, other] = pairs[at];
        if node != other {
            continue;
        }
        let partner = (0..LOOP_TRIES)
            .map(|_| rng.random_range(0..pairs.len()))
            .find(|&partner| !pairs[partner].contains(&node));
        match partner {
            Some(partner) => {
                let [a, b] = pairs[partner];
                pairs[at] = [node, a];
                pairs[partner] = [node, b];
            }
            // Only where one node takes part in nearly every pair: it gives one end up to another node.
            None => pairs[at][1] = (node + 1 + rng.random_range(0..node_count - 1)) % node_count,
        }
    }
}

/// Gives some pairs parallel channels, until there are exactly `channel_count`.
fn multiplied(seed: u64, pairs: Vec<Ends>, degrees: &[u32], channel_count: usize) -> Vec<Ends> {
    let mut rng = stream(seed, Purpose::Parallels, 0);
    let mut channels = pairs;
    let pair_count = channels.len();
    while channels.len() < channel_count {
        let before = channels.len();
        for at in 0..pair_count {
            let [a, b] = channels[at];
            let class = class_of(degrees[a as usize].min(degrees[b as usize])).min(PARALLEL_SHARE.len() - 1);
            if rng.random::<f64>() >= PARALLEL_SHARE[class] {
                continue;
            }
            let count = quantile::at(&PARALLEL_COUNT, rng.random()).round() as usize;
            let wanted = (count - 1).min(channel_count - channels.len());
            channels.extend(std::iter::repeat_n([a, b], wanted));
        }
        // Tiny graphs may draw no parallel pair in a round.
        if channels.len() == before {
            channels.push(channels[rng.random_range(0..pair_count)]);
        }
    }
    channels
}

/// Rounds of proportional fitting; the error halves in each.
const FITTING_ROUNDS: u32 = 200;

/// Random partners tried for a loop before it gives in.
const LOOP_TRIES: u32 = 64;

#[cfg(test)]
mod tests {
    use super::super::degrees::degrees;
    use super::*;

    #[test]
    fn channels_are_exact_loopless_and_reach_every_node() {
        for (nodes, count) in [(2, 1), (2, 50), (3, 2), (10, 10), (300, 1000), (12_020, 44_371)] {
            let degrees = degrees(nodes, pair_count(nodes, count));
            let channels = channels(7, &degrees, count);
            assert_eq!(channels.len(), count as usize);
            assert!(channels.iter().all(|[a, b]| a != b), "{nodes} nodes");
            if nodes > 100 {
                let mut reached = vec![false; nodes as usize];
                channels.iter().flatten().for_each(|&node| reached[node as usize] = true);
                assert!(reached.iter().all(|&reached| reached), "{nodes} nodes");
            }
        }
    }
}
