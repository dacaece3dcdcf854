//! What every code of BOLT 4 ("Failure Messages") teaches and advises, by whom it comes from.

use engine::belief::Advice::{
    AvoidBlindedPath, AvoidChannel, AvoidNode, AvoidRoute, Believe, Payee, Reprice, ShortenExpiry,
};
use engine::belief::Permanence::{Permanent, Temporary};
use engine::belief::{Advice, AttemptedHop, Beliefs, FailureCode, HalfLives, Outcome};
use engine::graph::ChannelIdx;
use primitives::{Direction, Msat};

use super::world::{at, channel, direction, msat, snapshot};

const CAPACITY: u64 = 10_000_000;
/// Hop `i` carries less than the one before.
const AMOUNTS: [u64; 4] = [4000, 3000, 2000, 1000];
/// Node 2 of a route of four hops, which forwards over hop 2.
const FORWARDER: usize = 2;
const PAYEE: usize = 4;

/// Code, advice where a forwarder says it, advice where the payee does.
const CODES: [(u16, Advice, Advice); 34] = [
    // invalid_realm
    (0x4001, AvoidNode { node: 2, permanence: Permanent }, Payee(Permanent)),
    // temporary_node_failure, permanent_node_failure, required_node_feature_missing
    (0x2002, AvoidNode { node: 2, permanence: Temporary }, Payee(Temporary)),
    (0x6002, AvoidNode { node: 2, permanence: Permanent }, Payee(Permanent)),
    (0x6003, AvoidNode { node: 2, permanence: Permanent }, Payee(Permanent)),
    // invalid_onion_version, invalid_onion_hmac, invalid_onion_key
    (0xc004, AvoidChannel { hop: 2, permanence: Permanent }, BROKEN_PAYEE),
    (0xc005, AvoidChannel { hop: 2, permanence: Permanent }, BROKEN_PAYEE),
    (0xc006, AvoidChannel { hop: 2, permanence: Permanent }, BROKEN_PAYEE),
    // temporary_channel_failure, permanent_channel_failure, required_channel_feature_missing, unknown_next_peer
    (0x1007, Believe, BROKEN_PAYEE),
    (0x4008, AvoidChannel { hop: 2, permanence: Permanent }, BROKEN_PAYEE),
    (0x4009, AvoidChannel { hop: 2, permanence: Permanent }, BROKEN_PAYEE),
    (0x400a, AvoidChannel { hop: 2, permanence: Permanent }, BROKEN_PAYEE),
    // amount_below_minimum, fee_insufficient, incorrect_cltv_expiry, expiry_too_soon
    (0x100b, Reprice { hop: 2 }, BROKEN_PAYEE),
    (0x100c, Reprice { hop: 2 }, BROKEN_PAYEE),
    (0x100d, Reprice { hop: 2 }, BROKEN_PAYEE),
    (0x100e, Reprice { hop: 2 }, BROKEN_PAYEE),
    // incorrect_or_unknown_payment_details; incorrect_payment_amount and final_expiry_too_soon, retired
    (0x400f, BROKEN_FORWARDER, Payee(Permanent)),
    (0x4010, BROKEN_FORWARDER, Payee(Permanent)),
    (17, BROKEN_FORWARDER, Payee(Temporary)),
    // final_incorrect_cltv_expiry, final_incorrect_htlc_amount
    (18, BROKEN_FORWARDER, LAST_CHANNEL),
    (19, BROKEN_FORWARDER, LAST_CHANNEL),
    // channel_disabled
    (0x1014, AvoidChannel { hop: 2, permanence: Temporary }, BROKEN_PAYEE),
    // expiry_too_far
    (21, ShortenExpiry, ShortenExpiry),
    // invalid_onion_payload
    (0x4016, AvoidNode { node: 2, permanence: Permanent }, Payee(Permanent)),
    // mpp_timeout
    (23, BROKEN_FORWARDER, Payee(Temporary)),
    // invalid_onion_blinding
    (0xc018, AvoidBlindedPath, AvoidBlindedPath),
    // temporary_trampoline_failure, trampoline_fee_or_expiry_insufficient, unknown_next_trampoline
    (0x2019, AvoidNode { node: 2, permanence: Temporary }, Payee(Temporary)),
    (0x201a, AvoidNode { node: 2, permanence: Temporary }, Payee(Temporary)),
    (0x401b, AvoidNode { node: 2, permanence: Permanent }, Payee(Permanent)),
    // Nobody's, read by their flags: BADONION, NODE, UPDATE, none.
    (0xc0ff, AvoidChannel { hop: 2, permanence: Permanent }, BROKEN_PAYEE),
    (0x80ff, AvoidChannel { hop: 2, permanence: Temporary }, BROKEN_PAYEE),
    (0x20ff, AvoidNode { node: 2, permanence: Temporary }, Payee(Temporary)),
    (0x10ff, Reprice { hop: 2 }, BROKEN_PAYEE),
    (0x40ff, AvoidChannel { hop: 2, permanence: Permanent }, BROKEN_PAYEE),
    (0x00ff, AvoidChannel { hop: 2, permanence: Temporary }, BROKEN_PAYEE),
];

