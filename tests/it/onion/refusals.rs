//! What is not built, what is not accepted, and what is not shown.

use bitcoin::secp256k1::{All, PublicKey, Secp256k1, SecretKey};
use onion::blinded::{BlindedPath, PathKeys, PathNode, PathTerms, PayInfo, PaymentRelay, blind_payment_path};
use onion::build::{BuildError, Hop, build_payment};
use onion::failure_code::Failure;
use onion::keys::{SharedSecret, same_secret};
use onion::packet::PaymentPacket;
use onion::payload::{
    CustomRecords, KEYSEND_TYPE, Payload, PayloadContext, PaymentData, encode_custom_records,
};
use onion::relay::{HtlcFault, IncomingHtlc, Instruction, open_htlc};
use onion::route::{
    BlindedTail, OutgoingOnion, Part, Payment, RouteHop, RouteOnionError, build_part, build_parts,
};
use primitives::codec::TlvWriter;
use primitives::{BlockHeight, CltvExpiryDelta, Msat, NodeId, ShortChannelId};

const HEIGHT: u32 = 800_000;
const HASH: [u8; 32] = [0x42; 32];

fn key(byte: u8) -> SecretKey {
    SecretKey::from_slice(&[byte; 32]).expect("a key")
}

fn id(byte: u8) -> PublicKey {
    key(byte).public_key(&Secp256k1::new())
}

fn payment(total: u64) -> Payment<'static> {
    Payment {
        payment_hash: HASH,
        total_msat: Msat::from_msat(total),
        block_height: BlockHeight::from_u32(HEIGHT),
        shadow_blocks: 0,
        payment_secret: Some([9; 32]),
        payment_metadata: None,
        keysend_preimage: None,
        custom: CustomRecords::EMPTY,
    }
}

fn hop(node: u8, amount: u64, cltv: u32) -> RouteHop {
    RouteHop {
        node_id: NodeId::from(id(node)),
        short_channel_id: ShortChannelId::from_u64(node.into()),
        amount: Msat::from_msat(amount),
        cltv,
    }
}

fn incoming(onion: &OutgoingOnion) -> IncomingHtlc {
    IncomingHtlc {
        packet: onion.packet.clone(),
        payment_hash: HASH,
        amount: onion.amount,
        cltv_expiry: onion.cltv_expiry,
        path_key: None,
    }
}

/// From node 1 over node 2 to node 3.
fn path(secp: &Secp256k1<All>) -> (BlindedPath, PayInfo) {
    let relay =
        PaymentRelay { cltv_expiry_delta: 40, fee_proportional_millionths: 1_000, fee_base_msat: 100 };
    let node = |byte: u8| PathNode {
        node_id: id(byte),
        short_channel_id: ShortChannelId::from_u64(byte.into()),
        relay,
        htlc_minimum_msat: Msat::from_msat(1_000),
        htlc_maximum_msat: Msat::from_msat(9_000_000),
    };
    let terms = PathTerms {
        payee: id(3),
        path_id: b"mine",
        final_cltv_expiry_delta: CltvExpiryDelta::from_blocks(18),
        last_block: BlockHeight::from_u32(HEIGHT + 100),
        htlc_minimum_msat: Msat::from_msat(1),
        dummy_count: 0,
        dummy_relay: PaymentRelay::default(),
    };
    blind_payment_path(secp, &key(7), &[node(1), node(2)], &terms).expect("small sums")
}

