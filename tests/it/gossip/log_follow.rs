//! A second process that follows the log: what it shows is the writer's graph.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use engine::graph::Topology;
use gossip::record::Record;
use gossip::view::NetworkView;
use primitives::{Direction, GraphDelta, Msat, NodeId, ShortChannelId, UnixTime};
use server::net::{Feed, open_follow};
use server::store::{GossipLog, LogError};
use tests::signed::{Author, Ends, Signer};

use super::log::{CHAIN, Message, NOW, compact, ends, messages, open, scid};

/// Longer than any machine is slow.
const PATIENCE: Duration = Duration::from_secs(300);

/// A channel in a few words: its nodes, its capacity, and the base fees of both directions.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Opened {
    node_ids: [NodeId; 2],
    capacity: Option<Msat>,
    fees: [Option<u32>; 2],
}

type Graph = BTreeMap<ShortChannelId, Opened>;

/// Shows what was flushed, and nothing else. As in the engine, a change that does not fit changes nothing.
#[derive(Debug, Default)]
struct Shown {
    graph: Graph,
    shown: Arc<Mutex<Graph>>,
}

impl Feed for Shown {
    fn apply(&mut self, delta: &GraphDelta) {
        match delta {
            GraphDelta::ChannelOpened { short_channel_id, node_id_1, node_id_2, capacity, .. } => {
                let (node_ids, capacity) = ([*node_id_1, *node_id_2], *capacity);
                let opened = Opened { node_ids, capacity, fees: [None; 2] };
                self.graph.entry(*short_channel_id).or_insert(opened);
            }
            GraphDelta::ChannelClosed { short_channel_id } => drop(self.graph.remove(short_channel_id)),
            GraphDelta::PolicyUpdated { short_channel_id, direction, policy } => {
                if let Some(opened) = self.graph.get_mut(short_channel_id) {
                    opened.fees[direction.as_usize()] = Some(policy.fee.fee_base_msat);
                }
            }
            GraphDelta::NodeSeen { .. } => {}
        }
    }

    fn publish(&mut self) {}

    fn flush(&mut self) {
        *self.shown.lock().unwrap() = self.graph.clone();
    }
}

/// The graph that the writer has.
fn graph(view: &NetworkView) -> Graph {
    let channels = view.channels_from(ShortChannelId::from_u64(0));
    let opened = channels.map(|(id, entry)| {
        let fees = entry.updates.map(|update| update.map(|update| update.policy.fee.fee_base_msat));
        (id, Opened { node_ids: entry.node_ids, capacity: entry.capacity, fees })
    });
    opened.collect()
}

/// Waits until what is shown is what the log at `path` says, which has `count` channels.
fn until_shown(path: &Path, shown: &Mutex<Graph>, count: usize) {
    let copy = path.with_extension("copy");
    fs::copy(path, &copy).unwrap();
    let wanted = graph(&open(&copy).2);
    assert_eq!(wanted.len(), count);
    let began = Instant::now();
    while *shown.lock().unwrap() != wanted {
        assert!(began.elapsed() < PATIENCE, "{:?} is shown instead of {wanted:?}", shown.lock().unwrap());
        sleep(Duration::from_millis(5));
    }
}

fn write(log: &mut GossipLog, messages: &[Message]) {
    let records: Vec<Record<'_>> = messages.iter().map(Message::record).collect();
    log.append(&records, NOW).unwrap();
}

fn close(log: &mut GossipLog, channels: &[u32]) {
    for n in channels {
        log.append(&[Record::Removed { short_channel_id: scid(*n) }], NOW).unwrap();
    }
}

#[test]
fn a_process_that_follows_the_log_shows_the_writers_graph() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("gossip.log"), Signer::new(CHAIN));
    let (mut log, ..) = open(&path);
    write(&mut log, &messages(&signer, 0, 7));
    let opened = open_follow(&path, CHAIN).unwrap();
    assert_eq!(Topology::build(opened.graph().unwrap()).unwrap().channel_count(), 7);
    let mut feed = Shown::default();
    opened.deltas().for_each(|delta| feed.apply(&delta));
    feed.flush();
    let shown = Arc::clone(&feed.shown);
    until_shown(&path, &shown, 7);
    let node = opened.start(feed).unwrap();

    // What is appended comes, and what the writer records as closed goes.
    write(&mut log, &messages(&signer, 10, 2));
    close(&mut log, &[0]);
    until_shown(&path, &shown, 8);

    // The same behind a compaction, which changes nothing itself.
    while !compact(&mut log, 1000) {}
    let later = UnixTime::from_secs(NOW.to_secs() + 1000);
    let update = signer.update(scid(1), ends(1), Direction::NodeOneToTwo, later, 77);
    log.append(&[Record::Update { message: &update }], later).unwrap();
    close(&mut log, &[2]);
    until_shown(&path, &shown, 7);

    // Another log, of a later generation than the next: what left in those between is told nowhere.
    drop(log);
    let other = folder.path().join("other.log");
    fs::copy(&path, &other).unwrap();
    let (mut log, ..) = open(&other);
    close(&mut log, &[1, 3, 4, 5]);
    // One comes again between other nodes, one with another capacity, one without its second update.
    let elsewhere = Ends { one: Author(90), two: Author(91) };
    let moved = signer.channel(scid(3), elsewhere);
    let [larger, smaller] = [4, 5].map(|n| signer.channel(scid(n), ends(n)));
    let half = signer.update(scid(5), ends(5), Direction::NodeOneToTwo, NOW, 5);
    let records = [
        Record::Channel { capacity: Msat::from_sat(9), message: &moved },
        Record::Channel { capacity: Msat::from_sat(10), message: &larger },
        Record::Channel { capacity: Msat::from_sat(9), message: &smaller },
        Record::Update { message: &half },
    ];
    log.append(&records, NOW).unwrap();
    write(&mut log, &messages(&signer, 20, 1));
    for _ in 0..2 {
        while !compact(&mut log, 1000) {}
    }
    fs::rename(&other, &path).unwrap();
    until_shown(&path, &shown, 7);

    // And it is followed as the first was.
    write(&mut log, &messages(&signer, 30, 1));
    close(&mut log, &[20]);
    until_shown(&path, &shown, 7);
    assert_eq!(node.board().ended(), None);

    // A writer that ends leaves the graph as it is.
    drop(log);
    node.stop().unwrap();
    assert_eq!(shown.lock().unwrap().len(), 7);
}

#[test]
fn a_log_that_cannot_be_followed_any_more_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("gossip.log"), Signer::new(CHAIN));
    let missing = folder.path().join("missing.log");
    assert!(matches!(open_follow(&missing, CHAIN), Err(LogError::Io { .. })));
    let (mut log, ..) = open(&path);
    write(&mut log, &messages(&signer, 0, 1));
    let node = open_follow(&path, CHAIN).unwrap().start(()).unwrap();
    fs::remove_file(&path).unwrap();
    let (board, began) = (node.board(), Instant::now());
    while board.status().is_running {
        assert!(began.elapsed() < PATIENCE);
        sleep(Duration::from_millis(5));
    }
    assert!(board.ended().is_some_and(|why| why != "it was stopped"), "{:?}", board.ended());
    assert!(!board.status().is_synced);
    assert!(matches!(node.stop(), Err(LogError::Io { .. })));
}
