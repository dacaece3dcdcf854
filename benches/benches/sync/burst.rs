//! A burst of signed updates while routes are searched on the other processor.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use benches::clock::ThreadClock;
use benches::input::is_measured;
use benches::summary::Summary;
use criterion::Criterion;
use engine::graph::Topology;
use engine::query::RouteQuery;
use engine::router::{RouteWorkspace, route};
use engine::snapshot::ChannelGraph;
use engine::synthetic::{AmountRange, SyntheticConfig, generate, random_queries};
use primitives::{Direction, UnixTime};
use rayon::prelude::*;
use server::net::open_sync;
use tests::signed::Signer;

use super::client::{Client, Target};
use super::world::{CHAIN, config, ends, first_time, messages, scid, size, write_log};

const CHANNEL_COUNT: u32 = 6000;
/// Channels at the front whose updates are waited for one by one.
const PROBE_COUNT: u32 = 200;
/// Updates of one direction: with the first one as many as may come at once.
const ROUND_COUNT: u32 = 9;
const UPDATE_COUNT: u32 = 100_000;
const REST: Duration = Duration::from_secs(3);
const BURST_MAX: Duration = Duration::from_secs(300);

/// The updates, all of one round before those of the next.
fn updates(channel_count: u32) -> Vec<Vec<u8>> {
    let (signer, first) = (Signer::new(CHAIN), first_time().to_secs());
    let one = |at: u32| {
        let per_round = 2 * (channel_count - size(PROBE_COUNT));
        let (round, rest) = (at / per_round, at % per_round);
        let n = size(PROBE_COUNT) + rest / 2;
        let direction = Direction::BOTH[(rest % 2) as usize];
        signer.update(scid(n), ends(n), direction, UnixTime::from_secs(first + 1 + round), n + round)
    };
    (0..size(UPDATE_COUNT)).into_par_iter().map(one).collect()
}

/// Searches until `is_over`; by the wall clock, and by processor time.
fn search(graph: &ChannelGraph, queries: &[RouteQuery], mut is_over: impl FnMut() -> bool) -> [Summary; 2] {
    let (clock, mut space) = (ThreadClock::calibrate(), RouteWorkspace::default());
    let (mut wall, mut processor, mut found_count) = (Vec::new(), Vec::new(), 0);
    for query in queries.iter().cycle() {
        if is_over() {
            break;
        }
        let snapshot = graph.snapshot();
        let began = Instant::now();
        let (found, time) = clock.time(|| route(&snapshot, query, &mut space));
        found_count += usize::from(found.is_ok());
        wall.push(began.elapsed());
        processor.push(time);
    }
    println!("burst: {found_count} of {} searches found a route", wall.len());
    [Summary::of(wall), Summary::of(processor)]
}

/// Tells one update after another until `is_over`; how long each took until a search could see it.
fn probe(
    to: Target,
    graph: &ChannelGraph,
    probes: std::ops::Range<u32>,
    is_over: &AtomicBool,
) -> Vec<Duration> {
    let (signer, first) = (Signer::new(CHAIN), first_time().to_secs());
    let mut client = Client::connect(to).expect("a node that listens");
    let mut times = Vec::new();
    for n in probes {
        if is_over.load(Relaxed) {
            break;
        }
        let fee = 1_000_000 + n;
        let time = UnixTime::from_secs(first + 50);
        client.say(&signer.update(scid(n), ends(n), Direction::NodeOneToTwo, time, fee));
        let began = Instant::now();
        client.flush().expect("the node stays");
        loop {
            let snapshot = graph.snapshot();
            let arc = snapshot.channel(scid(n)).expect("known").arc(Direction::NodeOneToTwo);
            if snapshot.policy(arc).is_some_and(|policy| policy.fee.fee_base_msat == fee) {
                break;
            }
            assert!(began.elapsed() < BURST_MAX, "an update does not become routable");
            thread::sleep(Duration::from_micros(200));
        }
        times.push(began.elapsed());
        thread::sleep(Duration::from_millis(10));
    }
    times
}

pub(super) fn measure(_: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gossip.log");
    // A hundredth of the updates needs a tenth of the channels.
    let channel_count = size(10 * CHANNEL_COUNT).min(CHANNEL_COUNT);
    assert!(size(UPDATE_COUNT) <= 2 * ROUND_COUNT * (channel_count - size(PROBE_COUNT)));
    write_log(&path, &messages(channel_count));
    let opened = open_sync(server::net::SyncConfig { verify_thread_count: 1, ..config(&path, true, vec![]) });
    let opened = opened.expect("a log");
    // Routes are searched in a network of mainnet's size and shape; the updates are of channels beside it.
    let draft = generate(&SyntheticConfig::new(3, size(44_000)), &mut |_| {}).expect("a network");
    let queries: Vec<RouteQuery> = random_queries(draft.nodes(), 1000, 1, AmountRange::default())
        .into_iter()
        .map(|(payer, payee, amount)| RouteQuery::new(payer, payee, amount))
        .collect();
    let (graph, mut writer) = ChannelGraph::new(Topology::build(draft).expect("it fits"));
    // Should one have the name of another, it is left as it is.
    opened.deltas().for_each(|delta| drop(writer.apply(&delta)));
    writer.publish();
    writer.begin_merge();
    writer.finish_merge();
    let node = opened.start(writer, None).expect("threads");
    let to = Target::of(&node);
    let updates = updates(channel_count);
    let (never, began) = (AtomicBool::new(false), Instant::now());
    let at_rest = search(&graph, &queries, || began.elapsed() > REST / if is_measured() { 1 } else { 30 });
    let alone = probe(to, &graph, 0..size(PROBE_COUNT) / 2, &never);

    let (is_over, before) = (AtomicBool::new(false), node.status().verified_count);
    let began = Instant::now();
    let (in_burst, beside) = thread::scope(|scope| {
        let probing = scope.spawn(|| probe(to, &graph, size(PROBE_COUNT) / 2..size(PROBE_COUNT), &is_over));
        scope.spawn(|| {
            let mut client = Client::connect(to).expect("a node that listens");
            for some in updates.chunks(100) {
                some.iter().for_each(|update| client.say(update));
                client.flush().expect("the node stays");
            }
            // The connection stays until all is taken.
            while !is_over.load(Relaxed) {
                thread::sleep(Duration::from_millis(10));
            }
        });
        let in_burst = search(&graph, &queries, || {
            assert!(began.elapsed() < BURST_MAX, "{:?}", node.status());
            node.status().verified_count - before >= updates.len() as u64
        });
        is_over.store(true, Relaxed);
        (in_burst, probing.join().expect("updates become routable"))
    });
    let rate = updates.len() as f64 / began.elapsed().as_secs_f64();
    println!("burst: {} updates, {rate:.0} a second on one thread", updates.len());
    for (by, rest, burst) in
        [("the wall clock", at_rest[0], in_burst[0]), ("processor time", at_rest[1], in_burst[1])]
    {
        println!("  routes at rest by {by}: {rest}\n  routes in the burst by {by}: {burst}");
        let ratio = burst.p99_ns as f64 / rest.p99_ns.max(1) as f64;
        println!("ratio p99 of routes in a burst of updates: {ratio:.2} times by {by}");
    }
    println!("ratio an update is routable after, alone: {}", Summary::of(alone));
    println!("ratio an update is routable after, in the burst: {}", Summary::of(beside));
    node.stop().expect("the log is written");
}
