//! Peers that do not answer: who says which channels there are and answers no question for them still tells news, as LDK
//! 0.2 does; who answers nothing is left.

use bitcoin::secp256k1::Secp256k1;
use gossip::admit::PeerId;
use gossip::funding::FundingCheck;
use gossip::record::Record;
use gossip::sync::{
    ANSWER_SECS_MAX, Config, DisconnectReason, Gossip, Input, NEWS_PATIENCE_SECS, Output, RESYNC_SECS,
};
use gossip::verify::KeyRing;
use primitives::wire::{
    GossipTimestampFilter, QueryChannelRange, QueryShortChannelIds, ReplyChannelRange,
    ReplyShortChannelIdsEnd, ShortIds, WireMessage, message_type,
};
use primitives::{ChainHash, ShortChannelId, UnixTime};
use tests::signed::{Author, Ends, Signer};

const CHAIN: ChainHash = ChainHash::REGTEST;
const PEER: PeerId = PeerId::from_u64(1);
const START: u32 = 1_700_000_000;

fn config() -> Config {
    Config { chain_hash: CHAIN, funding: FundingCheck::Nobody, verify_thread_count: 1 }
}

fn scid(n: u32) -> ShortChannelId {
    ShortChannelId::from_parts(700_000, n, 0).unwrap()
}

/// What the core does, in words: types of messages sent, and why it left.
fn outputs(gossip: &mut Gossip) -> (Vec<u16>, Option<DisconnectReason>, usize) {
    let (mut sent, mut left, mut jobs_count) = (Vec::new(), None, 0);
    while let Some(output) = gossip.poll_output() {
        match output {
            Output::Send { message, .. } => sent.extend(message_type(&message)),
            Output::Disconnect { reason, .. } => left = Some(reason),
            Output::Verify(piece) => jobs_count += piece.jobs().len(),
            _ => {}
        }
    }
    (sent, left, jobs_count)
}

fn connected() -> Gossip {
    let now = UnixTime::from_secs(START);
    let mut gossip = Gossip::new(config(), now);
    gossip.handle(now, Input::PeerConnected { peer: PEER, is_outbound: true, has_queries: true });
    assert!(outputs(&mut gossip).0.contains(&QueryChannelRange::TYPE));
    gossip
}

fn say(gossip: &mut Gossip, after: u32, message: &[u8]) -> (Vec<u16>, Option<DisconnectReason>, usize) {
    gossip.handle(UnixTime::from_secs(START + after), Input::Message { peer: PEER, message });
    outputs(gossip)
}

fn range_reply(ids: impl Iterator<Item = ShortChannelId>) -> Vec<u8> {
    range_reply_with(ids, None)
}

/// The same, where `timestamps` are those of both updates of each channel.
fn range_reply_with(ids: impl Iterator<Item = ShortChannelId>, timestamps: Option<&[u8]>) -> Vec<u8> {
    let packed = ShortIds::pack(ids);
    ReplyChannelRange {
        chain_hash: CHAIN,
        first_blocknum: 0,
        number_of_blocks: u32::MAX,
        sync_complete: true,
        short_channel_ids: ShortIds::from_packed(&packed).unwrap(),
        timestamps,
        checksums: None,
    }
    .to_bytes()
}

#[test]
fn who_answers_no_question_for_channels_may_still_tell_news() {
    let (mut gossip, signer) = (connected(), Signer::new(CHAIN));
    let (sent, left, _) = say(&mut gossip, 1, &range_reply((0..3).map(scid)));
    assert_eq!((sent, left), (vec![QueryShortChannelIds::TYPE], None));
    gossip.handle(UnixTime::from_secs(START + 2 + ANSWER_SECS_MAX), Input::Tick);
    assert_eq!(outputs(&mut gossip).1, None);
    let channel = signer.channel(scid(0), Ends { one: Author(1), two: Author(2) });
    let (_, left, jobs_count) = say(&mut gossip, 3 + ANSWER_SECS_MAX, &channel);
    assert_eq!((left, jobs_count), (None, 1));
    assert!(!gossip.progress().is_synced, "a check is under way");
}

#[test]
fn who_falls_silent_is_left() {
    let mut gossip = connected();
    gossip.handle(UnixTime::from_secs(START + 1 + ANSWER_SECS_MAX), Input::Tick);
    assert_eq!(outputs(&mut gossip).1, Some(DisconnectReason::Silence));

    // Who has answered such questions before can.
    let mut gossip = connected();
    say(&mut gossip, 1, &range_reply((0..600).map(scid)));
    let end = ReplyShortChannelIdsEnd { chain_hash: CHAIN, full_information: true }.to_bytes();
    let sent = say(&mut gossip, 2, &end).0;
    assert_eq!(sent, [GossipTimestampFilter::TYPE, QueryShortChannelIds::TYPE], "the rest of them");
    gossip.handle(UnixTime::from_secs(START + 3 + ANSWER_SECS_MAX), Input::Tick);
    assert_eq!(outputs(&mut gossip).1, Some(DisconnectReason::Silence));
}

