//! The vectors of the open proposal for trampolines: from Alice over Bob and the trampoline Carol to Eve, whom Carol
//! reaches over Dave, and the failure that Eve sends back. Long texts are held here as their SHA-256.

use bitcoin::hashes::{Hash as _, sha256};
use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey};
use onion::attribution::HoldTime;
use onion::blinded::{BlindedHop, BlindedPath, IntroductionNode, PayInfo};
use onion::build::{Hop, build_payment};
use onion::failure::{FailurePacket, FailureSource};
use onion::failure_code::{Failure, FailureMessage};
use onion::keys::SharedSecret;
use onion::packet::HopPayload as _;
use onion::payload::{
    CustomRecords, Forward, Payload, PayloadContext, PaymentData, Receive, TrampolineEntry,
};
use onion::peel::peel_payment;
use onion::trampoline::{TrampolinePayload, TrampolineSecrets, build_trampoline, peel_trampoline};
use primitives::{BlockHeight, CltvExpiryDelta, Features, Fee, Msat, ShortChannelId};

use super::hex::{from_hex, to_hex};

const HASH: [u8; 32] = [0x42; 32];
const AMOUNT: Msat = Msat::from_msat(100_000_000);
const HEIGHT: BlockHeight = BlockHeight::from_u32(800_000);
const AT_CAROL: (Msat, BlockHeight) = (Msat::from_msat(100_005_000), BlockHeight::from_u32(800_250));

const INNER_ONION: &str = "8240f38560566741d85e3f6ac2716d5bde57243c26624333a9650b857f5f3d8c";
const ONION: &str = "f5ab39aedcbfd677c2f3b7f6b7313ddf2409309b61578d4a029516e49c29d62c";
const FAILURE_OF_EVE: &str = "4dc9a8b5ef14e59ded98ccdde618790422b2fd2933bed67bb25092acc03d3da3";
const FAILURE_OF_DAVE: &str = "29371272b651a0081aacad601619c2c08822181604b81cc5b5d5dba11c85ab02";
const FAILURE_OF_CAROL: &str = "f50cc35e62d669567d6edf6d3943af9442d7ab70c46241c80610e54f242c6049";
const FAILURE_OF_BOB: &str = "70126b49a6525562a0aa8c4e18fc0433cfb0cea9819839aa396ff2b4cd424e2a";

fn key(byte: u8) -> SecretKey {
    SecretKey::from_slice(&[byte; 32]).expect("a key")
}

fn id(byte: u8) -> PublicKey {
    key(byte).public_key(&Secp256k1::new())
}

fn digest(bytes: &[u8]) -> String {
    to_hex(sha256::Hash::hash(bytes).as_ref())
}

fn secret(text: &str) -> SharedSecret {
    SharedSecret::from_bytes(from_hex(text).try_into().expect("32 bytes"))
}

fn inner_hops() -> [Hop<TrampolinePayload<'static>>; 2] {
    let forward = TrampolinePayload::Forward {
        amt_to_forward: AMOUNT,
        outgoing_cltv_value: HEIGHT,
        outgoing_node_id: id(0x45),
    };
    let receive = TrampolinePayload::Plain(Payload::Receive(Receive {
        amt_to_forward: AMOUNT,
        outgoing_cltv_value: HEIGHT,
        payment_data: Some(PaymentData { payment_secret: [0x2a; 32], total_msat: AMOUNT }),
        payment_metadata: None,
        keysend_preimage: None,
        custom: CustomRecords::EMPTY,
    }));
    [Hop { public_key: id(0x43), payload: forward }, Hop { public_key: id(0x45), payload: receive }]
}

fn outer_hops(inner: &[u8]) -> [Hop<Payload<'_>>; 2] {
    let forward = Payload::Forward(Forward {
        amt_to_forward: AT_CAROL.0,
        outgoing_cltv_value: AT_CAROL.1,
        short_channel_id: ShortChannelId::from_parts(572_330, 7, 1105).expect("in range"),
        custom: CustomRecords::EMPTY,
    });
    let entry = Payload::Trampoline(TrampolineEntry {
        amt_to_forward: AT_CAROL.0,
        outgoing_cltv_value: AT_CAROL.1,
        payment_data: Some(PaymentData { payment_secret: [0x2b; 32], total_msat: AT_CAROL.0 }),
        current_path_key: None,
        trampoline_onion_packet: inner,
    });
    [Hop { public_key: id(0x42), payload: forward }, Hop { public_key: id(0x43), payload: entry }]
}

