//! A node of gossip: how long it reads its log, and how long it learns a graph from another over loopback.
//!
//! - `sync/log/open` reads the log of 50,000 channels into a graph; `sync/log/hash` reads the file and hashes it with
//!   SHA-256. The first should take at most twice as long as the second.
//! - `sync/loopback` learns 30,000 channels with both updates from a second node in the same process: verified, logged,
//!   published. `sync/bare` checks as many signatures with the bare library on as many threads, with nothing else to do.
//!   The first should reach 80 % of the second's rate; what the second node does takes its share of the processors, too.

#![allow(missing_docs, reason = "criterion's macros write functions without docs")]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bitcoin::hashes::{Hash, sha256, sha256d};
use bitcoin::secp256k1::ecdsa::Signature;
use bitcoin::secp256k1::{Message, PublicKey, Secp256k1, SecretKey};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use engine::graph::Topology;
use gossip::record::Record;
use primitives::wire::{ChannelAnnouncement, WireMessage};
use primitives::{ChainHash, Direction, GraphDelta, NodeId, ShortChannelId, UnixTime};
use rayon::prelude::*;
use server::net::{Feed, PeerAddress, Secrets, SyncConfig, SyncNode, open_sync};
use server::store::GossipLog;
use tests::signed::{Author, Ends, Signer};

const CHAIN: ChainHash = ChainHash::REGTEST;
const LOG_CHANNEL_COUNT: u32 = 50_000;
const SYNC_CHANNEL_COUNT: u32 = 30_000;
/// A channel's announcement and both updates.
const MESSAGES_PER_CHANNEL: u64 = 3;
const SIGNATURES_PER_CHANNEL: u64 = 6;

fn scid(n: u32) -> ShortChannelId {
    ShortChannelId::from_parts(700_000 + n / 100, n, 0).expect("in range")
}

fn ends(n: u32) -> Ends {
    Ends { one: Author(n % 3001), two: Author(4000 + n % 7001) }
}

fn now() -> UnixTime {
    let secs = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    UnixTime::from_secs(secs as u32)
}

fn messages(count: u32) -> Vec<[Vec<u8>; 3]> {
    let (signer, time) = (Signer::new(CHAIN), UnixTime::from_secs(now().to_secs() - 5000));
    let build = |n| {
        let update = |direction| signer.update(scid(n), ends(n), direction, time, n);
        let [first, second] = Direction::BOTH.map(update);
        [signer.channel(scid(n), ends(n)), first, second]
    };
    (0..count).into_par_iter().map(build).collect()
}

fn write_log(path: &Path, messages: &[[Vec<u8>; 3]]) {
    let (mut log, _) = GossipLog::open(path, CHAIN, |_| ()).expect("a new log");
    for part in messages.chunks(1000) {
        let records = part.iter().flat_map(|[channel, first, second]| {
            [
                Record::Channel { capacity: None, message: channel },
                Record::Update { message: first },
                Record::Update { message: second },
            ]
        });
        log.append(&records.collect::<Vec<_>>(), now()).expect("room on the disk");
    }
}

fn config(log: &Path, listen: bool, peers: Vec<PeerAddress>) -> SyncConfig {
    SyncConfig {
        chain_hash: CHAIN,
        log: log.to_owned(),
        chain: None,
        peers,
        listen: listen.then(|| "127.0.0.1:0".parse().expect("an address")),
        proxy: None,
        verify_thread_count: 0,
        secrets: Secrets { node_key: SecretKey::from_slice(&[9; 32]).expect("a key"), seed: [5; 32] },
    }
}

fn open(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gossip.log");
    write_log(&path, &messages(LOG_CHANNEL_COUNT));
    let mut group = criterion.benchmark_group("sync");
    group.sample_size(10).throughput(Throughput::Bytes(fs::metadata(&path).expect("a file").len()));
    group.bench_function("log/hash", |bencher| {
        bencher.iter(|| black_box(sha256::Hash::hash(&fs::read(&path).expect("a file"))));
    });
    group.bench_function("log/open", |bencher| {
        bencher.iter(|| {
            let opened = open_sync(config(&path, false, vec![])).expect("a log");
            let graph = Topology::build(opened.graph().expect("it fits")).expect("it fits");
            assert_eq!(graph.channel_count(), LOG_CHANNEL_COUNT as usize);
        });
    });
    group.finish();
}

