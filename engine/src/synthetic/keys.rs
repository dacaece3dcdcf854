//! Node ids, in the order of the nodes.

use primitives::NodeId;
use rand::RngCore;
use rayon::prelude::*;

use super::stream::{Purpose, stream};

/// Random ids; where `valid_keys` is set, each names a point on the curve. No secret key is known for any.
///
/// Two equal ids among ten million have a chance of 2^-200.
pub(super) fn node_ids(seed: u64, node_count: u32, valid_keys: bool) -> Vec<NodeId> {
    let mut ids = vec![placeholder(); node_count as usize];
    ids.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, ids)| {
        let mut rng = stream(seed, Purpose::Keys, chunk as u32);
        for id in ids {
            *id = random_id(&mut rng);
            // Half of all 32-byte numbers are the x of a point.
            while valid_keys && id.to_public_key().is_none() {
                *id = random_id(&mut rng);
            }
        }
    });
    ids
}

fn random_id(rng: &mut impl RngCore) -> NodeId {
    let mut bytes = [0; 33];
    rng.fill_bytes(&mut bytes);
    bytes[0] = 2 | bytes[0] & 1;
    NodeId::from_bytes(bytes).expect("the prefix is 2 or 3")
}

fn placeholder() -> NodeId {
    let mut bytes = [0; 33];
    bytes[0] = 2;
    NodeId::from_bytes(bytes).expect("the prefix is 2")
}

/// Nodes of one random stream.
const CHUNK: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_keys_are_points() {
        assert!(node_ids(1, 100, true).iter().all(|id| id.to_public_key().is_some()));
        assert!(node_ids(1, 100, false).iter().any(|id| id.to_public_key().is_none()));
    }
}
