//! Peers that flood: each is left after a number of messages that is known beforehand, what it made the core hold has a
//! bound, and others are heard all the while.

use gossip::admit::PeerId;
use gossip::funding::FundingCheck;
use gossip::record::Record;
use gossip::sync::{Config, DisconnectReason, Gossip, Input, Output, PEER_COUNT_MAX};
use gossip::verify::Candidate;
use gossip::view::{FEATURE_BYTES_MAX, Refusal};
use primitives::wire::{GossipTimestampFilter, QueryChannelRange, WireMessage};
use primitives::{ChainHash, Direction, ShortChannelId, UnixTime};
use tests::signed::{Author, Ends, Signer};

const CHAIN: ChainHash = ChainHash::REGTEST;
const START: u32 = 1_700_000_000;
const FLOODER: PeerId = PeerId::from_u64(1);
const HONEST: PeerId = PeerId::from_u64(2);
const ENDS: Ends = Ends { one: Author(1), two: Author(2) };
/// What a peer may waste at once.
const CREDIT: u32 = 2000;
/// Updates that one peer may leave in the waiting room, by its 4 MiB, if each takes no more than its own bytes.
const GUESTS_MAX: u32 = (4 << 20) / 138;

fn config() -> Config {
    Config { chain_hash: CHAIN, funding: FundingCheck::Nobody, verify_thread_count: 1 }
}

fn scid(n: u32) -> ShortChannelId {
    ShortChannelId::from_parts(700_000, n, 0).unwrap()
}

/// How many of the messages the flooder says before it is left, and why it is.
fn flood(mut say: impl FnMut(u32) -> Vec<u8>) -> (u32, DisconnectReason) {
    let (now, signer) = (UnixTime::from_secs(START), Signer::new(CHAIN));
    let mut gossip = Gossip::new(config(), now);
    for peer in [FLOODER, HONEST] {
        gossip.handle(now, Input::PeerConnected { peer, is_outbound: true, has_queries: false });
    }
    while gossip.poll_output().is_some() {}
    let mut end = None;
    for n in 0..2 * (CREDIT + GUESTS_MAX) {
        gossip.handle(now, Input::Message { peer: FLOODER, message: &say(n) });
        let left = std::iter::from_fn(|| gossip.poll_output()).find_map(|output| match output {
            Output::Disconnect { peer: FLOODER, reason } => Some(reason),
            Output::Verify(_) => panic!("nobody checks signatures of it"),
            _ => None,
        });
        if let Some(reason) = left {
            end = Some((n, reason));
            break;
        }
    }
    let message = signer.channel(scid(1), ENDS);
    gossip.handle(now, Input::Message { peer: HONEST, message: &message });
    let is_heard = std::iter::from_fn(|| gossip.poll_output()).any(|output| match output {
        Output::Verify(piece) => piece.jobs().iter().map(|job| job.candidate().message()).eq([&message[..]]),
        _ => false,
    });
    assert!(is_heard, "others are heard");
    end.expect("it is left")
}

#[test]
fn messages_that_cannot_be_cost_credit() {
    let (signer, time) = (Signer::new(CHAIN), UnixTime::from_secs);
    let mut large = signer.node(Author(1), time(START));
    large.resize(65_535, 0);
    let zero = signer.update(scid(1), ENDS, Direction::NodeOneToTwo, time(0), 1);
    for message in [large, zero] {
        assert_eq!(flood(|_| message.clone()), (CREDIT, DisconnectReason::Waste));
    }
}

#[test]
fn updates_of_unknown_channels_fill_a_share_of_the_room_and_then_cost_credit() {
    let update =
        Signer::new(CHAIN).update(scid(9), ENDS, Direction::NodeOneToTwo, UnixTime::from_secs(START), 1);
    // Nobody can tell that the signature is not its own.
    let (count, reason) = flood(|n| {
        let mut update = update.clone();
        update[10..14].copy_from_slice(&n.to_be_bytes());
        update
    });
    assert_eq!(reason, DisconnectReason::Waste);
    assert!(count > CREDIT && count < CREDIT + GUESTS_MAX, "{count}");
    // The same one again and again takes no more room, is looked at once, and makes nobody leave: it is read later.
    let mut gossip = Gossip::new(config(), UnixTime::from_secs(START));
    gossip.handle(
        UnixTime::from_secs(START),
        Input::PeerConnected { peer: FLOODER, is_outbound: true, has_queries: false },
    );
    for _ in 0..2 * CREDIT {
        gossip.handle(UnixTime::from_secs(START), Input::Message { peer: FLOODER, message: &update });
    }
    let outputs: Vec<Output> = std::iter::from_fn(|| gossip.poll_output()).collect();
    assert!(outputs.iter().all(|output| matches!(output, Output::Send { .. } | Output::PauseReading { .. })));
    assert!(outputs.iter().any(|output| matches!(output, Output::PauseReading { peer: FLOODER })));
}

