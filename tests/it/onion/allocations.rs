//! What allocates nothing: packets of payments, in and out.

use std::hint::black_box;

use allocation_counter::measure;
use bitcoin::secp256k1::{Secp256k1, SecretKey};
use onion::payload::CustomRecords;
use onion::peel::peel_payment;
use onion::relay::{IncomingHtlc, open_htlc};
use onion::route::{Part, Payment, RouteHop, build_part};
use primitives::{BlockHeight, Msat, NodeId, ShortChannelId};

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
}
