//! Core Lightning's store into our log, nothing believed that is not signed.

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use bitcoin::Witness;
use engine::import::GossipStoreError;
use gossip::funding::{FundingCheck, funding_script};
use gossip::sync::{Config, Gossip};
use gossip::view::{MessageKey, NetworkView};
use primitives::{ChainHash, Direction, Msat, ShortChannelId, UnixTime};
use server::chain::ChainConfig;
use server::import::{ImportCounts, ImportError, Importer, Moment, Reason};
use server::store::GossipLog;
use tests::cln_store::{crc32c, number, store};
use tests::data::shared;
use tests::signed::{Author, Ends, Signer};

use super::chain::{from, output, served, transaction};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const CHAIN: ChainHash = ChainHash::REGTEST;

/// Imports into the log at `path`; what it told, the view after it, and the view that the log gives back.
fn import(
    path: &Path,
    chain_hash: ChainHash,
    store: &[u8],
    now: UnixTime,
) -> Result<(ImportCounts, Gossip), ImportError> {
    import_with(None, path, chain_hash, store, now)
}

/// The same, where `chain` says what is funded.
fn import_with(
    chain: Option<ChainConfig>,
    path: &Path,
    chain_hash: ChainHash,
    store: &[u8],
    now: UnixTime,
) -> Result<(ImportCounts, Gossip), ImportError> {
    let config = Config { chain_hash, funding: FundingCheck::Nobody, verify_thread_count: 2 };
    let mut gossip = Gossip::new(config, now);
    let (mut log, _) = GossipLog::open(path, chain_hash, |restored| {
        gossip.restore(restored).unwrap();
    })
    .unwrap();
    let moment = Moment { now, written_at: now };
    let importer = Importer::new(&mut gossip, &mut log, chain, moment).unwrap();
    let (counts, taken) = importer.read(store, &mut |_| ())?;
    assert_eq!(taken.len() as u64, counts.channel_count - counts.removed_count);
    Ok((counts, gossip))
}

fn reopened(path: &Path, chain_hash: ChainHash, now: UnixTime) -> NetworkView {
    let config = Config { chain_hash, funding: FundingCheck::Nobody, verify_thread_count: 2 };
    let mut gossip = Gossip::new(config, now);
    GossipLog::open(path, chain_hash, |restored| drop(gossip.restore(restored).unwrap())).unwrap();
    gossip.view().clone()
}

#[test]
fn a_real_store_is_signed_throughout_and_comes_back_from_the_log() {
    let folder = tempfile::tempdir().unwrap();
    // (files, chain, when it was written, channels, updates, nodes)
    let stores = [
        (&["gossip_store.mesh-3x3"][..], ChainHash::REGTEST, 1_676_327_050, [12, 24, 9]),
        (&["gossip_store-part1"][..], ChainHash::BITCOIN, 1_629_071_132, [45, 2, 0]),
        (&["gossip_store-part1", "gossip_store-part2"][..], ChainHash::BITCOIN, 1_629_071_132, [87, 4, 0]),
    ];
    for (n, (names, chain_hash, now, expected)) in stores.into_iter().enumerate() {
        let mut bytes = Vec::new();
        for name in names {
            let Some(path) = shared(&format!("vectors/gossip/{name}")) else { return };
            bytes.extend(fs::read(path).unwrap());
        }
        let (path, now) = (folder.path().join(format!("{n}.log")), UnixTime::from_secs(now));
        let (counts, gossip) = import(&path, chain_hash, &bytes, now).unwrap();
        let found = [counts.channel_count, counts.update_count, counts.node_count];
        assert_eq!((found, counts.refused.len()), (expected, 0), "{counts:?}");
        assert_eq!(gossip.view().channel_count() as u64, expected[0]);
        assert!(
            gossip.view().channels_from(ShortChannelId::from_u64(0)).all(|(_, it)| it.capacity.is_some())
        );
        assert!(reopened(&path, chain_hash, now) == *gossip.view());
        // Once more there is no news in it, and on another chain nothing at all.
        let (again, gossip) = import(&path, chain_hash, &bytes, now).unwrap();
        assert_eq!((again.channel_count, again.update_count, again.node_count), (0, 0, 0));
        assert_eq!(again.refused[&Reason::Known], expected.iter().sum::<u64>());
        assert_eq!(gossip.view().channel_count() as u64, expected[0]);
        let elsewhere = folder.path().join(format!("{n}.signet"));
        let (counts, _) = import(&elsewhere, ChainHash::SIGNET, &bytes, now).unwrap();
        assert_eq!(counts.refused[&Reason::OtherChain], expected[0] + expected[1]);
        assert_eq!(counts.channel_count, 0);
    }
}

