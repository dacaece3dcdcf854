//! A route over nodes whose keys are known, and what is measured on it.

use std::hint::black_box;

use bitcoin::secp256k1::ecdh::SharedSecret as Ecdh;
use bitcoin::secp256k1::{All, PublicKey, Scalar, Secp256k1, SecretKey};
use lightning::ln::channelmanager::RecipientOnionFields;
use lightning::ln::msgs::{OnionPacket, UpdateAddHTLC};
use lightning::ln::onion_payment::peel_payment_onion;
use lightning::ln::onion_utils::create_payment_onion;
use lightning::ln::types::ChannelId;
use lightning::routing::router::{Path, RouteHop as LdkHop};
use lightning::sign::KeysManager;
use lightning::types::features::{ChannelFeatures, NodeFeatures};
use lightning::types::payment::{PaymentHash, PaymentPreimage, PaymentSecret};
use lightning::util::logger::{Logger, Record};
use lightning::util::ser::Readable as _;
use onion::build::{Hop, build_payment};
use onion::packet::{PAYMENT_PACKET_LEN, PaymentPacket};
use onion::payload::{CustomRecords, Forward, Payload, PaymentData, Receive};
use onion::peel::peel_payment;
use onion::relay::{IncomingHtlc, open_htlc};
use onion::route::{Part, Payment, RouteHop, build_part};
use primitives::{BlockHeight, Msat, NodeId, ShortChannelId};

pub(super) const HEIGHT: u32 = 800_000;
pub(super) const HASH: [u8; 32] = [0x42; 32];
const SECRET: [u8; 32] = [0x24; 32];

/// A route over nodes whose keys are known, in both tongues.
pub(super) struct Fixture {
    pub(super) secp: Secp256k1<All>,
    pub(super) session_key: SecretKey,
    pub(super) nodes: Vec<KeysManager>,
    pub(super) keys: Vec<PublicKey>,
    pub(super) hops: Vec<RouteHop>,
    pub(super) path: Path,
}

impl Fixture {
    pub(super) fn new(hop_count: usize) -> Self {
        let secp = Secp256k1::new();
        let nodes: Vec<KeysManager> =
            (0..hop_count).map(|at| KeysManager::new(&[at as u8 + 1; 32], 1, 1, true)).collect();
        let keys: Vec<PublicKey> =
            nodes.iter().map(|node| node.get_node_secret_key().public_key(&secp)).collect();
        let left = |at: usize| (hop_count - 1 - at) as u64;
        let hop = |(at, key): (usize, &PublicKey)| RouteHop {
            node_id: NodeId::from(*key),
            short_channel_id: ShortChannelId::from_u64(0x0a_1234_0000_5678 + at as u64),
            amount: Msat::from_msat(100_000_000 + 1_000 * left(at)),
            cltv: 144 + 60 * left(at) as u32,
        };
        let hops: Vec<RouteHop> = keys.iter().enumerate().map(hop).collect();
        let ldk = |at: usize| {
            let last = at + 1 == hop_count;
            LdkHop {
                pubkey: keys[at],
                node_features: NodeFeatures::empty(),
                short_channel_id: hops[at].short_channel_id.to_u64(),
                channel_features: ChannelFeatures::empty(),
                fee_msat: if last { 100_000_000 } else { 1_000 },
                cltv_expiry_delta: if last { 144 } else { 60 },
                maybe_announced_channel: true,
            }
        };
        let path = Path { hops: (0..hop_count).map(ldk).collect(), blinded_tail: None };
        let session_key = SecretKey::from_slice(&[0x77; 32]).expect("a key");
        Fixture { secp, session_key, nodes, keys, hops, path }
    }

