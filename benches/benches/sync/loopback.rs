//! A graph learnt from another node over loopback, beside the bare checks of its signatures.

use std::collections::HashSet;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use benches::memory::resident_bytes;
use bitcoin::hashes::{Hash, sha256d};
use bitcoin::secp256k1::ecdsa::Signature;
use bitcoin::secp256k1::{Message, PublicKey, Secp256k1, VerifyOnly};
use criterion::{BenchmarkId, Criterion, Throughput};
use gossip::verify::{Candidate, KeyRing, VerifyJob, VerifyPiece};
use primitives::NodeId;
use primitives::wire::{ChannelAnnouncement, WireMessage};
use rayon::prelude::*;
use server::net::{PeerAddress, SyncNode, open_sync};

use super::turns::{Threads, Turns, Watch, print_share};
use super::world::{CHAIN, Published, config, messages, round_count, size, write_log};

const CHANNEL_COUNT: u32 = 30_000;
/// A channel's announcement and both updates.
const MESSAGES_PER_CHANNEL: u64 = 3;
const SIGNATURES_PER_CHANNEL: u64 = 6;
/// Channels whose messages one thread checks in one piece: 18 signatures, where a node's pieces have 16 to 19.
const CHANNELS_TOGETHER: usize = 3;

type Triple = (Message, Signature, PublicKey);

/// What of a message its signatures are about.
fn digest(message: &[u8]) -> [u8; 32] {
    let is_channel = message.starts_with(&ChannelAnnouncement::TYPE.to_be_bytes());
    sha256d::Hash::hash(&message[2 + if is_channel { 256 } else { 64 }..]).to_byte_array()
}

/// Every signature of a channel's messages, ready to be checked.
fn triples([channel, first, second]: &[Vec<u8>; 3]) -> Vec<Triple> {
    let announced = ChannelAnnouncement::decode(&channel[2..]).expect("sound");
    let nodes: [NodeId; 2] = [announced.node_id_1, announced.node_id_2];
    let triple = |message: &[u8], at: usize, key: &[u8]| {
        let signature = Signature::from_compact(&message[at..at + 64]).expect("we signed");
        (Message::from_digest(digest(message)), signature, PublicKey::from_slice(key).expect("a point"))
    };
    let keys: [&[u8]; 4] =
        [nodes[0].as_bytes(), nodes[1].as_bytes(), &announced.bitcoin_key_1, &announced.bitcoin_key_2];
    let mut triples: Vec<Triple> =
        keys.iter().zip((2..).step_by(64)).map(|(key, at)| triple(channel, at, key)).collect();
    triples.push(triple(first, 2, nodes[0].as_bytes()));
    triples.push(triple(second, 2, nodes[1].as_bytes()));
    triples
}

fn bare(secp: &Secp256k1<VerifyOnly>, triples: &[Triple]) {
    triples.par_iter().with_max_len(8).for_each(|(message, signature, key)| {
        black_box(secp.verify_ecdsa(message, signature, key)).expect("signed");
    });
}

/// The same as the library's own benchmark `ecdsa_verify` does it: from the bytes of each key and signature.
fn from_bytes(secp: &Secp256k1<VerifyOnly>, signed: &[(Message, [u8; 64], [u8; 33])]) {
    signed.par_iter().with_max_len(8).for_each(|(message, signature, key)| {
        let key = PublicKey::from_slice(black_box(key)).expect("a point");
        let signature = Signature::from_compact(black_box(signature)).expect("a signature");
        black_box(secp.verify_ecdsa(message, &signature, &key)).expect("signed");
    });
}

/// Which of the keys come for the first time: the funding keys of each channel, and each node's once.
fn firsts(triples: &[Triple]) -> Vec<Option<[u8; 33]>> {
    let mut known = HashSet::new();
    triples.iter().map(|(.., key)| known.insert(key).then(|| key.serialize())).collect()
}

/// The same from bytes, as far as no node can do with less: each message is hashed, and each key's point found once, which
/// takes a square root.
fn least(
    secp: &Secp256k1<VerifyOnly>,
    messages: &[[Vec<u8>; 3]],
    triples: &[Triple],
    firsts: &[Option<[u8; 33]>],
) {
    let per_channel = SIGNATURES_PER_CHANNEL as usize;
    let channels = triples.par_chunks(per_channel).zip(firsts.par_chunks(per_channel));
    channels.zip(messages).with_max_len(2).for_each(|((triples, firsts), messages)| {
        let digests = messages.each_ref().map(|message| Message::from_digest(digest(message)));
        for (at, ((_, signature, key), first)) in triples.iter().zip(firsts).enumerate() {
            let parse = |bytes: &[u8; 33]| PublicKey::from_slice(black_box(bytes)).expect("a point");
            let key = first.as_ref().map_or(*key, parse);
            let message = digests[at.saturating_sub(per_channel - digests.len())];
            black_box(secp.verify_ecdsa(&message, signature, &key)).expect("signed");
        }
    });
}

/// The work of a node that has parsed and looked up everything already, in its pieces.
fn pieces(messages: &[[Vec<u8>; 3]]) -> Vec<VerifyPiece> {
    let parse = |message: &[u8]| Candidate::parse(message, CHAIN).expect("gossip").expect("sound");
    let of_channel = |[channel, first, second]: &[Vec<u8>; 3]| {
        let announced = ChannelAnnouncement::decode(&channel[2..]).expect("sound");
        [
            VerifyJob::announcement(parse(channel)).expect("an announcement"),
            VerifyJob::update(parse(first), announced.node_id_1).expect("an update"),
            VerifyJob::update(parse(second), announced.node_id_2).expect("an update"),
        ]
    };
    let parts = (0..).zip(messages.chunks(CHANNELS_TOGETHER));
    parts.map(|(n, part)| VerifyPiece::new(n, part.iter().flat_map(of_channel).collect())).collect()
}

