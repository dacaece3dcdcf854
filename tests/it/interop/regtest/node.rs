//! Our node with a chain to ask, and one without that tells it channels.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use bitcoin::Network;
use bitcoin::secp256k1::SecretKey;
use gossip::funding::HeaderChain;
use gossip::record::{Record, Restored};
use primitives::{Direction, GraphDelta, Msat, ShortChannelId, UnixTime};
use server::chain::ChainConfig;
use server::net::{Feed, OpenedSync, PeerAddress, Secrets, SyncConfig, SyncNode, open_sync};
use server::store::{COMPACTION_SIZE_MIN, GossipFollower, GossipLog, HeaderLog};
use tests::signed::{Author, Ends, Signer};

use super::super::ours::{CHAIN, OurNode, peer_address};
use super::bitcoind::Bitcoind;

/// How much of what the chain's node says is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    All,
    Proofs,
}

/// Capacities of the channels that are open.
#[derive(Debug, Clone, Default)]
pub(super) struct Capacities(Arc<Mutex<BTreeMap<ShortChannelId, Option<Msat>>>>);

impl Feed for Capacities {
    fn apply(&mut self, delta: &GraphDelta) {
        let mut open = self.0.lock().unwrap();
        match delta {
            GraphDelta::ChannelOpened { short_channel_id, capacity, .. } => {
                open.insert(*short_channel_id, *capacity);
            }
            GraphDelta::ChannelClosed { short_channel_id } => {
                open.remove(short_channel_id);
            }
            GraphDelta::PolicyUpdated { .. } | GraphDelta::NodeSeen { .. } => {}
        }
    }

    fn publish(&mut self) {}
}

/// Our node.
pub(super) struct Learner {
    pub(super) node: SyncNode<Capacities>,
    open: Capacities,
}

impl Learner {
    /// Starts with the log at `path`, and learns from `teller`.
    pub(super) fn start(path: &Path, bitcoind: &Bitcoind, trust: Trust, teller: &OurNode) -> Self {
        let peers = vec![peer_address(teller.public_key(), teller.address())];
        Learner::start_opened(open(path, bitcoind, trust, peers))
    }

    /// Starts with what is known already.
    pub(super) fn start_opened(opened: OpenedSync) -> Self {
        let open = Capacities::default();
        for channel in opened.graph().unwrap().channels() {
            open.0.lock().unwrap().insert(channel.short_channel_id, channel.capacity);
        }
        let node = opened.start(open.clone(), None).unwrap();
        Learner { node, open }
    }

    pub(super) fn open(&self) -> BTreeMap<ShortChannelId, Option<Msat>> {
        self.open.0.lock().unwrap().clone()
    }

    pub(super) fn has(&self, short_channel_id: ShortChannelId) -> bool {
        self.open.0.lock().unwrap().contains_key(&short_channel_id)
    }
}

/// Reads the log at `path`.
pub(super) fn open(path: &Path, bitcoind: &Bitcoind, trust: Trust, peers: Vec<PeerAddress>) -> OpenedSync {
    let rpc = bitcoind.config();
    let config = SyncConfig {
        chain_hash: CHAIN,
        log: path.to_owned(),
        chain: Some(match trust {
            Trust::All => ChainConfig::Believed(rpc),
            Trust::Proofs => {
                let headers = Box::new(HeaderChain::from_genesis(Network::Regtest));
                ChainConfig::Proven { rpc, headers, file: Some(HeaderLog::path_beside(path)) }
            }
        }),
        peers,
        listen: None,
        proxy: None,
        verify_thread_count: 1,
        compaction_size_min: COMPACTION_SIZE_MIN,
        secrets: Secrets { node_key: SecretKey::from_slice(&[8; 32]).unwrap(), seed: [6; 32] },
    };
    open_sync(config).unwrap()
}

/// The blocks of which the log says that they spent a channel.
pub(super) fn spent_at(log: &Path) -> BTreeMap<ShortChannelId, u32> {
    let mut spent = BTreeMap::new();
    let mut take = |restored: &Restored| {
        if let Restored::Spent { short_channel_id, spent_at } = restored {
            spent.remove(short_channel_id);
            spent.extend(spent_at.map(|height| (*short_channel_id, height.to_u32())));
        }
    };
    GossipFollower::open(log, CHAIN).unwrap().poll(&mut take).unwrap();
    spent
}

/// Starts a node that knows these channels and asks nobody whether they are there.
pub(super) fn teller(folder: &Path, signer: &Signer, channels: &[ShortChannelId]) -> OurNode {
    let path: PathBuf = folder.join("teller.log");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as u32;
    let (mut log, _) = GossipLog::open(&path, CHAIN, |_| ()).unwrap();
    for (n, &id) in channels.iter().enumerate() {
        let ends = Ends { one: Author(2 * n as u32), two: Author(2 * n as u32 + 1) };
        let message = signer.channel(id, ends);
        let updates = Direction::BOTH
            .map(|direction| signer.update(id, ends, direction, UnixTime::from_secs(now - 5000), n as u32));
        let mut records = vec![Record::Channel { capacity: None, message: &message }];
        records.extend(updates.iter().map(|message| Record::Update { message }));
        log.append(&records, UnixTime::from_secs(now)).unwrap();
    }
    drop(log);
    OurNode::start(&path, vec![])
}