#[test]
fn a_real_store_with_any_bit_turned_gives_nothing_that_is_not_signed() {
    let Some(path) = shared("vectors/gossip/gossip_store.mesh-3x3") else { return };
    let (folder, whole) = (tempfile::tempdir().unwrap(), fs::read(path).unwrap());
    let now = UnixTime::from_secs(1_676_327_050);
    let (_, sound) = import(&folder.path().join("sound"), CHAIN, &whole, now).unwrap();
    let (mut refused_count, mut fault_count) = (0, 0);
    for (n, at) in (1..whole.len()).step_by(97).enumerate() {
        let turned = with_checksums(&whole, at);
        let Ok((counts, gossip)) = import(&folder.path().join(n.to_string()), CHAIN, &turned, now) else {
            // A length in an announcement, so that it does not even parse.
            fault_count += 1;
            continue;
        };
        refused_count += counts.refused.values().sum::<u64>();
        for (id, entry) in gossip.view().channels_from(ShortChannelId::from_u64(0)) {
            let same = sound.view().channel(id).expect("it is signed as it was");
            assert_eq!((entry.node_ids, &entry.features), (same.node_ids, &same.features));
            let is_signed = |n: usize| entry.updates[n].is_none() || entry.updates[n] == same.updates[n];
            assert!(is_signed(0) && is_signed(1), "byte {at}");
        }
    }
    assert!(refused_count > 50 && fault_count < 5, "{refused_count} {fault_count}");
}

/// The store with a bit of a message turned at or behind `at`, and checksums as who forges it would write them.
fn with_checksums(whole: &[u8], at: usize) -> Vec<u8> {
    let (mut bytes, mut offset) = (whole.to_vec(), 1);
    while offset < whole.len() {
        let size = usize::from(u16::from_be_bytes([whole[offset + 2], whole[offset + 3]]));
        let message = offset + 12..offset + 12 + size;
        if message.end > at && size > 100 {
            // The type stays, for what is of no known type is passed over.
            bytes[at.max(message.start + 2)] ^= 4;
            let timestamp = u32::from_be_bytes(*bytes[offset + 8..].first_chunk().unwrap());
            let crc = crc32c(timestamp, &bytes[message]);
            bytes[offset + 4..offset + 8].copy_from_slice(&crc.to_be_bytes());
            break;
        }
        offset = message.end;
    }
    bytes
}

