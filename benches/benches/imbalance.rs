//! Five diverse paths with imbalance fees on every channel.
//!
//! The graph is the real one where `FULGURITE_DATA` names a folder that holds it, else one that is made up. Every channel
//! has balances and, on both sides, a bowl-shaped penalty of 21 corners, flat and proportional fees, all by seed. Per
//! amount: ends of random channels ask for five paths to each other, each query several times; its best time counts, which
//! is the processor time of this thread. Queries without a path are timed apart.

use std::sync::Arc;

use benches::clock::ThreadClock;
use benches::input::{is_measured, mainnet_or_made_up, random_ends};
use benches::summary::{Summary, micros};
use engine::graph::ChannelIdx;
use engine::imbalance::{
    DiversePaths, FeeSchedule, FeeTerms, ImbalanceTable, PathCounts, PathQuery, PathWeights, PathWorkspace,
    PenaltyPoint, diverse_paths,
};
use engine::snapshot::Snapshot;
use primitives::{Direction, Msat, ShortChannelIdDir};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn main() {
    let snapshot = mainnet_or_made_up().expect("a graph that is well formed");
    let table = table(Arc::new(snapshot));
    let snapshot = table.snapshot();
    println!("{} nodes, {} channels", snapshot.node_count(), snapshot.channel_count());
    println!(
        "{:>9} {:>10} {:>6} {:>8} {:>8} {:>8} {:>8} {:>6} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "weights",
        "sat",
        "found",
        "p50_us",
        "p95_us",
        "p99_us",
        "max_us",
        "paths",
        "searches",
        "settled",
        "weighed",
        "no_path",
        "p50_us",
        "max_us"
    );
    let count = if is_measured() { QUERY_COUNT } else { 2 };
    // Raiden's ratios with a bitcoin for a token: a hundred hops for a bitcoin of fees.
    let hundred = PathWeights { hop: 1_000_000_000, diversity: u32::MAX, fee: 1 };
    for (name, weights) in [("default", PathWeights::default()), ("hundred", hundred)] {
        for exponent in 2..=6 {
            measure(&table, (name, weights), 10u64.pow(exponent), count);
        }
    }
}

fn measure(table: &ImbalanceTable, (name, weights): (&str, PathWeights), sat: u64, count: usize) {
    let clock = ThreadClock::calibrate();
    let mut rng = ChaCha8Rng::seed_from_u64(sat);
    let mut space = PathWorkspace::default();
    let (mut times, mut empty, mut paths) = (Vec::new(), Vec::new(), 0);
    let mut counts = PathCounts::default();
    for _ in 0..count {
        let [payer, payee] = random_ends(table.snapshot(), &mut rng);
        let query = PathQuery { weights, ..PathQuery::new(payer, payee, Msat::from_msat(sat * 1000)) };
        let run = |space: &mut PathWorkspace| diverse_paths(table, &query, space).expect("a sound query");
        let (found, mut best): (DiversePaths, _) = clock.time(|| run(&mut space));
        for _ in 1..PASS_COUNT {
            best = best.min(clock.time(|| run(&mut space)).1);
        }
        if found.paths.is_empty() {
            empty.push(best);
            continue;
        }
        times.push(best);
        paths += found.paths.len();
        counts.searches += found.counts.searches;
        counts.settled += found.counts.settled;
        counts.weighed += found.counts.weighed;
    }
    let (found, empty) = (Summary::of(times), Summary::of(empty));
    let mean = |sum: u64| sum as f64 / found.count.max(1) as f64;
    println!(
        "{name:>9} {sat:>10} {:>6} {:>8.1} {:>8.1} {:>8.1} {:>8.1} {:>6.2} {:>8.1} {:>8.0} {:>8.0} {:>8} {:>8.1} {:>8.1}",
        found.count,
        micros(found.p50_ns),
        micros(found.p95_ns),
        micros(found.p99_ns),
        micros(found.max_ns),
        mean(paths as u64),
        mean(counts.searches),
        mean(counts.settled),
        mean(counts.weighed),
        empty.count,
        micros(empty.p50_ns),
        micros(empty.max_ns),
    );
}

fn table(snapshot: Arc<Snapshot>) -> ImbalanceTable {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut table = ImbalanceTable::new(Arc::clone(&snapshot));
    for channel in snapshot.channels() {
        set_channel(&mut table, channel, &mut rng);
    }
    table
}

/// Balances anywhere, and bowls that rise to 0.1 to 2 % of the capacity at both ends.
fn set_channel(table: &mut ImbalanceTable, channel: ChannelIdx, rng: &mut ChaCha8Rng) {
    let snapshot = Arc::clone(table.snapshot());
    let short_channel_id = snapshot.short_channel_id(channel);
    let capacity = snapshot.capacity(channel).map_or(1_000_000, Msat::to_msat).max(CORNER_COUNT);
    for direction in Direction::BOTH {
        let peak = i128::from(capacity) * rng.random_range(1..20) / 1000;
        let corner = |at: u64| PenaltyPoint {
            balance: Msat::from_msat(capacity * at / (CORNER_COUNT - 1)),
            penalty_msat: (peak * (2 * i128::from(at) + 1 - i128::from(CORNER_COUNT)).pow(2)
                / i128::from(CORNER_COUNT - 1).pow(2)) as i64,
        };
        let schedule = FeeSchedule::new(&FeeTerms {
            flat: Msat::from_msat(rng.random_range(0..1000)),
            proportional_millionths: rng.random_range(0..1000),
            imbalance_penalty: (0..CORNER_COUNT).map(corner).collect(),
            cap_fees: false,
        });
        let schedule = Arc::new(schedule.expect("a bowl that is not too steep"));
        table
            .set_schedule(ShortChannelIdDir { short_channel_id, direction }, schedule)
            .expect("a channel of the snapshot");
    }
    let balance = rng.random_range(0..=snapshot.capacity(channel).map_or(1_000_000, Msat::to_msat));
    let balances = [balance, capacity - balance].map(Msat::from_msat);
    table.set_balances(short_channel_id, balances).expect("no more than the capacity");
}

/// Queries per amount.
const QUERY_COUNT: usize = 1000;
/// Timings of each query.
const PASS_COUNT: usize = 3;
/// As many corners as Raiden's own clients make.
const CORNER_COUNT: u64 = 21;
