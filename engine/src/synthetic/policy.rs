//! One channel: its capacity, and what each end asks.

use primitives::{ChannelPolicy, CltvExpiryDelta, Fee, InboundFee, Msat, UnixTime};
use rand::Rng;

use super::fitted::policy::{
    INBOUND_PPM, LIMIT_RATIO, MISSING_FROM_OFFLINE, MISSING_FROM_ONLINE, UPDATE_AGE_SECS,
};
use super::fitted::shape::CAPACITY_SAT;
use super::nodes::{Habits, Limit, limit_at, stamp_at};
use super::quantile::{self, normal_cdf, normal_quantile};

/// Capacity of a channel between these two.
///
/// A Gaussian copula: a service opens all its channels alike, and whoever opens small ones has no large ones either.
/// The weights are set so that payments of 1,000,000 sat fail about as often as on mainnet.
pub(super) fn capacity_sat(ends: [&Habits; 2], rng: &mut impl Rng) -> u64 {
    let [low, high] = if ends[0].class <= ends[1].class { ends } else { [ends[1], ends[0]] };
    let noise = (1.0 - HIGH_WEIGHT * HIGH_WEIGHT - LOW_WEIGHT * LOW_WEIGHT).sqrt();
    let deviate = HIGH_WEIGHT * f64::from(high.capacity_deviate)
        + LOW_WEIGHT * f64::from(low.capacity_deviate)
        + noise * normal_quantile(rng.random());
    let share = normal_cdf(deviate);
    let table = &CAPACITY_SAT[usize::from(low.class).min(CAPACITY_SAT.len() - 1)];
    let mut capacity = quantile::at(table, share);
    let last = 1.0 - 0.5 / table.len() as f64;
    if share > last {
        // The table ends in the middle of its last step; a Pareto tail goes on.
        capacity *= ((1.0 - last) / (1.0 - share).max(1e-6)).powf(CAPACITY_TAIL);
    }
    if rng.random::<f64>() < ROUND_SHARE {
        capacity = quantile::rounded(capacity);
    }
    capacity.clamp(CAPACITY_SAT_MIN, CAPACITY_SAT_MAX) as u64
}

/// What `tail` asks of HTLCs to `head`, or `None` where it never said.
pub(super) fn policy(
    tail: &Habits,
    head: &Habits,
    capacity_sat: u64,
    rng: &mut impl Rng,
) -> Option<ChannelPolicy> {
    let group = tail.group();
    let missing = if tail.offline { &MISSING_FROM_OFFLINE } else { &MISSING_FROM_ONLINE };
    if rng.random::<f64>() < missing[usize::from(tail.class)] {
        return None;
    }
    let kept = rng.random::<f32>() < tail.stamp_kept;
    let stamp = if kept { tail.stamp } else { stamp_at(group, rng.random(), rng) };
    let htlc_maximum_msat = htlc_maximum_msat(tail, capacity_sat, rng);
    let mut fee =
        Fee { fee_base_msat: stamp.fee_base_msat, fee_proportional_millionths: ppm(tail, stamp.ppm, rng) };
    if rng.random::<f64>() < TRAP_SHARE {
        fee.fee_proportional_millionths = u32::MAX;
    } else if rng.random::<f64>() < TRAP_SHARE {
        fee.fee_base_msat = u32::MAX;
    }
    let age = quantile::at(&UPDATE_AGE_SECS, rng.random()) as u32;
    Some(ChannelPolicy {
        fee,
        inbound_fee: inbound_fee(tail, rng),
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(stamp.cltv_expiry_delta),
        htlc_minimum_msat: Msat::from_msat(u64::from(stamp.htlc_minimum_msat).min(htlc_maximum_msat)),
        htlc_maximum_msat: Msat::from_msat(htlc_maximum_msat),
        disabled: is_disabled(tail, head, rng),
        last_update: UnixTime::from_secs(SNAPSHOT_SECS - age),
    })
}

