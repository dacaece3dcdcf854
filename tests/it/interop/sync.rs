//! Graphs that travel: from LDK to us, from us to LDK, between two of ours, and through a restart.

use primitives::UnixTime;
use server::net::PeerAddress;
use server::store::GossipLog;
use tests::signed::Signer;

use super::ldk::LdkNode;
use super::ours::{CHAIN, OurNode, Told, messages, peer_address, until};
use gossip::record::Record;

const CHANNEL_COUNT: u32 = 300;

/// What `messages` say.
fn expected() -> Told {
    let signer = Signer::new(CHAIN);
    let mut told = Told::default();
    for n in 0..CHANNEL_COUNT {
        told.channels.insert(super::ours::scid(n), [Some(10 * n), Some(10 * n + 1)]);
        for author in [super::ours::ends(n).one, super::ours::ends(n).two] {
            told.nodes.insert(signer.node_id(author).as_bytes().to_vec());
        }
    }
    told
}

fn write_log(path: &std::path::Path) {
    let (mut log, _) = GossipLog::open(path, CHAIN, |_| ()).unwrap();
    let messages = messages(&Signer::new(CHAIN), CHANNEL_COUNT);
    let record = |message: &'static [u8]| match message[..2] {
        [1, 0] => Record::Channel { capacity: None, message },
        [1, 1] => Record::Node { message },
        _ => Record::Update { message },
    };
    let messages: &'static [Vec<u8>] = messages.leak();
    let records: Vec<Record<'_>> = messages.iter().map(|message| record(message)).collect();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    log.append(&records, UnixTime::from_secs(now as u32)).unwrap();
}

#[test]
fn we_learn_the_graph_of_an_ldk_node() {
    let folder = tempfile::tempdir().unwrap();
    let ldk = LdkNode::new();
    for message in messages(&Signer::new(CHAIN), CHANNEL_COUNT) {
        ldk.learn(&message);
    }
    assert_eq!(ldk.told(), expected());
    let path = folder.path().join("gossip.log");
    let ours = OurNode::start(&path, vec![peer_address(ldk.node_id, ldk.listen())]);
    until("we know what LDK knows", || ours.recorder.told() == expected());
    assert_eq!(ours.node.status().peers.len(), 1);
    ours.node.stop().unwrap();

    // The log holds it all, and is all that is needed.
    let again = OurNode::start(&path, vec![]);
    until("the log is read", || again.node.status().channel_count == CHANNEL_COUNT as usize);
    assert_eq!(again.node.status().node_count, expected().nodes.len());
    again.node.stop().unwrap();
}

#[test]
fn an_ldk_node_learns_our_graph() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gossip.log");
    write_log(&path);
    let ours = OurNode::start(&path, vec![]);
    let ldk = LdkNode::new();
    ldk.connect(ours.public_key(), ours.address());
    until("LDK knows what we know", || ldk.told() == expected());
    ours.node.stop().unwrap();
}

#[test]
fn one_of_ours_learns_from_another_by_queries() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gossip.log");
    write_log(&path);
    let first = OurNode::start(&path, vec![]);
    let to: PeerAddress = peer_address(first.public_key(), first.address());
    let second = OurNode::start(&folder.path().join("second.log"), vec![to]);
    until("both know the same", || second.recorder.told() == expected());
    until("all is synced", || second.node.status().is_synced);
    assert!(second.node.status().message_count >= 3 * u64::from(CHANNEL_COUNT));
    first.node.stop().unwrap();
    until("the end is noticed", || second.node.status().peers.is_empty());
    second.node.stop().unwrap();
}
