//! Nodes, channels and policies as LND writes them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

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
        let name = FEATURES.iter().find(|(bits, _)| bits.contains(&bit)).map(|(_, name)| *name);
        let is_known = name.is_some();
        (bit, FeatureForm { name: name.unwrap_or("unknown"), is_required: bit % 2 == 0, is_known })
    })
    .collect()
}

/// LND's names of features, with the bits of each (`lnwire/features.go`).
const FEATURES: [(RangeInclusive<usize>, &str); 28] = [
    (0..=1, "data-loss-protect"),
    (3..=3, "initial-routing-sync"),
    (4..=5, "upfront-shutdown-script"),
    (6..=7, "gossip-queries"),
    (8..=9, "tlv-onion"),
    (12..=13, "static-remote-key"),
    (14..=15, "payment-addr"),
    (16..=17, "multi-path-payments"),
    (18..=19, "wumbo-channels"),
    (20..=21, "anchor-commitments"),
    (22..=23, "anchors-zero-fee-htlc-tx"),
    (24..=25, "route-blinding"),
    (26..=27, "shutdown-any-segwit"),
    (30..=31, "amp"),
    (34..=35, "quiescence"),
    (44..=45, "explicit-commitment-type"),
    (46..=47, "scid-alias"),
    (48..=49, "payment-metadata"),
    (50..=51, "zero-conf"),
    (54..=55, "keysend"),
    (60..=61, "rbf-coop-close"),
    (80..=81, "simple-taproot-chans"),
    (160..=161, "rbf-coop-close-x"),
    (180..=181, "simple-taproot-chans-x"),
    (260..=261, "endorsement-x"),
    (262..=263, "bolt-11-blinded-paths"),
    (2022..=2023, "script-enforced-lease"),
    (2025..=2026, "taproot-overlay-chans"),
];
const UNKNOWN_TXID: &str = "0000000000000000000000000000000000000000000000000000000000000000";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_have_the_names_that_lnd_gives_them() {
        let told = |bits: &[usize]| {
            features(&Features::from_bits(bits.iter().copied())).into_iter().collect::<Vec<_>>()
        };
        for (bit, name) in [
            (1, "data-loss-protect"),
            (3, "initial-routing-sync"),
            (21, "anchor-commitments"),
            (48, "payment-metadata"),
            (55, "keysend"),
            (2023, "script-enforced-lease"),
        ] {
            let (told_bit, form) = told(&[bit]).remove(0);
            assert_eq!((told_bit, form.name, form.is_known), (bit, name, true));
            assert_eq!(form.is_required, bit % 2 == 0);
        }
        assert_eq!(told(&[2, 1000]).iter().filter(|(_, form)| form.is_known).count(), 0);
    }
}