#[test]
fn packet_within_a_packet() {
    let secp = Secp256k1::new();
    let hops = inner_hops();
    let (inner, inner_secrets) = build_trampoline(&secp, &key(3), &hops, &HASH, None).expect("fits");
    assert_eq!(digest(&inner), INNER_ONION);
    let (packet, _) = build_payment(&secp, &key(4), &outer_hops(&inner), &HASH).expect("fits");
    assert_eq!(digest(packet.as_bytes()), ONION);

    let at_bob = peel_payment(&secp, &key(0x42), &packet, &HASH).expect("authentic");
    let packet = at_bob.next_packet().expect("not the end");
    let at_carol = peel_payment(&secp, &key(0x43), &packet, &HASH).expect("authentic");
    let context = PayloadContext { is_final: true, has_path_key: false, knows_trampoline: true };
    let Ok(Payload::Trampoline(entry)) = Payload::decode(at_carol.payload(), context) else {
        panic!("a trampoline")
    };
    assert_eq!(entry.trampoline_onion_packet, inner);
    // Who does not ask for trampolines finds an unknown even type.
    let plain = PayloadContext { knows_trampoline: false, ..context };
    assert_eq!(Payload::decode(at_carol.payload(), plain).map_err(|error| error.tlv_type), Err(20));

    let peeled = peel_trampoline(&secp, &key(0x43), &inner, &HASH).expect("authentic");
    assert_eq!(peeled.shared_secret, inner_secrets.as_slice()[0]);
    assert_eq!(TrampolinePayload::decode(&peeled.payload, context).as_ref(), Ok(&hops[0].payload));
    let next = peeled.next_packet.expect("not the end");
    let at_eve = peel_trampoline(&secp, &key(0x45), &next, &HASH).expect("authentic");
    assert_eq!(at_eve.next_packet, None);
    assert_eq!(TrampolinePayload::decode(&at_eve.payload, context).as_ref(), Ok(&hops[1].payload));
}

#[test]
fn any_flipped_bit_of_an_inner_packet_is_detected() {
    let secp = Secp256k1::new();
    let (inner, _) = build_trampoline(&secp, &key(3), &inner_hops(), &HASH, None).expect("fits");
    for bit in 0..8 * inner.len() {
        let mut changed = inner.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(peel_trampoline(&secp, &key(0x43), &changed, &HASH).is_err(), "bit {bit}");
    }
}

#[test]
fn failure_through_both_onions() {
    let eve_outer = secret("e79cf33c343ca26b7048f029ad3c70f0dae0e3061eef960b5677696ffd297f54");
    let eve_inner = secret("7bd32e41e242e1bb33e9bbfbff62b51249332a7c86d814dd4c8945b9c3bc9950");
    let dave = secret("ba32b1206434f6ded793257f34e497d4ba67f66e026a108860cc65dd9a6c8989");
    let carol_outer = secret("4546a66fb391bab8f165ffe444bf5d90192d1fad950434033183c64f08b6b091");
    let carol_inner = secret("cf4ca0186dc2c2ea3f8e5b0999418151a6c61339ee09fef4c4804cd2c60fb359");
    let bob = secret("4bb46ded4fb0cae53a11db2e3ed5239ad083e2df6b9a98122268414ad525a868");
    let failure = Failure::IncorrectOrUnknownPaymentDetails { htlc_msat: AMOUNT, height: HEIGHT };
    let message = FailureMessage::from(failure);
    let held = HoldTime::from_units(2);

    let secrets = TrampolineSecrets { outer: &eve_outer, inner: &eve_inner };
    let packet = FailurePacket::of_trampoline(secrets, &message, held).expect("short");
    assert_eq!(digest(&packet.reason), FAILURE_OF_EVE);
    let packet = packet.relay(&dave, held);
    assert_eq!(digest(&packet.reason), FAILURE_OF_DAVE);
    // Carol's own route has no part in it.
    let behind = packet.read_or_unwrap(&[dave, eve_outer]).expect_err("Eve wrote to Alice");
    let packet = behind.relay(TrampolineSecrets { outer: &carol_outer, inner: &carol_inner }, held);
    assert_eq!(digest(&packet.reason), FAILURE_OF_CAROL);
    let packet = packet.relay(&bob, held);
    assert_eq!(digest(&packet.reason), FAILURE_OF_BOB);
    let report = packet.read_through_trampolines(&[bob, carol_outer], &[carol_inner, eve_inner]);
    assert_eq!(report.source, FailureSource::Hop { at: 3, message });
    assert_eq!(report.attribution.expect("there was data").hold_times, [held; 2]);
}

