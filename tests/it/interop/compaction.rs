//! A node whose log is compacted while it runs.

use std::fs;
use std::path::Path;
use std::sync::mpsc::sync_channel;

use gossip::record::{FILE_HEADER_SIZE, FileHeader, Record};
use server::net::{Feed as _, Notice, open_follow};
use server::store::GossipLog;
use tests::signed::Signer;

use super::hostile::Client;
use super::ours::{
    CHAIN, OurNode, PATIENCE, Recorder, Told, channel_messages, expected, messages, now, peer_address,
    record, until,
};

/// Enough that what holds is copied in more than one step.
const KNOWN_COUNT: u32 = 400;
/// Few enough that they are less than what a compaction leaves out.
const NEWS_COUNT_MAX: u32 = 150;

/// A log with all messages three times, as if it had been told many updates; returns its size.
fn write_wasteful_log(path: &Path, count: u32) -> u64 {
    let (mut log, _) = GossipLog::open(path, CHAIN, |_| ()).unwrap();
    let messages = messages(&Signer::new(CHAIN), count);
    let records: Vec<Record<'_>> = messages.iter().map(|message| record(message)).collect();
    for _ in 0..3 {
        log.append(&records, now()).unwrap();
    }
    log.size()
}

/// What a log says.
fn read(path: &Path) -> Told {
    let mut recorder = Recorder::default();
    open_follow(path, CHAIN).unwrap().deltas().for_each(|delta| recorder.apply(&delta));
    recorder.told()
}

fn generation(path: &Path) -> u64 {
    let bytes = fs::read(path).unwrap();
    FileHeader::from_bytes(bytes[..FILE_HEADER_SIZE].try_into().unwrap()).unwrap().generation
}

/// Whether `ours` was told that many channels whole.
fn has_learnt(ours: &OurNode, count: u32) -> bool {
    let told = ours.recorder.told();
    told.channels.len() == count as usize && told.channels.values().flatten().all(Option::is_some)
}

#[test]
fn a_log_is_compacted_while_messages_come() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("gossip.log"), Signer::new(CHAIN));
    let size = write_wasteful_log(&path, KNOWN_COUNT);
    let (notices_in, notices) = sync_channel(100);
    // The first record that comes makes the log large enough.
    let ours = OurNode::start_compacting(&path, size, notices_in);
    let mut client = Client::new(ours.public_key(), ours.address());
    let mut count = KNOWN_COUNT;
    until("the log becomes smaller", || {
        if count < KNOWN_COUNT + NEWS_COUNT_MAX {
            for message in channel_messages(&signer, count) {
                client.connection.send(&message).unwrap();
            }
            client.flush();
            count += 1;
        }
        // None is told before the first message.
        (1..size / 2).contains(&ours.node.status().log_bytes)
    });
    until("all that came is learnt", || has_learnt(&ours, count - KNOWN_COUNT));
    let to = peer_address(ours.public_key(), ours.address());
    let other = OurNode::start(&folder.path().join("other.log"), vec![to]);
    until("another node is told all of it", || other.recorder.told() == expected(count));
    other.node.stop().unwrap();
    ours.node.stop().unwrap();
    assert!(!notices.try_iter().any(|notice| matches!(notice, Notice::Compaction(_))));

    assert_eq!(generation(&path), 1);
    assert!(fs::metadata(&path).unwrap().len() < size / 2);
    assert_eq!(read(&path), expected(count));
}

#[test]
fn a_compaction_that_fails_is_told_and_the_log_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("gossip.log"), Signer::new(CHAIN));
    let count = 50;
    let size = write_wasteful_log(&path, count);
    let (notices_in, notices) = sync_channel(100);
    let ours = OurNode::start_compacting(&path, size, notices_in);
    // No file can have this name any more.
    fs::create_dir(folder.path().join("gossip.log.new")).unwrap();
    let mut client = Client::new(ours.public_key(), ours.address());
    for message in channel_messages(&signer, count) {
        client.connection.send(&message).unwrap();
    }
    client.flush();
    let is_compaction = |notice: &Notice| matches!(notice, Notice::Compaction(_));
    while !is_compaction(&notices.recv_timeout(PATIENCE).unwrap()) {}
    until("the channel is learnt", || has_learnt(&ours, 1));
    ours.node.stop().unwrap();
    assert_eq!(generation(&path), 0);
    assert!(fs::metadata(&path).unwrap().len() > size);
    assert_eq!(read(&path), expected(count + 1));
}
