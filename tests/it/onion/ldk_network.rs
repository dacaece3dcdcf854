//! Three whole nodes of LDK in a row, whose messages pass through our hands.

use std::collections::HashMap;

use bitcoin::secp256k1::{PublicKey, SecretKey};
use lightning::events::Event;
use lightning::ln::channelmanager::{PaymentId, RecipientOnionFields};
use lightning::ln::functional_test_utils::{Node, create_announced_chan_between_nodes_with_value};
use lightning::ln::msgs::{
    BaseMessageHandler as _, ChannelMessageHandler as _, CommitmentUpdate, MessageSendEvent, UpdateFailHTLC,
};
use lightning::ln::onion_utils::AttributionData as LdkAttribution;
use lightning::routing::router::{Path, PaymentParameters, Route, RouteHop as LdkHop, RouteParameters};
use lightning::sign::KeysManager;
use lightning::types::features::{ChannelFeatures, NodeFeatures};
use lightning::types::payment::{PaymentHash, PaymentSecret};
use lightning::util::ser::{LengthReadable as _, Writeable as _};
use onion::attribution::AttributionData;
use onion::failure::FailurePacket;
use onion::packet::PaymentPacket;
use rand::Rng as _;
use rand_chacha::ChaCha20Rng;

use super::ldk::from_ldk;

/// What a node sends back for an HTLC, between two peers.
#[derive(Debug, Clone)]
pub(super) enum Settled {
    Fail(FailurePacket),
    Fulfill(Option<AttributionData>),
}

/// What is known of one payment.
pub(super) struct Passage {
    /// The packet that the first node sent.
    pub(super) sent: PaymentPacket,
    /// What each node sent back to the one before it, the last node's first.
    pub(super) settled: Vec<Settled>,
    /// What the last node is to send back instead of its own.
    pub(super) substitute: Option<Settled>,
}

/// The nodes, and what passed between them.
pub(super) struct Network<'n, 'a, 'b, 'c> {
    pub(super) nodes: &'n [Node<'a, 'b, 'c>],
    passages: HashMap<[u8; 32], Passage>,
    /// Makes a substitute out of the packet that is sent for a payment.
    makers: HashMap<[u8; 32], Maker>,
    /// The payments of HTLCs, by the node that offered them and their number.
    hashes: HashMap<(usize, u64), [u8; 32]>,
    /// What happened at the first node.
    pub(super) events: Vec<Event>,
}

impl<'n, 'a, 'b, 'c> Network<'n, 'a, 'b, 'c> {
    pub(super) fn new(nodes: &'n [Node<'a, 'b, 'c>]) -> Self {
        let (passages, makers, hashes) = (HashMap::new(), HashMap::new(), HashMap::new());
        Network { nodes, passages, makers, hashes, events: Vec::new() }
    }

    /// What is known of a payment that was sent.
    pub(super) fn passage(&mut self, hash: &[u8; 32]) -> &mut Passage {
        self.passages.get_mut(hash).expect("it was sent")
    }

    pub(super) fn secret(&self, at: usize) -> SecretKey {
        // Its own keys are behind an interface that does not show them, but were made of this seed.
        KeysManager::new(&self.nodes[at].node_seed, 0, 0, true).get_node_secret_key()
    }

    /// Has the last node send back for a payment what `maker` makes of the packet that goes out.
    pub(super) fn substitute_with(
        &mut self,
        hash: [u8; 32],
        maker: impl FnOnce(&PaymentPacket) -> FailurePacket + 'static,
    ) {
        self.makers.insert(hash, Box::new(maker));
    }

    /// Has the first node send over `hops`; nothing moves before messages are carried.
    pub(super) fn send(&mut self, hops: Vec<LdkHop>, hash: [u8; 32], secret: [u8; 32], id: [u8; 32]) {
        let last = hops.last().expect("a hop");
        let params = PaymentParameters::from_node_id(last.pubkey, 60);
        let params = RouteParameters::from_payment_params_and_value(params, last.fee_msat);
        let route = Route { paths: vec![Path { hops, blinded_tail: None }], route_params: Some(params) };
        let fields = RecipientOnionFields::secret_only(PaymentSecret(secret));
        let sent =
            self.nodes[0].node.send_payment_with_route(route, PaymentHash(hash), fields, PaymentId(id));
        sent.expect("the route's first channel is there");
    }

    /// Carries messages until nobody has any.
    pub(super) fn carry(&mut self) {
        loop {
            let mut is_quiet = true;
            for at in 0..self.nodes.len() {
                let node = &self.nodes[at];
                node.node.process_pending_htlc_forwards();
                for event in node.node.get_and_clear_pending_msg_events() {
                    is_quiet = false;
                    self.deliver(at, event);
                }
                let mut events = node.node.get_and_clear_pending_events();
                if at == 0 {
                    self.events.append(&mut events);
                }
                self.nodes[at].chain_monitor.added_monitors.lock().expect("no panic").clear();
            }
            if is_quiet {
                return;
            }
        }
    }

    fn node_of(&self, id: PublicKey) -> usize {
        self.nodes.iter().position(|node| node.node.get_our_node_id() == id).expect("one of them")
    }

    fn deliver(&mut self, from: usize, event: MessageSendEvent) {
        let from_id = self.nodes[from].node.get_our_node_id();
        match event {
            MessageSendEvent::UpdateHTLCs { node_id, updates, .. } => {
                let to = self.node_of(node_id);
                let updates = self.look_at(from, to, updates);
                let node = self.nodes[to].node;
                for add in &updates.update_add_htlcs {
                    node.handle_update_add_htlc(from_id, add);
                }
                for fail in &updates.update_fail_htlcs {
                    node.handle_update_fail_htlc(from_id, fail);
                }
                for fulfill in updates.update_fulfill_htlcs {
                    node.handle_update_fulfill_htlc(from_id, fulfill);
                }
                node.handle_commitment_signed_batch_test(from_id, &updates.commitment_signed);
            }
            MessageSendEvent::SendRevokeAndACK { node_id, msg } => {
                self.nodes[self.node_of(node_id)].node.handle_revoke_and_ack(from_id, &msg);
            }
            _ => {}
        }
    }

    /// Notes what passes, and replaces what is to be replaced.
    fn look_at(&mut self, from: usize, to: usize, mut updates: CommitmentUpdate) -> CommitmentUpdate {
        assert!(updates.update_fail_malformed_htlcs.is_empty(), "every onion is sound");
        for add in &updates.update_add_htlcs {
            let hash = add.payment_hash.0;
            self.hashes.insert((from, add.htlc_id), hash);
            if from == 0 {
                let sent = from_ldk(&add.onion_routing_packet);
                let substitute = self.makers.remove(&hash).map(|maker| Settled::Fail(maker(&sent)));
                self.passages.insert(hash, Passage { sent, settled: Vec::new(), substitute });
            }
        }
        let is_last = from + 1 == self.nodes.len();
        for fail in &mut updates.update_fail_htlcs {
            let hash = self.hashes[&(to, fail.htlc_id)];
            let passage = self.passage(&hash);
            passage.settled.push(Settled::Fail(read_fail(fail)));
            if let Some(Settled::Fail(packet)) = passage.substitute.take_if(|_| is_last) {
                *fail = write_fail(fail, &packet);
            }
        }
        for fulfill in &mut updates.update_fulfill_htlcs {
            let hash = self.hashes[&(to, fulfill.htlc_id)];
            let passage = self.passage(&hash);
            let data = fulfill.attribution_data.as_ref().map(read_attribution);
            passage.settled.push(Settled::Fulfill(data));
            if let Some(Settled::Fulfill(data)) = passage.substitute.take_if(|_| is_last) {
                fulfill.attribution_data = data.as_ref().map(write_attribution);
            }
        }
        updates
    }
}

