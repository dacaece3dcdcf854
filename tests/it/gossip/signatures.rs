//! Signatures of real gossip, and of gossip with a bit turned.

use std::collections::BTreeMap;
use std::fs;

use bitcoin::secp256k1::{Secp256k1, VerifyOnly};
use gossip::verify::{
    Candidate, KeyRing, ParseError, SignatureError, SignatureField, Subject, VerifiedGossip, VerifyJob,
};
use primitives::wire::{ChannelAnnouncement, ChannelUpdate, WireError, WireMessage};
use primitives::{ChainHash, Direction, NodeId, ShortChannelId, UnixTime};
use tests::data::shared;
use tests::signed::{Author, Ends, Signer};

use super::captures::messages;

pub(super) type Nodes = BTreeMap<ShortChannelId, [NodeId; 2]>;

pub(super) fn secp() -> Secp256k1<VerifyOnly> {
    Secp256k1::verification_only()
}

pub(super) fn capture(path: &str) -> Option<Vec<u8>> {
    Some(zstd::decode_all(&fs::read(shared(path)?).unwrap()[..]).unwrap())
}

/// Both ends of every channel of the snapshot, and of those that opened in the days after it was taken.
pub(super) fn ends() -> Option<Nodes> {
    let mut ends = BTreeMap::new();
    for (file, column) in [("channels.csv.zst", 0), ("topology-4-days.csv.zst", 2)] {
        let bytes = capture(&format!("data/mainnet-2025-10-26/{file}"))?;
        for line in std::str::from_utf8(&bytes).unwrap().lines().skip(1) {
            let fields: Vec<&str> = line.split(',').skip(column).collect();
            if let (Ok(one), Ok(two)) = (fields[1].parse(), fields[2].parse()) {
                ends.insert(fields[0].parse().unwrap(), [one, two]);
            }
        }
    }
    Some(ends)
}

/// Adds the ends of the channels that are announced.
pub(super) fn learn_ends<'a>(ends: &mut Nodes, candidates: impl IntoIterator<Item = &'a Candidate>) {
    for candidate in candidates {
        if let Subject::Channel(channel) = candidate.subject() {
            ends.insert(channel.short_channel_id, [channel.node_id_1, channel.node_id_2]);
        }
    }
}

pub(super) fn job(candidate: Candidate, ends: &Nodes) -> Option<VerifyJob> {
    match candidate.subject().arc() {
        None => VerifyJob::announcement(candidate),
        Some((id, direction)) => {
            let signer = ends.get(&id)?[direction.as_usize()];
            VerifyJob::update(candidate, signer)
        }
    }
}

#[test]
fn mainnet_gossip_is_signed_but_for_one_torn_update() {
    let path = "data/mainnet-2025-10-26/signed-gossip.gsp.zst";
    let (Some(bytes), Some(mut ends)) = (capture(path), ends()) else { return };
    let (mut jobs, mut counts, mut signer_unknown) = (Vec::new(), [0; 3], 0);
    let candidates: Vec<Candidate> = messages(&bytes[..])
        .0
        .iter()
        .map(|(_, message)| Candidate::parse(message, ChainHash::BITCOIN).expect("gossip").expect("sound"))
        .collect();
    learn_ends(&mut ends, &candidates);
    for candidate in candidates {
        match candidate.subject() {
            Subject::Channel(_) => counts[0] += 1,
            Subject::Node(_) => counts[1] += 1,
            Subject::Update(_) => counts[2] += 1,
        }
        match job(candidate, &ends) {
            Some(job) => jobs.push(job),
            None => signer_unknown += 1,
        }
    }
    // 29,007 in all, as the README of the data says; its count of updates is two too many.
    assert_eq!(counts, [153, 2289, 26_565]);
    let (wrong, ring) = run(jobs.clone());
    let torn: Vec<_> =
        wrong.iter().map(|&(at, error)| (jobs[at].candidate().subject().arc(), error)).collect();
    let torn_id: ShortChannelId = "920262x628x1".parse().unwrap();
    println!("{signer_unknown} updates of channels that are in neither table, {} keys", ring.len());
    assert_eq!(torn.len(), 1, "{torn:?}");
    assert_eq!(torn[0].0.map(|(id, _)| id), Some(torn_id));
    assert_eq!(torn[0].1, SignatureError { field: SignatureField::Signature });
}