#[test]
fn what_is_refused_is_counted_by_its_reason() {
    let (folder, signer) = (tempfile::tempdir().unwrap(), Signer::new(CHAIN));
    let scid = |n: u32| ShortChannelId::from_parts(700_000 + n, 1, 0).unwrap();
    let ends = |n: u32| Ends { one: Author(n), two: Author(n + 1) };
    let (one, two) = (Direction::NodeOneToTwo, Direction::NodeTwoToOne);
    let channel = |n| signer.channel(scid(n), ends(n));
    let update =
        |n, direction, secs| signer.update(scid(n), ends(n), direction, UnixTime::from_secs(secs), 7);
    let now = NOW.to_secs();
    let mut forged = [channel(2), update(1, two, now), signer.node(Author(2), NOW)];
    for message in &mut forged {
        message[40] ^= 1;
    }
    let [forged_channel, forged_update, forged_node] = forged;
    let amount = number(4101, 50_000);
    let bytes = store(&[
        channel(1),
        amount.clone(),
        update(1, one, now - 5),
        forged_channel,
        amount.clone(),
        update(2, one, now),
        forged_update,
        forged_node,
        signer.node(Author(1), NOW),
        signer.node(Author(9), NOW),
        update(1, one, now - 15 * 24 * 3600),
        update(1, two, now + 2 * 24 * 3600),
        update(1, one, now - 6),
        channel(3),
        amount.clone(),
        update(3, one, now),
        number(4103, scid(3).to_u64()),
        // What the log has from others is not taken back by who has not signed for it.
        number(4103, scid(7).to_u64()),
        channel(4),
    ]);
    let path = folder.path().join("gossip.log");
    import(&path, CHAIN, &store(&[channel(7), amount]), NOW).unwrap();
    let (counts, gossip) = import(&path, CHAIN, &bytes, NOW).unwrap();
    let expected = [
        (Reason::Known, 1),
        (Reason::Signature, 3),
        (Reason::Stale, 1),
        (Reason::Future, 1),
        (Reason::Orphan, 2),
    ];
    assert_eq!(counts.refused, expected.into());
    assert_eq!((counts.channel_count, counts.update_count, counts.node_count), (2, 2, 1));
    assert_eq!(counts.removed_count, 1);
    assert!(counts.torn_at.is_some(), "the last channel has no amount");
    let ids: Vec<_> = gossip.view().channels_from(scid(0)).map(|(id, entry)| (id, entry.capacity)).collect();
    assert_eq!(ids, [1, 7].map(|n| (scid(n), Msat::from_sat(50_000))));
    assert!(reopened(&path, CHAIN, NOW) == *gossip.view());
    let (log, _) = GossipLog::open(&path, CHAIN, |_| ()).unwrap();
    assert_eq!(log.read(MessageKey::Channel(scid(1))).unwrap().as_deref(), Some(&channel(1)[..]));
}

#[test]
fn a_fault_in_the_middle_keeps_what_came_before() {
    let (folder, signer) = (tempfile::tempdir().unwrap(), Signer::new(CHAIN));
    let scid = ShortChannelId::from_parts(700_000, 1, 0).unwrap();
    let channel = signer.channel(scid, Ends { one: Author(1), two: Author(2) });
    let mut bytes = store(&[channel, number(4101, 9), vec![1, 2, 3], vec![1, 2, 3]]);
    let at = bytes.len() - 16;
    bytes[at] ^= 1;
    let path = folder.path().join("gossip.log");
    let error = import(&path, CHAIN, &bytes, NOW).expect_err("a checksum is wrong");
    assert!(matches!(error, ImportError::Store(GossipStoreError::Checksum { .. })), "{error}");
    assert_eq!(reopened(&path, CHAIN, NOW).channel_count(), 1);
}

#[test]
fn a_channel_that_is_told_twice_at_once_is_looked_for_and_taken_once() {
    let (folder, signer) = (tempfile::tempdir().unwrap(), Signer::new(CHAIN));
    let (chain, rpc, _) = served(None);
    let scid = ShortChannelId::from_parts(3, 1, 0).unwrap();
    let [one, two] = signer.funding_keys(scid);
    let funding = transaction(from(2), Witness::new(), vec![output(funding_script(&one, &two), 30_000)]);
    chain.lock().unwrap().mine(vec![funding], 3);
    let channel = signer.channel(scid, Ends { one: Author(1), two: Author(2) });
    let amount = number(4101, 50_000);
    let bytes = store(&[channel.clone(), amount.clone(), channel, amount]);
    let path = folder.path().join("gossip.log");
    // Who waits for two answers waits for ever.
    let (done, imported) = mpsc::channel();
    std::thread::spawn(move || {
        let chain = Some(ChainConfig::Believed(rpc));
        drop(done.send(import_with(chain, &path, CHAIN, &bytes, NOW)));
    });
    let (counts, gossip) = imported.recv_timeout(Duration::from_secs(300)).expect("it ends").unwrap();
    assert_eq!((counts.channel_count, counts.refused), (1, [(Reason::Known, 1)].into()));
    assert_eq!(gossip.view().channel(scid).unwrap().capacity, Msat::from_sat(30_000));
}