/// Features are kept twice, in the message and as what it says.
#[test]
fn large_features_count_as_often_as_they_are_kept() {
    let plain = Signer::new(CHAIN).node(Author(1), UnixTime::from_secs(START));
    let mut large = plain.clone();
    // Behind the type and the signature (BOLT 7, node_announcement).
    large[66..68].copy_from_slice(&1001u16.to_be_bytes());
    large.splice(68..68, [1; 1000]);
    let size = |message: &[u8]| Candidate::parse(message, CHAIN).unwrap().unwrap().size();
    assert_eq!(size(&large) - size(&plain), 2000);
}

/// Whoever asks nobody about channels may be told any number of them, each with the longest features.
#[test]
fn features_of_all_channels_together_have_a_bound() {
    let (now, plain) = (UnixTime::from_secs(START), Signer::new(CHAIN).channel(scid(0), ENDS));
    let features = vec![1; 3500];
    // Behind the type and the four signatures (BOLT 7, channel_announcement); what is restored is believed.
    let old_len = usize::from(u16::from_be_bytes([plain[258], plain[259]]));
    let message = |n: u32| {
        let (head, rest) = (&plain[..258], &plain[260 + old_len..]);
        let (chain, rest) = rest.split_at(32);
        let scid = ShortChannelId::from_parts(n, 0, 0).unwrap().to_u64().to_be_bytes();
        [head, &3500u16.to_be_bytes(), &features, chain, &scid, &rest[8..]].concat()
    };
    let mut gossip = Gossip::new(config(), now);
    let mut restore = |record: Record<'_>| gossip.restore(&record.restore(CHAIN, now).unwrap()).map(drop);
    let channel = |n, restore: &mut dyn FnMut(Record<'_>) -> Result<(), Refusal>| {
        restore(Record::Channel { capacity: None, message: &message(n) })
    };
    let count = (0..).take_while(|n| channel(*n, &mut restore).is_ok()).count();
    assert_eq!(count, FEATURE_BYTES_MAX / features.len());
    assert_eq!(channel(count as u32, &mut restore), Err(Refusal::Full));
    // One that leaves makes room for another.
    let short_channel_id = ShortChannelId::from_parts(7, 0, 0).unwrap();
    restore(Record::Removed { short_channel_id }).unwrap();
    assert_eq!(channel(count as u32, &mut restore), Ok(()));
    assert_eq!(channel(7, &mut restore), Err(Refusal::Full));
}

/// Each has the whole view searched, and who comes for the first time may not cause much.
#[test]
fn filters_that_find_nothing_are_paid_for() {
    let (now, signer) = (UnixTime::from_secs(START), Signer::new(CHAIN));
    let mut gossip = Gossip::new(config(), now);
    for n in 0..3000 {
        let message = signer.channel(scid(n), ENDS);
        let record = Record::Channel { capacity: None, message: &message };
        gossip.restore(&record.restore(CHAIN, now).unwrap()).unwrap();
    }
    gossip.handle(now, Input::PeerConnected { peer: FLOODER, is_outbound: false, has_queries: false });
    let filter = GossipTimestampFilter {
        chain_hash: CHAIN,
        first_timestamp: UnixTime::from_secs(u32::MAX),
        timestamp_range: 1,
    };
    let mut count = 0;
    loop {
        gossip.handle(now, Input::Message { peer: FLOODER, message: &filter.to_bytes() });
        count += 1;
        let outputs: Vec<Output> = std::iter::from_fn(|| gossip.poll_output()).collect();
        if outputs.iter().any(|output| matches!(output, Output::PauseReading { peer: FLOODER })) {
            break;
        }
        assert!(count < 50);
    }
}

#[test]
fn a_second_question_before_the_answer_ends_it() {
    let query = QueryChannelRange {
        chain_hash: CHAIN,
        first_blocknum: 0,
        number_of_blocks: u32::MAX,
        query_option_flags: Some(3),
    };
    // One is answered at once, and its answer is on the way; the next one waits behind it; the third is too many.
    let (count, reason) = flood(|_| query.to_bytes());
    assert_eq!(reason, DisconnectReason::OutOfTurn);
    assert!(count <= 2, "{count}");
}

#[test]
fn there_are_no_more_peers_than_so_many() {
    let now = UnixTime::from_secs(START);
    let mut gossip = Gossip::new(config(), now);
    let is_refused = |gossip: &mut Gossip, n: u64| {
        let peer = PeerId::from_u64(n);
        gossip
            .handle(now, Input::PeerConnected { peer, is_outbound: n.is_multiple_of(2), has_queries: false });
        let outputs: Vec<Output> = std::iter::from_fn(|| gossip.poll_output()).collect();
        let refused = (peer, DisconnectReason::TooManyPeers);
        let mut left = outputs.iter().filter_map(|output| match output {
            Output::Disconnect { peer, reason } => Some((*peer, *reason)),
            _ => None,
        });
        left.any(|left| left == refused)
    };
    let count = PEER_COUNT_MAX as u64;
    assert!((0..count).all(|n| !is_refused(&mut gossip, n)));
    assert!(is_refused(&mut gossip, count));
    gossip.handle(now, Input::PeerDisconnected { peer: PeerId::from_u64(7) });
    assert!(!is_refused(&mut gossip, count + 1) && is_refused(&mut gossip, count + 2));
}
