//! The encryption of a connection (BOLT 8): a handshake in three acts, `Noise_XK_secp256k1_ChaChaPoly_SHA256`, and the
//! two keys that come of it.
//!
//! Each state of the handshake is a type that its act consumes, so no act can be played twice or out of turn. Ephemeral
//! keys are arguments, and must be random and fresh.

mod aead;
mod cipher;
mod handshake;
mod hkdf;
mod symmetric;

pub use cipher::{CipherError, HEADER_SIZE, Opener, Sealer, TAG_SIZE};
pub use handshake::{
    ACT_ONE_SIZE, ACT_THREE_SIZE, ACT_TWO_SIZE, Act, HandshakeError, Initiator, Keys, Responder,
    ResponderActThree,
};
