//! Small random networks with hidden balances.

use engine::snapshot::Snapshot;
use engine::synthetic::{BalanceLaw, HiddenNetwork};
use primitives::Msat;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tests::network::{Draw, network};

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
