//! Keys that were parsed before.

use std::collections::HashMap;

use bitcoin::secp256k1::PublicKey;
use primitives::NodeId;

/// Points of node ids. Finding a key's point takes a square root, some tenth of checking a signature, and the same few
/// nodes sign nearly everything.
///
/// Holds at most [`KEY_COUNT_MAX`] keys; only keys whose signature was right come in.
#[derive(Debug, Clone, Default)]
pub struct KeyRing {
    points: HashMap<NodeId, PublicKey>,
}

impl KeyRing {
    /// The point, where it is known.
    pub fn get(&self, node_id: NodeId) -> Option<PublicKey> {
        self.points.get(&node_id).copied()
    }

    /// Remembers a point. A full ring is emptied first: it fills again within a second of work.
    pub fn insert(&mut self, node_id: NodeId, point: PublicKey) {
        if self.points.len() >= KEY_COUNT_MAX && !self.points.contains_key(&node_id) {
            self.points.clear();
        }
        self.points.insert(node_id, point);
    }

    /// How many keys are there.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether none is there.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }
}

/// Five times the nodes of mainnet in 2026; some 8 MB.
pub const KEY_COUNT_MAX: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use bitcoin::secp256k1::{Secp256k1, SecretKey};

    use super::*;

    #[test]
    fn a_full_ring_starts_again() {
        let secp = Secp256k1::new();
        let point = SecretKey::from_slice(&[1; 32]).expect("in range").public_key(&secp);
        let mut ring = KeyRing::default();
        for n in 0..=KEY_COUNT_MAX as u32 {
            let mut id = [2; 33];
            id[1..5].copy_from_slice(&n.to_be_bytes());
            ring.insert(NodeId::from_bytes(id).expect("prefix 2"), point);
        }
        assert_eq!(ring.len(), 1);
    }
}
