//! What others are told: news that their filter wants, once a minute, and answers to their questions, piece by piece.

use std::collections::BTreeMap;

use bitcoin::secp256k1::Secp256k1;
use gossip::admit::PeerId;
use gossip::funding::FundingCheck;
use gossip::record::{Record, Restored};
use gossip::sync::{Config, DisconnectReason, FLUSH_SECS, Gossip, Input, Output};
use gossip::verify::KeyRing;
use gossip::view::MessageKey;
use primitives::wire::{
    ChannelAnnouncement, ChannelUpdate, GossipTimestampFilter, NodeAnnouncement, QueryChannelRange,
    QueryFlags, QueryShortChannelIds, ReplyChannelRange, ReplyShortChannelIdsEnd, ShortIds, WANT_CHECKSUMS,
    WANT_TIMESTAMPS, WireMessage, message_type,
};
use primitives::{ChainHash, Direction, ShortChannelId, UnixTime};
use tests::signed::{Author, Ends, Signer};

const CHAIN: ChainHash = ChainHash::REGTEST;
const START: u32 = 1_700_000_000;
const TELLER: PeerId = PeerId::from_u64(1);
const HEARER: PeerId = PeerId::from_u64(2);
const ENDS: Ends = Ends { one: Author(1), two: Author(2) };

/// A core with its log, and what it sends.
struct Relay {
    signer: Signer,
    ring: KeyRing,
    gossip: Gossip,
    now: u32,
    log: BTreeMap<MessageKey, Vec<u8>>,
    sent: BTreeMap<PeerId, Vec<Vec<u8>>>,
    reads: usize,
    left: Option<DisconnectReason>,
}

impl Relay {
    fn new() -> Self {
        let config = Config { chain_hash: CHAIN, funding: FundingCheck::Nobody, verify_thread_count: 1 };
        let mut relay = Relay {
            signer: Signer::new(CHAIN),
            ring: KeyRing::default(),
            gossip: Gossip::new(config, UnixTime::from_secs(START)),
            now: START,
            log: BTreeMap::new(),
            sent: BTreeMap::new(),
            reads: 0,
            left: None,
        };
        for peer in [TELLER, HEARER] {
            relay.handle(Input::PeerConnected { peer, is_outbound: false, has_queries: false });
        }
        // The questions that they are asked.
        relay.sent.clear();
        relay
    }

    fn handle(&mut self, input: Input<'_>) {
        let now = UnixTime::from_secs(self.now);
        self.gossip.handle(now, input);
        while let Some(output) = self.gossip.poll_output() {
            match output {
                Output::Send { peer, message } => self.sent.entry(peer).or_default().push(message),
                Output::Verify(piece) => {
                    let checked = piece.run(&Secp256k1::verification_only(), &self.ring);
                    self.gossip.handle(now, Input::Verified(checked));
                }
                Output::Read { peer, keys } => {
                    self.reads += 1;
                    let messages = keys.iter().filter_map(|key| self.log.get(key));
                    let messages = messages.map(|message| message.clone().into_boxed_slice()).collect();
                    self.gossip.handle(now, Input::Read { peer, messages });
                }
                Output::Store(stored) => {
                    let record = stored.record();
                    if let Restored::Gossip { key, .. } = record.restore(CHAIN, now).unwrap() {
                        self.log.insert(key, record.message().unwrap().to_vec());
                    }
                }
                Output::Disconnect { reason, .. } => self.left = Some(reason),
                _ => {}
            }
        }
    }

    fn say(&mut self, peer: PeerId, message: &[u8]) {
        self.handle(Input::Message { peer, message });
    }

    fn filter(&mut self, peer: PeerId, first_timestamp: u32, timestamp_range: u32) {
        let first_timestamp = UnixTime::from_secs(first_timestamp);
        let filter = GossipTimestampFilter { chain_hash: CHAIN, first_timestamp, timestamp_range };
        self.say(peer, &filter.to_bytes());
    }

    /// All that a peer is sent, if it takes everything.
    fn heard(&mut self, peer: PeerId) -> Vec<Vec<u8>> {
        let mut heard = Vec::new();
        while let Some(sent) = self.sent.remove(&peer).filter(|sent| !sent.is_empty()) {
            heard.extend(sent);
            self.handle(Input::Writable { peer });
        }
        heard
    }

