//! What allocates nothing: packets of payments, in and out, and failures on their way back.

use std::hint::black_box;

use allocation_counter::measure;
use bitcoin::secp256k1::{Secp256k1, SecretKey};
use onion::attribution::HoldTime;
use onion::blinded::{PathNode, PathTerms, PaymentRelay, blind_payment_path};
use onion::failure::{FailurePacket, FailureSource};
use onion::failure_code::{Failure, FailureMessage};
use onion::keys::SharedSecret;
use onion::payload::CustomRecords;
use onion::peel::peel_payment;
use onion::relay::{IncomingHtlc, open_htlc};
use onion::route::{BlindedTail, Part, Payment, RouteHop, build_part, build_parts};
use primitives::{BlockHeight, CltvExpiryDelta, Msat, NodeId, ShortChannelId};

#[test]
fn packets_are_built_and_peeled_without_allocating() {
    let secp = Secp256k1::new();
    let key = |byte| SecretKey::from_slice(&[byte; 32]).expect("a key");
    let hop = |byte: u8| RouteHop {
        node_id: NodeId::from(key(byte).public_key(&secp)),
        short_channel_id: ShortChannelId::from_u64(u64::from(byte) << 40),
        amount: Msat::from_msat(1_000_000 - 1_000 * u64::from(byte)),
        cltv: 1_000 - 40 * u32::from(byte),
    };
    let hops: Vec<RouteHop> = (1..=20).map(hop).collect();
    let payment = Payment {
        payment_hash: [5; 32],
        total_msat: hops[19].amount,
        block_height: BlockHeight::from_u32(800_000),
        shadow_blocks: 0,
        payment_secret: Some([6; 32]),
        payment_metadata: None,
        keysend_preimage: None,
        custom: CustomRecords::EMPTY,
    };
    let build = || build_part(&secp, &key(99), Part { hops: &hops, tail: None }, &payment).expect("fits");
    // The names of keys are hashed once for the whole process.
    let onion = build();
    assert_eq!(measure(|| drop(build())).count_total, 0);
    let htlc = IncomingHtlc {
        packet: onion.packet,
        payment_hash: [5; 32],
        amount: hops[0].amount,
        cltv_expiry: onion.cltv_expiry,
        path_key: None,
    };
    let peel = || {
        let peeled = peel_payment(&secp, &key(1), &htlc.packet, &[5; 32]).expect("authentic");
        peeled.next_packet().expect("not the end")
    };
    assert_eq!(measure(|| _ = black_box(peel())).count_total, 0);
    assert_eq!(measure(|| drop(open_htlc(&secp, &key(1), &htlc))).count_total, 0);
    // The counter counts.
    assert_eq!(measure(|| drop(black_box(vec![0_u8; 100]))).count_total, 1);
    let parts = [Part { hops: &hops, tail: None }; 3];
    let several = || build_parts(&secp, &[7; 32], &parts, &payment).expect("fits");
    // The list of packets.
    assert_eq!(measure(|| drop(several())).count_total, 1);
}

#[test]
fn packets_to_blinded_paths_are_built_without_allocating() {
    let secp = Secp256k1::new();
    let key = |byte| SecretKey::from_slice(&[byte; 32]).expect("a key");
    let node = |byte| PathNode {
        node_id: key(byte).public_key(&secp),
        short_channel_id: ShortChannelId::from_u64(byte.into()),
        relay: PaymentRelay::default(),
        htlc_minimum_msat: Msat::ZERO,
        htlc_maximum_msat: Msat::MAX,
    };
    let terms = PathTerms {
        payee: key(9).public_key(&secp),
        path_id: &[1; 32],
        final_cltv_expiry_delta: CltvExpiryDelta::from_blocks(18),
        last_block: BlockHeight::from_u32(900_000),
        htlc_minimum_msat: Msat::ZERO,
        dummy_count: 2,
        dummy_relay: PaymentRelay::default(),
    };
    let (path, payinfo) =
        blind_payment_path(&secp, &key(8), &[node(1), node(2)], &terms).expect("small sums");
    let amount = Msat::from_msat(50_000);
    let hops = [RouteHop {
        node_id: NodeId::from(key(1).public_key(&secp)),
        short_channel_id: ShortChannelId::from_u64(1),
        amount,
        cltv: 18,
    }];
    let payment = Payment {
        payment_hash: [5; 32],
        total_msat: amount,
        block_height: BlockHeight::from_u32(800_000),
        shadow_blocks: 0,
        payment_secret: None,
        payment_metadata: None,
        keysend_preimage: None,
        custom: CustomRecords::EMPTY,
    };
    let tail = Some(BlindedTail { path: &path, payinfo: &payinfo, amount });
    let build = || build_part(&secp, &key(99), Part { hops: &hops, tail }, &payment).expect("fits");
    drop(build());
    assert_eq!(measure(|| drop(build())).count_total, 0);
}

#[test]
fn failures_are_handed_on_without_allocating() {
    let secret = |byte| SharedSecret::from_bytes([byte; 32]);
    let message = FailureMessage::from(Failure::TemporaryNodeFailure);
    let packet = FailurePacket::new(&secret(1), &message, HoldTime::default()).expect("short");
    let mut packet = Some(packet);
    let relay = || packet = packet.take().map(|packet| packet.relay(&secret(2), HoldTime::default()));
    assert_eq!(measure(relay).count_total, 0);
    let report = packet.expect("handed on").read(&[secret(2), secret(1)]);
    assert_eq!(report.source, FailureSource::Hop { at: 1, message });
}