#[test]
fn a_payee_refuses_less_and_sooner_than_was_meant() {
    let secp = Secp256k1::new();
    let hops = [hop(1, 50_000, 18)];
    let onion =
        build_part(&secp, &key(77), Part { hops: &hops, tail: None }, &payment(50_000)).expect("fits");
    let htlc = incoming(&onion);
    let open = |htlc: &IncomingHtlc| open_htlc(&secp, &key(1), htlc).map(|_| ());
    assert_eq!(open(&htlc), Ok(()));
    let incoming_htlc_amt = Msat::from_msat(49_999);
    let fault = HtlcFault::FinalAmount { incoming_htlc_amt };
    assert_eq!(open(&IncomingHtlc { amount: incoming_htlc_amt, ..htlc.clone() }), Err(fault));
    assert_eq!(fault.to_failure(&htlc.packet), Failure::FinalIncorrectHtlcAmount { incoming_htlc_amt });
    let cltv_expiry = BlockHeight::from_u32(htlc.cltv_expiry.to_u32() - 1);
    let fault = HtlcFault::FinalExpiry { cltv_expiry };
    assert_eq!(open(&IncomingHtlc { cltv_expiry, ..htlc.clone() }), Err(fault));
    assert_eq!(fault.to_failure(&htlc.packet), Failure::FinalIncorrectCltvExpiry { cltv_expiry });
    // A path key that nobody asked for leads to another key.
    assert_eq!(open(&IncomingHtlc { path_key: Some(id(77)), ..htlc }), Err(HtlcFault::Blinding));
}

#[test]
fn nodes_of_a_blinded_path_hold_htlcs_against_their_constraints() {
    let secp = Secp256k1::new();
    let (path, payinfo) = path(&secp);
    let amount = Msat::from_msat(1_000_000);
    let arriving = payinfo.amount_at_introduction(amount).expect("small").to_msat();
    let delta = u32::from(payinfo.cltv_expiry_delta.to_blocks());
    let hops = [hop(1, arriving, delta)];
    let tail = Some(BlindedTail { path: &path, payinfo: &payinfo, amount });
    let onion = build_part(&secp, &key(77), Part { hops: &hops, tail }, &payment(1_000_000)).expect("fits");
    let first = incoming(&onion);
    let open = |node, htlc: &IncomingHtlc| open_htlc(&secp, &key(node), htlc);
    let refused = |node, htlc: IncomingHtlc| {
        let fault = open(node, &htlc).map(|_| ()).expect_err("against the constraints");
        assert_eq!(fault, HtlcFault::Blinding);
        let sha256_of_onion = htlc.packet.sha256();
        assert_eq!(fault.to_failure(&htlc.packet), Failure::InvalidOnionBlinding { sha256_of_onion });
    };
    let late = BlockHeight::from_u32(HEIGHT + 100 + delta);
    assert!(open(1, &IncomingHtlc { cltv_expiry: late, ..first.clone() }).is_ok());
    refused(1, IncomingHtlc { cltv_expiry: BlockHeight::from_u32(late.to_u32() + 1), ..first.clone() });
    assert!(open(1, &IncomingHtlc { amount: Msat::from_msat(1_000), ..first.clone() }).is_ok());
    refused(1, IncomingHtlc { amount: Msat::from_msat(999), ..first.clone() });
    refused(1, IncomingHtlc { cltv_expiry: BlockHeight::from_u32(39), ..first.clone() });

    let opened = open(1, &first).expect("sound");
    let Instruction::Forward(outgoing) = opened.instruction else { panic!("node 1 forwards") };
    let second = IncomingHtlc {
        packet: outgoing.packet,
        payment_hash: HASH,
        amount: outgoing.amt_to_forward,
        cltv_expiry: outgoing.outgoing_cltv_value,
        path_key: outgoing.path_key,
    };
    assert!(open(2, &second).is_ok());
    refused(2, IncomingHtlc { amount: Msat::from_msat(999), ..second.clone() });
    // Whatever is wrong within the path looks the same: another payment, another node, a changed packet, no path key.
    refused(2, IncomingHtlc { payment_hash: [0; 32], ..second.clone() });
    refused(3, second.clone());
    let mut bytes = *second.packet.as_bytes();
    bytes[500] ^= 1;
    refused(2, IncomingHtlc { packet: PaymentPacket::from_bytes(bytes), ..second });
}