#[test]
fn a_trampoline_reads_failures_of_its_own_route() {
    let secrets = [[1; 32], [2; 32]].map(SharedSecret::from_bytes);
    let message = FailureMessage::from(Failure::TemporaryNodeFailure);
    let packet = FailurePacket::new(&secrets[1], &message, HoldTime::default()).expect("short");
    let packet = packet.relay(&secrets[0], HoldTime::default());
    let report = packet.read_or_unwrap(&secrets).expect("a hop of the route wrote it");
    assert_eq!(report.source, FailureSource::Hop { at: 1, message });
}

#[test]
fn payload_with_the_blinded_paths_of_an_invoice() {
    let point = |text| PublicKey::from_slice(&from_hex(text)).expect("a point");
    let hop = |id, data| BlindedHop { blinded_node_id: point(id), encrypted_recipient_data: from_hex(data) };
    let path = BlindedPath {
        introduction: IntroductionNode::NodeId(id(0x44)),
        first_path_key: point("02988face71e92c345a068f740191fd8e53be14f0bb957ef730d3c5f76087b960e"),
        hops: vec![
            hop(
                "0295d40514096a8be54859e7dfe947b376eaafea8afe5cb4eb2c13ff857ed0b4be",
                "0ae636dc5963bcfe3a2f055c8b8f6d2c5cd818362032404a6e35995ba57e101eac7e5fa04bb33a8920f1",
            ),
            hop(
                "020e2dbadcc2005e859819ddebbe88a834ae8a6d2b049233c07335f15cd1dc5f22",
                "bc211f6ccd409888ca8ab027a5f21d229f9e18ff02cc1161a8344c91bdefc742d221db962561d528ec8f910cf9\
                 affeca95a6a9101c3ecd53953fe126a2d780acf9d49304e4bc5499d2a9219171786048c5f1b1e19d27d55ed28f8d",
            ),
        ],
    };
    let info = PayInfo {
        fee: Fee { fee_base_msat: 100, fee_proportional_millionths: 1000 },
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(144),
        htlc_minimum_msat: Msat::from_msat(1),
        htlc_maximum_msat: Msat::from_msat(500_000_000),
        features: Features::default(),
    };
    let payload = TrampolinePayload::ToBlindedPaths {
        amt_to_forward: Msat::from_msat(150_000_000),
        outgoing_cltv_value: BlockHeight::from_u32(850_000),
        recipient_features: Features::from_bits([17, 57]),
        recipient_blinded_paths: vec![(path, info)],
    };
    let mut bytes = Vec::new();
    payload.encode(&mut bytes);
    let begin =
        "020408f0d18004030cf8501508020000000002000016fd012a032c0b7cf95324a07d05398b240174dc0c2be444d96b";
    let end = "00000064000003e800900000000000000001000000001dcd65000000";
    assert!(to_hex(&bytes).starts_with(begin) && to_hex(&bytes).ends_with(end));
    assert_eq!(bytes.len(), 0x143);
    let context = PayloadContext { is_final: true, has_path_key: false, knows_trampoline: true };
    assert_eq!(TrampolinePayload::decode(&bytes, context), Ok(payload.clone()));

    let bytes: [u8; 32] = from_hex("a34db18a6bfa9b3c61fee3add30623592b8a4c5ffe2e683cdd2c84091aed553f")
        .try_into()
        .expect("32 bytes");
    let session_key = SecretKey::from_slice(&bytes).expect("a key");
    let hash: [u8; 32] = from_hex("83c243fb941d31a669f095938ec8a3d1a45e0825d85a27cad3db860a3b42aca3")
        .try_into()
        .expect("32 bytes");
    let hops = [Hop { public_key: id(0x42), payload }];
    let (packet, _) = build_trampoline(&Secp256k1::new(), &session_key, &hops, &hash, None).expect("fits");
    assert_eq!(digest(&packet), "2f39de841032eb6002f900eef543c2df728ce5b28e27a5a852742df9243bded7");
}
