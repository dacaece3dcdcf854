//! Ephemeral keys and chance, all from one seed that comes from outside.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bitcoin::secp256k1::SecretKey;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// A stream of secret bytes that all connections draw from. Clones draw from the same stream.
#[derive(Clone)]
pub(super) struct Entropy(Arc<Mutex<ChaCha20Rng>>);

impl Entropy {
    /// The stream of a seed, which must be secret, and is used once.
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Entropy(Arc::new(Mutex::new(ChaCha20Rng::from_seed(seed))))
    }

    /// A fresh key.
    pub(super) fn secret_key(&self) -> SecretKey {
        let mut rng = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let mut bytes = [0; 32];
            rng.fill_bytes(&mut bytes);
            // All but one number in 2^127 are keys.
            if let Ok(key) = SecretKey::from_slice(&bytes) {
                return key;
            }
        }
    }

    /// Any number.
    pub(super) fn number(&self) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next_u32()
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(..)")
    }
}
