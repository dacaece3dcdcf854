//! One call from what came back to the beliefs, held against the same lesson taught by hand.

use engine::belief::{Advice, AttemptedHop, Beliefs, Bounds, HalfLives, Outcome, Permanence};
use engine::flow::{Plan, PlanQuery};
use engine::graph::ChannelIdx;
use engine::route::{Hop, Route};
use node::payment::{Lesson, PaidPath, SentHtlc, aim_plan, aim_route, wrap_plan, wrap_route};
use onion::attribution::{AttributionData, HoldTime};
use onion::failure::{FailurePacket, FailureSource};
use onion::failure_code::{ChannelUpdate, Failure, FailureMessage};
use onion::keys::SharedSecret;
use onion::route::OutgoingOnion;
use primitives::{BlockHeight, Msat, UnixTime};

use super::world::{SEED, World, payment};
use crate::onion::slow::slow_failure;

const NOW: UnixTime = UnixTime::from_secs(1_750_000_000);
const HOP_COUNT: usize = 5;

fn beliefs(world: &World) -> Beliefs {
    Beliefs::new(&world.snapshot, HalfLives::NEVER)
}

fn known(beliefs: &Beliefs) -> Vec<(ChannelIdx, Bounds)> {
    beliefs.known().collect()
}

fn sent(world: &World, amount: u64) -> (Route, OutgoingOnion) {
    let payment = payment(amount, None);
    let mut query = world.query(HOP_COUNT);
    aim_route(&mut query, &payment, None).expect("in range");
    let route = world.route(&query).expect("a row is a route");
    let onion = wrap_route(&world.secp, &SEED, &route, None, &payment).expect("fits");
    (route, onion)
}

fn held(at: usize) -> HoldTime {
    HoldTime::from_units(100 - at as u32)
}

/// A failure of hop `at` on its way back; `change` is done to what the hop `by` sends.
fn way_back(
    secrets: &[SharedSecret],
    at: usize,
    failure: Failure,
    by: usize,
    change: impl Fn(&mut FailurePacket),
) -> FailurePacket {
    let message = FailureMessage::from(failure);
    let mut packet = FailurePacket::new(&secrets[at], &message, held(at)).expect("short");
    for hop in (0..=at).rev() {
        if hop < at {
            packet = packet.relay(&secrets[hop], held(hop));
        }
        if hop == by {
            change(&mut packet);
        }
    }
    packet
}

fn by_hand(beliefs: &Beliefs, hops: &[Hop], in_flight: impl Fn(usize) -> Msat) -> Vec<AttemptedHop> {
    let attempted = |(at, hop): (usize, &Hop)| AttemptedHop {
        channel: beliefs.channel(hop.short_channel_id).expect("announced"),
        direction: hop.direction,
        amount: hop.amount,
        in_flight: in_flight(at),
    };
    hops.iter().enumerate().map(attempted).collect()
}

fn failures() -> Vec<Failure> {
    let channel_update = ChannelUpdate(vec![1, 2, 3]);
    let (htlc_msat, height, sha256_of_onion) = (Msat::from_msat(1), BlockHeight::from_u32(2), [3; 32]);
    vec![
        Failure::InvalidRealm,
        Failure::TemporaryNodeFailure,
        Failure::PermanentNodeFailure,
        Failure::RequiredNodeFeatureMissing,
        Failure::InvalidOnionVersion { sha256_of_onion },
        Failure::InvalidOnionHmac { sha256_of_onion },
        Failure::InvalidOnionKey { sha256_of_onion },
        Failure::TemporaryChannelFailure { channel_update: channel_update.clone() },
        Failure::PermanentChannelFailure,
        Failure::RequiredChannelFeatureMissing,
        Failure::UnknownNextPeer,
        Failure::AmountBelowMinimum { htlc_msat, channel_update: channel_update.clone() },
        Failure::FeeInsufficient { htlc_msat, channel_update: channel_update.clone() },
        Failure::IncorrectCltvExpiry { cltv_expiry: height, channel_update: channel_update.clone() },
        Failure::ExpiryTooSoon { channel_update: channel_update.clone() },
        Failure::IncorrectOrUnknownPaymentDetails { htlc_msat, height },
        Failure::FinalIncorrectCltvExpiry { cltv_expiry: height },
        Failure::FinalIncorrectHtlcAmount { incoming_htlc_amt: htlc_msat },
        Failure::ChannelDisabled { disabled_flags: 0, channel_update },
        Failure::ExpiryTooFar,
        Failure::InvalidOnionPayload { tlv_type: 2, offset: 0 },
        Failure::MppTimeout,
        Failure::InvalidOnionBlinding { sha256_of_onion },
        Failure::Unknown { code: 0x4010, data: vec![] },
        Failure::Unknown { code: 17, data: vec![] },
        Failure::Unknown { code: 0x2fff, data: vec![7] },
    ]
}

