//! Ratios on a machine that is not quiet: all contenders take turns, a few milliseconds each, and each round gives one ratio.
//! What is told is the median of the rounds.
//!
//! One thread is timed by its processor time, several by the wall clock.

use std::hint::black_box;
use std::time::{Duration, Instant};

use benches::clock::ThreadClock;
use benches::summary::median;
use bitcoin::secp256k1::Scalar;
use onion::peel::{Incoming, peel_batch};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::fixture::{Fixture, HASH};

/// A name and what is to be done once.
type Contender<'a> = (&'static str, Box<dyn FnMut() + 'a>);

/// Measures and prints; without `is_whole` a single round, to see that it runs.
pub(super) fn print(is_whole: bool) {
    let round_count = if is_whole { ROUND_COUNT } else { 1 };
    println!("\nratios to the first of each group, medians of {round_count} rounds in turns");
    for hop_count in [4, 8, 20] {
        construct(hop_count, round_count);
    }
    peel(round_count);
    batch(round_count.div_ceil(4));
}

fn construct(hop_count: usize, round_count: usize) {
    let fixture = Fixture::new(hop_count);
    let hops = fixture.payloads();
    let contenders: Vec<Contender<'_>> = vec![
        ("curve", Box::new(|| fixture.curve_of_new())),
        ("ours", Box::new(|| fixture.build(&hops))),
        ("route", Box::new(|| fixture.build_route())),
        ("ldk", Box::new(|| _ = black_box(fixture.ldk_onion()))),
    ];
    race(&format!("construct, {hop_count} hops, a hop"), contenders, hop_count, round_count);
}

fn peel(round_count: usize) {
    let fixture = Fixture::new(20);
    let (bytes, htlc) = (*fixture.packet().as_bytes(), fixture.htlc());
    let ephemeral = fixture.session_key.public_key(&fixture.secp);
    let factor = Scalar::from_be_bytes([0x6b; 32]).expect("below the order");
    let contenders: Vec<Contender<'_>> = vec![
        ("curve", Box::new(|| fixture.curve_of_incoming(ephemeral, &factor))),
        ("ours", Box::new(|| fixture.peel(&bytes))),
        ("htlc", Box::new(|| fixture.open(&htlc))),
        ("ldk", Box::new(|| fixture.ldk_peel(&bytes))),
    ];
    race("peel", contenders, 1, round_count);
}

/// Lets all do their work in turns, and prints what each takes for one of `unit_count` units.
fn race(title: &str, mut contenders: Vec<Contender<'_>>, unit_count: usize, round_count: usize) {
    let clock = ThreadClock::calibrate();
    let mut rounds: Vec<Vec<Duration>> = Vec::new();
    let repeat = |work: &mut dyn FnMut(), count: u32| clock.time(|| (0..count).for_each(|_| work())).1;
    let counts: Vec<u32> = contenders
        .iter_mut()
        .map(|(_, work)| (TURN.as_nanos() / repeat(work, 10).as_nanos().max(10) * 10).max(1) as u32)
        .collect();
    for _ in 0..round_count {
        let turns = contenders.iter_mut().zip(&counts);
        rounds.push(turns.map(|((_, work), &count)| repeat(work, count) / count).collect());
    }
    println!("  {title}");
    for (at, (name, _)) in contenders.iter().enumerate() {
        let micros = median(rounds.iter().map(|round| round[at].as_secs_f64() * 1e6 / unit_count as f64));
        let ratio = median(rounds.iter().map(|round| round[at].as_secs_f64() / round[0].as_secs_f64()));
        println!("    {name:<8} {micros:>8.2} us {ratio:>7.3}");
    }
}

/// Many packets on one thread and on all.
fn batch(round_count: usize) {
    let fixture = Fixture::new(20);
    let node_secret = fixture.node_secret();
    let incoming = vec![Incoming { packet: fixture.packet(), payment_hash: HASH }; BATCH_SIZE];
    let core_count = std::thread::available_parallelism().map_or(1, usize::from);
    let pools = [1, core_count]
        .map(|count| (count, ThreadPoolBuilder::new().num_threads(count).build().expect("threads")));
    let time = |pool: &ThreadPool| {
        let began = Instant::now();
        black_box(pool.install(|| peel_batch(&fixture.secp, &node_secret, black_box(&incoming))));
        began.elapsed().as_secs_f64()
    };
    pools.iter().for_each(|(_, pool)| _ = time(pool));
    let rounds: Vec<[f64; 2]> = (0..round_count).map(|_| [time(&pools[0].1), time(&pools[1].1)]).collect();
    println!("  peel in batches, wall time of a packet, and how many times faster than one thread");
    for (at, (thread_count, _)) in pools.iter().enumerate() {
        let micros = median(rounds.iter().map(|round| round[at] * 1e6 / BATCH_SIZE as f64));
        let speedup = median(rounds.iter().map(|round| round[0] / round[at]));
        println!("    {thread_count} threads {micros:>7.2} us {speedup:>7.3}");
    }
}

const ROUND_COUNT: usize = 200;
/// Long beside a packet, short beside what else the machine does.
const TURN: Duration = Duration::from_millis(3);
const BATCH_SIZE: usize = 400;
