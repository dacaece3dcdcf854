//! Small random networks with hidden balances.

use engine::graph::{GraphBuilder, Topology};
use engine::snapshot::Snapshot;
use engine::synthetic::{BalanceLaw, HiddenNetwork};
use primitives::{ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, Msat, NodeId, ShortChannelId};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

pub(super) fn node(number: u32) -> NodeId {
    let mut bytes = [0; 33];
    bytes[0] = 2;
    bytes[29..].copy_from_slice(&number.to_be_bytes());
    NodeId::from_bytes(bytes).unwrap()
}

/// A network of `node_count` nodes.
pub(super) struct World {
    pub(super) snapshot: Snapshot,
    pub(super) network: HiddenNetwork,
    pub(super) node_count: u32,
}

impl World {
    pub(super) fn random(rng: &mut ChaCha8Rng) -> World {
        let node_count = rng.random_range(3..12);
        let mut draft = GraphBuilder::new();
        (0..node_count).for_each(|number| draft.add_node(node(number)).map(|_| ()).unwrap());
        for channel in 0..u64::from(rng.random_range(node_count..4 * node_count)) {
            let one = rng.random_range(0..node_count - 1);
            let two = rng.random_range(one + 1..node_count);
            let scid = ShortChannelId::from_u64(channel << 40);
            let capacity = Msat::from_msat(1000 * rng.random_range(10_000..3_000_000));
            draft.add_channel(scid, node(one), node(two), Some(capacity), &Features::default()).unwrap();
            for direction in Direction::BOTH {
                let fee = Fee {
                    fee_base_msat: rng.random_range(0..1000),
                    fee_proportional_millionths: rng.random_range(0..1000),
                };
                let policy = ChannelPolicy {
                    fee,
                    inbound_fee: Default::default(),
                    cltv_expiry_delta: CltvExpiryDelta::from_blocks(rng.random_range(0..40)),
                    htlc_minimum_msat: Msat::from_msat(1),
                    htlc_maximum_msat: capacity,
                    disabled: false,
                    last_update: Default::default(),
                };
                draft.set_policy(scid, direction, policy).unwrap();
            }
        }
        let snapshot = Snapshot::from_topology(Topology::build(draft).unwrap());
        let law = if rng.random() {
            BalanceLaw::Uniform
        } else {
            BalanceLaw::Bimodal { scale: Msat::from_msat(100_000_000) }
        };
        let network = HiddenNetwork::draw(snapshot.topology(), law, rng.random());
        World { snapshot, network, node_count }
    }
}
