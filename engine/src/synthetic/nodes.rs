//! The habits of each node: what it asks on most of its channels, and whether it is there at all.
//!
//! On mainnet a handful of hubs hold a tenth of all channels, so independent draws would make every seed another
//! world. Habits are therefore drawn from a low-discrepancy sequence over the ranks (additive recurrence with the
//! generalised golden ratio: Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018), moved by the
//! seed: any run of nodes of like degree covers each table evenly.

use rand::Rng;
use rayon::prelude::*;

use super::fitted::group::{SizeGroup, Stamp};
use super::fitted::policy::{
    GROUP_OF_CLASS, INBOUND_CHANNEL_SHARE, INBOUND_NODE_SHARE, INBOUND_PPM, OFFLINE_NODE_SHARE, SIZE_GROUPS,
};
use super::quantile;
use super::stream::{Purpose, stream};
use super::topology::class_of;

/// Base fee, expiry delta and least HTLC, and where the proportional fee is drawn from.
#[derive(Debug, Clone, Copy)]
pub(super) struct StampDraw {
    /// `fee_base_msat`.
    pub(super) fee_base_msat: u32,
    /// `cltv_expiry_delta`.
    pub(super) cltv_expiry_delta: u16,
    /// `htlc_minimum_msat`.
    pub(super) htlc_minimum_msat: u32,
    /// Quantiles of `fee_proportional_millionths`.
    pub(super) ppm: &'static [i64],
}

/// How a node limits the largest HTLC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// The capacity less the usual reserve of 1 %.
    Reserve,
    /// The whole capacity.
    Full,
    /// Less, by a fitted ratio.
    Less,
}

/// What a node does on all its channels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habits {
    /// Place in the fitted affinities and capacities.
    pub(super) class: u8,
    /// Peers have disabled the channels to it.
    pub(super) offline: bool,
    /// What it usually asks.
    pub(super) stamp: StampDraw,
    /// The share of channels that bear it.
    pub(super) stamp_kept: f32,
    /// Whether it is dear or cheap, as a normal deviate.
    pub(super) ppm_deviate: f32,
    /// The share of channels that ask its commonest proportional fee.
    pub(super) ppm_kept: f32,
    /// How it usually limits HTLCs.
    pub(super) limit: Limit,
    /// The share of channels that do.
    pub(super) limit_kept: f32,
    /// Where in the table of ratios its usual limit lies.
    pub(super) limit_share: f32,
    /// Whether its channels are large, as a normal deviate.
    pub(super) capacity_deviate: f32,
    /// The share of channels with an inbound fee; mostly 0.
    pub(super) inbound_share: f32,
    /// Its usual inbound fee in millionths.
    pub(super) inbound_ppm: i32,
}

impl Habits {
    /// The fitted behaviour of nodes of this size.
    pub(super) fn group(&self) -> &'static SizeGroup {
        &SIZE_GROUPS[usize::from(GROUP_OF_CLASS[usize::from(self.class)])]
    }
}

/// The habits of each node, by rank.
pub(super) fn habits(seed: u64, degrees: &[u32]) -> Vec<Habits> {
    let mut offsets = [0.0; DIMENSIONS];
    stream(seed, Purpose::Habits, u32::MAX).fill(&mut offsets);
    degrees
        .par_chunks(CHUNK)
        .enumerate()
        .flat_map_iter(|(chunk, degrees)| {
            let mut rng = stream(seed, Purpose::Habits, chunk as u32);
            let first = chunk * CHUNK;
            degrees
                .iter()
                .enumerate()
                .map(move |(at, &degree)| draw(class_of(degree), &even(first + at, &offsets), &mut rng))
        })
        .collect()
}

fn draw(class: usize, even: &[f64; DIMENSIONS], rng: &mut impl Rng) -> Habits {
    let group = &SIZE_GROUPS[usize::from(GROUP_OF_CLASS[class])];
    let [stamp, ppm, capacity, limit, ppm_kept, offline, inbound] = *even;
    let has_inbound = inbound < INBOUND_NODE_SHARE[class];
    let inbound_share = if has_inbound { share(&INBOUND_CHANNEL_SHARE, rng.random()) } else { 0.0 };
    Habits {
        class: class as u8,
        offline: offline < OFFLINE_NODE_SHARE[class],
        stamp: stamp_at(group, stamp, rng),
        stamp_kept: share(group.stamp_kept, rng.random()),
        ppm_deviate: quantile::normal_quantile(ppm) as f32,
        ppm_kept: share(group.ppm_kept, ppm_kept),
        limit: limit_at(group, limit),
        limit_kept: share(group.limit_kept, rng.random()),
        limit_share: rng.random(),
        capacity_deviate: quantile::normal_quantile(capacity) as f32,
        inbound_share,
        inbound_ppm: quantile::rounded(quantile::at(&INBOUND_PPM, rng.random())) as i32,
    }
}

/// The stamp at `u` of the common ones laid end to end, or one of the others.
pub(super) fn stamp_at(group: &SizeGroup, u: f64, rng: &mut impl Rng) -> StampDraw {
    let mut end = 0;
    let common = group.stamps.iter().find(|stamp| {
        end += stamp.share;
        u * 1e4 < f64::from(end)
    });
    if let Some(&Stamp { values: [fee_base_msat, cltv, htlc_minimum_msat], ppm, .. }) = common {
        return StampDraw { fee_base_msat, cltv_expiry_delta: cltv as u16, htlc_minimum_msat, ppm };
    }
    let mut other = |table| quantile::rounded(quantile::at(table, rng.random())) as u32;
    StampDraw {
        fee_base_msat: other(group.other_base),
        cltv_expiry_delta: other(group.other_cltv) as u16,
        htlc_minimum_msat: other(group.other_minimum),
        ppm: group.other_ppm,
    }
}

/// The way of limiting at `u` of all ways laid end to end.
pub(super) fn limit_at(group: &SizeGroup, u: f64) -> Limit {
    if u < group.limit_full {
        Limit::Full
    } else if u < group.limit_full + group.limit_less {
        Limit::Less
    } else {
        Limit::Reserve
    }
}

/// A share from a table in 1/10,000.
fn share(table: &[i64], u: f64) -> f32 {
    (quantile::at(table, u) / 1e4) as f32
}

/// Point `rank` of the sequence.
fn even(rank: usize, offsets: &[f64; DIMENSIONS]) -> [f64; DIMENSIONS] {
    std::array::from_fn(|at| {
        let step = GENERALISED_GOLDEN.powi(-(at as i32 + 1));
        (offsets[at] + step * rank as f64).fract()
    })
}

/// Habits that are spread evenly.
const DIMENSIONS: usize = 7;

/// The root of `x^8 = x + 1`, for seven dimensions.
const GENERALISED_GOLDEN: f64 = 1.096_981_557_798_56;

/// Nodes of one random stream.
const CHUNK: usize = 4096;