#[test]
fn who_sends_more_than_is_read_is_not_silent() {
    let (mut gossip, signer) = (connected(), Signer::new(CHAIN));
    say(&mut gossip, 1, &range_reply((0..600).map(scid)));
    let end = ReplyShortChannelIdsEnd { chain_hash: CHAIN, full_information: true }.to_bytes();
    say(&mut gossip, 2, &end);
    // News that are no answer, until the gate closes: the answer may be behind them.
    let mut pieces = Vec::new();
    let is_closed = (0..2000).any(|n| {
        let message = signer.channel(scid(5000 + n), Ends { one: Author(1), two: Author(2) });
        gossip.handle(UnixTime::from_secs(START + 3), Input::Message { peer: PEER, message: &message });
        std::iter::from_fn(|| gossip.poll_output()).any(|output| match output {
            Output::PauseReading { .. } => true,
            Output::Verify(piece) => {
                pieces.push(piece);
                false
            }
            _ => false,
        })
    });
    assert!(is_closed && !pieces.is_empty());
    let late = START + 100 + ANSWER_SECS_MAX;
    gossip.handle(UnixTime::from_secs(late), Input::Tick);
    assert_eq!(outputs(&mut gossip).1, None, "who is not read from cannot answer");
    // Signatures of all of them come back, and the gate opens.
    let (secp, ring) = (Secp256k1::verification_only(), KeyRing::default());
    while let Some(piece) = pieces.pop() {
        gossip.handle(UnixTime::from_secs(late), Input::Verified(piece.run(&secp, &ring)));
        while let Some(output) = gossip.poll_output() {
            match output {
                Output::Verify(piece) => pieces.push(piece),
                Output::Disconnect { reason, .. } => panic!("{reason}"),
                _ => {}
            }
        }
    }
    gossip.handle(UnixTime::from_secs(late + ANSWER_SECS_MAX - 1), Input::Tick);
    assert_eq!(outputs(&mut gossip).1, None);
    gossip.handle(UnixTime::from_secs(late + ANSWER_SECS_MAX + 1), Input::Tick);
    assert_eq!(outputs(&mut gossip).1, Some(DisconnectReason::Silence));
}

#[test]
fn who_offers_no_queries_is_asked_for_what_it_says_of_itself_alone() {
    let at = |secs| UnixTime::from_secs(START + secs);
    let mut gossip = Gossip::new(config(), at(0));
    gossip.handle(at(0), Input::PeerConnected { peer: PEER, is_outbound: true, has_queries: false });
    let mut sent = Vec::new();
    for secs in [0, NEWS_PATIENCE_SECS, ANSWER_SECS_MAX + 1, RESYNC_SECS + 1] {
        gossip.handle(at(secs), Input::Tick);
        sent.extend(std::iter::from_fn(|| gossip.poll_output()).filter_map(|output| match output {
            Output::Send { message, .. } => Some(message),
            Output::Disconnect { reason, .. } => panic!("{reason}"),
            _ => None,
        }));
    }
    let first_timestamp = UnixTime::from_secs(u32::MAX);
    let filter = GossipTimestampFilter { chain_hash: CHAIN, first_timestamp, timestamp_range: 0 };
    assert_eq!(sent, [filter.to_bytes()]);
    // What it tells nevertheless is heard.
    let channel = Signer::new(CHAIN).channel(scid(0), Ends { one: Author(1), two: Author(2) });
    assert_eq!(say(&mut gossip, RESYNC_SECS + 2, &channel), (vec![], None, 1));
}

/// How far back in time a new peer is asked for news that answers nothing, in seconds. It stays.
fn asked_back(gossip: &mut Gossip, peer: u64, is_outbound: bool) -> u32 {
    let (peer, now) = (PeerId::from_u64(peer), UnixTime::from_secs(START));
    gossip.handle(now, Input::PeerConnected { peer, is_outbound, has_queries: true });
    assert!(!outputs(gossip).0.contains(&GossipTimestampFilter::TYPE), "he may answer first");
    let at = START + NEWS_PATIENCE_SECS;
    gossip.handle(UnixTime::from_secs(at), Input::Tick);
    news_asked_back(gossip, at).expect("a filter")
}