    fn pass(&mut self, secs: u32) {
        self.now += secs;
        self.handle(Input::Tick);
    }

    /// A channel with both updates, as of some time after the start.
    fn channel(&self, n: u32, after: u32) -> [Vec<u8>; 3] {
        let time = UnixTime::from_secs(START + after);
        let update = |direction| self.signer.update(scid(n), ENDS, direction, time, n);
        let [first, second] = Direction::BOTH.map(update);
        [self.signer.channel(scid(n), ENDS), first, second]
    }

    fn learn(&mut self, n: u32, after: u32) -> [Vec<u8>; 3] {
        let words = self.channel(n, after);
        for word in &words {
            self.say(TELLER, word);
        }
        words
    }
}

fn scid(n: u32) -> ShortChannelId {
    ShortChannelId::from_parts(700_000 + n / 4, n % 4, 0).unwrap()
}

#[test]
fn nothing_is_told_before_a_filter_and_what_it_wants_once_a_minute_afterwards() {
    let mut relay = Relay::new();
    relay.learn(0, 0);
    relay.pass(FLUSH_SECS);
    assert!(relay.heard(HEARER).is_empty(), "nobody asked");

    // From the start on for ten seconds: what we knew before comes at once.
    relay.filter(HEARER, START, 10);
    assert_eq!(relay.heard(HEARER), relay.channel(0, 0));
    let early = relay.learn(1, 9);
    relay.learn(2, 10);
    relay.pass(FLUSH_SECS - 1);
    assert!(relay.heard(HEARER).is_empty(), "news are flushed once a minute");
    relay.pass(1);
    assert_eq!(relay.heard(HEARER), early, "the filter wants these");
    relay.pass(FLUSH_SECS);
    assert!(relay.heard(HEARER).is_empty(), "and once");
}

#[test]
fn nobody_hears_what_he_told_and_no_channel_without_an_update() {
    let mut relay = Relay::new();
    for peer in [TELLER, HEARER] {
        relay.filter(peer, 0, u32::MAX);
    }
    let [channel, first, _] = relay.channel(5, 0);
    relay.say(TELLER, &channel);
    relay.pass(FLUSH_SECS);
    assert!(relay.heard(HEARER).is_empty() && relay.heard(TELLER).is_empty());
    relay.say(TELLER, &first);
    relay.pass(FLUSH_SECS);
    assert_eq!(relay.heard(HEARER), [channel, first]);
    assert!(relay.heard(TELLER).is_empty());
}

#[test]
fn a_channel_is_told_with_its_first_update_wherever_it_came_from() {
    let mut relay = Relay::new();
    relay.filter(HEARER, 0, u32::MAX);
    // The log has held the channel since before the start.
    let [channel, first, second] = relay.channel(5, 0);
    let record = Record::Channel { capacity: None, message: &channel };
    let restored = record.restore(CHAIN, UnixTime::from_secs(START)).unwrap();
    relay.gossip.restore(&restored).unwrap();
    relay.log.insert(MessageKey::Channel(scid(5)), channel.clone());
    relay.pass(FLUSH_SECS);
    assert!(relay.heard(HEARER).is_empty());
    relay.say(TELLER, &first);
    relay.pass(FLUSH_SECS);
    assert_eq!(relay.heard(HEARER), [channel, first]);
    // The next one is told alone.
    relay.say(TELLER, &second);
    relay.pass(FLUSH_SECS);
    assert_eq!(relay.heard(HEARER), [second]);
}

#[test]
fn what_stands_behind_the_known_fields_is_told_on() {
    let mut relay = Relay::new();
    relay.signer = Signer::new(CHAIN).with_extension(&[0xfd, 1, 2, 3]);
    relay.filter(HEARER, 0, u32::MAX);
    let mut words = relay.learn(0, 0).to_vec();
    let node = relay.signer.node(ENDS.one, UnixTime::from_secs(START));
    relay.say(TELLER, &node);
    words.push(node);
    assert!(words.iter().all(|word| word.ends_with(&[0xfd, 1, 2, 3])));
    relay.pass(FLUSH_SECS);
    assert_eq!(relay.heard(HEARER), words);
}

