//! Messages under the keys of a finished handshake (BOLT 8, Lightning Message Specification).
//!
//! ```text
//! length 2, encrypted | tag 16 | message, encrypted | tag 16
//! ```
//! Each of the two parts takes a nonce; after a thousand nonces the key makes way for the next one.

use std::fmt;

use primitives::wire::MESSAGE_SIZE_MAX;
use ring::aead::{Aad, Nonce};
use zeroize::Zeroize as _;

use super::aead::{cipher, numbered};
use super::hkdf::expand;

/// Bytes of a Poly1305 tag.
pub const TAG_SIZE: usize = 16;
/// Bytes of a message's encrypted length with its tag.
pub const HEADER_SIZE: usize = 2 + TAG_SIZE;

/// Encrypts the messages of one direction.
#[derive(Debug)]
pub struct Sealer(Rotating);

/// Decrypts the messages of one direction.
#[derive(Debug)]
pub struct Opener(Rotating);

impl Sealer {
    pub(super) const fn new(chaining_key: [u8; 32], key: [u8; 32]) -> Self {
        Sealer(Rotating { chaining_key, key, nonce: 0 })
    }

    /// Appends the encrypted message to `out`. O(bytes).
    ///
    /// # Errors
    /// Where the message is longer than 65,535 bytes.
    pub fn seal(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<(), CipherError> {
        let size = message.len();
        let Ok(length) = u16::try_from(size) else { return Err(CipherError::TooLong { size }) };
        out.reserve(HEADER_SIZE + size + TAG_SIZE);
        for text in [&length.to_be_bytes(), message] {
            let start = out.len();
            out.extend_from_slice(text);
            let tag = self.0.encrypt(&mut out[start..]);
            out.extend_from_slice(&tag);
        }
        Ok(())
    }
}

impl Opener {
    pub(super) const fn new(chaining_key: [u8; 32], key: [u8; 32]) -> Self {
        Opener(Rotating { chaining_key, key, nonce: 0 })
    }

    /// Reads the length of the next message.
    ///
    /// # Errors
    /// Where the peer did not send this. Nothing can be read from it any more.
    pub fn open_length(&mut self, header: &[u8; HEADER_SIZE]) -> Result<u16, CipherError> {
        let mut header = *header;
        Ok(u16::from_be_bytes(*self.0.decrypt(&mut header)?.first_chunk().expect("a header has two bytes")))
    }

    /// Decrypts a message of the length that came before, in place: its bytes and the tag behind them.
    ///
    /// # Errors
    /// Where the peer did not send this. Nothing can be read from it any more.
    pub fn open_message<'a>(&mut self, sealed: &'a mut [u8]) -> Result<&'a [u8], CipherError> {
        self.0.decrypt(sealed)
    }
}

/// A key that changes while it is used. Wiped when it is dropped, and shows nothing of itself; what the cipher makes of it
/// lives on the stack for one part of a message.
struct Rotating {
    chaining_key: [u8; 32],
    key: [u8; 32],
    nonce: u64,
}

impl Rotating {
    fn encrypt(&mut self, text: &mut [u8]) -> [u8; TAG_SIZE] {
        let nonce = self.next();
        let tag = cipher(&self.key).seal_in_place_separate_tag(nonce, Aad::empty(), text);
        let tag = tag.expect("a message is shorter than a cipher's stream");
        tag.as_ref().try_into().expect("a tag has 16 bytes")
    }

    fn decrypt<'a>(&mut self, sealed: &'a mut [u8]) -> Result<&'a [u8], CipherError> {
        let nonce = self.next();
        let text = cipher(&self.key).open_in_place(nonce, Aad::empty(), sealed);
        text.map(|text| &*text).map_err(|_| CipherError::Tag)
    }

    /// The nonce for the next part, under the key as it is now.
    fn next(&mut self) -> Nonce {
        if self.nonce == NONCES_PER_KEY {
            [self.chaining_key, self.key] = expand(&self.chaining_key, &self.key);
            self.nonce = 0;
        }
        let nonce = numbered(self.nonce);
        self.nonce += 1;
        nonce
    }
}

impl Drop for Rotating {
    fn drop(&mut self) {
        self.chaining_key.zeroize();
        self.key.zeroize();
    }
}

/// It must not lose its `Drop` unnoticed.
const _: () = assert!(std::mem::needs_drop::<Rotating>());

impl fmt::Debug for Rotating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rotating").field("nonce", &self.nonce).finish_non_exhaustive()
    }
}

const NONCES_PER_KEY: u64 = 1000;

const _: () = assert!(MESSAGE_SIZE_MAX == u16::MAX as usize);

/// Why a message cannot be encrypted or decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CipherError {
    /// More bytes than a length of 16 bits counts.
    #[error("a message has at most {MESSAGE_SIZE_MAX} bytes, this has {size}")]
    TooLong {
        /// How many there are.
        size: usize,
    },
    /// The tag is not that of the bytes before it.
    #[error("what came was not encrypted by the peer")]
    Tag,
}
