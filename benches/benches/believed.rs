//! What beliefs cost a query: none, a table that knows nothing, one that knows something of every channel, and that one
//! while another thread learns.
//!
//! On the recorded graph of the real network where `FULGURITE_DATA` names a folder that holds it, else on a synthetic
//! one of its size; the ids say which.

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use benches::Query;
use benches::clock::ThreadClock;
use benches::input::{self, Origin};
use benches::summary::Summary;
use criterion::{Criterion, criterion_group, criterion_main};
use engine::belief::{AttemptedHop, Beliefs, Bimodal, FailureCode, HalfLives, HeldBeliefs, Outcome, Prior};
use engine::graph::{ChannelIdx, Topology};
use engine::query::RouteQuery;
use engine::router::{RouteWorkspace, route};
use engine::snapshot::Snapshot;
use engine::synthetic::{AmountRange, random_queries};
use primitives::{Direction, Msat, UnixTime};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const NOW: UnixTime = UnixTime::from_secs(1_761_436_800);

/// Attempts of one hop whose outcomes agree with a balance of each channel that nobody is told.
fn attempts(beliefs: &Beliefs, count: usize, seed: u64) -> Vec<(AttemptedHop, Outcome)> {
    let mut balances = ChaCha8Rng::seed_from_u64(1);
    let balances: Vec<f64> = (0..beliefs.channel_count()).map(|_| balances.random()).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let attempt = |at: usize| {
        let place = if at < balances.len() { at } else { rng.random_range(0..balances.len()) };
        let channel = ChannelIdx::from_u32(place as u32);
        let capacity = beliefs.capacity(channel).map_or(0, Msat::to_msat);
        let side = rng.random_range(0..2);
        let share = if side == 0 { balances[place] } else { 1.0 - balances[place] };
        // Payments are small beside most channels.
        let amount = (capacity as f64 * rng.random::<f64>().powi(3)) as u64 + 1;
        let code = FailureCode::TemporaryChannelFailure;
        let is_carried = amount as f64 <= share * capacity as f64;
        let outcome = if is_carried { Outcome::Reached } else { Outcome::Failed { erring_node: 0, code } };
        let (direction, amount, in_flight) = (Direction::BOTH[side], Msat::from_msat(amount), Msat::ZERO);
        (AttemptedHop { channel, direction, amount, in_flight }, outcome)
    };
    (0..count).map(attempt).collect()
}

fn learn(beliefs: &Beliefs, (hop, outcome): &(AttemptedHop, Outcome)) {
    black_box(beliefs.learn(std::slice::from_ref(hop), *outcome, NOW));
}

fn input() -> (&'static str, Snapshot, Vec<Query>) {
    let folder = std::env::var_os("FULGURITE_DATA").map(PathBuf::from);
    let folder = folder.map(|folder| folder.join("data/mainnet-2025-10-26")).filter(|path| path.exists());
    let Some(folder) = folder else {
        let draft = input::graph(&Origin::Generated(SYNTHETIC_CHANNELS)).expect("a graph");
        let random = random_queries(draft.nodes(), QUERY_COUNT, 1, AmountRange::default());
        let queries = random.into_iter().map(|(payer, payee, amount)| Query { payer, payee, amount });
        let queries = queries.collect();
        return ("synthetic", Snapshot::from_topology(Topology::build(draft).expect("room")), queries);
    };
    let draft = input::graph(&Origin::File(folder.join("channels.csv.zst"))).expect("a graph");
    let queries = input::read_queries(&folder.join("queries.csv"), QUERY_COUNT).expect("queries");
    ("mainnet", Snapshot::from_topology(Topology::build(draft).expect("room")), queries)
}

