//! Capacities of channels that came when nobody asked the chain: once it tells them, the graph, the log, and who follows the log
//! have them.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bitcoin::Witness;
use bitcoin::secp256k1::SecretKey;
use gossip::funding::funding_script;
use gossip::record::Record;
use primitives::{ChainHash, Direction, GraphDelta, Msat, ShortChannelId};
use server::chain::ChainConfig;
use server::clock::unix_now;
use server::net::{Feed, Secrets, SyncConfig, open_follow, open_sync};
use server::store::{COMPACTION_SIZE_MIN, GossipLog};
use tests::signed::{Author, Ends, Signer};

use super::chain::{from, output, served, transaction};

const CHAIN: ChainHash = ChainHash::REGTEST;

/// All that a feed was told.
#[derive(Debug, Clone, Default)]
struct Recorder(Arc<Mutex<Vec<GraphDelta>>>);

impl Feed for Recorder {
    fn apply(&mut self, delta: &GraphDelta) {
        self.0.lock().unwrap().push(delta.clone());
    }

    fn publish(&mut self) {}
}

fn config(log: &Path, chain: ChainConfig) -> SyncConfig {
    SyncConfig {
        chain_hash: CHAIN,
        log: log.to_owned(),
        chain: Some(chain),
        peers: vec![],
        listen: None,
        proxy: None,
        verify_thread_count: 1,
        compaction_size_min: COMPACTION_SIZE_MIN,
        secrets: Secrets { node_key: SecretKey::from_slice(&[9; 32]).unwrap(), seed: [5; 32] },
    }
}

/// What makes the graph of a log.
fn told(log: &Path) -> Vec<GraphDelta> {
    open_follow(log, CHAIN).unwrap().deltas().collect()
}

#[test]
fn what_nobody_had_looked_for_has_its_capacity_when_the_chain_is_asked() {
    let (folder, signer) = (tempfile::tempdir().unwrap(), Signer::new(CHAIN));
    let (chain, rpc, _) = served(None);
    let id = ShortChannelId::from_parts(3, 1, 0).unwrap();
    let [one, two] = signer.funding_keys(id);
    let funding = transaction(from(2), Witness::new(), vec![output(funding_script(&one, &two), 30_000)]);
    chain.lock().unwrap().mine(vec![funding], 3);
    let (now, ends) = (unix_now(), Ends { one: Author(1), two: Author(2) });
    let channel = signer.channel(id, ends);
    let updates = Direction::BOTH.map(|direction| signer.update(id, ends, direction, now, 7));
    let node = signer.node(Author(1), now);
    let others = updates.iter().map(|message| Record::Update { message });
    let others: Vec<Record<'_>> = others.chain([Record::Node { message: &node }]).collect();
    // Unknown, and as a file had it.
    for (n, capacity) in [None, Msat::from_sat(50_000)].into_iter().enumerate() {
        let path = folder.path().join(format!("{n}.log"));
        let (mut log, _) = GossipLog::open(&path, CHAIN, |_| ()).unwrap();
        log.append(&[Record::Channel { capacity, message: &channel }], now).unwrap();
        log.append(&others, now).unwrap();
        drop(log);
        let mut expected = told(&path);
        assert_eq!(expected.len(), 4);
        let GraphDelta::ChannelOpened { capacity, .. } = &mut expected[0] else { panic!("it opens first") };
        *capacity = Msat::from_sat(30_000);

        let recorder = Recorder::default();
        let chain = ChainConfig::Believed(rpc.clone());
        let node = open_sync(config(&path, chain)).unwrap().start(recorder.clone(), None).unwrap();
        let began = Instant::now();
        while told(&path) != expected {
            assert!(began.elapsed() < Duration::from_secs(300), "{:?}", told(&path));
            std::thread::sleep(Duration::from_millis(10));
        }
        node.stop().unwrap();
        let closed = vec![GraphDelta::ChannelClosed { short_channel_id: id }];
        assert_eq!(*recorder.0.lock().unwrap(), [closed, expected.clone()].concat());
        assert_eq!(told(&path), expected);
    }
}
