//! Small random networks.

use std::ops::Range;

use engine::graph::{GraphBuilder, Topology};
use engine::snapshot::Snapshot;
use primitives::{ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, Msat, NodeId, ShortChannelId};
use rand::Rng;

/// Where a network's values lie.
#[derive(Debug, Clone)]
pub struct Draw {
    /// Capacities in sat.
    pub capacity_sat: Range<u64>,
    /// Base fees in msat, and rates in millionths.
    pub fee: Range<u32>,
    /// `cltv_expiry_delta`s.
    pub cltv: Range<u16>,
}

/// The id of a node of [`network`], by its number.
pub fn node(number: u32) -> NodeId {
    let mut bytes = [0; 33];
    bytes[0] = 2;
    bytes[29..].copy_from_slice(&number.to_be_bytes());
    NodeId::from_bytes(bytes).expect("a point's first byte")
}

/// A policy that asks for a base fee alone, and ten blocks.
pub fn base_policy(fee_base_msat: u32, htlc_maximum_msat: Msat) -> ChannelPolicy {
    ChannelPolicy {
        fee: Fee { fee_base_msat, fee_proportional_millionths: 0 },
        inbound_fee: Default::default(),
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(10),
        htlc_minimum_msat: Msat::from_msat(1),
        htlc_maximum_msat,
        disabled: false,
        last_update: Default::default(),
    }
}

/// Channels between any two nodes, that forward both ways up to their capacity.
pub fn network(node_count: u32, channel_count: u32, draw: &Draw, rng: &mut impl Rng) -> Snapshot {
    let mut draft = GraphBuilder::new();
    for number in 0..node_count {
        draft.add_node(node(number)).expect("few nodes");
    }
    for channel in 0..u64::from(channel_count) {
        let one = rng.random_range(0..node_count - 1);
        let two = rng.random_range(one + 1..node_count);
        let scid = ShortChannelId::from_u64(channel << 40);
        let capacity = Msat::from_msat(1000 * rng.random_range(draw.capacity_sat.clone()));
        draft.add_channel(scid, node(one), node(two), Some(capacity), &Features::default()).expect("new");
        for direction in Direction::BOTH {
            let policy = ChannelPolicy {
                fee: Fee {
                    fee_base_msat: rng.random_range(draw.fee.clone()),
                    fee_proportional_millionths: rng.random_range(draw.fee.clone()),
                },
                inbound_fee: Default::default(),
                cltv_expiry_delta: CltvExpiryDelta::from_blocks(rng.random_range(draw.cltv.clone())),
                htlc_minimum_msat: Msat::from_msat(1),
                htlc_maximum_msat: capacity,
                disabled: false,
                last_update: Default::default(),
            };
            draft.set_policy(scid, direction, policy).expect("the channel is there");
        }
    }
    Snapshot::from_topology(Topology::build(draft).expect("small"))
}
