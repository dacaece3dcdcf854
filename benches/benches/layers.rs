//! What layers and reservations cost: to compile, to write, to read, and in a query.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use engine::graph::{ArcIdx, Topology};
use engine::layer::{BiasStep, Constraint, Layer, LayerStack, PolicyChange, read_layers, write_layers};
use engine::query::RouteQuery;
use engine::reserve::{Htlc, ReservationBook};
use engine::router::{RouteWorkspace, route};
use engine::snapshot::Snapshot;
use engine::synthetic::{AmountRange, SyntheticConfig, generate, random_queries};
use primitives::{Msat, ShortChannelIdDir, UnixTime};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const NOW: UnixTime = UnixTime::from_secs(1_738_000_000);
const QUERY_COUNT: usize = 200;

/// Any direction of any channel.
fn any_direction(snapshot: &Snapshot, rng: &mut ChaCha8Rng) -> ShortChannelIdDir {
    let arc = ArcIdx::from_u32(rng.random_range(0..2 * snapshot.channel_count() as u32));
    let short_channel_id = snapshot.short_channel_id(arc.channel());
    ShortChannelIdDir { short_channel_id, direction: arc.direction() }
}

/// What a busy payer has learnt: nearly all entries are constraints.
fn constraints(snapshot: &Snapshot, count: usize, rng: &mut ChaCha8Rng) -> Layer {
    let mut layer = Layer::new("learnt", false).expect("a short name");
    while layer.constraints().len() < count {
        let maximum = Msat::from_msat(rng.random_range(1_000_000..10_000_000_000));
        let constraint = Constraint::learnt_at(NOW, Msat::ZERO, maximum);
        layer.set_constraint(any_direction(snapshot, rng), constraint).expect("room");
    }
    layer
}

/// As many constraints, none of which binds: what is left is the price of looking at them.
fn idle(snapshot: &Snapshot, count: usize, rng: &mut ChaCha8Rng) -> Layer {
    let mut layer = Layer::new("idle", false).expect("a short name");
    let maximum = Msat::from_msat(u64::MAX - 1);
    while layer.constraints().len() < count {
        let constraint = Constraint::learnt_at(NOW, Msat::ZERO, maximum);
        layer.set_constraint(any_direction(snapshot, rng), constraint).expect("room");
    }
    layer
}

/// All kinds of entries, in equal parts.
fn mixed(snapshot: &Snapshot, count: usize, rng: &mut ChaCha8Rng) -> Layer {
    let mut layer = Layer::new("mixed", false).expect("a short name");
    while layer.entry_count() < count {
        let channel = any_direction(snapshot, rng);
        match rng.random_range(0..4) {
            0 => {
                let minimum = Msat::from_msat(rng.random_range(0..1_000_000_000));
                layer.set_constraint(channel, Constraint::learnt_at(NOW, minimum, Msat::MAX)).expect("room");
            }
            1 => drop(layer.bias_channel(channel, BiasStep::To(rng.random_range(-10..=10)), None, NOW)),
            2 => {
                let change = PolicyChange {
                    fee_base_msat: Some(rng.random_range(0..2000)),
                    ..PolicyChange::default()
                };
                layer.update_channel(channel, change).expect("room");
            }
            _ => layer.disable_channel(channel).expect("room"),
        }
    }
    layer
}