fn believed(criterion: &mut Criterion) {
    let (name, snapshot, payments) = input();
    let nothing = Arc::new(Beliefs::new(&snapshot, HalfLives::default()));
    let learnt = Arc::new(Beliefs::new(&snapshot, HalfLives::default()));
    let attempts = attempts(&learnt, ATTEMPT_COUNT.max(learnt.channel_count()), 2);
    attempts.iter().take(learnt.channel_count()).for_each(|attempt| learn(&learnt, attempt));
    println!("engine/believed/{name}: {} channels, something is known of all", learnt.channel_count());
    let held =
        |beliefs: &Arc<Beliefs>, prior| HeldBeliefs { prior, ..HeldBeliefs::new(beliefs.clone(), NOW) };
    let bimodal = Prior::Bimodal(Bimodal::default());
    for ignore_inbound_fees in [true, false] {
        let of = |beliefs: Option<HeldBeliefs>| {
            let query = |query: &Query| RouteQuery {
                beliefs: beliefs.clone(),
                ignore_inbound_fees,
                ..RouteQuery::new(query.payer, query.payee, query.amount)
            };
            payments.iter().map(query).collect::<Vec<_>>()
        };
        let kind = if ignore_inbound_fees { "default" } else { "default-inbound" };
        for (case, held) in [
            ("none", None),
            ("empty", Some(held(&nothing, Prior::Uniform))),
            ("learnt", Some(held(&learnt, Prior::Uniform))),
            ("learnt-bimodal", Some(held(&learnt, bimodal))),
        ] {
            one_by_one(criterion, &snapshot, &format!("engine/believed/{name}/{kind}/{case}"), &of(held));
        }
    }
    let queries: Vec<RouteQuery> = payments
        .iter()
        .map(|query| RouteQuery {
            beliefs: Some(held(&learnt, Prior::Uniform)),
            ..RouteQuery::new(query.payer, query.payee, query.amount)
        })
        .collect();
    for _ in 0..BESIDE_ROUNDS {
        let [(rest, _), (busy, rate)] =
            [0, UPDATES_PER_SECOND].map(|rate| beside(&snapshot, &queries, &learnt, &attempts, rate));
        println!("engine/believed_beside_learning/{name}: at rest {rest}");
        println!("  beside {rate} updates a second {busy}");
        let ratio = |pick: fn(&Summary) -> u64| pick(&busy) as f64 / pick(&rest).max(1) as f64;
        let (p50, p99) = (ratio(|summary| summary.p50_ns), ratio(|summary| summary.p99_ns));
        println!("  p50 {p50:.2} times, p99 {p99:.2} times the time at rest");
    }
}

fn one_by_one(criterion: &mut Criterion, snapshot: &Snapshot, id: &str, queries: &[RouteQuery]) {
    let (clock, mut space) = (ThreadClock::calibrate(), RouteWorkspace::default());
    let mut best = vec![Duration::MAX; queries.len()];
    let mut found = 0;
    for pass in 0..PASSES {
        for (best, query) in best.iter_mut().zip(queries) {
            let (answer, time) = clock.time(|| route(snapshot, query, &mut space));
            *best = (*best).min(time);
            found += usize::from(pass == 0 && answer.is_ok());
        }
    }
    println!("{id}: {found} routes, best of {PASSES}, {}", Summary::of(best));
    let mut turn = queries.iter().cycle();
    criterion.bench_function(id, |bencher| {
        bencher.iter(|| turn.next().map(|query| route(snapshot, query, &mut space)));
    });
}

/// Processor time of queries while another thread learns `rate` times a second, and how often it did.
fn beside(
    snapshot: &Snapshot,
    queries: &[RouteQuery],
    beliefs: &Beliefs,
    attempts: &[(AttemptedHop, Outcome)],
    rate: u64,
) -> (Summary, u64) {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let learning = scope.spawn(|| {
            let (start, mut count) = (Instant::now(), 0u64);
            while !is_done.load(Relaxed) {
                let due = start.elapsed().as_nanos() * u128::from(rate) / 1_000_000_000;
                while u128::from(count) < due {
                    learn(beliefs, &attempts[count as usize % attempts.len()]);
                    count += 1;
                }
                thread::sleep(PACE);
            }
            (u128::from(count) * 1_000_000_000 / start.elapsed().as_nanos().max(1)) as u64
        });
        let (clock, mut space) = (ThreadClock::calibrate(), RouteWorkspace::default());
        let (start, mut times) = (Instant::now(), Vec::new());
        while start.elapsed() < BESIDE_TIME {
            times.extend(queries.iter().map(|query| clock.time(|| route(snapshot, query, &mut space)).1));
        }
        is_done.store(true, Relaxed);
        (Summary::of(times), learning.join().expect("the writer does not panic"))
    })
}

fn quick() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1))
}

/// Mainnet's size.
const SYNTHETIC_CHANNELS: u32 = 44_000;
const QUERY_COUNT: usize = 1000;
const PASSES: u32 = 5;
const ATTEMPT_COUNT: usize = 1 << 18;
const UPDATES_PER_SECOND: u64 = 1_000_000;
const BESIDE_TIME: Duration = Duration::from_secs(2);
const BESIDE_ROUNDS: usize = 3;
/// The writer sleeps between bursts, as a node does that reads from sockets.
const PACE: Duration = Duration::from_micros(50);

criterion_group!(name = benches; config = quick(); targets = believed);
criterion_main!(benches);
