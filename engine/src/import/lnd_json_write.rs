//! Writes LND's `describegraph`, for other tools and for fixtures.

use std::collections::BTreeMap;
use std::io::{self, Write};

use primitives::{ChannelPolicy, Features};
use serde::Serialize;

use crate::graph::{ChannelDraft, GraphBuilder};

/// Writes a builder in the form that [`super::read_lnd_json`] reads, streaming. Features of channels have no place in
/// it, capacities are whole satoshi (0 where unknown), and the funding transaction, which a builder does not know, is
/// written as zeros.
///
/// # Errors
/// As `out`.
pub fn write_lnd_json(graph: &GraphBuilder, mut out: impl Write) -> io::Result<()> {
    out.write_all(b"{\"nodes\":[")?;
    for (at, (node_id, features)) in graph.nodes().iter().zip(graph.node_features()).enumerate() {
        let features = graph.feature_sets().get(usize::from(*features));
        let node =
            NodeJson { pub_key: node_id.to_string(), features: features.map(bits).unwrap_or_default() };
        write_element(&mut out, at, &node)?;
    }
    out.write_all(b"],\"edges\":[")?;
    for (at, channel) in graph.channels().iter().enumerate() {
        write_element(&mut out, at, &EdgeJson::new(graph, channel))?;
    }
    out.write_all(b"]}\n")
}

fn write_element(out: &mut impl Write, at: usize, value: &impl Serialize) -> io::Result<()> {
    if at > 0 {
        out.write_all(b",\n")?;
    }
    Ok(serde_json::to_writer(out, value)?)
}

fn bits(features: &Features) -> BTreeMap<usize, FeatureJson> {
    let count = features.as_be_bytes().len() * 8;
    (0..count)
        .filter(|&bit| features.has_bit(bit))
        .map(|bit| (bit, FeatureJson { name: "unknown", is_required: bit % 2 == 0, is_known: false }))
        .collect()
}

#[derive(Serialize)]
struct FeatureJson {
    name: &'static str,
    is_required: bool,
    is_known: bool,
}

#[derive(Serialize)]
struct NodeJson {
    pub_key: String,
    features: BTreeMap<usize, FeatureJson>,
}

#[derive(Serialize)]
struct EdgeJson {
    channel_id: String,
    chan_point: String,
    last_update: u32,
    node1_pub: String,
    node2_pub: String,
    capacity: String,
    node1_policy: Option<PolicyJson>,
    node2_policy: Option<PolicyJson>,
}

#[derive(Serialize)]
struct PolicyJson {
    time_lock_delta: u16,
    min_htlc: String,
    fee_base_msat: String,
    fee_rate_milli_msat: String,
    disabled: bool,
    max_htlc_msat: String,
    last_update: u32,
    inbound_fee_base_msat: i32,
    inbound_fee_rate_milli_msat: i32,
}

impl EdgeJson {
    fn new(graph: &GraphBuilder, channel: &ChannelDraft) -> Self {
        let [node1_pub, node2_pub] = channel.nodes.map(|place| graph.nodes()[place as usize].to_string());
        let [node1_policy, node2_policy] = channel.policies.map(|policy| policy.map(PolicyJson::from));
        let updates = channel.policies.iter().flatten().map(|policy| policy.last_update.to_secs());
        EdgeJson {
            channel_id: channel.short_channel_id.to_u64().to_string(),
            chan_point: format!("{}:{}", "0".repeat(64), channel.short_channel_id.output()),
            last_update: updates.max().unwrap_or(0),
            node1_pub,
            node2_pub,
            capacity: channel.capacity.unwrap_or_default().to_sat_floor().to_string(),
            node1_policy,
            node2_policy,
        }
    }
}

impl From<ChannelPolicy> for PolicyJson {
    fn from(policy: ChannelPolicy) -> Self {
        PolicyJson {
            time_lock_delta: policy.cltv_expiry_delta.to_blocks(),
            min_htlc: policy.htlc_minimum_msat.to_msat().to_string(),
            fee_base_msat: policy.fee.fee_base_msat.to_string(),
            fee_rate_milli_msat: policy.fee.fee_proportional_millionths.to_string(),
            disabled: policy.disabled,
            // 0 would say that there is no maximum.
            max_htlc_msat: policy.htlc_maximum_msat.to_msat().max(1).to_string(),
            last_update: policy.last_update.to_secs(),
            inbound_fee_base_msat: policy.inbound_fee.base_msat,
            inbound_fee_rate_milli_msat: policy.inbound_fee.proportional_millionths,
        }
    }
}
