//! What it costs to learn, to look up, and to do both at once.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use engine::belief::{AttemptedHop, Beliefs, Bimodal, FailureCode, HalfLives, Outcome, Prior};
use engine::graph::{ChannelIdx, GraphBuilder, Topology};
use engine::snapshot::Snapshot;
use primitives::{Direction, Features, Msat, NodeId, ShortChannelId, UnixTime};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const CAPACITY: Msat = Msat::from_msat(5_000_000_000);
const NOW: u32 = 1_700_000_000;
/// Drawn before the clock runs; a power of two.
const DRAW_COUNT: usize = 1 << 16;

fn node(n: u64) -> NodeId {
    let mut bytes = [2; 33];
    bytes[25..].copy_from_slice(&n.to_be_bytes());
    NodeId::from_bytes(bytes).expect("prefix 2")
}

/// Channels between neighbours on a line: beliefs know no nodes.
fn beliefs(channel_count: u64) -> Beliefs {
    let mut builder = GraphBuilder::new();
    for channel in 0..channel_count {
        let name = ShortChannelId::from_u64(channel << 16);
        let nodes = (node(channel), node(channel + 1));
        let features = Features::default();
        builder.add_channel(name, nodes.0, nodes.1, Some(CAPACITY), &features).expect("new");
    }
    let topology = Topology::build(builder).expect("there is room");
    Beliefs::new(&Snapshot::from_topology(topology), HalfLives::default())
}

fn hops(channel_count: u64, rng: &mut ChaCha8Rng) -> Vec<AttemptedHop> {
    let hop = |_| AttemptedHop {
        channel: ChannelIdx::from_u32(rng.random_range(0..channel_count as u32)),
        direction: Direction::BOTH[rng.random_range(0..2)],
        amount: Msat::from_msat(rng.random_range(1..CAPACITY.to_msat())),
        in_flight: Msat::ZERO,
    };
    (0..DRAW_COUNT).map(hop).collect()
}

/// One update, of a random channel: carried, refused and settled in turn.
fn learn(beliefs: &Beliefs, hops: &[AttemptedHop], step: usize) {
    let code = FailureCode::TemporaryChannelFailure;
    let outcome = match step % 3 {
        0 => Outcome::Reached,
        1 => Outcome::Failed { erring_node: 0, code },
        _ => Outcome::Settled,
    };
    let hop = step % DRAW_COUNT;
    black_box(beliefs.learn(&hops[hop..=hop], outcome, UnixTime::from_secs(NOW + (step >> 16) as u32)));
}

fn look_up(beliefs: &Beliefs, hops: &[AttemptedHop], step: usize) {
    let hop = &hops[step % DRAW_COUNT];
    let view = beliefs.view(UnixTime::from_secs(NOW + 10_000));
    black_box(view.bounds(hop.channel.to_u32(), hop.direction, CAPACITY));
}

fn single(criterion: &mut Criterion) {
    for (name, channel_count) in [("mainnet_size", 50_000), ("million", 1_000_000)] {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let hops = hops(channel_count, &mut rng);
        let nothing = beliefs(channel_count);
        let beliefs = beliefs(channel_count);
        let mut group = criterion.benchmark_group("engine/belief");
        group.throughput(Throughput::Elements(1));
        let mut step = 0;
        group.bench_function(format!("{name}/update"), |bencher| {
            bencher.iter(|| {
                step += 1;
                learn(&beliefs, &hops, step);
            });
        });
        (0..DRAW_COUNT).for_each(|step| learn(&beliefs, &hops, step));
        for (case, beliefs) in [("lookup_known", &beliefs), ("lookup_unknown", &nothing)] {
            group.bench_function(format!("{name}/{case}"), |bencher| {
                bencher.iter(|| {
                    step += 1;
                    look_up(beliefs, &hops, step);
                });
            });
        }
        group.finish();
    }
}

/// Lookups beside a writer that never rests, and that writer's own speed.
fn together(criterion: &mut Criterion) {
    let channel_count = 50_000;
    let hops = hops(channel_count, &mut ChaCha8Rng::seed_from_u64(2));
    let beliefs = beliefs(channel_count);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let (begin, mut step) = (Instant::now(), 0usize);
            while !stop.load(Relaxed) {
                (step..step + 64).for_each(|step| learn(&beliefs, &hops, step));
                step += 64;
            }
            (step, begin.elapsed())
        });
        let mut step = 0;
        criterion.bench_function("engine/belief/mainnet_size/lookup_beside_a_writer", |bencher| {
            bencher.iter(|| {
                step += 1;
                look_up(&beliefs, &hops, step * 7);
            });
        });
        stop.store(true, Relaxed);
        let (count, elapsed): (usize, Duration) = writer.join().expect("the writer does not panic");
        let million_a_second = count as f64 / elapsed.as_secs_f64() / 1e6;
        println!(
            "engine/belief/mainnet_size/writer_beside_lookups: {million_a_second:.1} million updates a second"
        );
    });
}

fn prior(criterion: &mut Criterion) {
    let bounds = (Msat::from_msat(1_000_000), Msat::from_msat(4_000_000_000));
    for (name, prior) in [("uniform", Prior::Uniform), ("bimodal", Prior::Bimodal(Bimodal::default()))] {
        let mut amount = 0;
        criterion.bench_function(&format!("engine/belief/penalty/{name}"), |bencher| {
            bencher.iter(|| {
                amount = (amount + 77_777_777) % 3_900_000_000;
                prior.penalty(Msat::from_msat(black_box(amount)), bounds, CAPACITY)
            });
        });
    }
}

criterion_group!(all, single, together, prior);
criterion_main!(all);
