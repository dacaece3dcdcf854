//! Our node of gossip, and what it tells its feed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bitcoin::secp256k1::{PublicKey, SecretKey};
use gossip::record::Record;
use primitives::{ChainHash, Direction, GraphDelta, ShortChannelId, UnixTime};
use server::net::{Feed, Notice, PeerAddress, Secrets, SyncConfig, SyncNode, open_sync};
use server::store::COMPACTION_SIZE_MIN;
use tests::signed::{Author, Ends, Signer};

pub(super) const CHAIN: ChainHash = ChainHash::REGTEST;

/// A graph in a few words: base fees of both directions, and who announced itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Told {
    pub(super) channels: BTreeMap<ShortChannelId, [Option<u32>; 2]>,
    pub(super) nodes: BTreeSet<Vec<u8>>,
}

/// Writes down what a feed is told.
#[derive(Debug, Clone, Default)]
pub(super) struct Recorder(Arc<Mutex<Told>>);

impl Recorder {
    pub(super) fn told(&self) -> Told {
        self.0.lock().unwrap().clone()
    }
}

impl Feed for Recorder {
    fn apply(&mut self, delta: &GraphDelta) {
        let mut told = self.0.lock().unwrap();
        match delta {
            GraphDelta::ChannelOpened { short_channel_id, .. } => {
                told.channels.insert(*short_channel_id, [None; 2]);
            }
            GraphDelta::ChannelClosed { short_channel_id } => {
                told.channels.remove(short_channel_id);
            }
            GraphDelta::PolicyUpdated { short_channel_id, direction, policy } => {
                let channel = told.channels.get_mut(short_channel_id).expect("opened before");
                channel[direction.as_usize()] = Some(policy.fee.fee_base_msat);
            }
            GraphDelta::NodeSeen { node_id, .. } => {
                told.nodes.insert(node_id.as_bytes().to_vec());
            }
        }
    }

    fn publish(&mut self) {}
}

pub(super) struct OurNode {
    pub(super) node: SyncNode<Recorder>,
    pub(super) recorder: Recorder,
}

impl OurNode {
    /// Starts with the log at `path`, which may be there from before.
    pub(super) fn start(path: &Path, peers: Vec<PeerAddress>) -> Self {
        OurNode::open(config(path, peers), None)
    }

    /// The same, with a proxy.
    pub(super) fn start_with(path: &Path, peers: Vec<PeerAddress>, proxy: Option<SocketAddr>) -> Self {
        OurNode::open(SyncConfig { proxy, ..config(path, peers) }, None)
    }

    /// The same, which tells what becomes of its connections.
    pub(super) fn start_noticed(path: &Path, peers: Vec<PeerAddress>, notices: SyncSender<Notice>) -> Self {
        OurNode::open(config(path, peers), Some(notices))
    }

    /// The same, which compacts a wasteful log of more than `size_min` bytes.
    pub(super) fn start_compacting(path: &Path, size_min: u64, notices: SyncSender<Notice>) -> Self {
        OurNode::open(SyncConfig { compaction_size_min: size_min, ..config(path, vec![]) }, Some(notices))
    }

    fn open(config: SyncConfig, notices: Option<SyncSender<Notice>>) -> Self {
        let recorder = Recorder::default();
        let node = open_sync(config).unwrap().start(recorder.clone(), notices).unwrap();
        OurNode { node, recorder }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.node.listens_at().unwrap()
    }

    pub(super) fn public_key(&self) -> PublicKey {
        self.node.node_id().to_public_key().unwrap()
    }
}

fn config(path: &Path, peers: Vec<PeerAddress>) -> SyncConfig {
    SyncConfig {
        chain_hash: CHAIN,
        log: path.to_owned(),
        chain: None,
        peers,
        listen: Some("127.0.0.1:0".parse().unwrap()),
        proxy: None,
        verify_thread_count: 1,
        compaction_size_min: COMPACTION_SIZE_MIN,
        secrets: Secrets { node_key: SecretKey::from_slice(&[9; 32]).unwrap(), seed: [5; 32] },
    }
}

pub(super) fn peer_address(node_id: PublicKey, at: SocketAddr) -> PeerAddress {
    PeerAddress::new(node_id, at.ip().to_string(), at.port())
}

/// Longer than any machine is slow: whoever waits so long has failed.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);

/// Waits until something holds.
pub(super) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        sleep(Duration::from_millis(10));
    }
}

pub(super) fn scid(n: u32) -> ShortChannelId {
    ShortChannelId::from_parts(100 + n / 10, n, 0).unwrap()
}

pub(super) fn ends(n: u32) -> Ends {
    Ends { one: Author(n % 17), two: Author(20 + n % 23) }
}

/// Channels with both updates and all nodes, as peers tell them today.
pub(super) fn messages(signer: &Signer, count: u32) -> Vec<Vec<u8>> {
    let mut messages: Vec<Vec<u8>> = (0..count).flat_map(|n| channel_messages(signer, n)).collect();
    let authors: BTreeSet<Author> = (0..count).flat_map(|n| [ends(n).one, ends(n).two]).collect();
    messages.extend(authors.into_iter().map(|author| signer.node(author, told_at())));
    messages
}

/// One of these channels with both updates.
pub(super) fn channel_messages(signer: &Signer, n: u32) -> [Vec<u8>; 3] {
    let update = |direction: Direction| {
        signer.update(scid(n), ends(n), direction, told_at(), 10 * n + direction as u32)
    };
    let [first, second] = Direction::BOTH.map(update);
    [signer.channel(scid(n), ends(n)), first, second]
}

/// What `messages` say.
pub(super) fn expected(count: u32) -> Told {
    let signer = Signer::new(CHAIN);
    let mut told = Told::default();
    for n in 0..count {
        told.channels.insert(scid(n), [Some(10 * n), Some(10 * n + 1)]);
        for author in [ends(n).one, ends(n).two] {
            told.nodes.insert(signer.node_id(author).as_bytes().to_vec());
        }
    }
    told
}

/// A message as the log of a node that asks no chain has it.
pub(super) fn record(message: &[u8]) -> Record<'_> {
    match message[..2] {
        [1, 0] => Record::Channel { capacity: None, message },
        [1, 1] => Record::Node { message },
        _ => Record::Update { message },
    }
}

pub(super) fn now() -> UnixTime {
    UnixTime::from_secs(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as u32)
}

/// When all of it was said.
fn told_at() -> UnixTime {
    UnixTime::from_secs(now().to_secs() - 5000)
}
