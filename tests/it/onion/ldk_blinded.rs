//! Blinded paths over 1,000 random routes each: ours paid by LDK, LDK's paid by us, both relayed by both.

use bitcoin::secp256k1::SecretKey;
use lightning::blinded_path::BlindedHop as LdkBlindedHop;
use lightning::blinded_path::payment::{
    BlindedPaymentPath, Bolt12RefundContext, ForwardTlvs, PaymentConstraints as LdkConstraints,
    PaymentContext, PaymentForwardNode, PaymentRelay as LdkRelay, UnauthenticatedReceiveTlvs,
};
use lightning::ln::channelmanager::{PendingHTLCRouting, RecipientOnionFields};
use lightning::ln::onion_utils::create_payment_onion;
use lightning::offers::nonce::Nonce;
use lightning::routing::router::BlindedTail as LdkTail;
use lightning::sign::NodeSigner as _;
use lightning::types::features::BlindedHopFeatures;
use lightning::types::payment::{PaymentHash, PaymentSecret};
use onion::blinded::{
    BlindedHop, BlindedPath, IntroductionNode, PathNode, PathTerms, PayInfo, PaymentRelay, blind_payment_path,
};
use onion::payload::{CustomRecords, Payload};
use onion::relay::{Instruction, NextHop};
use onion::route::{BlindedTail, Part, Payment, RouteHop, build_part};
use primitives::{BlockHeight, CltvExpiryDelta, Features, Fee, Msat, ShortChannelId};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use super::ldk::{HEIGHT, Htlc, World, from_ldk, ldk_path, pad_seed};

const FINAL_DELTA: u16 = 60;
const ROUND_COUNT: usize = 1_000;

fn draw_relay(rng: &mut ChaCha20Rng) -> PaymentRelay {
    PaymentRelay {
        cltv_expiry_delta: rng.random_range(48..100),
        fee_proportional_millionths: rng.random_range(0..5_000),
        fee_base_msat: rng.random_range(0..5_000),
    }
}

fn draw_path_nodes(world: &World, blinded: &[usize], rng: &mut ChaCha20Rng) -> Vec<PathNode> {
    let node = |&at: &usize| PathNode {
        node_id: world.nodes[at].id,
        short_channel_id: ShortChannelId::from_u64(rng.random()),
        relay: draw_relay(rng),
        htlc_minimum_msat: Msat::from_msat(rng.random_range(0..1_000)),
        htlc_maximum_msat: Msat::from_msat(1 << 44),
    };
    blinded.iter().map(node).collect()
}

/// The HTLCs of a route to a path's first node.
fn draw_lead(
    world: &World,
    lead: &[usize],
    info: &PayInfo,
    amount: Msat,
    rng: &mut ChaCha20Rng,
) -> Vec<RouteHop> {
    let arriving = info.amount_at_introduction(amount).expect("small");
    world.draw_hops(lead, arriving.to_msat(), info.cltv_expiry_delta.to_blocks().into(), rng)
}

fn payment(hash: [u8; 32], total: Msat) -> Payment<'static> {
    Payment {
        payment_hash: hash,
        total_msat: total,
        block_height: BlockHeight::from_u32(HEIGHT),
        shadow_blocks: 0,
        payment_secret: None,
        payment_metadata: None,
        keysend_preimage: None,
        custom: CustomRecords::EMPTY,
    }
}

