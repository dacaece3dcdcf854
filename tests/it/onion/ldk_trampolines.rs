//! Trampolines over 1,000 random routes: LDK's packets within packets are ours to the byte, and we peel both layers; LDK
//! receives what we send through a trampoline that is the payee itself. LDK's public functions hand nothing on as a
//! trampoline, so that this direction ends there.

use bitcoin::secp256k1::SecretKey;
use lightning::blinded_path::BlindedHop as LdkBlindedHop;
use lightning::ln::channelmanager::{PendingHTLCRouting, RecipientOnionFields};
use lightning::ln::onion_utils::create_payment_onion;
use lightning::routing::router::{BlindedTail, TrampolineHop};
use lightning::types::features::NodeFeatures;
use lightning::types::payment::{PaymentHash, PaymentSecret};
use onion::build::{Hop, build_payment};
use onion::payload::{CustomRecords, Payload, PayloadContext, PaymentData, Receive, TrampolineEntry};
use onion::peel::peel_payment;
use onion::trampoline::{TrampolinePayload, build_trampoline, peel_trampoline};
use primitives::{BlockHeight, Msat};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use super::ldk::{HEIGHT, Htlc, World, from_ldk, ldk_path, pad_seed};

const ROUND_COUNT: usize = 1_000;
const KNOWING: PayloadContext =
    PayloadContext { is_final: true, has_path_key: false, knows_trampoline: true };

fn key(rng: &mut ChaCha20Rng) -> SecretKey {
    SecretKey::from_slice(&rng.random::<[u8; 32]>()).expect("a key")
}

#[test]
fn we_peel_trampolines_of_ldk() {
    let world = World::new(24);
    let mut rng = ChaCha20Rng::seed_from_u64(10);
    for round in 0..ROUND_COUNT {
        let counts = (rng.random_range(1..=4), rng.random_range(1..=4));
        let mut lead = world.draw_nodes(counts.0, &mut rng);
        let trampolines = world.draw_nodes(counts.1, &mut rng);
        lead[counts.0 - 1] = trampolines[0];
        let amount = rng.random_range(1_000..1 << 40);
        // The last hop's amount is the fee of what lies behind it.
        let hops = world.draw_hops(&lead, 5_000, 100, &mut rng);
        let mut path = ldk_path(&world, &lead, &hops);
        let hop = |&at: &usize| TrampolineHop {
            pubkey: world.nodes[at].id,
            node_features: NodeFeatures::empty(),
            fee_msat: 1_000,
            cltv_expiry_delta: 50,
        };
        let data = vec![rng.random(); rng.random_range(0..80)];
        path.blinded_tail = Some(BlindedTail {
            trampoline_hops: trampolines.iter().map(hop).collect(),
            hops: vec![LdkBlindedHop { blinded_node_id: world.nodes[0].id, encrypted_payload: data.clone() }],
            blinding_point: world.nodes[1].id,
            excess_final_cltv_expiry_delta: 0,
            final_value_msat: amount,
        });
        let (session_key, hash, secret) = (key(&mut rng), rng.random(), rng.random());
        let (packet, ..) = create_payment_onion(
            &world.secp,
            &path,
            &session_key,
            amount,
            &RecipientOnionFields::secret_only(PaymentSecret(secret)),
            HEIGHT,
            &PaymentHash(hash),
            &None,
            None,
            pad_seed(&session_key),
        )
        .expect("fits");

        let mut packet = from_ldk(&packet);
        for &node in &lead[..counts.0 - 1] {
            let peeled = peel_payment(&world.secp, &world.nodes[node].secret, &packet, &hash);
            packet = peeled.expect("authentic").next_packet().expect("not the end");
        }
        let secret_key = &world.nodes[trampolines[0]].secret;
        let peeled = peel_payment(&world.secp, secret_key, &packet, &hash).expect("authentic");
        let payload = Payload::decode(peeled.payload(), KNOWING).expect("sound");
        let Payload::Trampoline(entry) = payload else { panic!("round {round}: {payload:?}") };
        assert_eq!(entry.payment_data.map(|data| data.payment_secret), Some(secret));
        peel_inner(&world, &trampolines, entry.trampoline_onion_packet, &hash, &session_key, &data);
    }
}

