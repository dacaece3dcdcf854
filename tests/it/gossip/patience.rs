//! Peers that wait for each answer and then ask again: what they are told has a budget, for each that we chose and for
//! all strangers together, however often they come again; news and the others do not wait for them.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::secp256k1::Secp256k1;
use gossip::admit::PeerId;
use gossip::funding::FundingCheck;
use gossip::record::Record;
use gossip::sync::{ANSWER_BYTES_BURST, ANSWER_BYTES_PER_SECOND, Config, FLUSH_SECS, Gossip, Input, Output};
use gossip::verify::KeyRing;
use gossip::view::MessageKey;
use primitives::wire::{
    GossipTimestampFilter, QueryChannelRange, QueryShortChannelIds, ReplyChannelRange,
    ReplyShortChannelIdsEnd, ShortIds, WireMessage, message_type,
};
use primitives::{ChainHash, Direction, ShortChannelId, UnixTime};
use tests::signed::{Author, Ends, Signer};

const CHAIN: ChainHash = ChainHash::REGTEST;
const START: u32 = 1_700_000_000;
const CHANNEL_COUNT: u32 = 5000;
const ENDS: Ends = Ends { one: Author(1), two: Author(2) };
/// Bytes of any message that the log would read.
const READ_SIZE: usize = 400;

fn scid(n: u32) -> ShortChannelId {
    ShortChannelId::from_parts(700_000 + n, 0, 0).unwrap()
}

fn range() -> Vec<u8> {
    QueryChannelRange {
        chain_hash: CHAIN,
        first_blocknum: 0,
        number_of_blocks: u32::MAX,
        query_option_flags: Some(3),
    }
    .to_bytes()
}

fn ids() -> Vec<u8> {
    ids_from(0)
}

fn ids_from(first: u32) -> Vec<u8> {
    let packed = ShortIds::pack((first..first + CHANNEL_COUNT).map(scid));
    let short_channel_ids = ShortIds::from_packed(&packed).unwrap();
    QueryShortChannelIds { chain_hash: CHAIN, short_channel_ids, query_flags: None }.to_bytes()
}

fn filter() -> Vec<u8> {
    let first_timestamp = UnixTime::from_secs(0);
    GossipTimestampFilter { chain_hash: CHAIN, first_timestamp, timestamp_range: u32::MAX }.to_bytes()
}

/// A core that knows channels, and whose peers read at once.
struct Bench {
    gossip: Gossip,
    now: u32,
    next_peer: u64,
    /// Bytes that each was told.
    told: BTreeMap<PeerId, usize>,
    left: Vec<PeerId>,
    /// Who has an answer to come.
    waiting: BTreeSet<PeerId>,
    /// From whom we do not read.
    paused: BTreeSet<PeerId>,
    /// What was read for each, and how long the log says that a message is.
    read: Vec<(PeerId, Vec<MessageKey>)>,
    read_size: usize,
}

impl Bench {
    fn new() -> Self {
        let (now, signer) = (UnixTime::from_secs(START), Signer::new(CHAIN));
        let config = Config { chain_hash: CHAIN, funding: FundingCheck::Nobody, verify_thread_count: 1 };
        let mut gossip = Gossip::new(config, now);
        // What is restored is believed, so that one signature does for all.
        let mut channel = signer.channel(scid(0), ENDS);
        let mut update = signer.update(scid(0), ENDS, Direction::NodeOneToTwo, now, 1);
        let id_at = |message: &[u8]| {
            let id = scid(0).to_u64().to_be_bytes();
            message.windows(8).position(|bytes| bytes == id).unwrap()
        };
        let (channel_at, update_at) = (id_at(&channel), id_at(&update));
        for n in 0..CHANNEL_COUNT {
            channel[channel_at..channel_at + 8].copy_from_slice(&scid(n).to_u64().to_be_bytes());
            update[update_at..update_at + 8].copy_from_slice(&scid(n).to_u64().to_be_bytes());
            for record in
                [Record::Channel { capacity: None, message: &channel }, Record::Update { message: &update }]
            {
                gossip.restore(&record.restore(CHAIN, now).unwrap()).unwrap();
            }
        }
        Bench {
            gossip,
            now: START,
            next_peer: 0,
            told: BTreeMap::new(),
            left: Vec::new(),
            waiting: BTreeSet::new(),
            paused: BTreeSet::new(),
            read: Vec::new(),
            read_size: READ_SIZE,
        }
    }

