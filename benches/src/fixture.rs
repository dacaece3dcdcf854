//! A small made-up graph with real keys, for smoke runs and for Criterion.
//!
//! Nodes join one after the other and open channels to nodes that have many already, so that there are hubs. The node
//! ids are points on the curve, because LDK's `find_route` parses those of payer, payee and every hop.

use engine::graph::{BuildError, GraphBuilder};
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, InboundFee, Msat, NodeId, ShortChannelId,
    UnixTime,
};

use crate::Query;

/// A graph of `nodes` nodes, each but the first few opening `CHANNELS_PER_NODE` channels. Same seed, same graph.
///
/// # Errors
/// Where the graph exceeds the builder's limits.
pub fn graph(nodes: u32, seed: u64) -> Result<GraphBuilder, BuildError> {
    let mut dice = Dice(seed);
    let mut draft = GraphBuilder::new();
    // Every end of every channel once: drawing from it favours nodes with many channels.
    let mut ends: Vec<NodeId> = Vec::new();
    for number in 0..nodes {
        let node_id = dice.node_id();
        draft.add_node(node_id)?;
        for output in 0..CHANNELS_PER_NODE.min(number) {
            let peer = match ends.is_empty() {
                true => draft.nodes()[0],
                false => ends[dice.below(ends.len() as u64) as usize],
            };
            let scid = ShortChannelId::from_u64(u64::from(700_000 + number) << 40 | u64::from(output));
            let capacity = Msat::from_msat((1 << (20 + dice.below(6))) * 1000);
            if peer == node_id {
                continue;
            }
            draft.add_channel(
                scid,
                node_id.min(peer),
                node_id.max(peer),
                Some(capacity),
                &Features::default(),
            )?;
            for direction in Direction::BOTH {
                draft.set_policy(scid, direction, dice.policy(capacity))?;
            }
            ends.extend([node_id, peer]);
        }
    }
    Ok(draft)
}

/// `count` payments between random nodes of `draft`, of 1,000 to 1,000,000 sat.
pub fn queries(draft: &GraphBuilder, count: usize, seed: u64) -> Vec<Query> {
    let mut dice = Dice(seed);
    let nodes = draft.nodes();
    let mut queries = Vec::with_capacity(count);
    while queries.len() < count && nodes.len() > 1 {
        let mut node = || nodes[dice.below(nodes.len() as u64) as usize];
        let (payer, payee) = (node(), node());
        let amount = Msat::from_msat((1_000_000 << dice.below(10)) + dice.below(1_000_000));
        if payer != payee {
            queries.push(Query { payer, payee, amount });
        }
    }
    queries
}

/// SplitMix64 (Steele, Lea and Flood, 2014): good enough to draw graphs with, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    /// Half of all 32-byte numbers are the x of a point.
    fn node_id(&mut self) -> NodeId {
        loop {
            let mut bytes = [2; 33];
            for chunk in bytes[1..].chunks_exact_mut(8) {
                chunk.copy_from_slice(&self.roll().to_be_bytes());
            }
            let node_id = NodeId::from_bytes(bytes).expect("the prefix is 2");
            if node_id.to_public_key().is_some() {
                return node_id;
            }
        }
    }

    fn policy(&mut self, capacity: Msat) -> ChannelPolicy {
        ChannelPolicy {
            fee: Fee {
                fee_base_msat: [0, 0, 100, 1000][self.below(4) as usize],
                fee_proportional_millionths: 1 << self.below(11),
            },
            inbound_fee: InboundFee::ZERO,
            cltv_expiry_delta: CltvExpiryDelta::from_blocks([18, 40, 80, 144][self.below(4) as usize]),
            htlc_minimum_msat: Msat::from_msat([1, 1000][self.below(2) as usize]),
            htlc_maximum_msat: Msat::from_msat(capacity.to_msat() / 100 * 99),
            disabled: self.below(10) == 0,
            last_update: UnixTime::from_secs(1_700_000_000),
        }
    }
}

/// What a new node opens.
const CHANNELS_PER_NODE: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_graph() {
        let (one, two) = (graph(50, 7).expect("small"), graph(50, 7).expect("small"));
        assert_eq!(one.nodes(), two.nodes());
        assert!(one.channels().len() > 150);
        assert_eq!(queries(&one, 20, 1), queries(&two, 20, 1));
    }
}