/// Counts what a graph would be told.
#[derive(Clone, Default)]
struct Counter(Arc<AtomicU64>);

impl Feed for Counter {
    fn apply(&mut self, _: &GraphDelta) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn publish(&mut self) {}
}

/// The time from the start of a new node until it knows all that `from` knows.
fn learn(from: &SyncNode<()>) -> Duration {
    let folder = tempfile::tempdir().expect("a folder");
    let key = from.node_id().to_public_key().expect("a point");
    let at = from.listens_at().expect("it listens");
    let peer = PeerAddress::new(key, at.ip().to_string(), at.port());
    let (counter, began, before) = (Counter::default(), Instant::now(), resident_kib());
    let opened = open_sync(config(&folder.path().join("gossip.log"), false, vec![peer])).expect("a new log");
    let node = opened.start(counter.clone(), None).expect("threads");
    let expected = MESSAGES_PER_CHANNEL * u64::from(SYNC_CHANNEL_COUNT);
    let mut most = 0;
    while counter.0.load(Ordering::Relaxed) < expected {
        std::thread::sleep(Duration::from_millis(2));
        most = most.max(resident_kib());
        assert!(began.elapsed() < Duration::from_secs(120), "{:?}", node.status());
    }
    let elapsed = began.elapsed();
    println!("learnt in {elapsed:.2?}; memory grew by {} MiB at most", most.saturating_sub(before) / 1024);
    node.stop().expect("the log is written");
    elapsed
}

fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

type Triple = (Message, Signature, PublicKey);

/// Every signature of a channel's messages, ready to be checked.
fn triples([channel, first, second]: &[Vec<u8>; 3]) -> Vec<Triple> {
    let announced = ChannelAnnouncement::decode(&channel[2..]).expect("sound");
    let nodes: [NodeId; 2] = [announced.node_id_1, announced.node_id_2];
    let triple = |message: &[u8], at: usize, from: usize, key: &[u8]| {
        let digest = sha256d::Hash::hash(&message[2 + from..]).to_byte_array();
        let signature = Signature::from_compact(&message[at..at + 64]).expect("we signed");
        (Message::from_digest(digest), signature, PublicKey::from_slice(key).expect("a point"))
    };
    let keys: [&[u8]; 4] =
        [nodes[0].as_bytes(), nodes[1].as_bytes(), &announced.bitcoin_key_1, &announced.bitcoin_key_2];
    let mut triples: Vec<Triple> =
        keys.iter().zip((2..).step_by(64)).map(|(key, at)| triple(channel, at, 256, key)).collect();
    triples.push(triple(first, 2, 64, nodes[0].as_bytes()));
    triples.push(triple(second, 2, 64, nodes[1].as_bytes()));
    triples
}

fn loopback(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gossip.log");
    let messages = messages(SYNC_CHANNEL_COUNT);
    write_log(&path, &messages);
    let triples: Vec<Triple> = messages.par_iter().flat_map_iter(triples).collect();
    let secp = Secp256k1::verification_only();
    let mut group = criterion.benchmark_group("sync");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(SIGNATURES_PER_CHANNEL * u64::from(SYNC_CHANNEL_COUNT)));
    let threads = rayon::current_num_threads();
    group.bench_with_input(BenchmarkId::new("bare", threads), &triples, |bencher, triples| {
        bencher.iter(|| {
            triples.par_iter().with_max_len(8).for_each(|(message, signature, key)| {
                black_box(secp.verify_ecdsa(message, signature, key)).expect("signed");
            });
        });
    });
    let source = open_sync(config(&path, true, vec![])).expect("a log").start((), None).expect("threads");
    group.bench_function(BenchmarkId::new("loopback", threads), |bencher| {
        bencher.iter_custom(|count| (0..count).map(|_| learn(&source)).sum());
    });
    group.finish();
    source.stop().expect("nothing was written");
}

criterion_group!(benches, open, loopback);
criterion_main!(benches);
