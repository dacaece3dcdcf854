//! Nodes, channels and policies as LND writes them.

use std::collections::BTreeMap;

use engine::graph::{ChannelIdx, NodeIdx};
use engine::snapshot::Snapshot;
use primitives::{ChannelPolicy, Direction, Features};
use serde::Serialize;

use crate::json::{NodeIdText, Text};

/// `lnrpc.LightningNode`. A graph knows a node's features, not its alias, its colour and its addresses.
#[derive(Debug, Serialize)]
pub(super) struct LightningNode {
    last_update: u32,
    pub_key: NodeIdText,
    alias: &'static str,
    addresses: [(); 0],
    color: &'static str,
    features: BTreeMap<usize, FeatureForm>,
    custom_records: BTreeMap<u64, ()>,
}

/// `lnrpc.Feature`.
#[derive(Debug, Serialize)]
struct FeatureForm {
    name: &'static str,
    is_required: bool,
    is_known: bool,
}

/// `lnrpc.ChannelEdge`.
#[derive(Debug, Serialize)]
pub(super) struct ChannelEdge {
    channel_id: Text<u64>,
    chan_point: String,
    last_update: u32,
    node1_pub: NodeIdText,
    node2_pub: NodeIdText,
    capacity: Text<u64>,
    node1_policy: Option<RoutingPolicy>,
    node2_policy: Option<RoutingPolicy>,
    custom_records: BTreeMap<u64, ()>,
    auth_proof: Option<()>,
}

/// `lnrpc.RoutingPolicy`.
#[derive(Debug, Serialize)]
struct RoutingPolicy {
    time_lock_delta: u16,
    min_htlc: Text<u64>,
    fee_base_msat: Text<u32>,
    fee_rate_milli_msat: Text<u32>,
    disabled: bool,
    max_htlc_msat: Text<u64>,
    last_update: u32,
    custom_records: BTreeMap<u64, ()>,
    inbound_fee_base_msat: i32,
    inbound_fee_rate_milli_msat: i32,
}

impl LightningNode {
    pub(super) fn new(snapshot: &Snapshot, node: NodeIdx) -> Self {
        LightningNode {
            last_update: 0,
            pub_key: Text(snapshot.node_id(node)),
            alias: "",
            addresses: [],
            color: "#000000",
            features: snapshot.node_features(node).map(features).unwrap_or_default(),
            custom_records: BTreeMap::new(),
        }
    }
}

impl ChannelEdge {
    pub(super) fn new(snapshot: &Snapshot, channel: ChannelIdx) -> Self {
        let [one, two] = Direction::BOTH.map(|direction| channel.arc(direction));
        let policies = [one, two].map(|arc| snapshot.policy(arc));
        let updates = policies.iter().flatten().map(|policy| policy.last_update.to_secs());
        let short_channel_id = snapshot.short_channel_id(channel);
        let last_update = updates.max().unwrap_or(0);
        let [node1_policy, node2_policy] = policies.map(|policy| policy.map(RoutingPolicy::from));
        ChannelEdge {
            channel_id: Text(short_channel_id.to_u64()),
            // Gossip names a funding transaction by its place in the chain, not by its id.
            chan_point: format!("{UNKNOWN_TXID}:{}", short_channel_id.output()),
            last_update,
            node1_pub: Text(snapshot.node_id(snapshot.tail(one))),
            node2_pub: Text(snapshot.node_id(snapshot.tail(two))),
            capacity: Text(snapshot.capacity(channel).unwrap_or_default().to_sat_floor()),
            node1_policy,
            node2_policy,
            custom_records: BTreeMap::new(),
            auth_proof: None,
        }
    }
}

impl From<ChannelPolicy> for RoutingPolicy {
    fn from(policy: ChannelPolicy) -> Self {
        RoutingPolicy {
            time_lock_delta: policy.cltv_expiry_delta.to_blocks(),
            min_htlc: Text(policy.htlc_minimum_msat.to_msat()),
            fee_base_msat: Text(policy.fee.fee_base_msat),
            fee_rate_milli_msat: Text(policy.fee.fee_proportional_millionths),
            disabled: policy.disabled,
            max_htlc_msat: Text(policy.htlc_maximum_msat.to_msat()),
            last_update: policy.last_update.to_secs(),
            custom_records: BTreeMap::new(),
            inbound_fee_base_msat: policy.inbound_fee.base_msat,
            inbound_fee_rate_milli_msat: policy.inbound_fee.proportional_millionths,
        }
    }
}

fn features(features: &Features) -> BTreeMap<usize, FeatureForm> {
    let bits = 0..features.as_be_bytes().len() * 8;
    let set = bits.filter(|&bit| features.has_bit(bit));
    set.map(|bit| {
        let name = FEATURES.iter().find(|(even, _)| *even == bit & !1).map(|(_, name)| *name);
        let is_known = name.is_some();
        (bit, FeatureForm { name: name.unwrap_or("unknown"), is_required: bit % 2 == 0, is_known })
    })
    .collect()
}

/// LND's names of features, with the even bit of each (BOLT 9).
const FEATURES: [(usize, &str); 15] = [
    (0, "data-loss-protect"),
    (4, "upfront-shutdown-script"),
    (6, "gossip-queries"),
    (8, "tlv-onion"),
    (12, "static-remote-key"),
    (14, "payment-addr"),
    (16, "multi-path-payments"),
    (18, "wumbo-channels"),
    (22, "anchors-zero-fee-htlc-tx"),
    (24, "route-blinding"),
    (26, "shutdown-any-segwit"),
    (30, "amp"),
    (44, "explicit-commitment-type"),
    (46, "scid-alias"),
    (50, "zero-conf"),
];
const UNKNOWN_TXID: &str = "0000000000000000000000000000000000000000000000000000000000000000";