/// A payee that speaks of a channel behind it, where there is none.
const BROKEN_PAYEE: Advice = AvoidNode { node: 4, permanence: Permanent };
/// A forwarder that speaks as only a payee may.
const BROKEN_FORWARDER: Advice = AvoidNode { node: 2, permanence: Permanent };
const LAST_CHANNEL: Advice = AvoidChannel { hop: 3, permanence: Temporary };

fn hops(count: usize) -> Vec<AttemptedHop> {
    let hop = |place: usize| AttemptedHop {
        channel: channel(place),
        direction: direction(true),
        amount: msat(AMOUNTS[place]),
        in_flight: Msat::ZERO,
    };
    (0..count).map(hop).collect()
}

/// What is told, and the bounds of every hop then.
fn told(hops: &[AttemptedHop], erring_node: usize, code: u16) -> (Advice, Vec<(u64, u64)>) {
    let snapshot = snapshot(&[(1, CAPACITY), (2, CAPACITY), (3, CAPACITY), (4, CAPACITY)]);
    let beliefs = Beliefs::new(&snapshot, HalfLives::NEVER);
    let outcome = Outcome::Failed { erring_node, code: FailureCode::from_u16(code) };
    let advice = beliefs.learn(hops, outcome, at(5));
    let bounds = (0..4).map(|place| {
        let (lower, upper) = beliefs.view(at(5)).bounds(place, Direction::NodeOneToTwo, msat(CAPACITY));
        (lower.to_msat(), upper.to_msat())
    });
    (advice, bounds.collect())
}

/// The bounds where the first hops carried.
fn carried(count: usize) -> Vec<(u64, u64)> {
    (0..4).map(|place| (if place < count { AMOUNTS[place] } else { 0 }, CAPACITY)).collect()
}

#[test]
fn every_code_says_what_the_table_says() {
    for (code, by_forwarder, by_payee) in CODES {
        let (advice, bounds) = told(&hops(4), FORWARDER, code);
        assert_eq!(advice, by_forwarder, "{code:#06x} of a forwarder");
        let mut expected = carried(2);
        if code == 0x1007 {
            expected[2].1 = AMOUNTS[2] - 1;
        }
        assert_eq!(bounds, expected, "{code:#06x} of a forwarder");

        let (advice, bounds) = told(&hops(4), PAYEE, code);
        assert_eq!(advice, by_payee, "{code:#06x} of the payee");
        // What came another way than the onion says may have come with another amount.
        assert_eq!(bounds, carried(if advice == LAST_CHANNEL { 3 } else { 4 }), "{code:#06x} of the payee");
    }
}

#[test]
fn a_payer_trusts_its_own_word_on_its_peer() {
    for code in [0xc004, 0xc005, 0xc006] {
        let (advice, bounds) = told(&hops(4), 0, code);
        assert_eq!((advice, bounds), (AvoidNode { node: 1, permanence: Permanent }, carried(0)));
    }
}

#[test]
fn between_a_payer_and_its_peer_the_peer_is_to_blame_for_what_arrives() {
    for code in [18, 19] {
        assert_eq!(told(&hops(1), 1, code), (Payee(Temporary), carried(0)));
    }
}

#[test]
fn a_node_beyond_the_route_teaches_nothing() {
    for (code, ..) in CODES {
        assert_eq!(told(&hops(3), 4, code), (AvoidRoute, carried(0)));
        // A route without a hop has a payer only.
        told(&[], 0, code);
    }
}

#[test]
fn a_channel_without_a_place_is_left_out() {
    let mut hops = hops(4);
    hops[FORWARDER].channel = ChannelIdx::from_u32(u32::MAX);
    let advice = AvoidChannel { hop: FORWARDER, permanence: Temporary };
    assert_eq!(told(&hops, FORWARDER, 0x1007), (advice, carried(2)));
}