#[test]
fn one_piece_is_on_its_way_at_a_time() {
    let mut relay = Relay::new();
    for n in 0..100 {
        relay.learn(n, 0);
    }
    relay.filter(HEARER, 0, u32::MAX);
    let mut pieces = vec![relay.sent.remove(&HEARER).map_or(0, |sent| sent.len())];
    relay.pass(FLUSH_SECS);
    relay.say(HEARER, &[0, 33, 1]);
    assert!(relay.reads == 1 && !relay.sent.contains_key(&HEARER), "it has not taken the first one");
    loop {
        relay.handle(Input::Writable { peer: HEARER });
        let Some(sent) = relay.sent.remove(&HEARER) else { break };
        pieces.push(sent.len());
    }
    assert!(pieces.iter().all(|count| *count <= 66), "{pieces:?}");
    assert!(pieces.iter().sum::<usize>() >= 300 && pieces.len() >= 5, "{pieces:?}");
}

/// The parts of the answer to a range.
fn ranges(messages: &[Vec<u8>]) -> Vec<ReplyChannelRange<'_>> {
    messages.iter().map(|message| ReplyChannelRange::decode(&message[2..]).unwrap()).collect()
}

#[test]
fn a_range_is_answered_within_its_blocks_and_to_its_end() {
    let mut relay = Relay::new();
    for n in 0..40 {
        relay.learn(n, n);
    }
    let query = QueryChannelRange {
        chain_hash: CHAIN,
        first_blocknum: 700_002,
        number_of_blocks: 3,
        query_option_flags: Some(WANT_TIMESTAMPS | WANT_CHECKSUMS),
    };
    relay.say(HEARER, &query.to_bytes());
    let heard = relay.heard(HEARER);
    let parts = ranges(&heard);
    assert_eq!(parts.len(), 1);
    let part = parts[0];
    assert_eq!((part.first_blocknum, part.number_of_blocks, part.sync_complete), (700_002, 3, true));
    assert_eq!(part.chain_hash, CHAIN);
    let entries: Vec<_> = part.entries().collect();
    assert!(entries.iter().map(|entry| entry.short_channel_id).eq((8..20).map(scid)));
    for (n, entry) in (8..20).zip(entries) {
        assert_eq!(entry.timestamps, Some([UnixTime::from_secs(START + n); 2]));
        let channel = relay.gossip.view().channel(scid(n)).unwrap();
        assert_eq!(entry.checksums, Some(channel.checksums()));
    }
    // Without the flags, and for another chain.
    relay.say(HEARER, &QueryChannelRange { query_option_flags: None, ..query }.to_bytes());
    let heard = relay.heard(HEARER);
    assert!(ranges(&heard)[0].timestamps.is_none() && ranges(&heard)[0].checksums.is_none());
    relay.say(HEARER, &QueryChannelRange { chain_hash: ChainHash::BITCOIN, ..query }.to_bytes());
    let heard = relay.heard(HEARER);
    let part = ranges(&heard)[0];
    assert_eq!((part.chain_hash, part.entries().count()), (ChainHash::BITCOIN, 0));
}

#[test]
fn a_long_answer_comes_in_parts_that_join() {
    const COUNT: u32 = 4500;
    let mut relay = Relay::new();
    // Seven in a block, so that parts end in the middle of one.
    let id = |n: u32| ShortChannelId::from_parts(700_000 + n / 7, n % 7, 0).unwrap();
    let mut message = relay.signer.channel(scid(0), ENDS);
    let bytes = scid(0).to_u64().to_be_bytes();
    let at = message.windows(8).position(|window| window == bytes).unwrap();
    for n in 0..COUNT {
        // What is restored is believed.
        message[at..at + 8].copy_from_slice(&id(n).to_u64().to_be_bytes());
        let record = Record::Channel { capacity: None, message: &message };
        let restored = record.restore(CHAIN, UnixTime::from_secs(START)).unwrap();
        relay.gossip.restore(&restored).unwrap();
    }
    let query = QueryChannelRange {
        chain_hash: CHAIN,
        first_blocknum: 5,
        number_of_blocks: 1_000_000,
        query_option_flags: Some(WANT_TIMESTAMPS),
    };
    relay.say(HEARER, &query.to_bytes());
    let heard = relay.heard(HEARER);
    let parts = ranges(&heard);
    assert_eq!(parts.iter().map(|part| part.entries().count()).collect::<Vec<_>>(), [2000, 2000, 500]);
    assert!(
        parts.iter().flat_map(|part| part.entries()).map(|it| it.short_channel_id).eq((0..COUNT).map(id))
    );
    assert_eq!(parts.iter().map(|part| part.sync_complete).collect::<Vec<_>>(), [false, false, true]);
    let end = |part: &ReplyChannelRange<'_>| part.first_blocknum + part.number_of_blocks;
    assert_eq!((parts[0].first_blocknum, end(&parts[2])), (5, 1_000_005));
    for pair in parts.windows(2) {
        // A block may be told by two parts, and none by no part.
        assert!([end(&pair[0]), end(&pair[0]) - 1].contains(&pair[1].first_blocknum), "{pair:?}");
    }
}

