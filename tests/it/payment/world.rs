//! A small network whose nodes' keys are known, and HTLCs that walk through it.

use bitcoin::secp256k1::{All, PublicKey, Secp256k1, SecretKey};
use engine::flow::{Plan, PlanError, PlanQuery, PlanWorkspace, plan};
use engine::graph::{GraphBuilder, Topology};
use engine::query::RouteQuery;
use engine::route::{Hop, Route};
use engine::router::{RouteError, RouteWorkspace, route};
use engine::snapshot::Snapshot;
use node::payment::PaidPath;
use onion::blinded::{BlindedPath, PathNode, PathTerms, PayInfo, PaymentRelay, blind_payment_path};
use onion::payload::{CustomRecords, Payload};
use onion::relay::{IncomingHtlc, Instruction, NextHop, open_htlc};
use onion::route::{OutgoingOnion, Payment};
use primitives::{
    BlockHeight, ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, GraphDelta, InboundFee, Msat,
    NodeId, ShortChannelId, UnixTime,
};

pub(super) const HEIGHT: u32 = 800_000;
pub(super) const HASH: [u8; 32] = [0x42; 32];
pub(super) const SECRET: [u8; 32] = [9; 32];
pub(super) const SEED: [u8; 32] = [3; 32];
pub(super) const PATH_ID: &[u8] = b"known to the payee alone";

pub(super) struct World {
    pub(super) secp: Secp256k1<All>,
    pub(super) keys: Vec<SecretKey>,
    pub(super) ids: Vec<NodeId>,
    channels: Vec<(usize, usize)>,
    pub(super) snapshot: Snapshot,
}

/// What the payee finds in an HTLC.
pub(super) struct Received {
    /// Every node on the way, the payee last, which may be there more than once.
    pub(super) nodes: Vec<usize>,
    pub(super) arrived: Msat,
    pub(super) amt_to_forward: Msat,
    pub(super) outgoing_cltv_value: u32,
    pub(super) total: Msat,
    pub(super) secret: Option<[u8; 32]>,
    pub(super) path_id: Option<Vec<u8>>,
}

impl World {
    /// Nodes and channels between them, each with a capacity in sat.
    pub(super) fn new(node_count: u8, channels: &[(usize, usize, u64)]) -> Self {
        let secp = Secp256k1::new();
        let key = |byte| SecretKey::from_slice(&[byte; 32]).expect("a key");
        let keys: Vec<SecretKey> = (1..=node_count).map(key).collect();
        let ids: Vec<NodeId> = keys.iter().map(|key| NodeId::from(key.public_key(&secp))).collect();
        let mut builder = GraphBuilder::new();
        for (at, &(a, b, capacity)) in channels.iter().enumerate() {
            let short_channel_id = scid(at);
            let opened = GraphDelta::ChannelOpened {
                short_channel_id,
                node_id_1: ids[a].min(ids[b]),
                node_id_2: ids[a].max(ids[b]),
                capacity: Msat::from_sat(capacity),
                features: Features::default(),
            };
            builder.apply(&opened).expect("new");
            for direction in Direction::BOTH {
                let policy = policy(at);
                let updated = GraphDelta::PolicyUpdated { short_channel_id, direction, policy };
                builder.apply(&updated).expect("known");
            }
        }
        let snapshot = Snapshot::from_topology(Topology::build(builder).expect("sound"));
        let channels = channels.iter().map(|&(a, b, _)| (a, b)).collect();
        World { secp, keys, ids, channels, snapshot }
    }

    /// Nodes in a row, each a channel from the next.
    pub(super) fn row(node_count: u8) -> Self {
        let channels: Vec<(usize, usize, u64)> =
            (1..usize::from(node_count)).map(|at| (at - 1, at, 10_000_000)).collect();
        World::new(node_count, &channels)
    }

    /// Three ways from node 0 to node 4 that have to share a large payment, and a channel from there to node 5.
    pub(super) fn fan() -> Self {
        let ways = [1, 2, 3].into_iter().flat_map(|way| [(0, way, 60_000), (way, 4, 50_000)]);
        World::new(6, &ways.chain([(4, 5, 1_000_000)]).collect::<Vec<_>>())
    }

    pub(super) fn query(&self, payee: usize) -> RouteQuery {
        RouteQuery::new(self.ids[0], self.ids[payee], Msat::ZERO)
    }

    pub(super) fn route(&self, query: &RouteQuery) -> Result<Route, RouteError> {
        route(&self.snapshot, query, &mut RouteWorkspace::default())
    }

    pub(super) fn plan(&self, query: &PlanQuery) -> Result<Plan, PlanError> {
        plan(&self.snapshot, query, &mut PlanWorkspace::default())
    }