fn layers(criterion: &mut Criterion) {
    let builder = generate(&SyntheticConfig::mainnet_like(1), &mut |_| ()).expect("a valid configuration");
    let payments = random_queries(builder.nodes(), QUERY_COUNT, 1, AmountRange::default());
    let snapshot = Snapshot::from_topology(Topology::build(builder).expect("there is room"));
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let directions = 2 * snapshot.channel_count();
    let full = directions.min(100_000) * 9 / 10;
    let learnt = Arc::new(constraints(&snapshot, full, &mut rng));
    let mixed_full = Arc::new(mixed(&snapshot, 100_000, &mut rng));
    let idle = Arc::new(idle(&snapshot, full, &mut rng));
    let few = Arc::new(mixed(&snapshot, 1000, &mut rng));
    println!("{} channels, {full} constraints", snapshot.channel_count());

    let mut group = criterion.benchmark_group("engine/layers_compile");
    for (name, layer) in [("constraints", &learnt), ("mixed_100000", &mixed_full), ("mixed_1000", &few)] {
        group.bench_function(name, |bencher| {
            let fresh = || LayerStack::new(vec![Arc::clone(layer)]);
            bencher.iter_batched(
                fresh,
                |stack| stack.adjustments(black_box(&snapshot)),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();

    let queries: Vec<RouteQuery> =
        payments.into_iter().map(|(payer, payee, amount)| RouteQuery::new(payer, payee, amount)).collect();
    let mut group = criterion.benchmark_group("engine/layers_query_200");
    let stack = |layer: &Arc<Layer>| Some(LayerStack::new(vec![Arc::clone(layer)]));
    let empty = Arc::new(Layer::new("empty", false).expect("a short name"));
    let (none_reserved, _book) = ReservationBook::new();
    let (reserved, mut book) = ReservationBook::new();
    let (reserved_idle, mut idle_book) = ReservationBook::new();
    for _ in 0..10_000 {
        let path = [(); 4].map(|()| Htlc {
            channel: any_direction(&snapshot, &mut rng),
            amount: Msat::from_msat(rng.random_range(1000..100_000_000)),
        });
        book.reserve(&path, NOW).expect("room");
        let nothing = path.map(|htlc| Htlc { amount: Msat::ZERO, ..htlc });
        idle_book.reserve(&nothing, NOW).expect("room");
    }
    let cases = [
        ("none", None, None),
        ("empty_layer", stack(&empty), None),
        ("mixed_1000", stack(&few), None),
        ("constraints_idle", stack(&idle), None),
        ("constraints", stack(&learnt), None),
        ("mixed_100000", stack(&mixed_full), None),
        ("no_reservations", None, Some(none_reserved)),
        ("40000_htlcs_of_nothing_reserved", None, Some(reserved_idle)),
        ("40000_htlcs_reserved", None, Some(reserved)),
    ];
    for (name, layers, reservations) in cases {
        let with = |query: &RouteQuery| RouteQuery {
            layers: layers.clone(),
            reservations: reservations.clone(),
            ..query.clone()
        };
        let queries: Vec<RouteQuery> = queries.iter().map(with).collect();
        let mut space = RouteWorkspace::default();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                queries.iter().filter(|query| route(black_box(&snapshot), query, &mut space).is_ok()).count()
            });
        });
    }
    group.finish();
}

fn reservations(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine/reserve");
    for in_flight in [0u64, 100_000] {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut path = || {
            [(); 4].map(|()| {
                let scid = rng.random_range(0..1_000_000u64) << 16;
                let channel = format!("{scid}/0").parse().expect("a name");
                Htlc { channel, amount: Msat::from_msat(1000) }
            })
        };
        let (reservations, mut book) = ReservationBook::new();
        for _ in 0..in_flight {
            book.reserve(&path(), NOW).expect("room");
        }
        let paths: Vec<_> = (0..1024).map(|_| path()).collect();
        let mut next = paths.iter().cycle();
        group.bench_function(format!("reserve_and_release_4_hops/{in_flight}_held"), |bencher| {
            bencher.iter(|| {
                let id = book.reserve(next.next().expect("endless"), NOW).expect("room");
                book.unreserve(id).expect("held");
            });
        });
        group.bench_function(format!("read/{in_flight}_held"), |bencher| {
            bencher.iter(|| reservations.reserved(next.next().expect("endless")[0].channel));
        });
    }
    group.finish();
}

fn json(criterion: &mut Criterion) {
    let builder = generate(&SyntheticConfig::mainnet_like(1), &mut |_| ()).expect("a valid configuration");
    let snapshot = Snapshot::from_topology(Topology::build(builder).expect("there is room"));
    let layer = mixed(&snapshot, 100_000, &mut ChaCha8Rng::seed_from_u64(1));
    let mut bytes = Vec::new();
    write_layers([&layer], &mut bytes).expect("a vector");
    println!("{} bytes of JSON", bytes.len());
    let mut group = criterion.benchmark_group("engine/layers_json");
    group.sample_size(10);
    group.bench_function("write_100000", |bencher| bencher.iter(|| write_layers([&layer], Vec::new())));
    group.bench_function("read_100000", |bencher| bencher.iter(|| read_layers(black_box(&bytes[..]))));
    group.finish();
}

criterion_group!(benches, layers, reservations, json);
criterion_main!(benches);
