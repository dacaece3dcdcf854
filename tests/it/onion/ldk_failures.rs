//! Failures and successes over routes through nodes of LDK, on to nodes that only we act for: what LDK fails, relays and
//! fulfils, we read; what we fail, relay and fulfil, LDK reads.

use bitcoin::hashes::{Hash as _, sha256};
use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey};
use lightning::events::Event;
use lightning::ln::functional_test_utils::{
    create_chanmon_cfgs, create_network, create_node_cfgs, create_node_chanmgrs,
};
use lightning::types::payment::{PaymentHash, PaymentPreimage};
use onion::attribution::{AttributionData, HoldTime};
use onion::failure::{FailurePacket, FailureReport, FailureSource};
use onion::failure_code::{ChannelUpdate, Failure, FailureMessage};
use onion::keys::SharedSecret;
use onion::packet::PaymentPacket;
use onion::peel::peel_payment;
use primitives::{BlockHeight, Msat};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use super::ldk_network::{Network, Settled, draw_route, open_row};

const FAILURE_COUNT: usize = 1_000;
const SUCCESS_COUNT: usize = 100;
/// Payments under way at the same time: fewer signatures for each.
const BATCH_SIZE: usize = 20;

/// The secrets that the hops of a packet share with its payer.
pub(super) fn secrets(packet: &PaymentPacket, hash: &[u8; 32], keys: &[SecretKey]) -> Vec<SharedSecret> {
    let secp = Secp256k1::new();
    let (mut packet, mut secrets) = (Some(packet.clone()), Vec::new());
    for key in keys {
        let peeled = peel_payment(&secp, key, &packet.expect("one for each hop"), hash).expect("authentic");
        secrets.push(peeled.shared_secret().clone());
        packet = peeled.next_packet();
    }
    assert!(packet.is_none());
    secrets
}

fn draw_failure(rng: &mut ChaCha20Rng) -> Failure {
    let update = |rng: &mut ChaCha20Rng| ChannelUpdate(vec![rng.random(); rng.random_range(0..140)]);
    match rng.random_range(0..9) {
        0 => Failure::TemporaryNodeFailure,
        1 => Failure::PermanentChannelFailure,
        2 => Failure::TemporaryChannelFailure { channel_update: update(rng) },
        3 => {
            Failure::FeeInsufficient { htlc_msat: Msat::from_msat(rng.random()), channel_update: update(rng) }
        }
        4 => Failure::IncorrectCltvExpiry {
            cltv_expiry: BlockHeight::from_u32(rng.random()),
            channel_update: update(rng),
        },
        5 => Failure::InvalidOnionPayload { tlv_type: rng.random(), offset: rng.random() },
        6 => Failure::ChannelDisabled { disabled_flags: 0, channel_update: update(rng) },
        7 => Failure::ExpiryTooFar,
        _ => Failure::IncorrectOrUnknownPaymentDetails {
            htlc_msat: Msat::from_msat(rng.random()),
            height: BlockHeight::from_u32(rng.random()),
        },
    }
}

pub(super) fn read(packet: &Settled, secrets: &[SharedSecret]) -> FailureReport {
    let Settled::Fail(packet) = packet else { panic!("a failure") };
    packet.clone().read(secrets)
}

/// The last node of LDK knows no further channel, and says so. Relayed by us, that reads as it should.
fn last_node_answers(answer: &Settled, shared: &[SharedSecret]) {
    let Settled::Fail(bare) = answer else { panic!("a failure") };
    let report = bare.clone().relay(&shared[0], HoldTime::from_units(7)).read(shared);
    let message = FailureMessage::from(Failure::UnknownNextPeer);
    assert_eq!(report.source, FailureSource::Hop { at: 1, message });
    let attribution = report.attribution.expect("LDK attributes");
    assert_eq!((attribution.hold_times.len(), attribution.broken_at), (2, None));
    assert_eq!(attribution.hold_times[0], HoldTime::from_units(7));
}

/// A payment over two nodes of LDK and some behind them that only we act for, which we have fail at one of those or at
/// the last of LDK's.
struct Plan {
    keys: Vec<SecretKey>,
    hash: [u8; 32],
    failing: usize,
    message: FailureMessage,
    units: Vec<u32>,
}

impl Plan {
    fn draw(network: &Network<'_, '_, '_, '_>, rng: &mut ChaCha20Rng) -> Self {
        let key = |rng: &mut ChaCha20Rng| SecretKey::from_slice(&rng.random::<[u8; 32]>()).expect("a key");
        let made_up: Vec<SecretKey> = (0..rng.random_range(1..10)).map(|_| key(rng)).collect();
        let keys: Vec<SecretKey> =
            [network.secret(1), network.secret(2)].into_iter().chain(made_up).collect();
        Plan {
            hash: rng.random(),
            failing: rng.random_range(1..keys.len()),
            message: FailureMessage::from(draw_failure(rng)),
            units: keys.iter().map(|_| rng.random_range(0..1_000)).collect(),
            keys,
        }
    }

