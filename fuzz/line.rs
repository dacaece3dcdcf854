//! A graph for targets that look names up: four nodes in a line, and two channels between the first ones.

use engine::graph::{GraphBuilder, Topology};
use engine::snapshot::Snapshot;
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, InboundFee, Msat, NodeId, ShortChannelId,
    UnixTime,
};

/// The graph. The ids of its nodes are a 2 and the node's number, 1 to 4, 32 times.
pub fn line() -> Snapshot {
    let mut builder = GraphBuilder::new();
    let policy = ChannelPolicy {
        fee: Fee { fee_base_msat: 1000, fee_proportional_millionths: 100 },
        inbound_fee: InboundFee::ZERO,
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(40),
        htlc_minimum_msat: Msat::from_msat(1000),
        htlc_maximum_msat: Msat::from_msat(900_000_000),
        disabled: false,
        last_update: UnixTime::from_secs(1_700_000_000),
    };
    for (scid, one) in [(1, 1), (2, 2), (3, 3), (4, 1)] {
        let short_channel_id = ShortChannelId::from_u64(scid << 40 | 1 << 16);
        let capacity = Some(Msat::from_msat(1_000_000_000));
        let added =
            builder.add_channel(short_channel_id, node(one), node(one + 1), capacity, &Features::default());
        added.expect("a channel of its own");
        for direction in Direction::BOTH {
            builder.set_policy(short_channel_id, direction, policy).expect("the channel is there");
        }
    }
    Snapshot::from_topology(Topology::build(builder).expect("a graph"))
}

/// One of its nodes.
#[allow(dead_code, reason = "not every target asks for one")]
pub fn node(at: u8) -> NodeId {
    let mut bytes = [at; 33];
    bytes[0] = 2;
    NodeId::from_bytes(bytes).expect("a node's id")
}
