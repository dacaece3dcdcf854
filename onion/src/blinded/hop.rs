//! What a node of a blinded path does (BOLT 4, Route Blinding, the reader's part).

use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey, Verification};

use super::path::decrypt;
use crate::keys::{SharedSecret, WipedKey};

/// A node's keys for one path key: the exchange is made once for both, unblinding and peeling.
pub struct PathKeys {
    secret: SharedSecret,
    blinded: WipedKey,
    path_key: PublicKey,
}

impl PathKeys {
    /// The keys of the node that owns `node_secret`, for the path key that it was given. Costs one product with a
    /// variable point. `None` with a chance of 2^-128.
    pub fn new(node_secret: &SecretKey, path_key: PublicKey) -> Option<Self> {
        let secret = SharedSecret::new(&path_key, node_secret);
        let blinded = secret.node_factor()?.blind_secret(node_secret)?;
        Some(PathKeys { secret, blinded, path_key })
    }

    /// The key that the packet was built for. The path's first node peels with its own key instead.
    pub const fn blinded_secret(&self) -> &SecretKey {
        self.blinded.as_key()
    }

    /// Decrypts what the payee tells this node; `None` where it is for another node or path, or was changed.
    pub fn decrypt(&self, encrypted_recipient_data: &[u8]) -> Option<Vec<u8>> {
        decrypt(&self.secret, encrypted_recipient_data)
    }

    /// The path key of the next node, unless the data override it. Costs a product with a variable point. `None` with a
    /// chance of 2^-128.
    pub fn next_path_key<C: Verification>(&self, secp: &Secp256k1<C>) -> Option<PublicKey> {
        let factor = self.secret.blinding_factor(&self.path_key.serialize())?;
        factor.blind_public(secp, &self.path_key)
    }
}
