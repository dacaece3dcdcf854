//! Peers that flood: each is left after a number of messages that is known beforehand, what it made the core hold has a
//! bound, and others are heard all the while.

use gossip::admit::PeerId;
use gossip::funding::FundingCheck;
use gossip::sync::{Config, DisconnectReason, Gossip, Input, Output};
use primitives::wire::{QueryChannelRange, WireMessage};
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