    fn connect(&mut self, is_outbound: bool) -> PeerId {
        self.next_peer += 1;
        let peer = PeerId::from_u64(self.next_peer);
        self.handle(Input::PeerConnected { peer, is_outbound, has_queries: false });
        peer
    }

    /// Answers reads, and says that what was sent has left, as long as there is anything.
    fn handle(&mut self, input: Input<'_>) {
        let now = UnixTime::from_secs(self.now);
        self.gossip.handle(now, input);
        while let Some(output) = self.gossip.poll_output() {
            match output {
                Output::Send { peer, message } => {
                    // Our own filter is no answer.
                    if message_type(&message) != Some(GossipTimestampFilter::TYPE) {
                        *self.told.entry(peer).or_default() += message.len();
                    }
                    if is_end(&message) {
                        self.waiting.remove(&peer);
                    }
                    self.gossip.handle(now, Input::Writable { peer });
                }
                Output::Read { peer, keys } => {
                    let messages = keys.iter().map(|_| vec![1; self.read_size].into()).collect();
                    self.read.push((peer, keys));
                    self.gossip.handle(now, Input::Read { peer, messages });
                }
                Output::Disconnect { peer, .. } => self.left.push(peer),
                Output::PauseReading { peer } => _ = self.paused.insert(peer),
                Output::ResumeReading { peer } => _ = self.paused.remove(&peer),
                _ => {}
            }
        }
    }

    fn ask(&mut self, peer: PeerId, message: &[u8]) {
        if message_type(message) != Some(GossipTimestampFilter::TYPE) {
            self.waiting.insert(peer);
        }
        self.handle(Input::Message { peer, message });
    }

    fn told_to(&self, peer: PeerId) -> usize {
        self.told.get(&peer).copied().unwrap_or(0)
    }

    fn told_in_all(&self) -> usize {
        self.told.values().sum()
    }

    fn pass_second(&mut self) {
        self.now += 1;
        self.handle(Input::Tick);
    }

    /// Asks again whenever there is an answer, as long as this second lasts.
    fn ask_all_second(&mut self, peer: PeerId, message: &[u8]) {
        for _ in 0..200 {
            let before = self.told_to(peer);
            if self.waiting.contains(&peer) || self.left.contains(&peer) {
                return;
            }
            self.ask(peer, message);
            if self.told_to(peer) == before {
                return;
            }
        }
    }
}

/// Whether nothing of the answer is left behind it.
fn is_end(message: &[u8]) -> bool {
    match message_type(message) {
        Some(ReplyChannelRange::TYPE) => ReplyChannelRange::decode(&message[2..]).unwrap().sync_complete,
        Some(ReplyShortChannelIdsEnd::TYPE) => true,
        _ => false,
    }
}

/// What the budget allows in so many seconds, and a piece.
fn allowed(secs: u32) -> usize {
    ANSWER_BYTES_BURST as usize + (ANSWER_BYTES_PER_SECOND * secs) as usize + (64 << 10)
}

#[test]
fn who_asks_again_and_again_is_told_no_more_than_the_budget() {
    for message in [range(), ids(), filter()] {
        let mut bench = Bench::new();
        let chosen = bench.connect(true);
        let mut stranger = bench.connect(false);
        for _ in 0..100 {
            bench.pass_second();
            bench.ask_all_second(chosen, &message);
            let (secs, told) = (bench.now - START, bench.told_to(chosen));
            assert!(told > 0 && told <= allowed(secs), "{told} in {secs} s to one that we chose");
            bench.ask_all_second(stranger, &message);
            if bench.left.contains(&stranger) {
                stranger = bench.connect(false);
            }
        }
        let (secs, told) = (bench.now - START, bench.told_in_all() - bench.told_to(chosen));
        assert!(told <= allowed(secs), "{told} to strangers");
        assert!(told > allowed(secs) / 2, "{told} to strangers: they may have more");
    }
}