#[test]
fn ldk_pays_our_blinded_paths() {
    let world = World::new(24);
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    for round in 0..ROUND_COUNT {
        let (lead_count, node_count) = (rng.random_range(1..=4), rng.random_range(1..=4));
        let blinded = world.draw_nodes(node_count, &mut rng);
        let payee = rng.random_range(0..24);
        // The route ends where the path begins.
        let mut lead = world.draw_nodes(lead_count, &mut rng);
        lead[lead_count - 1] = blinded[0];
        let path_id: [u8; 32] = rng.random();
        let terms = PathTerms {
            payee: world.nodes[payee].id,
            path_id: &path_id,
            final_cltv_expiry_delta: CltvExpiryDelta::from_blocks(FINAL_DELTA),
            last_block: BlockHeight::from_u32(HEIGHT + 10),
            htlc_minimum_msat: Msat::from_msat(1),
            dummy_count: rng.random_range(0..3),
            dummy_relay: draw_relay(&mut rng),
        };
        let key = |rng: &mut ChaCha20Rng| SecretKey::from_slice(&rng.random::<[u8; 32]>()).expect("a key");
        let nodes = draw_path_nodes(&world, &blinded, &mut rng);
        let (path, info) =
            blind_payment_path(&world.secp, &key(&mut rng), &nodes, &terms).expect("small sums");
        let len = path.hops[0].encrypted_recipient_data.len();
        assert!(path.hops.iter().all(|hop| hop.encrypted_recipient_data.len() == len), "lengths tell");

        let amount = Msat::from_msat(rng.random_range(1_000..1 << 40));
        let hops = draw_lead(&world, &lead, &info, amount, &mut rng);
        let (session_key, hash) = (key(&mut rng), rng.random());
        let mut ldk = ldk_path(&world, &lead, &hops);
        ldk.hops[lead_count - 1].fee_msat -= amount.to_msat();
        ldk.blinded_tail = Some(LdkTail {
            trampoline_hops: Vec::new(),
            hops: path.hops.iter().map(to_ldk).collect(),
            blinding_point: path.first_path_key,
            excess_final_cltv_expiry_delta: 0,
            final_value_msat: amount.to_msat(),
        });
        let (packet, ldk_amount, ldk_expiry) = create_payment_onion(
            &world.secp,
            &ldk,
            &session_key,
            amount.to_msat(),
            &RecipientOnionFields::spontaneous_empty(),
            HEIGHT,
            &PaymentHash(hash),
            &None,
            None,
            pad_seed(&session_key),
        )
        .expect("fits");
        let part = Part { hops: &hops, tail: Some(BlindedTail { path: &path, payinfo: &info, amount }) };
        let ours = build_part(&world.secp, &session_key, part, &payment(hash, amount)).expect("fits");
        assert_eq!(from_ldk(&packet), ours.packet, "round {round}");
        assert_eq!((ldk_amount, ldk_expiry), (ours.amount.to_msat(), ours.cltv_expiry.to_u32()));

        let packet = ours.packet;
        let mut htlc = Htlc { packet, hash, amount: ldk_amount, expiry: ldk_expiry, path_key: None };
        for &node in lead.iter().chain(&blinded[1..]) {
            htlc = htlc.forward(&world, node).expect("not the end");
        }
        received(&world, htlc, payee, &terms, amount);
    }
}

/// The payee peels its dummies and finds its own note.
fn received(world: &World, mut htlc: Htlc, payee: usize, terms: &PathTerms<'_>, amount: Msat) {
    for _ in 0..terms.dummy_count {
        let opened = htlc.peel_ours(world, payee);
        let Instruction::Forward(outgoing) = opened.instruction else { panic!("a dummy hop forwards") };
        assert_eq!(outgoing.next, NextHop::NodeId(terms.payee));
        htlc.packet = outgoing.packet;
        htlc.amount = outgoing.amt_to_forward.to_msat();
        htlc.expiry = outgoing.outgoing_cltv_value.to_u32();
        htlc.path_key = outgoing.path_key;
    }
    let opened = htlc.peel_ours(world, payee);
    let note = Some(terms.path_id.to_vec());
    assert_eq!(opened.instruction, Instruction::Receive { path_id: note, is_blinded: true });
    let Payload::BlindedReceive(payload) = opened.payload() else { panic!("{:?}", opened.payload()) };
    assert_eq!((payload.amt_to_forward, payload.total_amount_msat), (amount, amount));
    // Each node takes no more than its fee, so that what was aggregated suffices.
    assert!(htlc.amount >= amount.to_msat() && htlc.expiry >= HEIGHT + u32::from(FINAL_DELTA));
}