/// Most nodes ask one fee on most channels; on the others they choose anew, but stay dear or cheap.
fn ppm(tail: &Habits, table: &[i64], rng: &mut impl Rng) -> u32 {
    let habit = f64::from(tail.ppm_deviate);
    let deviate = if rng.random::<f32>() < tail.ppm_kept {
        habit
    } else {
        PPM_WEIGHT * habit + (1.0 - PPM_WEIGHT * PPM_WEIGHT).sqrt() * normal_quantile(rng.random())
    };
    quantile::rounded(quantile::at(table, normal_cdf(deviate))) as u32
}

fn htlc_maximum_msat(tail: &Habits, capacity_sat: u64, rng: &mut impl Rng) -> u64 {
    let kept = rng.random::<f32>() < tail.limit_kept;
    let limit = if kept { tail.limit } else { limit_at(tail.group(), rng.random()) };
    match limit {
        Limit::Full => capacity_sat * 1000,
        Limit::Reserve => capacity_sat * 990,
        Limit::Less => {
            let share = if kept { f64::from(tail.limit_share) } else { rng.random() };
            let ratio = quantile::at(&LIMIT_RATIO, share) / 1e4;
            ((capacity_sat as f64 * ratio) as u64).max(1) * 1000
        }
    }
}

fn inbound_fee(tail: &Habits, rng: &mut impl Rng) -> InboundFee {
    if rng.random::<f32>() >= tail.inbound_share {
        return InboundFee::ZERO;
    }
    let proportional_millionths = match rng.random::<f64>() {
        u if u < INBOUND_SURCHARGE_SHARE => 1000,
        u if u < INBOUND_KEPT_SHARE => tail.inbound_ppm,
        _ => quantile::rounded(quantile::at(&INBOUND_PPM, rng.random())) as i32,
    };
    let base_msat = if rng.random::<f64>() < INBOUND_BASE_SHARE { -1000 } else { 0 };
    InboundFee { base_msat, proportional_millionths }
}

fn is_disabled(tail: &Habits, head: &Habits, rng: &mut impl Rng) -> bool {
    let (own, other) = (tail.group(), head.group());
    let by_peer = if head.offline { other.disabled_to_offline } else { other.disabled_to_online };
    let by_itself = if tail.offline { own.disabled_from_offline } else { 0.0 };
    rng.random::<f64>() < by_peer || rng.random::<f64>() < by_itself
}

/// Correlation of a channel's size with the greater node's habit.
const HIGH_WEIGHT: f64 = 0.6;
/// Correlation of a channel's size with the lesser node's habit.
const LOW_WEIGHT: f64 = 0.6;
/// How fast the largest capacities grow towards the last: `(rank share)^-0.5`.
const CAPACITY_TAIL: f64 = 0.5;
/// Share of capacities between the atoms that people chose round.
const ROUND_SHARE: f64 = 0.5;
/// The smallest channel of mainnet has 1,100 sat.
const CAPACITY_SAT_MIN: f64 = 1_100.0;
/// 10 BTC, a bit over the largest of mainnet.
const CAPACITY_SAT_MAX: f64 = 1e9;
/// Correlation of a fee chosen for one channel with the node's habit.
const PPM_WEIGHT: f64 = 0.6;
/// Arcs with a fee of 2^32 - 1, which closes a channel without disabling it: once for each of the two fees.
const TRAP_SHARE: f64 = 5e-5;
/// Share of inbound fees that are no discount.
const INBOUND_SURCHARGE_SHARE: f64 = 0.0085;
/// Share of inbound fees, after the former, that are the node's usual one.
const INBOUND_KEPT_SHARE: f64 = 0.72;
/// Share of inbound fees with a base part.
const INBOUND_BASE_SHARE: f64 = 0.15;
/// The time of the snapshot that was measured, which ages count from.
const SNAPSHOT_SECS: u32 = 1_761_451_157;