/// Every trampoline peels its layer; what they were told makes the same packet again.
fn peel_inner(
    world: &World,
    trampolines: &[usize],
    inner: &[u8],
    hash: &[u8; 32],
    session_key: &SecretKey,
    data: &[u8],
) {
    let (mut packet, mut payloads) = (Some(inner.to_vec()), Vec::new());
    for &node in trampolines {
        let secret_key = &world.nodes[node].secret;
        let bytes = packet.expect("one for each trampoline");
        let peeled = peel_trampoline(&world.secp, secret_key, &bytes, hash).expect("authentic");
        payloads.push(peeled.payload);
        packet = peeled.next_packet;
    }
    assert_eq!(packet, None);
    let hops: Vec<Hop<TrampolinePayload<'_>>> = payloads
        .iter()
        .zip(trampolines)
        .map(|(payload, &node)| Hop {
            public_key: world.nodes[node].id,
            payload: TrampolinePayload::decode(payload, KNOWING).expect("sound"),
        })
        .collect();
    for (hop, &next) in hops.iter().zip(&trampolines[1..]) {
        let TrampolinePayload::Forward { outgoing_node_id, .. } = hop.payload else { panic!("not the end") };
        assert_eq!(outgoing_node_id, world.nodes[next].id);
    }
    let Some(TrampolinePayload::Plain(Payload::BlindedReceive(last))) = hops.last().map(|hop| &hop.payload)
    else {
        panic!("the payee is blinded")
    };
    assert_eq!(last.encrypted_recipient_data, data);
    let (again, _) = build_trampoline(&world.secp, session_key, &hops, hash, None).expect("fits");
    assert_eq!(again, inner);
}

#[test]
fn ldk_receives_through_our_trampoline_onion() {
    let world = World::new(24);
    let mut rng = ChaCha20Rng::seed_from_u64(11);
    for _ in 0..ROUND_COUNT {
        let payee = rng.random_range(0..24);
        let (amount, height) = (Msat::from_msat(rng.random_range(1..1 << 40)), HEIGHT + 70);
        let (hash, secret): ([u8; 32], [u8; 32]) = (rng.random(), rng.random());
        let receive = TrampolinePayload::Plain(Payload::Receive(Receive {
            amt_to_forward: amount,
            outgoing_cltv_value: BlockHeight::from_u32(height),
            payment_data: Some(PaymentData { payment_secret: secret, total_msat: amount }),
            payment_metadata: None,
            keysend_preimage: None,
            custom: CustomRecords::EMPTY,
        }));
        let public_key = world.nodes[payee].id;
        let hops = [Hop { public_key, payload: receive }];
        let (inner, _) = build_trampoline(&world.secp, &key(&mut rng), &hops, &hash, None).expect("fits");
        let entry = Payload::Trampoline(TrampolineEntry {
            amt_to_forward: amount,
            outgoing_cltv_value: BlockHeight::from_u32(height),
            payment_data: Some(PaymentData { payment_secret: rng.random(), total_msat: amount }),
            current_path_key: None,
            trampoline_onion_packet: &inner,
        });
        let hops = [Hop { public_key, payload: entry }];
        let (packet, _) = build_payment(&world.secp, &key(&mut rng), &hops, &hash).expect("fits");
        let htlc = Htlc { packet, hash, amount: amount.to_msat(), expiry: height, path_key: None };
        match htlc.peel_ldk(&world, payee).expect("LDK receives").routing {
            PendingHTLCRouting::Receive { payment_data, .. } => {
                assert_eq!(payment_data.payment_secret.0, secret);
                assert_eq!(payment_data.total_msat, amount.to_msat());
            }
            _ => panic!("LDK receives"),
        }
    }
}