fn verify(secp: &Secp256k1<VerifyOnly>, pieces: Vec<VerifyPiece>) {
    let keys = KeyRing::default();
    pieces.into_par_iter().with_max_len(1).for_each(|piece| {
        let count = piece.jobs().len();
        assert_eq!(piece.run(secp, &keys).right_count(), count);
    });
}

/// A node that knows all, and its threads. Each learner has one of its own: what strangers are told has a budget.
fn source(path: &Path) -> (SyncNode<()>, Threads) {
    let opened = open_sync(config(path, true, vec![])).expect("a log");
    Threads::of(|| opened.start((), None).expect("threads"))
}

/// A new node, until it knows all that another one knows: from its start until all is verified, logged and published. Making the
/// log, and forcing it to the disk in the end, are no part of it. The time by the wall clock, of all processors, and of them
/// without the other one's share.
fn learn(path: &Path, (feed, seen): (Published, Arc<AtomicU64>)) -> [Duration; 3] {
    let (from, its_threads) = source(path);
    let folder = tempfile::tempdir().expect("a folder");
    let key = from.node_id().to_public_key().expect("a point");
    let at = from.listens_at().expect("it listens");
    let peer = PeerAddress::new(key, at.ip().to_string(), at.port());
    let opened = open_sync(config(&folder.path().join("gossip.log"), false, vec![peer])).expect("a new log");
    let (notices_in, notices) = sync_channel(100);
    let (began, before) = (Instant::now(), resident_bytes().unwrap_or(0));
    let its_before = its_threads.time();
    let watch = Watch::start();
    let node = opened.start(feed, Some(notices_in)).expect("threads");
    let expected = MESSAGES_PER_CHANNEL * u64::from(size(CHANNEL_COUNT));
    let mut most = 0;
    while seen.load(Relaxed) < expected {
        std::thread::sleep(Duration::from_millis(5));
        most = most.max(resident_bytes().unwrap_or(0));
        let is_late = began.elapsed() > LEARN_MAX;
        assert!(!is_late, "{:?}, {:?}", node.status(), notices.try_iter().collect::<Vec<_>>());
    }
    let ([wall, processor], status) = (watch.read(), node.status());
    let own = processor.saturating_sub(its_threads.time().saturating_sub(its_before));
    println!(
        "learnt in {:.2?} from {} messages; memory grew by {} MiB at most",
        wall,
        status.message_count,
        most.saturating_sub(before) >> 20
    );
    node.stop().expect("the log is written");
    from.stop().expect("nothing was written");
    [wall, processor, own]
}

pub(super) fn measure(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gossip.log");
    let messages = messages(size(CHANNEL_COUNT));
    write_log(&path, &messages);
    let triples: Vec<Triple> = messages.par_iter().flat_map_iter(triples).collect();
    let secp = Secp256k1::verification_only();
    let mut group = criterion.benchmark_group("sync");
    let signature_count = SIGNATURES_PER_CHANNEL * u64::from(size(CHANNEL_COUNT));
    group.sample_size(10).throughput(Throughput::Elements(signature_count));
    let threads = rayon::current_num_threads();
    let firsts = firsts(&triples);
    let bytes =
        |(message, signature, key): &Triple| (*message, signature.serialize_compact(), key.serialize());
    let signed: Vec<_> = triples.iter().map(bytes).collect();
    let [mut bare_turns, mut bytes_turns, mut least_turns, mut verify_turns, mut learn_turns, mut own_turns] =
        [(); 6].map(|()| Turns::default());
    for _ in 0..round_count() {
        bare_turns.take(|| bare(&secp, &triples));
        bytes_turns.take(|| from_bytes(&secp, &signed));
        least_turns.take(|| least(&secp, &messages, &triples, &firsts));
        let pieces = pieces(&messages);
        verify_turns.take(|| verify(&secp, pieces));
        let [wall, processor, own] = learn(&path, Published::to_graph());
        learn_turns.push([wall, processor]);
        own_turns.push([wall, own]);
    }
    let mut unseen_turns = Turns::default();
    for _ in 0..round_count() {
        let [wall, processor, _] = learn(&path, Published::to_nobody());
        unseen_turns.push([wall, processor]);
    }
    print_share("loopback without a graph to bare", &bare_turns, &unseen_turns);
    print_share("verify to bare", &bare_turns, &verify_turns);
    print_share("verify to bare from bytes", &bytes_turns, &verify_turns);
    print_share("the least that a node must do to bare", &bare_turns, &least_turns);
    print_share("verify to the least that a node must do", &least_turns, &verify_turns);
    print_share("loopback to bare", &bare_turns, &learn_turns);
    print_share("loopback to bare from bytes", &bytes_turns, &learn_turns);
    print_share("loopback to bare, without the peer's processor time", &bare_turns, &own_turns);
    group.bench_function(BenchmarkId::new("bare", threads), |bencher| bencher.iter(|| bare(&secp, &triples)));
    group.bench_function(BenchmarkId::new("verify", threads), |bencher| {
        bencher.iter_batched(
            || pieces(&messages),
            |pieces| verify(&secp, pieces),
            criterion::BatchSize::PerIteration,
        );
    });
    group.bench_function(BenchmarkId::new("loopback", threads), |bencher| {
        bencher.iter_custom(|count| (0..count).map(|_| learn(&path, Published::to_graph())[0]).sum());
    });
    group.finish();
}

/// Who has not learnt a graph by then never will: a machine that is fifty times slower needs less.
const LEARN_MAX: Duration = Duration::from_secs(300);
