//! Writes rapid gossip sync snapshots, which the engine only reads.

use std::collections::BTreeMap;

use primitives::codec::encode_bigsize;
use primitives::{ChannelPolicy, Direction, Features, InboundFee, NodeId, UnixTime};

use crate::content::Content;

/// A version of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RgsVersion {
    /// Channels and policies.
    One = 1,
    /// Capacities and features of nodes, too.
    Two = 2,
}

/// Hash of Bitcoin's first block, in the order of its bytes.
pub const MAINNET_CHAIN_HASH: [u8; 32] = [
    0x6f, 0xe2, 0x8c, 0x0a, 0xb6, 0xf1, 0xb3, 0x72, 0xc1, 0xa6, 0xa2, 0x46, 0xae, 0x63, 0xf7, 0x4f, 0x93,
    0x1e, 0x83, 0x65, 0xe1, 0x5a, 0x08, 0x9c, 0x68, 0xd6, 0x19, 0, 0, 0, 0, 0,
];

/// Writes what of `graph` is new against `known` (nothing known: all of it). Policies that `known` has are told as
/// differences.
pub fn encode_rgs(graph: &Content, known: &Content, version: RgsVersion, latest_seen: UnixTime) -> Vec<u8> {
    let mut out = vec![b'L', b'D', b'K', version as u8];
    out.extend(MAINNET_CHAIN_HASH);
    out.extend(latest_seen.to_secs().to_be_bytes());
    encode_nodes(graph, version, &mut out);
    encode_channels(graph, known, version, &mut out);
    encode_updates(graph, known, &mut out);
    out
}

/// What a reader of [`encode_rgs`]'s bytes can know of `graph`.
pub fn told_by_rgs(graph: &Content, version: RgsVersion, latest_seen: UnixTime) -> Content {
    let mut told = graph.clone().without_lonely_nodes();
    let last_update = UnixTime::from_secs(latest_seen.to_secs().saturating_sub(7 * 24 * 3600));
    for channel in told.channels.values_mut() {
        for policy in channel.policies.iter_mut().flatten() {
            *policy = ChannelPolicy { inbound_fee: InboundFee::ZERO, last_update, ..*policy };
        }
        if version < RgsVersion::Two {
            channel.capacity = None;
        }
    }
    if version < RgsVersion::Two {
        told.nodes.values_mut().for_each(|features| *features = Features::default());
    }
    told
}

fn count(items: usize) -> [u8; 4] {
    u32::try_from(items).expect("a fixture").to_be_bytes()
}

fn encode_features(features: &Features, out: &mut Vec<u8>) {
    let bytes = features.as_be_bytes();
    out.extend(u16::try_from(bytes.len()).expect("a fixture").to_be_bytes());
    out.extend(bytes);
}

/// Up to six feature vectors stand in the header, others at their nodes.
fn encode_nodes(graph: &Content, version: RgsVersion, out: &mut Vec<u8>) {
    let mut defaults: Vec<&Features> = Vec::new();
    if version >= RgsVersion::Two {
        for features in graph.nodes.values().filter(|features| !features.is_empty()) {
            if defaults.len() < 6 && !defaults.contains(&features) {
                defaults.push(features);
            }
        }
        out.push(u8::try_from(defaults.len()).expect("six at most"));
        defaults.iter().for_each(|features| encode_features(features, out));
    }
    out.extend(count(graph.nodes.len()));
    for (node_id, features) in &graph.nodes {
        let begin = out.len();
        out.extend(node_id.as_bytes());
        if version < RgsVersion::Two || features.is_empty() {
            continue;
        }
        let place = defaults.iter().position(|default| *default == features);
        let marker = place.map_or(7, |place| u8::try_from(place + 1).expect("six at most"));
        out[begin] |= marker << 3;
        if marker == 7 {
            encode_features(features, out);
        }
    }
}

fn encode_channels(graph: &Content, known: &Content, version: RgsVersion, out: &mut Vec<u8>) {
    let places: BTreeMap<&NodeId, u64> = graph.nodes.keys().zip(0..).collect();
    let new: Vec<_> = graph.channels.iter().filter(|(scid, _)| !known.channels.contains_key(scid)).collect();
    out.extend(count(new.len()));
    let mut before = 0;
    for (scid, channel) in new {
        encode_features(&channel.features, out);
        encode_bigsize(scid.to_u64() - before, out);
        before = scid.to_u64();
        encode_bigsize(places[&channel.nodes[0]], out);
        let place_2 = places[&channel.nodes[1]];
        match channel.capacity {
            Some(capacity) if version >= RgsVersion::Two => {
                encode_bigsize(place_2 | 1 << 63, out);
                let mut more = Vec::new();
                encode_bigsize(capacity.to_sat_floor(), &mut more);
                out.extend(u16::try_from(more.len()).expect("nine at most").to_be_bytes());
                out.extend(more);
            }
            _ => encode_bigsize(place_2, out),
        }
    }
}

/// The values that a snapshot can tell of a policy, as the bytes it tells them in, with their flags.
fn fields(policy: &ChannelPolicy) -> [(u8, Vec<u8>); 5] {
    [
        (0x40, policy.cltv_expiry_delta.to_blocks().to_be_bytes().to_vec()),
        (0x20, policy.htlc_minimum_msat.to_msat().to_be_bytes().to_vec()),
        (0x10, policy.fee.fee_base_msat.to_be_bytes().to_vec()),
        (0x08, policy.fee.fee_proportional_millionths.to_be_bytes().to_vec()),
        (0x04, policy.htlc_maximum_msat.to_msat().to_be_bytes().to_vec()),
    ]
}

fn encode_updates(graph: &Content, known: &Content, out: &mut Vec<u8>) {
    let mut updates = Vec::new();
    for (scid, channel) in &graph.channels {
        for direction in Direction::BOTH {
            let Some(policy) = channel.policies[direction.as_usize()] else { continue };
            let before = known.channels.get(scid).and_then(|known| known.policies[direction.as_usize()]);
            if before != Some(policy) {
                updates.push((scid.to_u64(), direction, policy, before));
            }
        }
    }
    out.extend(count(updates.len()));
    let Some((_, _, default, _)) = updates.first() else { return };
    let default = *default;
    for (_, bytes) in fields(&default) {
        out.extend(bytes);
    }
    let mut scid_before = 0;
    for (scid, direction, policy, before) in updates {
        encode_bigsize(scid - scid_before, out);
        scid_before = scid;
        let base = before.unwrap_or(default);
        let told: Vec<_> = fields(&policy)
            .into_iter()
            .zip(fields(&base))
            .filter(|(new, old)| new != old)
            .map(|(new, _)| new)
            .collect();
        let flags = told.iter().fold(0, |flags, (flag, _)| flags | flag);
        let incremental = if before.is_some() { 0x80 } else { 0 };
        let direction = u8::try_from(direction.as_usize()).expect("0 or 1");
        out.push(flags | incremental | u8::from(policy.disabled) << 1 | direction);
        told.iter().for_each(|(_, bytes)| out.extend(bytes));
    }
}
