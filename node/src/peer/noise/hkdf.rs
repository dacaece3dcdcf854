//! Keys that are derived from keys.

use bitcoin::hashes::{Hash as _, HashEngine as _, Hmac, HmacEngine, sha256};

/// HKDF-SHA256 of 64 bytes without `info` (RFC 5869).
pub(super) fn expand(salt: &[u8; 32], material: &[u8]) -> [[u8; 32]; 2] {
    let mac = |key: &[u8], parts: [&[u8]; 2]| {
        let mut engine = HmacEngine::<sha256::Hash>::new(key);
        engine.input(parts[0]);
        engine.input(parts[1]);
        Hmac::from_engine(engine).to_byte_array()
    };
    let extracted = mac(salt, [material, &[]]);
    let first = mac(&extracted, [&[], &[1]]);
    let second = mac(&extracted, [&first, &[2]]);
    [first, second]
}
