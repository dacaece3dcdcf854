//! What an honest peer and routes are worth beside peers that flood, and what these make the node hold.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use benches::input::is_measured;
use benches::memory::resident_bytes;
use criterion::Criterion;
use primitives::wire::{QueryChannelRange, WireMessage};
use primitives::{Direction, UnixTime};
use server::net::open_sync;
use tests::signed::{Author, Signer};

use super::client::{Client, Target};
use super::searches::{EVERY_PROCESSOR, Searches, pin, print_growth};
use super::turns::{Turns, Watch, print_share};
use super::world::{CHAIN, Published, config, ends, first_time, messages, round_count, scid, size};

const CHANNEL_COUNT: u32 = 5000;
/// How long routes are searched at a time.
const SEARCH_TURN: Duration = Duration::from_secs(3);
const LEARN_MAX: Duration = Duration::from_secs(300);
/// What the node may grow by, all floods together: the room of those who wait, four peers' queues, and the graph.
const GROWTH_MAX: u64 = 128 << 20;

/// What floods say, again and again.
fn floods() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let signer = Signer::new(CHAIN);
    let mut large = signer.node(Author(1), first_time());
    large.resize(65_535, 0);
    let zero = signer.update(scid(1), ends(1), Direction::NodeOneToTwo, UnixTime::from_secs(0), 1);
    let unknown = |n| signer.update(scid(900_000 + n), ends(n), Direction::NodeOneToTwo, first_time(), n);
    let query = QueryChannelRange {
        chain_hash: CHAIN,
        first_blocknum: 0,
        number_of_blocks: u32::MAX,
        query_option_flags: Some(3),
    };
    vec![
        ("64 KB", vec![large]),
        ("zero timestamps", vec![zero]),
        ("unknown channels", (0..size(30_000)).map(unknown).collect()),
        ("queries", vec![query.to_bytes()]),
    ]
}

/// Connects and floods until it is over; counts what it said and how often it was left.
fn flood(to: Target, messages: &[Vec<u8>], is_over: &AtomicBool, [said, left]: [&AtomicU64; 2]) {
    while !is_over.load(Relaxed) {
        let Ok(mut client) = Client::connect(to) else {
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        let mut turn = messages.iter().cycle();
        while !is_over.load(Relaxed) {
            turn.by_ref().take(8).for_each(|message| client.say(message));
            let is_left = loop {
                match client.push() {
                    Ok(0) => break false,
                    Ok(_) if !is_over.load(Relaxed) => {}
                    Ok(_) => return,
                    Err(_) => break true,
                }
            };
            if is_left {
                left.fetch_add(1, Relaxed);
                break;
            }
            said.fetch_add(8, Relaxed);
        }
    }
}

/// How long an honest peer takes to tell a graph, beside those floods, from when all begin; and by how much memory grew.
fn learn(honest: &[[Vec<u8>; 3]], floods: &[(&'static str, Vec<Vec<u8>>)]) -> ([Duration; 2], u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let ((graph, seen), before) = (Published::to_graph(), resident_bytes().unwrap_or(0));
    let opened = open_sync(config(&folder.path().join("gossip.log"), true, vec![])).expect("a new log");
    let node = opened.start(graph, None).expect("threads");
    let (to, is_over) = (Target::of(&node), AtomicBool::new(false));
    let counts: Vec<[AtomicU64; 2]> = floods.iter().map(|_| Default::default()).collect();
    let (mut most, watch) = (0, Watch::start());
    let taken = thread::scope(|scope| {
        for ((_, messages), [said, left]) in floods.iter().zip(&counts) {
            scope.spawn(|| flood(to, messages, &is_over, [said, left]));
        }
        scope.spawn(|| {
            let mut client = Client::connect(to).expect("a node that listens");
            for message in honest.iter().flatten() {
                client.say(message);
                client.flush().expect("who is honest is heard");
            }
            while !is_over.load(Relaxed) {
                thread::sleep(Duration::from_millis(5));
            }
        });
        let began = Instant::now();
        while seen.load(Relaxed) < 3 * honest.len() as u64 {
            thread::sleep(Duration::from_millis(2));
            most = most.max(resident_bytes().unwrap_or(0));
            assert!(began.elapsed() < LEARN_MAX, "{:?}", node.status());
        }
        let taken = watch.read();
        is_over.store(true, Relaxed);
        taken
    });
    for ((what, _), [said, left]) in floods.iter().zip(&counts) {
        println!("  flood of {what}: {} messages, left {} times", said.load(Relaxed), left.load(Relaxed));
    }
    node.stop().expect("the log is written");
    (taken, most.saturating_sub(before))
}

/// Routes in a graph that the node feeds, at rest and beside floods in turns, on a processor of their own.
fn search(floods: &[(&'static str, Vec<Vec<u8>>)]) {
    let folder = tempfile::tempdir().expect("a folder");
    let opened = open_sync(config(&folder.path().join("gossip.log"), true, vec![])).expect("a new log");
    let (searches, feed) = Searches::new(opened.deltas());
    pin("0");
    let node = opened.start(feed, None).expect("threads");
    let (to, ignored) = (Target::of(&node), AtomicU64::new(0));
    let turn = |floods: &[(&'static str, Vec<Vec<u8>>)]| {
        let (is_over, began) = (AtomicBool::new(false), Instant::now());
        let length = SEARCH_TURN / if is_measured() { 1 } else { 30 };
        thread::scope(|scope| {
            for (_, messages) in floods {
                scope.spawn(|| flood(to, messages, &is_over, [&ignored; 2]));
            }
            let seen = scope.spawn(|| searches.run(|| began.elapsed() > length)).join();
            is_over.store(true, Relaxed);
            seen.expect("searches end")
        })
    };
    let turns = (0..round_count()).map(|_| (turn(&[]), turn(floods)));
    let (at_rest, beside): (Vec<_>, Vec<_>) = turns.unzip();
    print_growth("beside floods", &at_rest, &beside);
    node.stop().expect("the log is written");
    pin(EVERY_PROCESSOR);
}

pub(super) fn measure(_: &mut Criterion) {
    let (honest, floods) = (messages(size(CHANNEL_COUNT)), floods());
    let (mut alone, mut beside, mut growth) = (Turns::default(), Turns::default(), 0);
    for _ in 0..round_count() {
        alone.push(learn(&honest, &[]).0);
        let (taken, grown) = learn(&honest, &floods);
        beside.push(taken);
        growth = growth.max(grown);
    }
    println!("flood: memory grew by {} MiB at most, of {} MiB", growth >> 20, GROWTH_MAX >> 20);
    assert!(growth < GROWTH_MAX, "{growth} bytes");
    // The floods are made on the same processors, and their makers' time is counted too.
    print_share("honest peer beside floods to alone", &alone, &beside);
    search(&floods);
}
