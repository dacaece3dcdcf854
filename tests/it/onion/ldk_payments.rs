//! Payments over 1,000 random routes: our packets and LDK's are the same to the byte, and both peel them alike.

use bitcoin::hashes::{Hash as _, sha256};
use bitcoin::secp256k1::SecretKey;
use lightning::ln::channelmanager::{PendingHTLCRouting, RecipientOnionFields};
use lightning::ln::onion_utils::create_payment_onion;
use lightning::types::payment::{PaymentHash, PaymentPreimage, PaymentSecret};
use onion::payload::{CustomRecords, Payload, encode_custom_records};
use onion::relay::Instruction;
use onion::route::{Part, Payment, build_part};
use primitives::{BlockHeight, Msat};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use super::ldk::{HEIGHT, Htlc, World, from_ldk, ldk_path, pad_seed};

/// What the payee is told, drawn at random.
struct Told {
    preimage: Option<[u8; 32]>,
    hash: [u8; 32],
    secret: Option<[u8; 32]>,
    metadata: Option<Vec<u8>>,
    custom: Vec<(u64, Vec<u8>)>,
    total: u64,
}

impl Told {
    fn draw(amount: u64, rng: &mut ChaCha20Rng) -> Self {
        let preimage: Option<[u8; 32]> = rng.random_bool(0.3).then(|| rng.random());
        let hash =
            preimage.map_or_else(|| rng.random(), |preimage| sha256::Hash::hash(&preimage).to_byte_array());
        // LDK takes a payment without a secret only if it is spontaneous.
        let secret = (preimage.is_none() || rng.random_bool(0.5)).then(|| rng.random());
        let size = rng.random_range(0..100);
        let mut custom: Vec<(u64, Vec<u8>)> = Vec::new();
        for _ in 0..rng.random_range(0..3) {
            let value = vec![rng.random(); rng.random_range(0..60)];
            custom.push((rng.random_range(65_536..1 << 40) | 1, value));
        }
        custom.sort();
        custom.dedup_by_key(|(tlv_type, _)| *tlv_type);
        let metadata = rng.random_bool(0.3).then(|| vec![rng.random(); size]);
        Told { preimage, hash, secret, metadata, custom, total: amount + rng.random_range(0..2) * 1_000 }
    }

    fn ldk(&self) -> RecipientOnionFields {
        let mut fields = match self.secret {
            Some(secret) => RecipientOnionFields::secret_only(PaymentSecret(secret)),
            None => RecipientOnionFields::spontaneous_empty(),
        };
        fields.payment_metadata = self.metadata.clone();
        fields.with_custom_tlvs(self.custom.clone()).expect("custom types")
    }

    fn stream(&self) -> Vec<u8> {
        let records: Vec<(u64, &[u8])> =
            self.custom.iter().map(|(tlv_type, value)| (*tlv_type, &value[..])).collect();
        encode_custom_records(&records).expect("custom types")
    }

    fn ours<'a>(&'a self, stream: &'a [u8]) -> Payment<'a> {
        Payment {
            payment_hash: self.hash,
            total_msat: Msat::from_msat(self.total),
            block_height: BlockHeight::from_u32(HEIGHT),
            shadow_blocks: 0,
            payment_secret: self.secret,
            payment_metadata: self.metadata.as_deref(),
            keysend_preimage: self.preimage,
            custom: CustomRecords::from_stream(stream).expect("custom records"),
        }
    }
}

#[test]
fn ldk_and_we_build_the_same_packets_and_peel_them() {
    let world = World::new(24);
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    for round in 0..1_000 {
        let hop_count = rng.random_range(1..=12);
        let nodes = world.draw_nodes(hop_count, &mut rng);
        let bits = rng.random_range(10..40);
        let amount = rng.random_range(1..1 << bits);
        let hops = world.draw_hops(&nodes, amount, 60, &mut rng);
        let told = Told::draw(amount, &mut rng);
        let session_key = SecretKey::from_slice(&rng.random::<[u8; 32]>()).expect("below the order");

        let stream = told.stream();
        let part = Part { hops: &hops, tail: None };
        let ours = build_part(&world.secp, &session_key, part, &told.ours(&stream)).expect("fits");
        let (ldks, ldk_amount, ldk_expiry) = create_payment_onion(
            &world.secp,
            &ldk_path(&world, &nodes, &hops),
            &session_key,
            told.total,
            &told.ldk(),
            HEIGHT,
            &PaymentHash(told.hash),
            &told.preimage.map(PaymentPreimage),
            None,
            pad_seed(&session_key),
        )
        .expect("fits");
        assert_eq!(from_ldk(&ldks), ours.packet, "round {round}");
        assert_eq!((ldk_amount, ldk_expiry), (ours.amount.to_msat(), ours.cltv_expiry.to_u32()));

        let mut htlc = Htlc {
            packet: ours.packet.clone(),
            hash: told.hash,
            amount: ldk_amount,
            expiry: ldk_expiry,
            path_key: None,
        };
        for (&node, hop) in nodes.iter().zip(&hops[1..]) {
            htlc = htlc.forward(&world, node).expect("not the end");
            assert_eq!((htlc.amount, htlc.expiry), (hop.amount.to_msat(), HEIGHT + hop.cltv));
        }
        received(&world, &htlc, nodes[hop_count - 1], &told);
    }
}

/// Both read what the payee is told.
fn received(world: &World, htlc: &Htlc, node: usize, told: &Told) {
    let opened = htlc.peel_ours(world, node);
    assert_eq!(opened.instruction, Instruction::Receive { path_id: None, is_blinded: false });
    let Payload::Receive(payload) = opened.payload() else { panic!("{:?}", opened.payload()) };
    assert_eq!(payload.payment_metadata, told.metadata.as_deref());
    assert_eq!(payload.keysend_preimage, told.preimage);
    assert_eq!(payload.payment_data.map(|data| data.payment_secret), told.secret);
    for (tlv_type, value) in &told.custom {
        assert_eq!(payload.custom.get(*tlv_type), Some(&value[..]));
    }
    match htlc.peel_ldk(world, node).expect("LDK peels").routing {
        PendingHTLCRouting::Receive { payment_data, payment_metadata, custom_tlvs, .. } => {
            assert_eq!(Some(payment_data.payment_secret.0), told.secret);
            assert_eq!(payment_data.total_msat, told.total);
            assert_eq!(payment_metadata, told.metadata);
            assert_eq!(custom_tlvs, told.custom);
        }
        PendingHTLCRouting::ReceiveKeysend { payment_preimage, payment_metadata, custom_tlvs, .. } => {
            assert_eq!(Some(payment_preimage.0), told.preimage);
            assert_eq!(payment_metadata, told.metadata);
            assert_eq!(custom_tlvs, told.custom);
        }
        PendingHTLCRouting::Forward { .. } | PendingHTLCRouting::TrampolineForward { .. } => {
            panic!("LDK receives")
        }
    }
}