#[test]
fn every_failure_of_every_hop_teaches_what_its_code_says() {
    let world = World::row(HOP_COUNT as u8 + 1);
    let (route, onion) = sent(&world, 40_000_000);
    let htlc = SentHtlc { hops: &route.hops, onion: &onion, others: &[] };
    for failure in failures() {
        for at in 0..HOP_COUNT {
            let (ours, theirs) = (beliefs(&world), beliefs(&world));
            let packet = way_back(onion.failure_secrets(), at, failure.clone(), 99, |_| ());
            let Lesson { report, advice } = htlc.failed(&ours, packet, NOW);
            let message = FailureMessage::from(failure.clone());
            assert_eq!(report.source, FailureSource::Hop { at, message });
            assert_eq!(report.attribution.expect("all wrote it").hold_times.len(), at + 1);
            let code = failure.code();
            let outcome = Outcome::Failed { erring_node: at + 1, code };
            let hops = by_hand(&theirs, &route.hops, |_| Msat::ZERO);
            assert_eq!(advice, theirs.learn(&hops, outcome, NOW), "{failure} of hop {at}");
            assert_eq!(known(&ours), known(&theirs), "{failure} of hop {at}");
        }
    }
}

#[test]
fn a_channel_without_liquidity_is_known_by_what_was_asked_of_it() {
    let world = World::row(HOP_COUNT as u8 + 1);
    let (route, onion) = sent(&world, 40_000_000);
    let beliefs = beliefs(&world);
    let htlc = SentHtlc { hops: &route.hops, onion: &onion, others: &[] };
    // Node 3 cannot send to node 4.
    let failure = Failure::TemporaryChannelFailure { channel_update: ChannelUpdate::default() };
    let packet = way_back(onion.failure_secrets(), 2, failure, 99, |_| ());
    assert_eq!(htlc.failed(&beliefs, packet, NOW).advice, Advice::Believe);
    let capacity = Msat::from_sat(10_000_000).expect("in range");
    for (at, hop) in route.hops.iter().enumerate() {
        let channel = beliefs.channel(hop.short_channel_id).expect("announced").to_u32();
        let (lower, upper) = beliefs.view(NOW).bounds(channel, hop.direction, capacity);
        match at {
            0..3 => assert_eq!((lower, upper), (hop.amount, capacity)),
            3 => assert_eq!((lower, upper), (Msat::ZERO, hop.amount.saturating_sub(Msat::from_msat(1)))),
            _ => assert_eq!((lower, upper), (Msat::ZERO, capacity)),
        }
    }
}

#[test]
fn a_changed_failure_teaches_as_far_as_hold_times_are_sound() {
    let world = World::row(HOP_COUNT as u8 + 1);
    let (route, onion) = sent(&world, 40_000_000);
    let htlc = SentHtlc { hops: &route.hops, onion: &onion, others: &[] };
    for by in 0..HOP_COUNT {
        let (ours, theirs) = (beliefs(&world), beliefs(&world));
        let change = |packet: &mut FailurePacket| packet.reason[40] ^= 1;
        let packet =
            way_back(onion.failure_secrets(), HOP_COUNT - 1, Failure::TemporaryNodeFailure, by, change);
        let lesson = htlc.failed(&ours, packet.clone(), NOW);
        assert_eq!(lesson.advice, Advice::AvoidRoute);
        assert_eq!(lesson.report.suspect(), Some(by));
        let hops = by_hand(&theirs, &route.hops, |_| Msat::ZERO);
        theirs.learn(&hops[..by], Outcome::Reached, NOW);
        assert_eq!(known(&ours), known(&theirs), "changed by hop {by}");
        // Without attribution data nothing is known.
        let bare = FailurePacket { attribution_data: None, ..packet };
        let untaught = beliefs(&world);
        assert_eq!(htlc.failed(&untaught, bare, NOW).advice, Advice::AvoidRoute);
        assert_eq!(known(&untaught).len(), 0);
    }
}

