//! Graphs that travel: from LDK to us, from us to LDK, between two of ours, and through a restart.

use gossip::record::Record;
use server::net::PeerAddress;
use server::store::GossipLog;
use tests::signed::Signer;

use super::ldk::LdkNode;
use super::ours::{CHAIN, OurNode, expected, messages, now, peer_address, record, until};

const CHANNEL_COUNT: u32 = 300;

fn write_log(path: &std::path::Path) {
    let (mut log, _) = GossipLog::open(path, CHAIN, |_| ()).unwrap();
    let messages = messages(&Signer::new(CHAIN), CHANNEL_COUNT);
    let records: Vec<Record<'_>> = messages.iter().map(|message| record(message)).collect();
    log.append(&records, now()).unwrap();
}

#[test]
fn we_learn_the_graph_of_an_ldk_node() {
    let folder = tempfile::tempdir().unwrap();
    let ldk = LdkNode::new();
    for message in messages(&Signer::new(CHAIN), CHANNEL_COUNT) {
        ldk.learn(&message);
    }
    assert_eq!(ldk.told(), expected(CHANNEL_COUNT));
    let path = folder.path().join("gossip.log");
    let ours = OurNode::start(&path, vec![peer_address(ldk.node_id, ldk.listen())]);
    until("we know what LDK knows", || ours.recorder.told() == expected(CHANNEL_COUNT));
    assert_eq!(ours.node.status().peers.len(), 1);
    ours.node.stop().unwrap();

    // The log holds it all, and is all that is needed.
    let again = OurNode::start(&path, vec![]);
    until("the log is read", || again.node.status().channel_count == CHANNEL_COUNT as usize);
    assert_eq!(again.node.status().node_count, expected(CHANNEL_COUNT).nodes.len());
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
    until("LDK knows what we know", || ldk.told() == expected(CHANNEL_COUNT));
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
    until("both know the same", || second.recorder.told() == expected(CHANNEL_COUNT));
    until("all is synced", || second.node.status().is_synced);
    assert!(second.node.status().message_count >= 3 * u64::from(CHANNEL_COUNT));
    first.node.stop().unwrap();
    until("the end is noticed", || second.node.status().peers.is_empty());
    second.node.stop().unwrap();
}
