//! What both sides of a handshake compute in step: the chaining key and the digest (BOLT 8, Handshake State).

use bitcoin::hashes::{Hash as _, HashEngine as _, sha256};
use bitcoin::secp256k1::{PublicKey, SecretKey, ecdh};
use ring::aead::Aad;
use zeroize::Zeroize as _;

use super::aead::{cipher, numbered};
use super::cipher::TAG_SIZE;
use super::hkdf::expand;

/// `ck`, `h` and the temporary key of the act. Its secrets are wiped when it is dropped.
pub(super) struct Symmetric {
    chaining_key: [u8; 32],
    digest: [u8; 32],
    temporary_key: [u8; 32],
}

impl Symmetric {
    /// The state before the first act, which names the responder.
    pub(super) fn new(responder: &PublicKey) -> Self {
        let chaining_key = sha256::Hash::hash(PROTOCOL_NAME).to_byte_array();
        let mut state = Symmetric { chaining_key, digest: chaining_key, temporary_key: [0; 32] };
        state.mix_digest(PROLOGUE);
        state.mix_digest(&responder.serialize());
        state
    }

    pub(super) fn mix_digest(&mut self, bytes: &[u8]) {
        let mut engine = sha256::Hash::engine();
        engine.input(&self.digest);
        engine.input(bytes);
        self.digest = sha256::Hash::from_engine(engine).to_byte_array();
    }

    /// Mixes in what the owners of the two keys share.
    pub(super) fn mix_secret(&mut self, public_key: &PublicKey, secret_key: &SecretKey) {
        let mut shared = ecdh::SharedSecret::new(public_key, secret_key);
        [self.chaining_key, self.temporary_key] = expand(&self.chaining_key, &shared.secret_bytes());
        shared.non_secure_erase();
    }

    /// Encrypts in place under the temporary key; what results joins the digest.
    pub(super) fn seal(&mut self, nonce: u64, text: &mut [u8]) -> [u8; TAG_SIZE] {
        let known = Aad::from(self.digest);
        let tag = cipher(&self.temporary_key).seal_in_place_separate_tag(numbered(nonce), known, text);
        let tag = tag.expect("an act is shorter than a cipher's stream");
        let tag: [u8; TAG_SIZE] = tag.as_ref().try_into().expect("a tag has 16 bytes");
        self.mix_digest(&[&*text, &tag].concat());
        tag
    }

    /// Undoes [`Symmetric::seal`]; `false` where the other side did something else.
    pub(super) fn open(&mut self, nonce: u64, text: &mut [u8], tag: &[u8; TAG_SIZE]) -> bool {
        let sealed = [&*text, tag].concat();
        let (known, mut opened) = (Aad::from(self.digest), sealed.clone());
        let result = cipher(&self.temporary_key).open_in_place(numbered(nonce), known, &mut opened);
        if let Ok(opened) = &result {
            text.copy_from_slice(opened);
        }
        let is_right = result.is_ok();
        opened.zeroize();
        self.mix_digest(&sealed);
        is_right
    }

    /// The chaining key, and the keys of the two directions: that of the initiator's messages first.
    pub(super) fn split(&self) -> ([u8; 32], [[u8; 32]; 2]) {
        (self.chaining_key, expand(&self.chaining_key, &[]))
    }
}

impl Drop for Symmetric {
    fn drop(&mut self) {
        self.chaining_key.zeroize();
        self.temporary_key.zeroize();
    }
}

/// It must not lose its `Drop` unnoticed.
const _: () = assert!(std::mem::needs_drop::<Symmetric>());

const PROTOCOL_NAME: &[u8] = b"Noise_XK_secp256k1_ChaChaPoly_SHA256";
const PROLOGUE: &[u8] = b"lightning";