fn run(jobs: Vec<VerifyJob>) -> (Vec<(usize, SignatureError)>, KeyRing) {
    let ring = KeyRing::default();
    let results = VerifyJob::run_all(&secp(), &ring, jobs);
    let wrong = results.into_iter().enumerate().filter_map(|(at, result)| Some((at, result.err()?)));
    (wrong.collect(), ring)
}

#[test]
fn invalid_announcements_are_refused() {
    let Some(path) = shared("vectors/gossip/invalid-channel-announcements.bin") else { return };
    let bytes = fs::read(path).unwrap();
    let (records, rest) = bytes.as_chunks::<433>();
    assert_eq!((records.len(), rest.len()), (101, 0));
    for record in records {
        // The first 430 bytes, type included, as the README of the data has it.
        let cut = Candidate::parse(&record[..430], ChainHash::BITCOIN);
        assert!(matches!(cut, Some(Err(ParseError::Wire(WireError::Short { .. })))), "{cut:?}");
        // They lack two bytes, and nothing else is wrong with them: with these, all four signatures are right.
        let whole = Candidate::parse(&record[..432], ChainHash::BITCOIN).expect("gossip").expect("sound");
        let mut turned = record[..432].to_vec();
        turned[431] ^= 1;
        let turned = Candidate::parse(&turned, ChainHash::BITCOIN).expect("gossip").expect("sound");
        let jobs = [whole, turned].map(|it| VerifyJob::announcement(it).expect("an announcement"));
        let wrong: Vec<usize> = run(Vec::from(jobs)).0.into_iter().map(|(at, _)| at).collect();
        assert_eq!(wrong, [1]);
    }
}

/// Whatever chain the message names: it shall fail by its signatures.
fn chain_of(message: &[u8]) -> ChainHash {
    ChannelAnnouncement::decode(message.get(2..).unwrap_or_default())
        .map_or(ChainHash::BITCOIN, |announced| announced.chain_hash)
}

#[test]
fn stores_of_core_lightning_are_signed() {
    for (name, message_count) in [("gossip_store.mesh-3x3", 45), ("gossip_store-part1", 47)] {
        let Some(path) = shared(&format!("vectors/gossip/{name}")) else { return };
        let bytes = fs::read(path).unwrap();
        let (mut jobs, mut ends) = (Vec::new(), BTreeMap::new());
        for message in store_messages(&bytes) {
            let chain =
                ChannelUpdate::decode(&message[2..]).map_or(chain_of(message), |update| update.chain_hash);
            let chain = if message[1] == 0 { chain_of(message) } else { chain };
            let Some(Ok(candidate)) = Candidate::parse(message, chain) else { continue };
            learn_ends(&mut ends, [&candidate]);
            jobs.extend(job(candidate, &ends));
        }
        assert_eq!((run(jobs.clone()).0, jobs.len()), (vec![], message_count), "{name}");
    }
}

/// The messages of records that are not deleted.
fn store_messages(store: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = &store[1..];
    std::iter::from_fn(move || {
        loop {
            let (header, behind) = rest.split_first_chunk::<12>()?;
            let (message, behind) = behind.split_at(usize::from(u16::from_be_bytes([header[2], header[3]])));
            rest = behind;
            if header[0] & 0x80 == 0 {
                return Some(message);
            }
        }
    })
}

/// A channel, an update of it and one of its nodes, and whose it is.
fn one_of_each(signer: &Signer) -> ([Vec<u8>; 3], Nodes) {
    let id = ShortChannelId::from_u64(77);
    let ends = Ends { one: Author(1), two: Author(2) };
    let time = UnixTime::from_secs(1_700_000_000);
    let messages = [
        signer.channel(id, ends),
        signer.update(id, ends, Direction::NodeTwoToOne, time, 5),
        signer.node(Author(1), time),
    ];
    let mut nodes = [Author(1), Author(2)].map(|author| signer.node_id(author));
    nodes.sort();
    (messages, BTreeMap::from([(id, nodes)]))
}

fn parse(message: &[u8]) -> Result<Candidate, ParseError> {
    Candidate::parse(message, ChainHash::REGTEST).expect("gossip")
}

