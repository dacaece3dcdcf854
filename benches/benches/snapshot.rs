//! What it costs to change the graph, to publish it, and to read it while that goes on.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use engine::graph::{GraphBuilder, Topology};
use engine::snapshot::{ChannelGraph, GraphWriter};
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, GraphDelta, InboundFee, Msat, NodeId,
    ShortChannelId, UnixTime,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn node(n: u64) -> NodeId {
    let mut bytes = [2; 33];
    bytes[25..].copy_from_slice(&n.to_be_bytes());
    NodeId::from_bytes(bytes).expect("prefix 2")
}

fn opened(channel: u64, node_count: u64, rng: &mut ChaCha8Rng) -> GraphDelta {
    let one = rng.random_range(0..node_count - 1);
    GraphDelta::ChannelOpened {
        short_channel_id: ShortChannelId::from_u64(channel << 16),
        node_id_1: node(one),
        node_id_2: node(rng.random_range(one + 1..node_count)),
        capacity: Some(Msat::from_msat(5_000_000_000)),
        features: Features::default(),
    }
}

fn updated(channel: u64, rng: &mut ChaCha8Rng) -> GraphDelta {
    GraphDelta::PolicyUpdated {
        short_channel_id: ShortChannelId::from_u64(channel << 16),
        direction: Direction::BOTH[rng.random_range(0..2)],
        policy: ChannelPolicy {
            fee: Fee {
                fee_base_msat: rng.random_range(0..2000),
                fee_proportional_millionths: rng.random_range(0..5000),
            },
            inbound_fee: InboundFee::ZERO,
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(80),
            htlc_minimum_msat: Msat::from_msat(1000),
            htlc_maximum_msat: Msat::from_msat(4_000_000_000),
            disabled: false,
            last_update: UnixTime::from_secs(rng.random()),
        },
    }
}

/// A random graph with four channels a node, every policy told.
fn graph(channel_count: u64, rng: &mut ChaCha8Rng) -> (ChannelGraph, GraphWriter) {
    let mut builder = GraphBuilder::new();
    for channel in 0..channel_count {
        builder.apply(&opened(channel, channel_count / 4, rng)).expect("new");
        builder.apply(&updated(channel, rng)).expect("known");
    }
    ChannelGraph::new(Topology::build(builder).expect("there is room"))
}

fn change(criterion: &mut Criterion) {
    for (name, channel_count) in [("mainnet_size", 50_000), ("million", 1_000_000)] {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (graph, mut writer) = graph(channel_count, &mut rng);
        let mut group = criterion.benchmark_group("engine/policy_update");
        let one = updated(channel_count / 2, &mut rng);
        group.bench_function(format!("{name}/same_channel"), |bencher| {
            bencher.iter(|| writer.apply(black_box(&one)).expect("known"));
        });
        let deltas = (0..1 << 16).map(|_| updated(rng.random_range(0..channel_count), &mut rng));
        let mut deltas = deltas.collect::<Vec<_>>().into_iter().cycle();
        group.bench_function(format!("{name}/random_channel"), |bencher| {
            bencher.iter_batched_ref(
                || deltas.next().expect("a cycle never ends"),
                |delta| writer.apply(delta).expect("known"),
                BatchSize::SmallInput,
            );
        });
        let start = Instant::now();
        writer.begin_merge();
        writer.finish_merge();
        println!("engine/merge/{name}: {:?}, once", start.elapsed());
        let snapshot = graph.snapshot();
        group.bench_function(format!("{name}/look_up_alone"), |bencher| {
            bencher.iter_batched_ref(
                || ShortChannelId::from_u64(rng.random_range(0..channel_count) << 16),
                |scid| snapshot.channel(*scid),
                BatchSize::SmallInput,
            );
        });
    }
}

fn publish(criterion: &mut Criterion) {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let (graph, mut writer) = graph(50_000, &mut rng);
    let mut reader = graph.reader();
    criterion.bench_function("engine/snapshot/unchanged", |bencher| {
        bencher.iter(|| black_box(reader.snapshot()).version());
    });
    criterion.bench_function("engine/snapshot/one_off", |bencher| bencher.iter(|| graph.snapshot()));
    let policy = updated(7, &mut rng);
    criterion.bench_function("engine/publish/policies_only", |bencher| {
        bencher.iter(|| {
            writer.apply(&policy).expect("known");
            writer.publish()
        });
    });
    criterion.bench_function("engine/snapshot/after_publish", |bencher| {
        bencher.iter(|| {
            writer.apply(&policy).expect("known");
            writer.publish();
            reader.snapshot().version()
        });
    });
    for channel in 50_000..51_000 {
        writer.apply(&opened(channel, 12_500, &mut rng)).expect("new");
        writer.apply(&updated(channel, &mut rng)).expect("pending");
    }
    let policy = updated(50_500, &mut rng);
    criterion.bench_function("engine/publish/overlay_1000", |bencher| {
        bencher.iter(|| {
            writer.apply(&policy).expect("pending");
            writer.publish()
        });
    });
}

/// Reads the policies of six random arcs at one moment, as a route's pricing does, beside a writer at work.
fn read(criterion: &mut Criterion) {
    for rate in [0u64, 10_000, 100_000, 1_000_000] {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let (graph, mut writer) = graph(50_000, &mut rng);
        let deltas = (0..1 << 16).map(|_| updated(rng.random_range(0..50_000), &mut rng)).collect::<Vec<_>>();
        let is_done = AtomicBool::new(false);
        let write = || {
            let start = Instant::now();
            let mut count = 0u64;
            while rate > 0 && !is_done.load(Relaxed) {
                let due = (start.elapsed().as_nanos() * u128::from(rate) / 1_000_000_000) as u64;
                while count < due {
                    writer.apply(&deltas[count as usize % deltas.len()]).expect("known");
                    count += 1;
                    if count.is_multiple_of((rate / 20).max(1)) {
                        writer.publish();
                    }
                }
                thread::sleep(Duration::from_micros(20));
            }
        };
        thread::scope(|scope| {
            scope.spawn(write);
            let mut reader = graph.reader();
            let channels = (0..1 << 14).map(|_| ShortChannelId::from_u64(rng.random_range(0..50_000) << 16));
            let channels = channels.collect::<Vec<_>>();
            let mut next = 0;
            let mut one_route = || {
                let snapshot = reader.snapshot();
                next = (next + 6) % (channels.len() - 6);
                let arcs = std::array::from_fn::<_, 6, _>(|at| {
                    let channel = snapshot.channel(channels[next + at]).expect("known");
                    channel.arc(Direction::NodeOneToTwo)
                });
                snapshot.read_consistent(|| arcs.map(|arc| snapshot.policy(arc)))
            };
            criterion.bench_function(
                &format!("engine/read_six_policies/{rate}_updates_a_second"),
                |bencher| {
                    bencher.iter(&mut one_route);
                },
            );
            let mut times = (0..400_000).map(|_| {
                let start = Instant::now();
                let is_read = black_box(one_route()).is_ok();
                (start.elapsed().as_nanos(), is_read)
            });
            let mut times = times.by_ref().collect::<Vec<_>>();
            times.sort_unstable();
            let contended = times.iter().filter(|(_, is_read)| !is_read).count();
            let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].0;
            println!(
                "  p50 {} ns, p99 {} ns, p99.9 {} ns, worst {} ns, contended {contended}",
                at(0.5),
                at(0.99),
                at(0.999),
                at(1.0)
            );
            is_done.store(true, Relaxed);
        });
    }
}

fn quick() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2))
}

criterion_group!(name = benches; config = quick(); targets = publish, change, read);
criterion_main!(benches);