    /// The path that the last node of the row or the fan makes to itself, from `first` on.
    pub(super) fn hide(&self, first: usize, dummy_count: usize) -> (BlindedPath, PayInfo) {
        let payee = self.keys.len() - 1;
        let node = |at: usize| {
            let channel = self.channels.iter().position(|&ends| ends == (at, at + 1)).expect("in a row");
            let policy = policy(channel);
            PathNode {
                node_id: self.public_key(at),
                short_channel_id: scid(channel),
                relay: PaymentRelay {
                    cltv_expiry_delta: policy.cltv_expiry_delta.to_blocks(),
                    fee_proportional_millionths: policy.fee.fee_proportional_millionths,
                    fee_base_msat: policy.fee.fee_base_msat,
                },
                htlc_minimum_msat: policy.htlc_minimum_msat,
                htlc_maximum_msat: policy.htlc_maximum_msat,
            }
        };
        let nodes: Vec<PathNode> = (first..payee).map(node).collect();
        let terms = PathTerms {
            payee: self.public_key(payee),
            path_id: PATH_ID,
            final_cltv_expiry_delta: CltvExpiryDelta::from_blocks(30),
            last_block: BlockHeight::from_u32(HEIGHT + 1_000),
            htlc_minimum_msat: Msat::from_msat(1),
            dummy_count,
            dummy_relay: PaymentRelay {
                cltv_expiry_delta: 10,
                fee_proportional_millionths: 7,
                fee_base_msat: 3,
            },
        };
        let key = SecretKey::from_slice(&[0x66; 32]).expect("a key");
        blind_payment_path(&self.secp, &key, &nodes, &terms).expect("small sums")
    }

    pub(super) fn public_key(&self, at: usize) -> PublicKey {
        self.keys[at].public_key(&self.secp)
    }

    /// Every node opens the HTLC and sends on what it is told to, up to the payee.
    pub(super) fn walk(&self, hops: &[Hop], onion: &OutgoingOnion) -> Received {
        assert_eq!(onion.amount, hops[0].amount);
        let mut htlc = IncomingHtlc {
            packet: onion.packet.clone(),
            payment_hash: HASH,
            amount: onion.amount,
            cltv_expiry: onion.cltv_expiry,
            path_key: None,
        };
        let mut nodes = vec![self.other_end(0, hops[0].short_channel_id)];
        loop {
            let at = *nodes.last().expect("at least one");
            let opened = open_htlc(&self.secp, &self.keys[at], &htlc).expect("sound");
            match &opened.instruction {
                Instruction::Forward(outgoing) => {
                    nodes.push(match outgoing.next {
                        NextHop::Channel(channel) => self.other_end(at, channel),
                        NextHop::NodeId(id) => self.ids.iter().position(|&own| own == id.into()).unwrap(),
                    });
                    htlc.packet = outgoing.packet.clone();
                    htlc.amount = outgoing.amt_to_forward;
                    htlc.cltv_expiry = outgoing.outgoing_cltv_value;
                    htlc.path_key = outgoing.path_key;
                    // As the route has it, as far as it goes.
                    if let Some(hop) = hops.get(nodes.len() - 1) {
                        assert_eq!(outgoing.next, NextHop::Channel(hop.short_channel_id));
                        assert_eq!(htlc.amount, hop.amount);
                        let lead = onion.cltv_expiry.to_u32() - hops[0].cltv;
                        assert_eq!(htlc.cltv_expiry.to_u32(), lead + hop.cltv);
                    }
                }
                Instruction::Receive { path_id, .. } => {
                    return received(nodes, htlc.amount, opened.payload(), path_id.clone());
                }
            }
        }
    }

    fn other_end(&self, node: usize, channel: ShortChannelId) -> usize {
        let found = (0..self.channels.len()).find(|&at| scid(at) == channel).expect("a channel");
        let (a, b) = self.channels[found];
        assert!(node == a || node == b, "the channel is another node's");
        a + b - node
    }
}

fn received(nodes: Vec<usize>, arrived: Msat, payload: Payload<'_>, path_id: Option<Vec<u8>>) -> Received {
    let (amt_to_forward, height, total, secret) = match payload {
        Payload::Receive(to) => {
            let data = to.payment_data.expect("the invoice had a secret");
            (to.amt_to_forward, to.outgoing_cltv_value, data.total_msat, Some(data.payment_secret))
        }
        Payload::BlindedReceive(to) => {
            (to.amt_to_forward, to.outgoing_cltv_value, to.total_amount_msat, None)
        }
        other => panic!("{other:?}"),
    };
    let outgoing_cltv_value = height.to_u32();
    Received { nodes, arrived, amt_to_forward, outgoing_cltv_value, total, secret, path_id }
}

pub(super) fn payment(total: u64, end: Option<PaidPath<'_>>) -> Payment<'static> {
    Payment {
        payment_hash: HASH,
        total_msat: Msat::from_msat(total),
        block_height: BlockHeight::from_u32(HEIGHT),
        shadow_blocks: 0,
        payment_secret: end.is_none().then_some(SECRET),
        payment_metadata: None,
        keysend_preimage: None,
        custom: CustomRecords::EMPTY,
    }
}

pub(super) fn scid(channel: usize) -> ShortChannelId {
    ShortChannelId::from_parts(700_000 + channel as u32, 5, 1).expect("in range")
}

fn policy(channel: usize) -> ChannelPolicy {
    let channel = channel as u32;
    ChannelPolicy {
        fee: Fee { fee_base_msat: 1_000 + channel, fee_proportional_millionths: 100 * channel },
        inbound_fee: InboundFee::ZERO,
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(40),
        htlc_minimum_msat: Msat::from_msat(1),
        htlc_maximum_msat: Msat::from_msat(9_000_000_000),
        disabled: false,
        last_update: UnixTime::from_secs(1),
    }
}