#[test]
fn query_flags_say_what_is_told_of_each_channel() {
    let mut relay = Relay::new();
    for n in 0..6 {
        relay.learn(n, 0);
    }
    for author in [ENDS.one, ENDS.two] {
        let node = relay.signer.node(author, UnixTime::from_secs(START));
        relay.say(TELLER, &node);
    }
    let ask = |relay: &mut Relay, chain_hash: ChainHash, flags: Option<&[u8]>| {
        let packed = ShortIds::pack((0..6).map(scid));
        let short_channel_ids = ShortIds::from_packed(&packed).unwrap();
        let query_flags = flags.and_then(QueryFlags::from_packed);
        relay.say(HEARER, &QueryShortChannelIds { chain_hash, short_channel_ids, query_flags }.to_bytes());
        let heard = relay.heard(HEARER);
        let kinds = heard.iter().filter_map(|message| message_type(message));
        let mut counts = BTreeMap::new();
        kinds.for_each(|kind| *counts.entry(kind).or_insert(0) += 1);
        let end = heard.last().expect("an answer");
        (counts, ReplyShortChannelIdsEnd::decode(&end[2..]).unwrap())
    };
    let (channel, update, node, end) = (
        ChannelAnnouncement::TYPE,
        ChannelUpdate::TYPE,
        NodeAnnouncement::TYPE,
        ReplyShortChannelIdsEnd::TYPE,
    );
    let (counts, last) = ask(&mut relay, CHAIN, None);
    assert_eq!(counts, BTreeMap::from([(channel, 6), (update, 12), (node, 2), (end, 1)]));
    assert_eq!(last, ReplyShortChannelIdsEnd { chain_hash: CHAIN, full_information: true });
    // The channel alone, one update, both nodes, nothing, both updates, one node.
    let (counts, _) = ask(&mut relay, CHAIN, Some(&[1, 2, 8 | 16, 0, 2 | 4, 16]));
    assert_eq!(counts, BTreeMap::from([(channel, 1), (update, 3), (node, 2), (end, 1)]));
    // Another chain: none, and the end says which one.
    let (counts, last) = ask(&mut relay, ChainHash::BITCOIN, None);
    assert_eq!(counts, BTreeMap::from([(end, 1)]));
    assert_eq!(last, ReplyShortChannelIdsEnd { chain_hash: ChainHash::BITCOIN, full_information: false });
}

#[test]
fn one_question_of_each_kind_is_in_turn() {
    let mut relay = Relay::new();
    for n in 0..40 {
        relay.learn(n, 0);
    }
    let range = QueryChannelRange {
        chain_hash: CHAIN,
        first_blocknum: 0,
        number_of_blocks: u32::MAX,
        query_option_flags: None,
    };
    let packed = ShortIds::pack((0..40).map(scid));
    let short_channel_ids = ShortIds::from_packed(&packed).unwrap();
    let ids = QueryShortChannelIds { chain_hash: CHAIN, short_channel_ids, query_flags: None };
    relay.say(HEARER, &ids.to_bytes());
    relay.say(HEARER, &range.to_bytes());
    assert_eq!(relay.left, None);
    let heard = relay.heard(HEARER);
    let count = |kind| heard.iter().filter(|message| message_type(message) == Some(kind)).count();
    assert_eq!((count(ReplyChannelRange::TYPE), count(ReplyShortChannelIdsEnd::TYPE)), (1, 1));
    assert_eq!(count(ChannelAnnouncement::TYPE), 40);
    // Two of one kind are too many, once one of them is on its way.
    for _ in 0..3 {
        relay.say(HEARER, &ids.to_bytes());
    }
    assert_eq!(relay.left, Some(DisconnectReason::OutOfTurn));
}
