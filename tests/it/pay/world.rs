//! Small networks: random ones with hidden balances, and one of three nodes.

use engine::graph::{GraphBuilder, Topology};
use engine::snapshot::{ChannelGraph, GraphWriter, Snapshot};
use engine::synthetic::{BalanceLaw, HiddenNetwork};
use primitives::{Direction, Features, Msat, ShortChannelId};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tests::network::{Draw, base_policy, network, node};

/// A network of `node_count` nodes.
pub(super) struct World {
    pub(super) snapshot: Snapshot,
    pub(super) network: HiddenNetwork,
    pub(super) node_count: u32,
}

impl World {
    pub(super) fn random(rng: &mut ChaCha8Rng) -> World {
        let node_count = rng.random_range(3..12);
        let channel_count = rng.random_range(node_count..4 * node_count);
        let draw = Draw { capacity_sat: 10_000..3_000_000, fee: 0..1000, cltv: 0..40 };
        let snapshot = network(node_count, channel_count, &draw, rng);
        let law = if rng.random() {
            BalanceLaw::Uniform
        } else {
            BalanceLaw::Bimodal { scale: Msat::from_msat(100_000_000) }
        };
        let network = HiddenNetwork::draw(snapshot.topology(), law, rng.random());
        World { snapshot, network, node_count }
    }
}

/// Node 0 has channels 1 and 2 to node 1, of 600,000 sat each, and node 1 has channel 3 to node 2, of 10,000,000 sat. All
/// forward that way for nothing.
pub(super) fn two_to_one() -> GraphWriter {
    let mut draft = GraphBuilder::new();
    (0..3).for_each(|number| draft.add_node(node(number)).map(|_| ()).unwrap());
    for (number, ends, capacity_sat) in [(1, (0, 1), 600_000), (2, (0, 1), 600_000), (3, (1, 2), 10_000_000)]
    {
        let capacity = Msat::from_msat(1000 * capacity_sat);
        let features = Features::default();
        draft.add_channel(scid(number), node(ends.0), node(ends.1), Some(capacity), &features).unwrap();
        draft.set_policy(scid(number), Direction::NodeOneToTwo, base_policy(0, capacity)).unwrap();
    }
    ChannelGraph::new(Topology::build(draft).unwrap()).1
}

pub(super) fn scid(number: u64) -> ShortChannelId {
    ShortChannelId::from_u64(number << 40)
}
