//! The log survives a crash at any byte, compactions while it is written, and is followed by others.

use std::fs;
use std::path::Path;

use gossip::record::{FILE_HEADER_SIZE, Record, Restored, encode_record};
use gossip::view::{MessageKey, NetworkView};
use primitives::{BlockHeight, ChainHash, Direction, Msat, ShortChannelId, UnixTime};
use server::store::{CompactionStep, Followed, GossipFollower, GossipLog, LogError, OpenNotes};
use tests::cln_store::crc32c;
use tests::signed::{Author, Ends, Signer};

pub(super) const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
pub(super) const CHAIN: ChainHash = ChainHash::REGTEST;

pub(super) fn scid(n: u32) -> ShortChannelId {
    ShortChannelId::from_parts(700_000 + n, 1, 0).unwrap()
}

pub(super) fn ends(n: u32) -> Ends {
    Ends { one: Author(n), two: Author(n + 1) }
}

/// A follower reads again what a compaction has copied, which changes nothing.
fn apply(view: &mut NetworkView, restored: &Restored) {
    let _ = restored.apply(view);
}

pub(super) fn open(path: &Path) -> (GossipLog, OpenNotes, NetworkView) {
    let mut view = NetworkView::default();
    let (log, notes) = GossipLog::open(path, CHAIN, |restored| apply(&mut view, restored)).unwrap();
    (log, notes, view)
}

fn spent(n: u32, height: Option<u32>) -> Record<'static> {
    Record::Spent { short_channel_id: scid(n), spent_at: height.map(BlockHeight::from_u32) }
}

pub(super) struct Message {
    kind: u8,
    bytes: Vec<u8>,
}

impl Message {
    pub(super) fn record(&self) -> Record<'_> {
        let message = &self.bytes;
        match self.kind {
            0 => Record::Channel { capacity: Msat::from_sat(9), message },
            1 => Record::Update { message },
            _ => Record::Node { message },
        }
    }
}

/// Two channels with updates of both directions, and their nodes.
pub(super) fn messages(signer: &Signer, from: u32, count: u32) -> Vec<Message> {
    let mut messages = Vec::new();
    for n in from..from + count {
        messages.push(Message { kind: 0, bytes: signer.channel(scid(n), ends(n)) });
        for direction in Direction::BOTH {
            messages.push(Message { kind: 1, bytes: signer.update(scid(n), ends(n), direction, NOW, n) });
        }
        messages.push(Message { kind: 2, bytes: signer.node(Author(n), NOW) });
    }
    messages
}

#[test]
fn a_crash_at_any_byte_loses_no_complete_record() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("gossip.log"), Signer::new(CHAIN));
    let messages = messages(&signer, 0, 2);
    let (mut ends, mut views) = (vec![FILE_HEADER_SIZE as u64], vec![NetworkView::default()]);
    {
        let (mut log, ..) = open(&path);
        for message in &messages {
            log.append(&[message.record()], NOW).unwrap();
            ends.push(log.size());
        }
        for record in [Record::Removed { short_channel_id: scid(0) }, spent(1, Some(800_000))] {
            log.append(&[record], NOW).unwrap();
            ends.push(log.size());
        }
        log.sync().unwrap();
    }
    let whole = fs::read(&path).unwrap();
    for end in &ends[1..] {
        fs::write(&path, &whole[..*end as usize]).unwrap();
        views.push(open(&path).2);
    }
    assert_eq!(views.last().unwrap().channel_count(), 1);
    // The last records at every byte of them, and the header, too; and with zeros in the place of what was cut.
    let from = ends[ends.len() - 5] as usize;
    for size in (0..FILE_HEADER_SIZE).chain(from..=whole.len()) {
        for zeros in [0, 40] {
            let mut torn = whole[..size].to_vec();
            if size > FILE_HEADER_SIZE {
                torn.resize(size + zeros, 0);
            }
            fs::write(&path, &torn).unwrap();
            // Zeros may be just what was cut off.
            let is_whole = |end: &u64| torn.get(..*end as usize) == Some(&whole[..*end as usize]);
            let complete = ends.iter().rposition(is_whole).unwrap_or(0);
            let (mut log, notes, view) = open(&path);
            assert!(view == views[complete], "{size} bytes");
            assert_eq!(notes.record_count, complete as u64);
            let tail = (torn.len() as u64).saturating_sub(ends[complete]);
            assert_eq!(notes.torn_bytes, if size < FILE_HEADER_SIZE { 0 } else { tail });
            // Appending goes on as if nothing had happened.
            let next = &messages[0];
            log.append(&[Record::Removed { short_channel_id: scid(0) }, next.record()], NOW).unwrap();
            drop(log);
            let (log, notes, view) = open(&path);
            assert_eq!((notes.torn_bytes, notes.record_count), (0, complete as u64 + 2));
            assert!(view.channel(scid(0)).is_some());
            assert_eq!(log.read(MessageKey::Channel(scid(0))).unwrap().as_deref(), Some(&next.bytes[..]));
        }
    }
}