    fn send(&self, network: &mut Network<'_, '_, '_, '_>, real: &[(PublicKey, u64)], rng: &mut ChaCha20Rng) {
        let secp = Secp256k1::new();
        let ids: Vec<PublicKey> = self.keys[2..].iter().map(|key| key.public_key(&secp)).collect();
        let (hash, failing) = (self.hash, self.failing);
        let (message, units, keys) = (self.message.clone(), self.units.clone(), self.keys.clone());
        network.substitute_with(hash, move |packet| {
            let shared = secrets(packet, &hash, &keys);
            let held = |at: usize| HoldTime::from_units(units[at]);
            let first = FailurePacket::new(&shared[failing], &message, held(failing)).expect("short");
            (1..failing).rev().fold(first, |packet, at| packet.relay(&shared[at], held(at)))
        });
        network.send(draw_route(real, &ids, rng), hash, rng.random(), rng.random());
    }

    /// We read what LDK answered and relayed, and LDK reads what we did.
    fn check(&self, network: &mut Network<'_, '_, '_, '_>) {
        let passage = network.passage(&self.hash);
        let shared = secrets(&passage.sent, &self.hash, &self.keys);
        let [from_last, from_first] = &passage.settled[..] else { panic!("two hops answer") };
        last_node_answers(from_last, &shared);
        let report = read(from_first, &shared);
        let source = FailureSource::Hop { at: self.failing, message: self.message.clone() };
        assert_eq!(report.source, source);
        let attribution = report.attribution.expect("LDK relays it");
        let units: Vec<u32> = attribution.hold_times.iter().map(|time| time.to_units()).collect();
        let expected = &self.units[1..=self.failing];
        assert_eq!((&units[1..], attribution.broken_at), (expected, None));
        let read_by_ldk = network.events.iter().find_map(|event| match event {
            Event::PaymentPathFailed { payment_hash, error_code, error_data, hold_times, .. } => {
                (payment_hash.0 == self.hash).then_some((error_code, error_data, hold_times))
            }
            _ => None,
        });
        let (code, data, hold_times) = read_by_ldk.expect("the payer reads it");
        assert_eq!(*code, Some(self.message.failure.code().to_u16()));
        assert_eq!(*data, Some(self.message.encode()[2..].to_vec()));
        assert_eq!(&hold_times[1..], expected);
    }
}

/// One payment to the last node, which it claims; what it says of its hold time is replaced by ours.
fn fulfil_once(network: &mut Network<'_, '_, '_, '_>, real: &[(PublicKey, u64)], rng: &mut ChaCha20Rng) {
    let preimage: [u8; 32] = rng.random();
    let hash = sha256::Hash::hash(&preimage).to_byte_array();
    let payee = network.nodes[2].node;
    let secret = payee.create_inbound_payment_for_hash(PaymentHash(hash), None, 7_200, None);
    network.send(draw_route(real, &[], rng), hash, secret.expect("no minimum").0, rng.random());
    network.carry();
    let keys = [network.secret(1), network.secret(2)];
    let passage = network.passage(&hash);
    let shared = secrets(&passage.sent, &hash, &keys);
    let units = rng.random_range(1..1_000);
    let data = AttributionData::for_success(None, &shared[1], HoldTime::from_units(units));
    passage.substitute = Some(Settled::Fulfill(Some(data)));
    payee.claim_funds(PaymentPreimage(preimage));
    network.carry();
    let passage = network.passage(&hash);
    let [Settled::Fulfill(Some(last)), Settled::Fulfill(Some(first))] = &passage.settled[..] else {
        panic!("two hops fulfil: {:?}", passage.settled)
    };
    let own = last.clone().read_success(&shared[1..]);
    assert_eq!((own.hold_times.len(), own.broken_at), (1, None));
    let whole = first.clone().read_success(&shared);
    assert_eq!((whole.hold_times.len(), whole.broken_at), (2, None));
    assert_eq!(whole.hold_times[1], HoldTime::from_units(units));
    let read_by_ldk = network.events.iter().find_map(|event| match event {
        Event::PaymentPathSuccessful { payment_hash, hold_times, .. } => {
            (*payment_hash == Some(PaymentHash(hash))).then_some(hold_times)
        }
        _ => None,
    });
    assert_eq!(read_by_ldk.expect("the payer reads it")[1], units);
    network.events.clear();
}

#[test]
fn ldk_and_we_read_each_others_failures_and_successes() {
    let chanmon_cfgs = create_chanmon_cfgs(3);
    let node_cfgs = create_node_cfgs(3, &chanmon_cfgs);
    let managers = create_node_chanmgrs(3, &node_cfgs, &[None, None, None]);
    let nodes = create_network(3, &node_cfgs, &managers);
    let real = open_row(&nodes, [10_000_000, 10_000_000]);
    let mut rng = ChaCha20Rng::seed_from_u64(9);
    let mut network = Network::new(&nodes);
    for _ in 0..FAILURE_COUNT / BATCH_SIZE {
        let plans: Vec<Plan> = (0..BATCH_SIZE).map(|_| Plan::draw(&network, &mut rng)).collect();
        plans.iter().for_each(|plan| plan.send(&mut network, &real, &mut rng));
        network.carry();
        plans.iter().for_each(|plan| plan.check(&mut network));
        network.events.clear();
    }
    for _ in 0..SUCCESS_COUNT {
        fulfil_once(&mut network, &real, &mut rng);
    }
}