#[test]
fn a_failure_that_says_nothing_is_its_hops_fault() {
    let world = World::row(HOP_COUNT as u8 + 1);
    let (route, onion) = sent(&world, 40_000_000);
    let htlc = SentHtlc { hops: &route.hops, onion: &onion, others: &[] };
    let secrets = onion.failure_secrets();
    // An authentic packet around no bytes at all.
    let reason = slow_failure(secrets[1].as_bytes(), &[], 256);
    let packet = FailurePacket { reason, attribution_data: None }.relay(&secrets[0], held(0));
    let beliefs = beliefs(&world);
    let lesson = htlc.failed(&beliefs, packet, NOW);
    assert_eq!(lesson.report.source, FailureSource::Unreadable { at: 1 });
    assert_eq!(lesson.advice, Advice::AvoidNode { node: 2, permanence: Permanence::Temporary });
    assert_eq!(known(&beliefs).len(), 2);
}

#[test]
fn parts_on_the_same_channel_are_believed_together() {
    // All parts leave through one channel.
    let ways = [2, 3, 4].into_iter().flat_map(|way| [(1, way, 60_000), (way, 5, 50_000)]);
    let world = World::new(6, &ways.chain([(0, 1, 1_000_000)]).collect::<Vec<_>>());
    let payment = payment(120_000_000, None);
    let mut query = PlanQuery::new(world.query(5));
    aim_plan(&mut query, &payment, None).expect("in range");
    let plan: Plan = world.plan(&query).expect("three ways have room");
    let onions = wrap_plan(&world.secp, &SEED, &plan, None, &payment).expect("fits");
    let others: Vec<&[Hop]> = plan.parts[1..].iter().map(|part| &part.hops[..]).collect();
    let htlc = SentHtlc { hops: &plan.parts[0].hops, onion: &onions[0], others: &others };
    let (ours, theirs) = (beliefs(&world), beliefs(&world));
    let failure = Failure::TemporaryChannelFailure { channel_update: ChannelUpdate::default() };
    let packet = way_back(onions[0].failure_secrets(), 1, failure.clone(), 99, |_| ());
    htlc.failed(&ours, packet, NOW);
    // The peer answered: it had all of them. Behind it the second and the third may have been slower.
    let beside = plan.parts[1..].iter().fold(Msat::ZERO, |sum, part| sum.saturating_add(part.hops[0].amount));
    assert!(beside > Msat::from_msat(60_000_000));
    let in_flight = |at| if at == 0 { beside } else { Msat::ZERO };
    let hops = by_hand(&theirs, &plan.parts[0].hops, in_flight);
    let code = failure.code();
    theirs.learn(&hops, Outcome::Failed { erring_node: 2, code }, NOW);
    assert_eq!(known(&ours), known(&theirs));
}