/// A packet for node 1 alone, or with another hop behind it.
fn packet(records: &[(u64, &[u8])], is_final: bool) -> PaymentPacket {
    let mut payload = Vec::new();
    let mut writer = TlvWriter::new(&mut payload);
    for (tlv_type, value) in records {
        writer.record(*tlv_type, &[value]);
    }
    let mut hops = vec![Hop { public_key: id(1), payload }];
    if !is_final {
        hops.push(Hop { public_key: id(2), payload: vec![0; 2] });
    }
    build_payment(&Secp256k1::new(), &key(77), &hops, &HASH).expect("fits").0
}

fn fault(packet: PaymentPacket) -> HtlcFault {
    let (amount, cltv_expiry) = (Msat::from_msat(1_000_000), BlockHeight::from_u32(HEIGHT));
    let htlc = IncomingHtlc { packet, payment_hash: HASH, amount, cltv_expiry, path_key: None };
    open_htlc(&Secp256k1::new(), &key(1), &htlc).map(|_| ()).expect_err("not sound")
}

/// BOLT 4, Failure Messages: who finds a path key in his payload and is not the last node answers nothing else.
#[test]
fn a_paths_first_node_does_not_tell_what_is_wrong() {
    let path_key = id(9).serialize();
    let more: [&[(u64, &[u8])]; 3] = [
        &[(10, &[1; 40]), (12, &path_key), (19, &[1])],
        &[(2, &[1]), (12, &path_key)],
        &[(4, &[1, 1, 1, 1, 1]), (12, &path_key)],
    ];
    for records in more {
        assert_eq!(fault(packet(records, false)), HtlcFault::Blinding);
    }
    let plain = fault(packet(&[(2, &[1]), (4, &[1])], false));
    assert!(matches!(plain, HtlcFault::Payload(error) if error.tlv_type == 6), "{plain:?}");
}

#[test]
fn a_blinded_payee_accepts_no_more_than_it_must_be_told() {
    let context = PayloadContext { is_final: true, has_path_key: true, knows_trampoline: false };
    let bytes = |more: &[(u64, &[u8])]| {
        let told: [(u64, &[u8]); 4] = [(2, &[1]), (4, &[1]), (10, &[1; 40]), (18, &[1])];
        let mut records: Vec<(u64, &[u8])> = told.into_iter().chain(more.iter().copied()).collect();
        records.sort_unstable();
        let mut payload = Vec::new();
        let mut writer = TlvWriter::new(&mut payload);
        for (tlv_type, value) in records {
            writer.record(tlv_type, &[value]);
        }
        payload
    };
    assert!(Payload::decode(&bytes(&[]), context).is_ok());
    assert!(Payload::decode(&bytes(&[(65_537, &[1])]), context).is_ok());
    for tlv_type in [1, 3, 16, 19, 65_535] {
        let refused = Payload::decode(&bytes(&[(tlv_type, &[1])]), context).expect_err("more than it must");
        assert_eq!(refused.tlv_type, tlv_type);
    }
}