/// One step, and what the disk must have before the next one; `true` behind the last one.
pub(super) fn compact(log: &mut GossipLog, budget: u64) -> bool {
    match log.compact(budget, |_| true).unwrap() {
        CompactionStep::More => false,
        CompactionStep::Sync(work) => {
            work().unwrap();
            false
        }
        CompactionStep::Done(work) => {
            work().unwrap();
            true
        }
    }
}

/// Reads on to the end.
fn follow(follower: &mut GossipFollower, view: &mut NetworkView) {
    loop {
        match follower.poll(|restored| apply(view, restored)).unwrap() {
            Followed::UpToDate => return,
            Followed::Compacted => {}
            Followed::Replaced => *view = NetworkView::default(),
        }
    }
}

#[test]
fn a_follower_that_sleeps_over_compactions_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("gossip.log"), Signer::new(CHAIN));
    let (mut log, ..) = open(&path);
    for message in messages(&signer, 0, 4) {
        log.append(&[message.record()], NOW).unwrap();
    }
    let (mut follower, mut followed) = (GossipFollower::open(&path, CHAIN).unwrap(), NetworkView::default());
    follow(&mut follower, &mut followed);
    for n in 0..3 {
        while !compact(&mut log, 1 << 20) {}
        log.append(&[Record::Removed { short_channel_id: scid(n) }], NOW).unwrap();
    }
    assert_eq!(followed.channel_count(), 4);
    follow(&mut follower, &mut followed);
    assert_eq!(followed.channels_from(scid(0)).map(|(id, _)| id).collect::<Vec<_>>(), [scid(3)]);
}

#[test]
fn compaction_goes_on_while_records_come() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("gossip.log"), Signer::new(CHAIN));
    let (mut log, ..) = open(&path);
    let mut follower = GossipFollower::open(&path, CHAIN).unwrap();
    let mut followed = NetworkView::default();
    let write = |log: &mut GossipLog, messages: &[Message], at: UnixTime| {
        let records: Vec<Record<'_>> = messages.iter().map(Message::record).collect();
        log.append(&records, at).unwrap();
    };
    // Each update is newer than those before, and none comes too soon.
    let mut now = NOW;
    write(&mut log, &messages(&signer, 0, 20), now);
    let update =
        |n, at| Message { kind: 1, bytes: signer.update(scid(n), ends(n), Direction::NodeOneToTwo, at, 7) };
    for round in 0..6 {
        now = UnixTime::from_secs(now.to_secs() + 60);
        write(&mut log, &[update(round, now), update(round + 1, now)], now);
        log.append(&[Record::Removed { short_channel_id: scid(19 - round) }], NOW).unwrap();
        // One is spent for good, one was for a while, one will be while this is copied.
        log.append(&[spent(7, Some(900)), spent(8, (round == 0).then_some(901)), spent(9, None)], NOW)
            .unwrap();
        let before = log.size();
        let (mut steps, mut n) = (0, 100 * (round + 1));
        // Records come between the steps: new channels, and changes of what was and was not copied yet.
        while !compact(&mut log, 2000) {
            steps += 1;
            n += 1;
            if steps < 6 {
                now = UnixTime::from_secs(now.to_secs() + 60);
                write(&mut log, &messages(&signer, n, 1), now);
                write(&mut log, &[update(round, now), update(10, now)], now);
                log.append(&[Record::Removed { short_channel_id: scid(n - 1) }], NOW).unwrap();
                log.append(&[spent(9, Some(902))], NOW).unwrap();
            }
            if round % 2 == 0 {
                follow(&mut follower, &mut followed);
            }
            // A process that died here would find the old file whole.
            if steps == 3 {
                let copy = folder.path().join("copy.log");
                fs::copy(&path, &copy).unwrap();
                assert!(open(&copy).2.channel_count() > 5);
            }
        }
        assert!(steps > 6, "{steps} steps");
        assert!(round > 0 || log.size() < before + 20_000);
        let copy = folder.path().join("copy.log");
        fs::copy(&path, &copy).unwrap();
        let (reopened, notes, view) = open(&copy);
        assert_eq!((notes.torn_bytes, notes.senseless_count), (0, 0));
        assert_eq!(reopened.len(), log.len());
        let spent_at = [7, 8, 9].map(|n| view.channel(scid(n)).unwrap().spent_at.map(BlockHeight::to_u32));
        assert_eq!(spent_at, [Some(900), (round == 0).then_some(901), Some(902)]);
        for (id, _) in view.channels_from(scid(0)) {
            let key = MessageKey::Channel(id);
            assert_eq!(reopened.read(key).unwrap(), log.read(key).unwrap());
            assert!(log.read(key).unwrap().is_some());
        }
        follow(&mut follower, &mut followed);
        assert!(followed == view, "the follower sees what is there after round {round}");
    }
}