type Maker = Box<dyn FnOnce(&PaymentPacket) -> FailurePacket>;

/// Opens a channel from each of three nodes to the next, of so many sat; returns where each leads, and its name.
#[allow(clippy::ptr_arg, reason = "LDK asks for a vector")]
pub(super) fn open_row<'c: 'd, 'd>(nodes: &Vec<Node<'_, 'c, 'd>>, sats: [u64; 2]) -> Vec<(PublicKey, u64)> {
    let open = |(at, sat): (usize, u64)| {
        let update = create_announced_chan_between_nodes_with_value(nodes, at, at + 1, sat, 0).0;
        (nodes[at + 1].node.get_our_node_id(), update.contents.short_channel_id)
    };
    sats.into_iter().enumerate().map(open).collect()
}

/// Hops over channels that are there, then over nodes that are not.
pub(super) fn draw_route(
    real: &[(PublicKey, u64)],
    made_up: &[PublicKey],
    rng: &mut ChaCha20Rng,
) -> Vec<LdkHop> {
    let count = real.len() + made_up.len();
    // LDK takes a channel that lies in a block for one of its phantoms, with a small chance: these lie in none.
    let made_up = made_up.iter().map(|id| (*id, rng.random_range(0..1 << 40)));
    let ids: Vec<(PublicKey, u64)> = real.iter().copied().chain(made_up).collect();
    let hop = |(at, (pubkey, short_channel_id)): (usize, (PublicKey, u64))| LdkHop {
        pubkey,
        node_features: NodeFeatures::empty(),
        short_channel_id,
        channel_features: ChannelFeatures::empty(),
        fee_msat: if at + 1 == count { 100_000 } else { 2_000 },
        cltv_expiry_delta: if at + 1 == count { 70 } else { 80 },
        maybe_announced_channel: true,
    };
    ids.into_iter().enumerate().map(hop).collect()
}

/// The fields behind channel and id: the reason, then attribution data of type 1.
fn read_fail(fail: &UpdateFailHTLC) -> FailurePacket {
    let bytes = fail.encode();
    let (len, rest) = bytes[40..].split_first_chunk().expect("a length");
    let reason = rest[..usize::from(u16::from_be_bytes(*len))].to_vec();
    FailurePacket { reason, attribution_data: fail.attribution_data.as_ref().map(read_attribution) }
}

fn write_fail(fail: &UpdateFailHTLC, packet: &FailurePacket) -> UpdateFailHTLC {
    let mut bytes = fail.encode()[..40].to_vec();
    bytes.extend((packet.reason.len() as u16).to_be_bytes());
    bytes.extend(&packet.reason);
    if let Some(data) = &packet.attribution_data {
        bytes.extend([1, 0xfd, 0x03, 0x98]);
        bytes.extend(data.as_bytes());
    }
    UpdateFailHTLC::read_from_fixed_length_buffer(&mut &bytes[..]).expect("a message")
}

fn read_attribution(data: &LdkAttribution) -> AttributionData {
    AttributionData::from_bytes(data.encode().try_into().expect("920 bytes"))
}

fn write_attribution(data: &AttributionData) -> LdkAttribution {
    LdkAttribution::read_from_fixed_length_buffer(&mut &data.as_bytes()[..]).expect("920 bytes")
}
