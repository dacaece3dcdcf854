//! The three acts (BOLT 8, Handshake Exchange).
//!
//! ```text
//! Initiator::new ------- act one, 50 bytes ------> Responder::receive
//! Initiator::receive <-- act two, 50 bytes ------- ResponderActThree
//! Keys <---------------- act three, 66 bytes ----> ResponderActThree::receive -> Keys
//! ```

use std::fmt;

use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey, Signing};

use super::cipher::{Opener, Sealer, TAG_SIZE};
use super::symmetric::Symmetric;

/// Bytes of the first act.
pub const ACT_ONE_SIZE: usize = 1 + KEY_SIZE + TAG_SIZE;
/// Bytes of the second act.
pub const ACT_TWO_SIZE: usize = ACT_ONE_SIZE;
/// Bytes of the third act.
pub const ACT_THREE_SIZE: usize = 1 + KEY_SIZE + 2 * TAG_SIZE;

/// Who connects, waiting for the second act.
pub struct Initiator {
    state: Symmetric,
    local: SecretKey,
    ephemeral: SecretKey,
}

/// Who was connected to, waiting for the first act.
pub struct Responder {
    state: Symmetric,
    local: SecretKey,
    ephemeral: SecretKey,
}

/// Who was connected to, waiting for the third act.
pub struct ResponderActThree {
    state: Symmetric,
    ephemeral: SecretKey,
}

/// What a finished handshake leaves.
#[derive(Debug)]
pub struct Keys {
    /// Encrypts what we send.
    pub sealer: Sealer,
    /// Decrypts what comes.
    pub opener: Opener,
    /// The chaining key, and the keys of the initiator's and of the responder's messages.
    #[cfg(test)]
    pub(super) raw: ([u8; 32], [[u8; 32]; 2]),
}

impl Initiator {
    /// Begins a handshake with `remote`; the first act is to be sent.
    pub fn new<C: Signing>(
        secp: &Secp256k1<C>,
        local: SecretKey,
        remote: &PublicKey,
        ephemeral: SecretKey,
    ) -> (Self, [u8; ACT_ONE_SIZE]) {
        let mut state = Symmetric::new(remote);
        let act = ephemeral_act(secp, &mut state, &ephemeral, remote);
        (Initiator { state, local, ephemeral }, act)
    }

    /// Takes the second act; the third one is to be sent, and the handshake is over.
    ///
    /// # Errors
    /// Where the other side is not who it should be, or speaks something else.
    pub fn receive<C: Signing>(
        mut self,
        secp: &Secp256k1<C>,
        act: &[u8; ACT_TWO_SIZE],
    ) -> Result<(Keys, [u8; ACT_THREE_SIZE]), HandshakeError> {
        let theirs = take_ephemeral(&mut self.state, Act::Two, act, &self.ephemeral)?;
        let mut id = self.local.public_key(secp).serialize();
        let id_tag = self.state.seal(1, &mut id);
        self.state.mix_secret(&theirs, &self.local);
        let tag = self.state.seal(0, &mut []);
        let mut out = [VERSION; ACT_THREE_SIZE];
        out[1..34].copy_from_slice(&id);
        out[34..50].copy_from_slice(&id_tag);
        out[50..].copy_from_slice(&tag);
        Ok((Keys::new(&self.state, Side::Initiator), out))
    }
}

impl Responder {
    /// Waits for a handshake with us. The ephemeral key is used where the first act is sound.
    pub fn new<C: Signing>(secp: &Secp256k1<C>, local: SecretKey, ephemeral: SecretKey) -> Self {
        Responder { state: Symmetric::new(&local.public_key(secp)), local, ephemeral }
    }

    /// Takes the first act; the second one is to be sent.
    ///
    /// # Errors
    /// Where the other side does not know our key, or speaks something else.
    pub fn receive<C: Signing>(
        mut self,
        secp: &Secp256k1<C>,
        act: &[u8; ACT_ONE_SIZE],
    ) -> Result<(ResponderActThree, [u8; ACT_TWO_SIZE]), HandshakeError> {
        let theirs = take_ephemeral(&mut self.state, Act::One, act, &self.local)?;
        let out = ephemeral_act(secp, &mut self.state, &self.ephemeral, &theirs);
        Ok((ResponderActThree { state: self.state, ephemeral: self.ephemeral }, out))
    }
}