#[test]
fn a_compaction_whose_folder_fails_goes_on_in_the_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("gossip.log"), Signer::new(CHAIN));
    let (mut log, ..) = open(&path);
    for message in messages(&signer, 0, 3) {
        log.append(&[message.record()], NOW).unwrap();
    }
    let work = loop {
        match log.compact(1000, |_| true).unwrap() {
            CompactionStep::More => {}
            CompactionStep::Sync(work) => {
                work().unwrap();
                // What comes while the disk works is in the new file, too.
                log.append(&[Record::Removed { short_channel_id: scid(0) }], NOW).unwrap();
            }
            CompactionStep::Done(work) => break work,
        }
    };
    let elsewhere = folder.path().with_extension("moved");
    fs::rename(folder.path(), &elsewhere).unwrap();
    assert!(matches!(work(), Err(LogError::Io { .. })));
    log.append(&[Record::Removed { short_channel_id: scid(1) }], NOW).unwrap();
    drop(log);
    let view = open(&elsewhere.join("gossip.log")).2;
    fs::rename(&elsewhere, folder.path()).unwrap();
    assert_eq!(view.channels_from(scid(0)).map(|(id, _)| id).collect::<Vec<_>>(), [scid(2)]);
}

#[test]
fn a_follower_sees_records_when_they_are_complete() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("gossip.log"), Signer::new(CHAIN));
    let whole = {
        let (mut log, ..) = open(&path);
        for message in messages(&signer, 0, 2) {
            log.append(&[message.record()], NOW).unwrap();
        }
        fs::read(&path).unwrap()
    };
    let growing = folder.path().join("growing.log");
    fs::write(&growing, &whole[..FILE_HEADER_SIZE]).unwrap();
    let (mut follower, mut seen) = (GossipFollower::open(&growing, CHAIN).unwrap(), 0);
    for size in (FILE_HEADER_SIZE..=whole.len()).step_by(11).chain([whole.len()]) {
        fs::write(&growing, &whole[..size]).unwrap();
        follower.poll(|_| seen += 1).unwrap();
    }
    assert_eq!(seen, 8);
    assert_eq!(fs::read(&growing).unwrap(), whole);
}

