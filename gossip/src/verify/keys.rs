//! Keys that were parsed before.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bitcoin::secp256k1::PublicKey;
use primitives::NodeId;

/// Points of node ids. Finding a key's point takes a square root, some tenth of checking a signature, and the same few
/// nodes sign nearly everything.
///
/// Holds at most [`KEY_COUNT_MAX`] keys; only keys whose signature was right come in. All threads that check share
/// it: each looks into it for some 50 ns, every 30 us.
#[derive(Debug, Default)]
pub struct KeyRing {
    points: Mutex<HashMap<NodeId, PublicKey>>,
}

impl KeyRing {
    /// The point, where it is known.
    pub fn get(&self, node_id: NodeId) -> Option<PublicKey> {
        self.points.lock().unwrap_or_else(PoisonError::into_inner).get(&node_id).copied()
    }

    /// Remembers points. A full ring is emptied first: it fills again within a second of work.
    pub fn extend(&self, learnt: Vec<(NodeId, PublicKey)>) {
        if learnt.is_empty() {
            return;
        }
        let mut points = self.points.lock().unwrap_or_else(PoisonError::into_inner);
        for (node_id, point) in learnt {
            if points.len() >= KEY_COUNT_MAX && !points.contains_key(&node_id) {
                points.clear();
            }
            points.insert(node_id, point);
        }
    }

    /// How many keys are there.
    pub fn len(&self) -> usize {
        self.points.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether none is there.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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
        let ring = KeyRing::default();
        for n in 0..=KEY_COUNT_MAX as u32 {
            let mut id = [2; 33];
            id[1..5].copy_from_slice(&n.to_be_bytes());
            ring.extend(vec![(NodeId::from_bytes(id).expect("prefix 2"), point)]);
        }
        assert_eq!(ring.len(), 1);
    }
}
