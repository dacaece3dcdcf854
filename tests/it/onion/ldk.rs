//! LDK at the other end: its keys, its words for a route, and random routes in both tongues.

use bitcoin::hashes::{Hash as _, HashEngine as _, Hmac, HmacEngine, sha256};
use bitcoin::secp256k1::{All, PublicKey, Secp256k1, SecretKey};
use lightning::ln::channelmanager::{PendingHTLCInfo, PendingHTLCRouting};
use lightning::ln::msgs::{OnionPacket, UpdateAddHTLC};
use lightning::ln::onion_payment::peel_payment_onion;
use lightning::ln::types::ChannelId;
use lightning::routing::router::{Path, RouteHop as LdkHop};
use lightning::sign::KeysManager;
use lightning::types::features::{ChannelFeatures, NodeFeatures};
use lightning::types::payment::PaymentHash;
use lightning::util::logger::{Logger, Record};
use lightning::util::ser::{Readable, Writeable};
use onion::packet::PaymentPacket;
use onion::relay::{IncomingHtlc, Instruction, NextHop, OpenedHtlc, open_htlc};
use onion::route::RouteHop;
use primitives::{BlockHeight, Msat, NodeId, ShortChannelId};
use rand::Rng as _;
use rand_chacha::ChaCha20Rng;

/// The best block.
pub(super) const HEIGHT: u32 = 800_000;

/// A node that both implementations act for.
pub(super) struct LdkNode {
    pub(super) keys: KeysManager,
    pub(super) secret: SecretKey,
    pub(super) id: PublicKey,
}

/// Nodes, and the context of the curve.
pub(super) struct World {
    pub(super) secp: Secp256k1<All>,
    pub(super) nodes: Vec<LdkNode>,
}

impl World {
    pub(super) fn new(node_count: u8) -> Self {
        let secp = Secp256k1::new();
        let node = |seed: u8| {
            let keys = KeysManager::new(&[seed; 32], 42, 42, true);
            let secret = keys.get_node_secret_key();
            LdkNode { id: secret.public_key(&secp), secret, keys }
        };
        let nodes = (1..=node_count).map(node).collect();
        World { secp, nodes }
    }

    /// The nodes of a route of `hop_count` hops, as indices.
    pub(super) fn draw_nodes(&self, hop_count: usize, rng: &mut ChaCha20Rng) -> Vec<usize> {
        (0..hop_count).map(|_| rng.random_range(0..self.nodes.len())).collect()
    }

    /// Random channels, fees and deltas over the nodes; the last HTLC carries `amount` and lives for `cltv`.
    pub(super) fn draw_hops(
        &self,
        nodes: &[usize],
        amount: u64,
        cltv: u32,
        rng: &mut ChaCha20Rng,
    ) -> Vec<RouteHop> {
        let (mut amount, mut cltv) = (amount, cltv);
        let mut hops = Vec::new();
        for &node in nodes.iter().rev() {
            hops.push(RouteHop {
                node_id: NodeId::from(self.nodes[node].id),
                short_channel_id: ShortChannelId::from_u64(rng.random()),
                amount: Msat::from_msat(amount),
                cltv,
            });
            amount += rng.random_range(0..50_000);
            // LDK forwards no HTLC that leaves it fewer than 48 blocks.
            cltv += rng.random_range(48..60);
        }
        hops.reverse();
        hops
    }
}

/// LDK's word for a route: fees and deltas instead of amounts and expiries. The last hop's are those of a payee.
pub(super) fn ldk_hops(world: &World, nodes: &[usize], hops: &[RouteHop]) -> Vec<LdkHop> {
    let hop = |at: usize| {
        let next = hops.get(at + 1);
        LdkHop {
            pubkey: world.nodes[nodes[at]].id,
            node_features: NodeFeatures::empty(),
            short_channel_id: hops[at].short_channel_id.to_u64(),
            channel_features: ChannelFeatures::empty(),
            fee_msat: hops[at].amount.to_msat() - next.map_or(0, |next| next.amount.to_msat()),
            cltv_expiry_delta: hops[at].cltv - next.map_or(0, |next| next.cltv),
            maybe_announced_channel: true,
        }
    };
    (0..hops.len()).map(hop).collect()
}