#[test]
fn routes_that_cannot_be_paid_have_no_packet() {
    let secp = Secp256k1::new();
    let (path, payinfo) = path(&secp);
    let build = |hops: &[RouteHop], amount: Option<u64>, payment: &Payment<'_>| {
        let tail = amount.map(|amount| BlindedTail {
            path: &path,
            payinfo: &payinfo,
            amount: Msat::from_msat(amount),
        });
        build_part(&secp, &key(77), Part { hops, tail }, payment).map(|_| ()).expect_err("cannot be paid")
    };
    let total = payment(1_000_000);
    assert_eq!(build(&[], None, &total), RouteOnionError::NoHops);
    let nobody = NodeId::from_bytes([3; 33]).expect("it begins with 3");
    if nobody.to_public_key().is_none() {
        let hops = [RouteHop { node_id: nobody, ..hop(1, 1_000_000, 18) }];
        assert_eq!(build(&hops, None, &total), RouteOnionError::NodeId { node_id: nobody });
    }
    assert_eq!(build(&[hop(1, 1_000_000, u32::MAX)], None, &total), RouteOnionError::Overflow);
    let many: Vec<RouteHop> = (1..=40).map(|node| hop(node, 1_000_000, 18)).collect();
    let hop_count = BuildError::HopCount { hop_count: 40 };
    assert_eq!(build(&many, None, &total), RouteOnionError::Build(hop_count));

    let needed = payinfo.amount_at_introduction(Msat::from_msat(1_000_000)).expect("small");
    let delta = u32::from(payinfo.cltv_expiry_delta.to_blocks());
    let unpaid = RouteOnionError::TailUnpaid { needed, delta };
    assert_eq!(build(&[hop(1, needed.to_msat() - 1, delta)], Some(1_000_000), &total), unpaid);
    assert_eq!(build(&[hop(1, needed.to_msat(), delta - 1)], Some(1_000_000), &total), unpaid);
    for amount in [999, 9_000_001] {
        let limits = RouteOnionError::TailLimits { amount: Msat::from_msat(amount) };
        assert_eq!(build(&[hop(1, 1 << 40, delta)], Some(amount), &total), limits);
    }

    let hops = [hop(1, 1_000_000, 18)];
    let part = Part { hops: &hops, tail: None };
    let build = |parts: &[Part<'_>], payment: &Payment<'_>| {
        build_parts(&secp, &[1; 32], parts, payment).map(|_| ()).expect_err("cannot be paid")
    };
    let short = RouteOnionError::Short { delivered: total.total_msat, total: Msat::from_msat(1_000_001) };
    assert_eq!(build(&[part], &payment(1_000_001)), short);
    let bare = Payment { payment_secret: None, ..total };
    assert_eq!(build(&[part, part], &bare), RouteOnionError::NoSecret);
}

#[test]
fn secrets_are_not_shown() {
    let shown = |text: String| {
        let digits = ["170", "aa", "AA"];
        assert!(!digits.iter().any(|digits| text.contains(digits)), "{text}");
    };
    let preimage = [0xaa; 32];
    let secret = SharedSecret::from_bytes(preimage);
    shown(format!("{secret:?}"));
    let data = PaymentData { payment_secret: preimage, total_msat: Msat::from_msat(1) };
    shown(format!("{data:?}"));
    let stream = encode_custom_records(&[(KEYSEND_TYPE, &preimage)]).expect("custom");
    let custom = CustomRecords::from_stream(&stream).expect("custom");
    assert_eq!(format!("{custom:?}"), "{5482373484}");
    let payment = Payment { payment_secret: Some(preimage), custom, ..payment(50_000) };
    let secp = Secp256k1::new();
    let hops = [hop(1, 50_000, 18)];
    let onion = build_part(&secp, &key(77), Part { hops: &hops, tail: None }, &payment).expect("fits");
    let opened = open_htlc(&secp, &key(1), &incoming(&onion)).expect("sound");
    let Payload::Receive(payload) = opened.payload() else { panic!("node 1 receives") };
    assert_eq!(payload.keysend_preimage, Some(preimage));
    shown(format!("{payload:?}"));
    shown(format!("{:?}", opened.peeled));
}

#[test]
fn secrets_are_compared_whole() {
    let secret = [5; 32];
    assert!(same_secret(&secret, &secret) && same_secret(&[], &[]));
    assert!(!same_secret(&secret, &secret[1..]));
    for at in 0..32 {
        let mut other = secret;
        other[at] ^= 0x80;
        assert!(!same_secret(&secret, &other));
        let data = |payment_secret| PaymentData { payment_secret, total_msat: Msat::from_msat(1) };
        assert_ne!(data(secret), data(other));
    }
}

#[test]
fn any_flipped_bit_of_blinded_data_is_detected() {
    let secp = Secp256k1::new();
    let (path, _) = path(&secp);
    let keys = PathKeys::new(&key(1), path.first_path_key).expect("keys");
    let data = &path.hops[0].encrypted_recipient_data;
    assert!(keys.decrypt(data).is_some());
    for bit in 0..8 * data.len() {
        let mut changed = data.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(keys.decrypt(&changed), None, "bit {bit}");
    }
}
