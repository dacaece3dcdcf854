//! A log that is larger than the pieces that it is read in: these end inside of records.

use std::fs::{self, OpenOptions};

use gossip::record::{Record, Restored};
use gossip::view::MessageKey;
use primitives::{Direction, ShortChannelId};
use server::store::{Followed, GossipFollower, GossipLog};
use tests::signed::Signer;

use super::log::{CHAIN, NOW, ends, scid};

const RECORD_COUNT: u32 = 1500;

/// Updates of many sizes. What is in a log is not checked again, so that one signature does for all.
fn updates() -> Vec<Vec<u8>> {
    let signed = Signer::new(CHAIN).update(scid(0), ends(0), Direction::NodeOneToTwo, NOW, 7);
    let update = |n: u32| {
        let mut message = signed.clone();
        message[SCID_AT..SCID_AT + 8].copy_from_slice(&scid(n).to_u64().to_be_bytes());
        message.resize(signed.len() + n as usize * 977 % 3900, n as u8);
        message
    };
    (0..RECORD_COUNT).map(update).collect()
}

fn key(n: u32) -> MessageKey {
    MessageKey::Update(scid(n), Direction::NodeOneToTwo)
}

/// The channels of records, in their order.
fn note(found: &mut Vec<ShortChannelId>, restored: &Restored) {
    let Restored::Gossip { key: MessageKey::Update(short_channel_id, _), .. } = restored else {
        panic!("{restored:?}")
    };
    found.push(*short_channel_id);
}

#[test]
fn records_that_lie_in_two_pieces_are_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gossip.log");
    let messages = updates();
    let (mut log, _) = GossipLog::open(&path, CHAIN, |_| ()).unwrap();
    for part in messages.chunks(100) {
        let records: Vec<Record<'_>> = part.iter().map(|message| Record::Update { message }).collect();
        log.append(&records, NOW).unwrap();
    }
    let size = log.size();
    assert!(size > 2 << 20, "{size} bytes are no three pieces");
    drop(log);

    let all: Vec<ShortChannelId> = (0..RECORD_COUNT).map(scid).collect();
    let mut found = Vec::new();
    let (log, notes) = GossipLog::open(&path, CHAIN, |restored| note(&mut found, restored)).unwrap();
    assert_eq!((notes.record_count, notes.senseless_count, notes.torn_bytes), (RECORD_COUNT.into(), 0, 0));
    assert_eq!((log.size(), log.len()), (size, RECORD_COUNT as usize));
    assert!(found == all, "each comes once, in its order");
    for (n, message) in (0..).zip(&messages) {
        assert_eq!(log.read(key(n)).unwrap().as_deref(), Some(&message[..]), "the place of {n}");
    }
    drop(log);

    let (mut follower, mut followed) = (GossipFollower::open(&path, CHAIN).unwrap(), Vec::new());
    let outcome = follower.poll(|restored| note(&mut followed, restored)).unwrap();
    assert_eq!((outcome, follower.offset()), (Followed::UpToDate, size));
    assert!(followed == all);

    // The last record is torn, which is seen in the last piece alone.
    OpenOptions::new().write(true).open(&path).unwrap().set_len(size - 1).unwrap();
    let (log, notes) = GossipLog::open(&path, CHAIN, |_| ()).unwrap();
    assert_eq!(notes.record_count, u64::from(RECORD_COUNT) - 1);
    assert_eq!(log.size() + notes.torn_bytes, size - 1);
    assert_eq!(log.size(), fs::metadata(&path).unwrap().len());
    let is_there = [2, 1].map(|back| log.read(key(RECORD_COUNT - back)).unwrap().is_some());
    assert_eq!(is_there, [true, false]);
}

/// Behind the type, the signature and the chain.
const SCID_AT: usize = 2 + 64 + 32;