    pub(super) fn payment(&self) -> Payment<'static> {
        Payment {
            payment_hash: HASH,
            total_msat: Msat::from_msat(100_000_000),
            block_height: BlockHeight::from_u32(HEIGHT),
            shadow_blocks: 0,
            payment_secret: Some(SECRET),
            payment_metadata: None,
            keysend_preimage: None,
            custom: CustomRecords::EMPTY,
        }
    }

    pub(super) fn payloads(&self) -> Vec<Hop<Payload<'static>>> {
        let height = |cltv| BlockHeight::from_u32(HEIGHT + cltv);
        let mut hops = Vec::new();
        for (at, key) in self.keys.iter().enumerate() {
            let payload = match self.hops.get(at + 1) {
                Some(next) => Payload::Forward(Forward {
                    amt_to_forward: next.amount,
                    outgoing_cltv_value: height(next.cltv),
                    short_channel_id: next.short_channel_id,
                    custom: CustomRecords::EMPTY,
                }),
                None => Payload::Receive(Receive {
                    amt_to_forward: self.hops[at].amount,
                    outgoing_cltv_value: height(self.hops[at].cltv),
                    payment_data: Some(PaymentData {
                        payment_secret: SECRET,
                        total_msat: Msat::from_msat(100_000_000),
                    }),
                    payment_metadata: None,
                    keysend_preimage: None,
                    custom: CustomRecords::EMPTY,
                }),
            };
            hops.push(Hop { public_key: *key, payload });
        }
        hops
    }

    pub(super) fn ldk_onion(&self) -> OnionPacket {
        let fields = RecipientOnionFields::secret_only(PaymentSecret(SECRET));
        let onion = create_payment_onion(
            &self.secp,
            &self.path,
            &self.session_key,
            100_000_000,
            &fields,
            HEIGHT,
            &PaymentHash(HASH),
            &None::<PaymentPreimage>,
            None,
            [7; 32],
        );
        onion.expect("fits").0
    }

    pub(super) fn packet(&self) -> PaymentPacket {
        let part = Part { hops: &self.hops, tail: None };
        build_part(&self.secp, &self.session_key, part, &self.payment()).expect("fits").packet
    }

    pub(super) fn node_secret(&self) -> SecretKey {
        self.nodes[0].get_node_secret_key()
    }

    /// The first HTLC of the route.
    pub(super) fn htlc(&self) -> IncomingHtlc {
        IncomingHtlc {
            packet: self.packet(),
            payment_hash: HASH,
            amount: self.hops[0].amount,
            cltv_expiry: BlockHeight::from_u32(HEIGHT + self.hops[0].cltv),
            path_key: None,
        }
    }

    /// A new packet costs a shared secret and a product with the base point for each hop.
    pub(super) fn curve_of_new(&self) {
        for key in black_box(&self.keys) {
            black_box(Ecdh::new(key, &self.session_key));
            black_box(PublicKey::from_secret_key(&self.secp, &self.session_key));
        }
    }

    /// A packet that comes in costs a shared secret and a product with the ephemeral key.
    pub(super) fn curve_of_incoming(&self, ephemeral: PublicKey, factor: &Scalar) {
        black_box(Ecdh::new(black_box(&ephemeral), &self.node_secret()));
        black_box(black_box(ephemeral).mul_tweak(&self.secp, factor)).expect("a point");
    }

    pub(super) fn build(&self, hops: &[Hop<Payload<'_>>]) {
        black_box(build_payment(&self.secp, &self.session_key, black_box(hops), &HASH)).expect("fits");
    }

    pub(super) fn build_route(&self) {
        let part = Part { hops: black_box(&self.hops), tail: None };
        black_box(build_part(&self.secp, &self.session_key, part, &self.payment())).expect("fits");
    }

    pub(super) fn peel(&self, bytes: &[u8; PAYMENT_PACKET_LEN]) {
        let packet = PaymentPacket::from_bytes(*black_box(bytes));
        let peeled = peel_payment(&self.secp, &self.node_secret(), &packet, &HASH);
        black_box(peeled.expect("authentic").next_packet());
    }

    pub(super) fn open(&self, htlc: &IncomingHtlc) {
        black_box(open_htlc(&self.secp, &self.node_secret(), black_box(htlc))).expect("sound");
    }

    pub(super) fn ldk_peel(&self, bytes: &[u8; PAYMENT_PACKET_LEN]) {
        let message = UpdateAddHTLC {
            channel_id: ChannelId([0; 32]),
            htlc_id: 0,
            amount_msat: self.hops[0].amount.to_msat(),
            payment_hash: PaymentHash(HASH),
            cltv_expiry: HEIGHT + self.hops[0].cltv,
            skimmed_fee_msat: None,
            onion_routing_packet: OnionPacket::read(&mut &black_box(bytes)[..]).expect("a packet's length"),
            blinding_point: None,
            hold_htlc: None,
        };
        let peeled = peel_payment_onion(&message, &self.nodes[0], &Silent, &self.secp, HEIGHT, false);
        black_box(peeled.map_err(|error| error.msg)).expect("sound");
    }
}

/// Says nothing.
struct Silent;

impl Logger for Silent {
    fn log(&self, _record: Record<'_>) {}
}