/// How far back in time somebody is asked for news at `now`, if at all.
fn news_asked_back(gossip: &mut Gossip, now: u32) -> Option<u32> {
    let mut first = None;
    while let Some(output) = gossip.poll_output() {
        if let Output::Send { message, .. } = output
            && message_type(&message) == Some(GossipTimestampFilter::TYPE)
        {
            first = Some(GossipTimestampFilter::decode(&message[2..]).unwrap().first_timestamp);
        }
    }
    first.map(|first| now - first.to_secs())
}

#[test]
fn who_answers_is_not_asked_to_tell_everything_twice() {
    let end = ReplyShortChannelIdsEnd { chain_hash: CHAIN, full_information: true }.to_bytes();
    let nothing = || range_reply(std::iter::empty());
    // It is not known yet, so that there is nothing else of it that was missed.
    let something = || range_reply([scid(1)].into_iter());
    for words in [vec![nothing()], vec![something(), end]] {
        let mut gossip = connected();
        for word in &words {
            assert_eq!(news_asked_back(&mut gossip, START), None);
            let now = UnixTime::from_secs(START + NEWS_PATIENCE_SECS - 1);
            gossip.handle(now, Input::Message { peer: PEER, message: word });
        }
        let now = START + NEWS_PATIENCE_SECS - 1;
        assert_eq!(news_asked_back(&mut gossip, now), Some(2 * 3600));
    }
}

#[test]
fn who_tells_no_times_of_what_is_known_is_asked_for_all_that_was_missed() {
    const HOUR: u32 = 3600;
    let now = UnixTime::from_secs(START);
    let channel = Signer::new(CHAIN).channel(scid(0), Ends { one: Author(1), two: Author(2) });
    let stored = Record::Channel { capacity: None, message: &channel };
    let stored_at = UnixTime::from_secs(START - 10 * HOUR);
    let end = ReplyShortChannelIdsEnd { chain_hash: CHAIN, full_information: true }.to_bytes();
    let times = [START - HOUR; 2].map(u32::to_be_bytes).concat();
    let known = || [scid(0)].into_iter();
    for (words, hours) in [
        (vec![range_reply(known())], 12),
        (vec![range_reply(known().chain([scid(1)])), end.clone()], 12),
        // Its updates are asked for by their times.
        (vec![range_reply_with(known(), Some(&times)), end], 2),
    ] {
        let mut gossip = Gossip::new(config(), now);
        gossip.restore(&stored.restore(CHAIN, stored_at).unwrap()).unwrap();
        gossip.handle(now, Input::PeerConnected { peer: PEER, is_outbound: true, has_queries: true });
        for word in &words {
            assert_eq!(news_asked_back(&mut gossip, START), None);
            gossip.handle(now, Input::Message { peer: PEER, message: word });
        }
        assert_eq!(news_asked_back(&mut gossip, START), Some(hours * HOUR));
    }
}

#[test]
fn a_few_chosen_peers_are_asked_for_all_that_was_missed() {
    const HOUR: u32 = 3600;
    let now = UnixTime::from_secs(START);
    let new = || Gossip::new(config(), now);
    let mut gossip = new();
    let (all, lately) = (14 * 24 * HOUR + 2 * HOUR, 2 * HOUR);
    // Strangers do not count.
    let back: Vec<u32> = (10..14).map(|peer| asked_back(&mut gossip, peer, false)).collect();
    assert_eq!(back, [lately; 4]);
    let back: Vec<u32> = (0..4).map(|peer| asked_back(&mut gossip, peer, true)).collect();
    assert_eq!(back, [all, all, all, lately]);
    // Who goes leaves its place to another one.
    gossip.handle(now, Input::PeerDisconnected { peer: PeerId::from_u64(1) });
    let back: Vec<u32> = (4..6).map(|peer| asked_back(&mut gossip, peer, true)).collect();
    assert_eq!(back, [all, lately]);

    let channel = Signer::new(CHAIN).channel(scid(0), Ends { one: Author(1), two: Author(2) });
    let stored = Record::Channel { capacity: None, message: &channel };
    for (away, expected) in [(10, 12), (24 * 30, all / HOUR), (0, 2)] {
        let mut gossip = new();
        let stored_at = UnixTime::from_secs(START + NEWS_PATIENCE_SECS - away * HOUR);
        gossip.restore(&stored.restore(CHAIN, stored_at).unwrap()).unwrap();
        assert_eq!(asked_back(&mut gossip, 1, true), expected * HOUR);
    }
}