/// Uses up what strangers may have.
fn exhausted() -> Bench {
    let mut bench = Bench::new();
    while bench.told_in_all() < ANSWER_BYTES_BURST as usize {
        let stranger = bench.connect(false);
        bench.ask_all_second(stranger, &range());
    }
    bench
}

#[test]
fn whom_we_chose_does_not_wait_for_strangers() {
    let mut bench = exhausted();
    let (chosen, stranger) = (bench.connect(true), bench.connect(false));
    for peer in [chosen, stranger] {
        bench.ask(peer, &range());
    }
    assert!(!bench.waiting.contains(&chosen));
    assert!(bench.told_to(chosen) > CHANNEL_COUNT as usize * 24 && bench.told_to(stranger) == 0);
    let wakeup = bench.gossip.next_wakeup().to_secs();
    assert!(wakeup > bench.now && wakeup <= bench.now + 2, "it is woken for the stranger's sake");
    bench.now = wakeup;
    bench.handle(Input::Tick);
    assert_eq!(bench.told_to(stranger), bench.told_to(chosen));
}

#[test]
fn strangers_take_turns() {
    let mut bench = exhausted();
    let askers: Vec<PeerId> = (0..200).map(|_| bench.connect(false)).collect();
    let honest = bench.connect(false);
    for peer in askers.iter().chain([&honest]) {
        bench.ask(*peer, &range());
    }
    while bench.waiting.contains(&honest) {
        bench.pass_second();
        for asker in &askers {
            bench.ask_all_second(*asker, &range());
        }
        assert!(bench.now < START + 30, "{} bytes until now", bench.told_to(honest));
    }
    assert!(bench.told_to(honest) > CHANNEL_COUNT as usize * 24);
}

/// One that learns the graph of us asks for all of it in a second or two.
#[test]
fn who_asks_for_what_we_have_is_read_on() {
    let mut bench = Bench::new();
    let (learner, other) = (bench.connect(false), bench.connect(false));
    for _ in 0..6 {
        bench.ask(learner, &ids());
        bench.ask(other, &ids_from(CHANNEL_COUNT));
    }
    assert!(bench.waiting.is_empty());
    assert_eq!(bench.paused, BTreeSet::from([other]), "nobody has what it asks for");
}

#[test]
fn news_do_not_wait_for_answers() {
    let mut bench = exhausted();
    let (stranger, teller) = (bench.connect(false), bench.connect(true));
    let time = UnixTime::from_secs(START + 1);
    let filter =
        GossipTimestampFilter { chain_hash: CHAIN, first_timestamp: time, timestamp_range: u32::MAX };
    bench.ask(stranger, &filter.to_bytes());
    let update = Signer::new(CHAIN).update(scid(0), ENDS, Direction::NodeOneToTwo, time, 2);
    let (secp, ring) = (Secp256k1::verification_only(), KeyRing::default());
    let now = UnixTime::from_secs(bench.now);
    bench.gossip.handle(now, Input::Message { peer: teller, message: &update });
    let piece = std::iter::from_fn(|| bench.gossip.poll_output()).find_map(|output| match output {
        Output::Verify(piece) => Some(piece),
        _ => None,
    });
    bench.gossip.handle(now, Input::Verified(piece.unwrap().run(&secp, &ring)));
    // Just before the news are told, the budget is used up for some seconds by long messages.
    bench.now = START + FLUSH_SECS - 2;
    bench.read_size = 65_000;
    let askers: Vec<PeerId> = (0..20).map(|_| bench.connect(false)).collect();
    for asker in askers {
        bench.ask(asker, &ids());
    }
    bench.pass_second();
    let late = bench.connect(false);
    bench.ask(late, &range());
    bench.pass_second();
    assert_eq!((bench.now, bench.told_to(late)), (START + FLUSH_SECS, 0), "answers wait");
    let told = (stranger, vec![MessageKey::Update(scid(0), Direction::NodeOneToTwo)]);
    assert!(bench.read.contains(&told));
}
