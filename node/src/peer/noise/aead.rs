//! The cipher of both parts of BOLT 8: ChaCha20 and Poly1305 (RFC 8439).
//!
//! Messages of gossip are short, and so is the time that their signatures take: what a library needs to begin counts. Of
//! those that were measured, the one that is written in assembly for all sizes takes a quarter of the time.

use ring::aead::{CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

/// The cipher under a key. That no nonce is used twice is up to the caller, who counts.
pub(super) fn cipher(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).expect("a key has 32 bytes"))
}

/// Four bytes of zero and the number, little-endian.
pub(super) fn numbered(nonce: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&nonce.to_le_bytes());
    Nonce::assume_unique_for_key(bytes)
}