impl ResponderActThree {
    /// Takes the third act and tells whose it is; the handshake is over.
    ///
    /// # Errors
    /// Where the other side does not have the key that it names, or speaks something else.
    pub fn receive(mut self, act: &[u8; ACT_THREE_SIZE]) -> Result<(Keys, PublicKey), HandshakeError> {
        let (id, rest) = body(Act::Three, act)?;
        let (id_tag, tag) = rest.split_first_chunk().expect("an act is as long as its type says");
        let mut id = *id;
        if !self.state.open(1, &mut id, id_tag) {
            return Err(HandshakeError::Ciphertext);
        }
        let remote = PublicKey::from_slice(&id).map_err(|_| HandshakeError::Key { act: Act::Three })?;
        self.state.mix_secret(&remote, &self.ephemeral);
        let tag = tag.first_chunk().expect("an act is as long as its type says");
        if !self.state.open(0, &mut [], tag) {
            return Err(HandshakeError::Tag { act: Act::Three });
        }
        Ok((Keys::new(&self.state, Side::Responder), remote))
    }
}

enum Side {
    Initiator,
    Responder,
}

impl Keys {
    fn new(state: &Symmetric, side: Side) -> Self {
        let (chaining_key, [initiator, responder]) = state.split();
        let (ours, theirs) = match side {
            Side::Initiator => (initiator, responder),
            Side::Responder => (responder, initiator),
        };
        Keys {
            sealer: Sealer::new(chaining_key, ours),
            opener: Opener::new(chaining_key, theirs),
            #[cfg(test)]
            raw: (chaining_key, [initiator, responder]),
        }
    }
}

/// Act one or two: our ephemeral key, and a tag under what it shares with `theirs`.
fn ephemeral_act<C: Signing>(
    secp: &Secp256k1<C>,
    state: &mut Symmetric,
    ephemeral: &SecretKey,
    theirs: &PublicKey,
) -> [u8; ACT_ONE_SIZE] {
    let public = ephemeral.public_key(secp).serialize();
    state.mix_digest(&public);
    state.mix_secret(theirs, ephemeral);
    let tag = state.seal(0, &mut []);
    let mut act = [VERSION; ACT_ONE_SIZE];
    act[1..34].copy_from_slice(&public);
    act[34..].copy_from_slice(&tag);
    act
}

/// Takes act one or two apart, made for `ours`; returns the other side's ephemeral key.
fn take_ephemeral(
    state: &mut Symmetric,
    act: Act,
    bytes: &[u8; ACT_ONE_SIZE],
    ours: &SecretKey,
) -> Result<PublicKey, HandshakeError> {
    let (key, tag) = body(act, bytes)?;
    let theirs = PublicKey::from_slice(key).map_err(|_| HandshakeError::Key { act })?;
    state.mix_digest(key);
    state.mix_secret(&theirs, ours);
    let tag = tag.first_chunk().expect("an act is as long as its type says");
    if state.open(0, &mut [], tag) { Ok(theirs) } else { Err(HandshakeError::Tag { act }) }
}

/// The key of an act, encrypted or not, and what stands behind it.
fn body(act: Act, bytes: &[u8]) -> Result<(&[u8; KEY_SIZE], &[u8]), HandshakeError> {
    let (version, body) = bytes.split_first().expect("an act is as long as its type says");
    if *version != VERSION {
        return Err(HandshakeError::Version { act, version: *version });
    }
    Ok(body.split_first_chunk().expect("an act is as long as its type says"))
}

const VERSION: u8 = 0;
const KEY_SIZE: usize = 33;

macro_rules! hide {
    ($($name:ident),*) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        })*
    };
}
hide!(Initiator, Responder, ResponderActThree);

/// An act of the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// From the initiator: its ephemeral key.
    One,
    /// From the responder: its ephemeral key.
    Two,
    /// From the initiator: who it is.
    Three,
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Act::One => "act one",
            Act::Two => "act two",
            Act::Three => "act three",
        })
    }
}

/// Why a handshake ends. The other side is told nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The first byte of an act is not zero.
    #[error("{act} has the version {version}, of which only 0 is known")]
    Version {
        /// Which act.
        act: Act,
        /// Its first byte.
        version: u8,
    },
    /// A key is no point on the curve.
    #[error("the key in {act} is no point")]
    Key {
        /// Which act.
        act: Act,
    },
    /// The other side's id was not encrypted for us.
    #[error("the id in act three was not encrypted for us")]
    Ciphertext,
    /// The tag is wrong: the other side lacks the secret key of the id that it is known by, or does not know ours.
    #[error("the tag of {act} is wrong: the node has another key than it should, or does not know ours")]
    Tag {
        /// Which act.
        act: Act,
    },
}

#[cfg(test)]
mod tests;