#[test]
fn we_pay_blinded_paths_of_ldk() {
    let world = World::new(24);
    let mut rng = ChaCha20Rng::seed_from_u64(6);
    for _ in 0..ROUND_COUNT {
        let (lead_count, node_count) = (rng.random_range(1..=4), rng.random_range(1..=4));
        let blinded = world.draw_nodes(node_count, &mut rng);
        let payee = rng.random_range(0..24);
        let mut lead = world.draw_nodes(lead_count, &mut rng);
        lead[lead_count - 1] = blinded[0];
        let nodes = draw_path_nodes(&world, &blinded, &mut rng);
        let secret: [u8; 32] = rng.random();
        let theirs = path_of_ldk(&world, payee, &nodes, secret);
        let path = BlindedPath {
            introduction: IntroductionNode::NodeId(world.nodes[blinded[0]].id),
            first_path_key: theirs.blinding_point(),
            hops: theirs.blinded_hops().iter().map(from_ldk_hop).collect(),
        };
        let relays: Vec<PaymentRelay> = nodes.iter().map(|node| node.relay).collect();
        let least = Msat::from_msat(theirs.payinfo.htlc_minimum_msat);
        let most = Msat::from_msat(theirs.payinfo.htlc_maximum_msat);
        let info = PayInfo::aggregate(&relays, CltvExpiryDelta::from_blocks(FINAL_DELTA), least, most);
        let info = info.expect("small sums");
        assert_eq!(info, payinfo_of(&theirs), "both add up alike");

        let amount = Msat::from_msat(rng.random_range(1_000..1 << 40));
        let hops = draw_lead(&world, &lead, &info, amount, &mut rng);
        let session_key = SecretKey::from_slice(&rng.random::<[u8; 32]>()).expect("a key");
        let hash = rng.random();
        let part = Part { hops: &hops, tail: Some(BlindedTail { path: &path, payinfo: &info, amount }) };
        let ours = build_part(&world.secp, &session_key, part, &payment(hash, amount)).expect("fits");
        let mut htlc = Htlc {
            packet: ours.packet,
            hash,
            amount: ours.amount.to_msat(),
            expiry: ours.cltv_expiry.to_u32(),
            path_key: None,
        };
        for &node in lead.iter().chain(&blinded[1..]) {
            htlc = htlc.forward(&world, node).expect("not the end");
        }
        match htlc.peel_ldk(&world, payee).expect("LDK receives").routing {
            PendingHTLCRouting::Receive { payment_data, .. } => {
                assert_eq!(payment_data.payment_secret.0, secret);
                assert_eq!(payment_data.total_msat, amount.to_msat());
            }
            _ => panic!("LDK receives"),
        }
    }
}

fn path_of_ldk(world: &World, payee: usize, nodes: &[PathNode], secret: [u8; 32]) -> BlindedPaymentPath {
    let keys = &world.nodes[payee].keys;
    let constraints = |node: &PathNode| LdkConstraints {
        max_cltv_expiry: HEIGHT + 10_000,
        htlc_minimum_msat: node.htlc_minimum_msat.to_msat(),
    };
    let forward = |node: &PathNode| PaymentForwardNode {
        tlvs: ForwardTlvs {
            short_channel_id: node.short_channel_id.to_u64(),
            payment_relay: LdkRelay {
                cltv_expiry_delta: node.relay.cltv_expiry_delta,
                fee_proportional_millionths: node.relay.fee_proportional_millionths,
                fee_base_msat: node.relay.fee_base_msat,
            },
            payment_constraints: constraints(node),
            features: BlindedHopFeatures::empty(),
            next_blinding_override: None,
        },
        node_id: node.node_id,
        htlc_maximum_msat: node.htlc_maximum_msat.to_msat(),
    };
    let nodes: Vec<PaymentForwardNode> = nodes.iter().map(forward).collect();
    let receive = UnauthenticatedReceiveTlvs {
        payment_secret: PaymentSecret(secret),
        payment_constraints: LdkConstraints { max_cltv_expiry: HEIGHT + 10_000, htlc_minimum_msat: 1 },
        payment_context: PaymentContext::Bolt12Refund(Bolt12RefundContext {}),
    };
    let receive = receive.authenticate(Nonce::from_entropy_source(keys), &keys.get_expanded_key());
    let id = world.nodes[payee].id;
    BlindedPaymentPath::new(&nodes, id, receive, 1 << 44, FINAL_DELTA, keys, &world.secp).expect("small sums")
}

fn payinfo_of(path: &BlindedPaymentPath) -> PayInfo {
    let info = &path.payinfo;
    PayInfo {
        fee: Fee {
            fee_base_msat: info.fee_base_msat,
            fee_proportional_millionths: info.fee_proportional_millionths,
        },
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(info.cltv_expiry_delta),
        htlc_minimum_msat: Msat::from_msat(info.htlc_minimum_msat),
        htlc_maximum_msat: Msat::from_msat(info.htlc_maximum_msat),
        features: Features::default(),
    }
}

fn to_ldk(hop: &BlindedHop) -> LdkBlindedHop {
    LdkBlindedHop {
        blinded_node_id: hop.blinded_node_id,
        encrypted_payload: hop.encrypted_recipient_data.clone(),
    }
}

fn from_ldk_hop(hop: &LdkBlindedHop) -> BlindedHop {
    BlindedHop {
        blinded_node_id: hop.blinded_node_id,
        encrypted_recipient_data: hop.encrypted_payload.clone(),
    }
}