#[test]
fn files_of_others_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    for content in ["hello", &"hello ".repeat(100)] {
        fs::write(&path, content).unwrap();
        assert!(matches!(GossipLog::open(&path, CHAIN, |_| ()), Err(LogError::Header { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), *content);
    }
    let log = folder.path().join("gossip.log");
    open(&log);
    assert!(matches!(GossipLog::open(&log, ChainHash::BITCOIN, |_| ()), Err(LogError::Chain { .. })));
    assert!(matches!(GossipFollower::open(&log, ChainHash::BITCOIN), Err(LogError::Chain { .. })));
}

#[test]
fn a_log_has_one_writer_and_any_number_of_readers() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("gossip.log"), Signer::new(CHAIN));
    let messages = messages(&signer, 0, 1);
    let (mut log, ..) = open(&path);
    log.append(&[messages[0].record()], NOW).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    // Half a record, as if it were being written just now.
    bytes.extend(&bytes[FILE_HEADER_SIZE..FILE_HEADER_SIZE + 40].to_vec());
    fs::write(&path, &bytes).unwrap();
    for _ in 0..2 {
        assert!(matches!(GossipLog::open(&path, CHAIN, |_| ()), Err(LogError::Locked { .. })));
        assert_eq!(fs::read(&path).unwrap(), bytes, "nothing is cut off");
    }
    let mut seen = 0;
    GossipFollower::open(&path, CHAIN).unwrap().poll(|_| seen += 1).unwrap();
    assert_eq!(seen, 1);
    // A compaction lets nobody in, and who stops does.
    while !compact(&mut log, 100) {}
    assert!(matches!(GossipLog::open(&path, CHAIN, |_| ()), Err(LogError::Locked { .. })));
    drop(log);
    assert_eq!(open(&path).1.record_count, 1);
}

#[test]
fn a_log_that_is_begun_anew_is_followed_from_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("gossip.log"), Signer::new(CHAIN));
    let (mut log, ..) = open(&path);
    for message in messages(&signer, 0, 2) {
        log.append(&[message.record()], NOW).unwrap();
    }
    let (mut follower, mut followed) = (GossipFollower::open(&path, CHAIN).unwrap(), NetworkView::default());
    follow(&mut follower, &mut followed);
    drop(log);
    fs::remove_file(&path).unwrap();
    let (mut log, ..) = open(&path);
    log.append(&[messages(&signer, 5, 1)[0].record()], NOW).unwrap();
    follow(&mut follower, &mut followed);
    assert_eq!(followed.channels_from(scid(0)).map(|(id, _)| id).collect::<Vec<_>>(), [scid(5)]);
}

#[test]
fn what_a_later_version_wrote_is_neither_ignored_nor_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let (path, signer) = (folder.path().join("gossip.log"), Signer::new(CHAIN));
    let messages = messages(&signer, 0, 2);
    let (mut log, ..) = open(&path);
    log.append(&[messages[0].record()], NOW).unwrap();
    let known = log.size();
    drop(log);
    let mut bytes = fs::read(&path).unwrap();
    // Of the next even kind, without a body.
    let covered = [6, 0, 0, 0, 0];
    bytes.extend(0u32.to_be_bytes());
    bytes.extend(crc32c(0, &covered).to_be_bytes());
    bytes.extend(covered);
    encode_record(&messages[4].record(), NOW, &mut bytes);
    fs::write(&path, &bytes).unwrap();
    let is_told = |error: LogError| matches!(error, LogError::Later { offset, .. } if offset == known);
    assert!(is_told(GossipLog::open(&path, CHAIN, |_| ()).unwrap_err()));
    assert_eq!(fs::read(&path).unwrap(), bytes);
    let mut count = 0;
    let mut follower = GossipFollower::open(&path, CHAIN).unwrap();
    assert!(is_told(follower.poll(|_| count += 1).unwrap_err()));
    assert_eq!(count, 1);
}

#[test]
fn a_record_names_its_message_as_the_whole_of_it_does() {
    let signer = Signer::new(CHAIN);
    let channel = signer.channel(scid(1), ends(1));
    let update = signer.update(scid(1), ends(1), Direction::NodeTwoToOne, NOW, 7);
    let node = signer.node(Author(1), NOW);
    let records = [
        Record::Channel { capacity: None, message: &channel },
        Record::Update { message: &update },
        Record::Node { message: &node },
    ];
    for record in records {
        let Restored::Gossip { key, .. } = record.restore(CHAIN, NOW).unwrap() else { panic!("gossip") };
        assert_eq!(record.key(), Some(key));
    }
    assert_eq!(Record::Removed { short_channel_id: scid(1) }.key(), None);
    assert_eq!(spent(1, Some(7)).key(), None);
    for message in [&[][..], &[1], &[1, 0], &update[..90]] {
        assert_eq!(Record::Update { message }.key(), None);
    }
}