pub(super) fn ldk_path(world: &World, nodes: &[usize], hops: &[RouteHop]) -> Path {
    Path { hops: ldk_hops(world, nodes, hops), blinded_tail: None }
}

/// The seed that has LDK fill a packet as BOLT 4 does, from the session key, so that packets can be compared.
pub(super) fn pad_seed(session_key: &SecretKey) -> [u8; 32] {
    let mut engine = HmacEngine::<sha256::Hash>::new(b"pad");
    engine.input(&session_key.secret_bytes());
    Hmac::from_engine(engine).to_byte_array()
}

/// A packet in LDK's words.
pub(super) fn to_ldk(packet: &PaymentPacket) -> OnionPacket {
    OnionPacket::read(&mut &packet.as_bytes()[..]).expect("a packet's length")
}

/// A packet in ours.
pub(super) fn from_ldk(packet: &OnionPacket) -> PaymentPacket {
    PaymentPacket::from_bytes(packet.encode().try_into().expect("a packet's length"))
}

/// An HTLC between two nodes.
#[derive(Debug, Clone)]
pub(super) struct Htlc {
    pub(super) packet: PaymentPacket,
    pub(super) hash: [u8; 32],
    pub(super) amount: u64,
    pub(super) expiry: u32,
    pub(super) path_key: Option<PublicKey>,
}

impl Htlc {
    /// LDK peels.
    pub(super) fn peel_ldk(&self, world: &World, node: usize) -> Result<PendingHTLCInfo, &'static str> {
        let message = UpdateAddHTLC {
            channel_id: ChannelId([0; 32]),
            htlc_id: 0,
            amount_msat: self.amount,
            payment_hash: PaymentHash(self.hash),
            cltv_expiry: self.expiry,
            skimmed_fee_msat: None,
            onion_routing_packet: to_ldk(&self.packet),
            blinding_point: self.path_key,
            hold_htlc: None,
        };
        let keys = &world.nodes[node].keys;
        peel_payment_onion(&message, keys, &Silent, &world.secp, HEIGHT, false).map_err(|error| error.msg)
    }

    /// We peel.
    pub(super) fn peel_ours(&self, world: &World, node: usize) -> OpenedHtlc {
        let htlc = IncomingHtlc {
            packet: self.packet.clone(),
            payment_hash: self.hash,
            amount: Msat::from_msat(self.amount),
            cltv_expiry: BlockHeight::from_u32(self.expiry),
            path_key: self.path_key,
        };
        open_htlc(&world.secp, &world.nodes[node].secret, &htlc).expect("sound")
    }

    /// Both peel, and agree on the HTLC that goes out; `None` where this is the end.
    pub(super) fn forward(&self, world: &World, node: usize) -> Option<Htlc> {
        let ours = self.peel_ours(world, node);
        let Instruction::Forward(outgoing) = &ours.instruction else { return None };
        let next = Htlc {
            packet: outgoing.packet.clone(),
            hash: self.hash,
            amount: outgoing.amt_to_forward.to_msat(),
            expiry: outgoing.outgoing_cltv_value.to_u32(),
            path_key: outgoing.path_key,
        };
        let ldk = self.peel_ldk(world, node).expect("LDK peels");
        assert_eq!(&ldk.incoming_shared_secret, ours.peeled.shared_secret().as_bytes());
        // In a blinded path LDK takes another millisatoshi where the formula of BOLT 4 leaves it with less than its fee.
        let rounding = u64::from(next.path_key.is_some());
        assert!((next.amount - rounding..=next.amount).contains(&ldk.outgoing_amt_msat));
        assert_eq!(ldk.outgoing_cltv_value, next.expiry);
        let PendingHTLCRouting::Forward { onion_packet, short_channel_id, blinded, .. } = ldk.routing else {
            panic!("LDK forwards");
        };
        assert_eq!(from_ldk(&onion_packet), next.packet);
        assert_eq!(outgoing.next, NextHop::Channel(ShortChannelId::from_u64(short_channel_id)));
        assert_eq!(blinded.is_some(), next.path_key.is_some());
        Some(next)
    }
}

/// Says nothing.
pub(super) struct Silent;

impl Logger for Silent {
    fn log(&self, _record: Record<'_>) {}
}
