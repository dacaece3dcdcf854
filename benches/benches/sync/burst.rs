//! A burst of signed updates while routes are searched on the other processor.
//!
//! All that has to do with gossip (the node, the applier of a server that it feeds, the peer that sends, and who looks whether
//! an update is there) runs on the first processor, the searches on the second. Rest and burst take turns, so that what others
//! do on the machine meets both; what is told are medians of the turns.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use benches::input::is_measured;
use benches::summary::Summary;
use criterion::Criterion;
use engine::snapshot::ChannelGraph;
use primitives::{Direction, UnixTime};
use rayon::prelude::*;
use server::http::GossipFeed;
use server::net::{SyncNode, open_sync};
use tests::signed::Signer;

use super::client::{Client, Target};
use super::searches::{EVERY_PROCESSOR, Searches, Seen, pin, print_growth};
use super::world::{CHAIN, config, ends, first_time, messages, round_count, scid, size, write_log};

const CHANNEL_COUNT: u32 = 6000;
/// Channels at the front whose updates are waited for one by one.
const PROBE_COUNT: u32 = 200;
/// Updates of one direction: with the first one as many as may come at once.
const ROUND_COUNT: u32 = 9;
const UPDATE_COUNT: u32 = 100_000;
/// How long a turn at rest takes.
const REST: Duration = Duration::from_secs(2);
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

/// Tells one update after another until `is_over`; how long each took until a search could see it.
fn probe(
    to: Target,
    graph: &ChannelGraph,
    probes: impl Iterator<Item = u32>,
    is_over: &AtomicBool,
) -> Vec<Duration> {
    let (signer, first) = (Signer::new(CHAIN), first_time().to_secs());
    let mut client = Client::connect(to).expect("a node that listens");
    let mut times = Vec::new();
    for n in probes {
        if is_over.load(Relaxed) {
            break;
        }
        let (round, channel) = (n / size(PROBE_COUNT), n % size(PROBE_COUNT));
        let (id, fee, time) = (scid(channel), 1_000_000 + n, UnixTime::from_secs(first + 50 + round));
        client.say(&signer.update(id, ends(channel), Direction::NodeOneToTwo, time, fee));
        let began = Instant::now();
        client.flush().expect("the node stays");
        loop {
            let snapshot = graph.snapshot();
            let arc = snapshot.channel(id).expect("known").arc(Direction::NodeOneToTwo);
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

/// The node, and what is searched in the graph that it feeds.
struct Stage<'a> {
    node: &'a SyncNode<GossipFeed>,
    searches: &'a Searches,
    to: Target,
}

impl Stage<'_> {
    /// Searches while nothing but single updates come.
    fn rest(&self, probes: &mut (impl Iterator<Item = u32> + Send)) -> (Seen, Vec<Duration>) {
        let (is_over, began) = (AtomicBool::new(false), Instant::now());
        let length = REST / if is_measured() { 1 } else { 30 };
        thread::scope(|scope| {
            let probing = scope.spawn(|| probe(self.to, &self.searches.graph, probes, &is_over));
            let searching = scope.spawn(|| self.searches.run(|| began.elapsed() > length));
            let seen = searching.join().expect("searches end");
            is_over.store(true, Relaxed);
            (seen, probing.join().expect("updates become routable"))
        })
    }

    /// Searches while all of `updates` come as fast as they are taken.
    fn burst(
        &self,
        updates: &[Vec<u8>],
        probes: &mut (impl Iterator<Item = u32> + Send),
    ) -> (Seen, Vec<Duration>) {
        let (is_over, began) = (AtomicBool::new(false), Instant::now());
        let wanted = self.node.status().verified_count + updates.len() as u64;
        let is_taken = || {
            assert!(began.elapsed() < BURST_MAX, "{:?}", self.node.status());
            self.node.status().verified_count >= wanted
        };
        thread::scope(|scope| {
            let probing = scope.spawn(|| probe(self.to, &self.searches.graph, probes, &is_over));
            scope.spawn(|| {
                let mut client = Client::connect(self.to).expect("a node that listens");
                for some in updates.chunks(100) {
                    some.iter().for_each(|update| client.say(update));
                    client.flush().expect("the node stays");
                }
                // The connection stays until all is taken.
                while !is_over.load(Relaxed) {
                    thread::sleep(Duration::from_millis(10));
                }
            });
            let searching = scope.spawn(|| self.searches.run(is_taken));
            let seen = searching.join().expect("searches end");
            is_over.store(true, Relaxed);
            let rate = updates.len() as f64 / began.elapsed().as_secs_f64();
            println!("burst: {} updates, {rate:.0} a second on one thread", updates.len());
            (seen, probing.join().expect("updates become routable"))
        })
    }
}

pub(super) fn measure(_: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gossip.log");
    // A hundredth of the updates needs a tenth of the channels.
    let channel_count = size(10 * CHANNEL_COUNT).min(CHANNEL_COUNT);
    assert!(size(UPDATE_COUNT) <= 2 * ROUND_COUNT * (channel_count - size(PROBE_COUNT)));
    write_log(&path, &messages(channel_count));
    let updates = updates(channel_count);
    let opened = open_sync(server::net::SyncConfig { verify_thread_count: 1, ..config(&path, true, vec![]) });
    let opened = opened.expect("a log");
    // The updates are of channels beside the network that is searched.
    let (searches, feed) = Searches::new(opened.deltas());
    let is_pinned = pin("0");
    println!("burst: gossip and searches on processors of their own: {is_pinned}");
    let node = opened.start(feed, None).expect("threads");
    let stage = Stage { node: &node, searches: &searches, to: Target::of(&node) };
    let mut probes = 0..ROUND_COUNT * size(PROBE_COUNT);
    let (mut at_rest, mut in_burst, mut alone, mut beside) = (vec![], vec![], vec![], vec![]);
    for part in updates.chunks(updates.len().div_ceil(round_count())) {
        let (seen, times) = stage.rest(&mut probes);
        at_rest.push(seen);
        alone.extend(times);
        let (seen, times) = stage.burst(part, &mut probes);
        in_burst.push(seen);
        beside.extend(times);
    }
    print_growth("in a burst of updates", &at_rest, &in_burst);
    for (when, times) in [("alone", alone), ("in the burst", beside)] {
        let late_count = times.iter().filter(|time| **time > ROUTABLE_MAX).count();
        let (count, summary) = (times.len(), Summary::of(times));
        println!("ratio an update is routable after, {when}: {late_count} of {count} late; {summary}");
    }
    node.stop().expect("the log is written");
    pin(EVERY_PROCESSOR);
}

/// How long an update may take until routes see it.
const ROUTABLE_MAX: Duration = Duration::from_millis(20);
