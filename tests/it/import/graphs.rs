//! Small graphs with absurd values, and the real one.

use std::fs::File;

use engine::graph::GraphBuilder;
use engine::import::{ImportError, Imported, read_graph};
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Features, Fee, GraphDelta, InboundFee, Msat, NodeId, ShortChannelId,
    UnixTime,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use tests::data::shared;

/// The mainnet view of 2025-10-26.
pub(super) fn mainnet() -> Option<Imported> {
    let path = shared("data/mainnet-2025-10-26/channels.csv.zst")?;
    Some(read_graph(File::open(path).expect("readable"), &mut |_| ()).expect("well formed"))
}

/// Reads bytes without watching the progress.
pub(super) fn read(bytes: &[u8]) -> Result<Imported, ImportError> {
    read_graph(bytes, &mut |_| ())
}

/// A node of a small graph.
pub(super) fn node_id(n: u8) -> NodeId {
    let mut bytes = [n; 33];
    bytes[0] = 2 + (n & 1);
    NodeId::from_bytes(bytes).expect("prefix 2 or 3")
}

/// Any policy.
pub(super) fn policy() -> impl Strategy<Value = ChannelPolicy> {
    let amount =
        || prop_oneof![Just(0), Just(u64::MAX), any::<u64>(), 0..5_000_000_000u64].prop_map(Msat::from_msat);
    let fee = prop_oneof![any::<(u32, u32)>(), Just((u32::MAX, u32::MAX)), Just((1000, 1))];
    let inbound = prop_oneof![any::<(i32, i32)>(), Just((i32::MIN, i32::MIN)), Just((0, 0))];
    (fee, inbound, any::<u16>(), amount(), amount(), any::<bool>(), any::<u32>()).prop_map(
        |(
            (fee_base_msat, fee_proportional_millionths),
            (base_msat, millionths),
            cltv,
            min,
            max,
            disabled,
            time,
        )| {
            ChannelPolicy {
                fee: Fee { fee_base_msat, fee_proportional_millionths },
                inbound_fee: InboundFee { base_msat, proportional_millionths: millionths },
                cltv_expiry_delta: CltvExpiryDelta::from_blocks(cltv),
                htlc_minimum_msat: min,
                htlc_maximum_msat: max,
                disabled,
                last_update: UnixTime::from_secs(time),
            }
        },
    )
}

fn features() -> impl Strategy<Value = Features> {
    vec(0..200usize, 0..4).prop_map(Features::from_bits)
}

/// Graphs of up to 20 nodes and 30 channels, in whole satoshi, a capacity of zero excluded (LND's JSON has none).
pub(super) fn graph() -> impl Strategy<Value = GraphBuilder> {
    let capacity = option::of((1..u64::MAX / 1000).prop_map(|sat| Msat::from_sat(sat).expect("in range")));
    let channel = (0..20u8, 1..20u8, capacity, features(), [option::of(policy()), option::of(policy())]);
    let scid = prop_oneof![any::<u64>(), 0..20u64].prop_map(ShortChannelId::from_u64);
    (vec(features(), 20), btree_map(scid, channel, 0..30)).prop_map(|(nodes, channels)| {
        let mut graph = GraphBuilder::new();
        for (n, features) in (0..).zip(nodes) {
            let seen = GraphDelta::NodeSeen { node_id: node_id(n), features };
            graph.apply(&seen).expect("fits");
        }
        for (scid, (one, distance, capacity, features, policies)) in channels {
            let mut nodes = [node_id(one), node_id((one + distance) % 20)];
            nodes.sort();
            graph.add_channel(scid, nodes[0], nodes[1], capacity, &features).expect("fits");
            for (direction, policy) in primitives::Direction::BOTH.into_iter().zip(policies) {
                if let Some(policy) = policy {
                    graph.set_policy(scid, direction, policy).expect("known");
                }
            }
        }
        graph
    })
}