/// The message is signed, and kept as it came.
fn assert_kept(message: &[u8], nodes: &Nodes) {
    let sound = job(parse(message).expect("sound"), nodes).expect("known");
    let results = VerifyJob::run_all(&secp(), &KeyRing::default(), vec![sound]);
    let kept = match &results[0] {
        Ok(VerifiedGossip::Channel(verified)) => verified.message(),
        Ok(VerifiedGossip::Update(verified)) => verified.message(),
        Ok(VerifiedGossip::Node(verified)) => verified.message(),
        Err(error) => panic!("{error}"),
    };
    assert_eq!(kept, message);
}

#[test]
fn signatures_cover_what_stands_behind_the_known_fields() {
    // A record of an odd type, and bytes that are no record at all.
    for extension in [&[0x55, 2, 9, 9][..], &[0xff; 70]] {
        let (messages, nodes) = one_of_each(&Signer::new(ChainHash::REGTEST).with_extension(extension));
        for message in messages {
            let known_size = message.len() - extension.len();
            assert_eq!(&message[known_size..], extension);
            assert_kept(&message, &nodes);
            let mut wrong: Vec<Vec<u8>> = Vec::new();
            for bit in 8 * known_size..8 * message.len() {
                let mut turned = message.clone();
                turned[bit / 8] ^= 1 << (bit % 8);
                wrong.push(turned);
            }
            wrong.push(message[..known_size].to_vec());
            wrong.push(message[..message.len() - 1].to_vec());
            wrong.push([&message[..], &[0]].concat());
            let sound = wrong.iter().map(|bytes| parse(bytes).expect("sound"));
            let jobs: Vec<VerifyJob> = sound.map(|it| job(it, &nodes).expect("known")).collect();
            let job_count = jobs.len();
            assert_eq!(run(jobs).0.len(), job_count);
        }
    }
}

#[test]
fn every_turned_bit_of_what_is_signed_is_noticed() {
    let (messages, nodes) = one_of_each(&Signer::new(ChainHash::REGTEST));
    for message in messages {
        assert_kept(&message, &nodes);
        let mut jobs = Vec::new();
        for bit in (16..8 * message.len()).step_by(7) {
            let mut turned = message.clone();
            turned[bit / 8] ^= 1 << (bit % 8);
            // What does not parse any more, or is of no known channel, is refused before.
            if let Ok(candidate) = parse(&turned) {
                jobs.extend(job(candidate, &nodes));
            }
        }
        let job_count = jobs.len();
        assert!(job_count > 100, "{job_count} of them parse");
        assert_eq!(run(jobs).0.len(), job_count);
    }
}

#[test]
fn what_cannot_be_is_refused_before_its_signatures() {
    let signer = Signer::new(ChainHash::REGTEST);
    let (id, ends) = (ShortChannelId::from_u64(77), Ends { one: Author(1), two: Author(2) });
    let parse = |bytes: &[u8], chain| Candidate::parse(bytes, chain).expect("gossip").err();
    let update = |time| signer.update(id, ends, Direction::NodeOneToTwo, UnixTime::from_secs(time), 5);
    assert_eq!(parse(&update(0), ChainHash::REGTEST), Some(ParseError::NoTime));
    let found = ChainHash::REGTEST;
    assert_eq!(parse(&update(9), ChainHash::BITCOIN), Some(ParseError::Chain { found }));
    let mut private = update(9);
    private[2 + 64 + 32 + 8 + 4] |= 2;
    assert_eq!(parse(&private, ChainHash::REGTEST), Some(ParseError::Private));
    let mut announcement = signer.channel(id, ends);
    let second_at = announcement.len() - 99;
    announcement.copy_within(second_at - 33..second_at, second_at);
    assert_eq!(
        parse(&announcement, ChainHash::REGTEST),
        Some(ParseError::NodeOrder { short_channel_id: id })
    );
    let mut long = update(9);
    long.resize(5000, 0);
    assert_eq!(parse(&long, ChainHash::REGTEST), Some(ParseError::TooLong { size: 5000 }));
    assert!(Candidate::parse(&[0, 18, 0, 0, 0, 0], ChainHash::REGTEST).is_none());
}