#[test]
fn parts_that_share_a_later_channel_are_believed_together_where_one_was_refused() {
    // All parts arrive through one channel.
    let ways = [2, 3, 4].into_iter().flat_map(|way| [(1, way, 60_000), (way, 5, 50_000)]);
    let world = World::new(7, &ways.chain([(0, 1, 1_000_000), (5, 6, 1_000_000)]).collect::<Vec<_>>());
    let payment = payment(120_000_000, None);
    let mut query = PlanQuery::new(world.query(6));
    aim_plan(&mut query, &payment, None).expect("in range");
    let plan: Plan = world.plan(&query).expect("three ways have room");
    let onions = wrap_plan(&world.secp, &SEED, &plan, None, &payment).expect("fits");
    let others: Vec<&[Hop]> = plan.parts[1..].iter().map(|part| &part.hops[..]).collect();
    let hops = &plan.parts[0].hops;
    let htlc = SentHtlc { hops, onion: &onions[0], others: &others };
    let last = hops.len() - 1;
    let beside = |at: usize| {
        plan.parts[1..].iter().fold(Msat::ZERO, |sum, part| sum.saturating_add(part.hops[at].amount))
    };
    let full = Failure::TemporaryChannelFailure { channel_update: ChannelUpdate::default() };
    let failures: [(Failure, usize, &[usize]); 2] =
        [(full, last, &[0, last]), (Failure::MppTimeout, last + 1, &[0])];
    for (failure, erring_node, counted) in failures {
        let (ours, theirs) = (beliefs(&world), beliefs(&world));
        let packet = way_back(onions[0].failure_secrets(), erring_node - 1, failure.clone(), 99, |_| ());
        htlc.failed(&ours, packet, NOW);
        let in_flight = |at| if counted.contains(&at) { beside(at) } else { Msat::ZERO };
        let code = failure.code();
        theirs.learn(&by_hand(&theirs, hops, in_flight), Outcome::Failed { erring_node, code }, NOW);
        assert_eq!(known(&ours), known(&theirs), "{failure}");
    }
}

#[test]
fn a_settled_part_moves_the_money_and_tells_hold_times() {
    let world = World::row(HOP_COUNT as u8 + 1);
    let (route, onion) = sent(&world, 40_000_000);
    let htlc = SentHtlc { hops: &route.hops, onion: &onion, others: &[] };
    let (ours, theirs) = (beliefs(&world), beliefs(&world));
    let mut data = None;
    for (at, secret) in onion.failure_secrets().iter().enumerate().rev() {
        data = Some(AttributionData::for_success(data, secret, held(at)));
    }
    let attribution = htlc.settled(&ours, data, NOW).expect("there was data");
    assert_eq!(attribution.hold_times, (0..HOP_COUNT).map(held).collect::<Vec<_>>());
    assert_eq!(attribution.broken_at, None);
    theirs.learn(&by_hand(&theirs, &route.hops, |_| Msat::ZERO), Outcome::Settled, NOW);
    assert_eq!(known(&ours), known(&theirs));
    assert_eq!(known(&ours).len(), HOP_COUNT);
}

#[test]
fn an_onion_that_the_peer_cannot_read_is_the_peers_fault() {
    let world = World::row(HOP_COUNT as u8 + 1);
    let (route, onion) = sent(&world, 40_000_000);
    let htlc = SentHtlc { hops: &route.hops, onion: &onion, others: &[] };
    let beliefs = beliefs(&world);
    let failure = Failure::from_malformed(0xc005, onion.packet.sha256()).expect("BADONION");
    let advice = htlc.malformed(&beliefs, &failure, NOW);
    assert_eq!(advice, Advice::AvoidNode { node: 1, permanence: Permanence::Permanent });
    assert_eq!(known(&beliefs).len(), 0);
}

#[test]
fn what_fails_behind_a_paths_first_node_is_the_paths_fault() {
    let world = World::row(8);
    let (path, payinfo) = world.hide(4, 1);
    let end = Some(PaidPath { path: &path, payinfo: &payinfo });
    let payment = payment(77_000_000, end);
    let mut query = world.query(4);
    aim_route(&mut query, &payment, end).expect("in range");
    let route = world.route(&query).expect("a row is a route");
    let onion = wrap_route(&world.secp, &SEED, &route, end, &payment).expect("fits");
    let htlc = SentHtlc { hops: &route.hops, onion: &onion, others: &[] };
    let beliefs = beliefs(&world);
    let failure = Failure::InvalidOnionBlinding { sha256_of_onion: onion.packet.sha256() };
    let packet = way_back(onion.failure_secrets(), 3, failure, 99, |_| ());
    assert_eq!(htlc.failed(&beliefs, packet, NOW).advice, Advice::AvoidBlindedPath);
    assert_eq!(known(&beliefs).len(), 4);
}
