//! Signed gossip of a network that never was, logs of it, and nodes that read these.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

use benches::input::is_measured;
use bitcoin::secp256k1::SecretKey;
use engine::graph::{GraphBuilder, Topology};
use engine::snapshot::{ChannelGraph, GraphWriter};
use gossip::record::Record;
use primitives::{ChainHash, Direction, GraphDelta, ShortChannelId, UnixTime};
use rayon::prelude::*;
use server::net::{Feed, PeerAddress, Secrets, SyncConfig};
use server::store::{COMPACTION_SIZE_MIN, GossipLog};
use tests::signed::{Author, Ends, Signer};

pub(super) const CHAIN: ChainHash = ChainHash::REGTEST;

/// `full`, or so much of it as shows that it works.
pub(super) fn size(full: u32) -> u32 {
    if is_measured() { full } else { full / 100 }
}

/// Rounds of a ratio.
pub(super) fn round_count() -> usize {
    if is_measured() { 5 } else { 1 }
}

pub(super) fn scid(n: u32) -> ShortChannelId {
    ShortChannelId::from_parts(700_000 + n / 100, n, 0).expect("in range")
}

pub(super) fn ends(n: u32) -> Ends {
    Ends { one: Author(n % 3001), two: Author(4000 + n % 7001) }
}

pub(super) fn now() -> UnixTime {
    let secs = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    UnixTime::from_secs(secs as u32)
}

/// When the first updates of all channels were signed.
pub(super) fn first_time() -> UnixTime {
    UnixTime::from_secs(now().to_secs() - AGE_SECS)
}

/// Each channel's announcement and both updates.
pub(super) fn messages(count: u32) -> Vec<[Vec<u8>; 3]> {
    let (signer, time) = (Signer::new(CHAIN), first_time());
    let build = |n| {
        let update = |direction| signer.update(scid(n), ends(n), direction, time, n);
        let [first, second] = Direction::BOTH.map(update);
        [signer.channel(scid(n), ends(n)), first, second]
    };
    (0..count).into_par_iter().map(build).collect()
}

pub(super) fn write_log(path: &Path, messages: &[[Vec<u8>; 3]]) {
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

/// A node that listens where others shall connect to it, with one thread for each processor that checks signatures.
pub(super) fn config(log: &Path, listen: bool, peers: Vec<PeerAddress>) -> SyncConfig {
    SyncConfig {
        chain_hash: CHAIN,
        log: log.to_owned(),
        chain: None,
        peers,
        listen: listen.then(|| "127.0.0.1:0".parse().expect("an address")),
        proxy: None,
        verify_thread_count: 0,
        compaction_size_min: COMPACTION_SIZE_MIN,
        secrets: Secrets { node_key: SecretKey::from_slice(&[9; 32]).expect("a key"), seed: [5; 32] },
    }
}

/// Counts the changes that readers of a graph see.
pub(super) struct Published {
    /// Without one, changes are seen once they are published to nobody.
    writer: Option<GraphWriter>,
    applied: u64,
    seen: Arc<AtomicU64>,
}

impl Published {
    /// To a graph that begins empty, and how many changes are seen.
    pub(super) fn to_graph() -> (Self, Arc<AtomicU64>) {
        let empty = Topology::build(GraphBuilder::new()).expect("it fits");
        Self::to(Some(ChannelGraph::new(empty).1))
    }

    /// To nobody.
    pub(super) fn to_nobody() -> (Self, Arc<AtomicU64>) {
        Self::to(None)
    }

    fn to(writer: Option<GraphWriter>) -> (Self, Arc<AtomicU64>) {
        let seen = Arc::new(AtomicU64::new(0));
        (Published { writer, applied: 0, seen: Arc::clone(&seen) }, seen)
    }
}

impl Feed for Published {
    fn apply(&mut self, delta: &GraphDelta) {
        if let Some(writer) = &mut self.writer {
            writer.apply(delta).expect("gossip tells things in their order");
        }
        self.applied += 1;
    }

    fn publish(&mut self) {
        if let Some(writer) = &mut self.writer {
            writer.publish();
        }
        self.seen.store(self.applied, Relaxed);
    }
}

/// As old as most of what is true on mainnet: a few hours are news, which are told without being asked for.
const AGE_SECS: u32 = 24 * 60 * 60;
