//! Builds onion packets (BOLT 4, Packet Construction and Filler Generation).
//!
//! Per hop the curve is asked twice: for the secret shared with the hop's key (a product with a variable point, in
//! constant time), and for the ephemeral public key that the hop will see (a product with the base point). The ephemeral
//! *secret* is blinded as a number, which costs next to nothing; the public keys beyond the first are needed only to
//! derive the blinding factors, and the one behind the last hop is never computed.
//!
//! The packet is built in the caller's bytes and nowhere else. First the filler grows at their end, where it will stay:
//!
//! ```text
//! |  ... untouched ...  | filler |           what the last hop sees behind its padding
//! | last | pad .....    | filler |           last payload in, all before the filler is obfuscated
//! | second | last | pad ......... |           every earlier payload pushes the rest to the right, out at the end
//! ```
//! The bytes that are pushed out are those that the hop before will put back by itself, because they are the filler.

use bitcoin::hashes::{Hash as _, HashEngine as _, Hmac};
use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey, Signing};
use primitives::codec::{SliceSink, put_bigsize};

use crate::keys::{KeyType, SharedSecret, WipedKey};
use crate::packet::{
    FRAME_LEN, HMAC_LEN, HOP_COUNT_MAX, HopPayload, HopSecrets, PAYLOADS_AT, PUBLIC_KEY_AT, PaymentPacket,
    VERSION,
};

/// A hop and what it is told.
#[derive(Debug, Clone, Copy)]
pub struct Hop<P> {
    /// The node's key, or its blinded key.
    pub public_key: PublicKey,
    /// What it is told.
    pub payload: P,
}

/// Builds a payment's packet.
///
/// `session_key` must be fresh: with the same key twice, hops see that two packets come from the same payer.
/// `associated_data` is the payment's hash. Allocates nothing.
///
/// # Errors
/// See [`BuildError`].
pub fn build_payment<C: Signing, P: HopPayload>(
    secp: &Secp256k1<C>,
    session_key: &SecretKey,
    hops: &[Hop<P>],
    associated_data: &[u8],
) -> Result<(PaymentPacket, HopSecrets), BuildError> {
    let mut packet = PaymentPacket::zeroed();
    let secrets = build_into(secp, session_key, hops, associated_data, packet.as_mut_bytes())?;
    Ok((packet, secrets))
}

/// Builds a packet that fills `packet`, whose length decides how much room the payloads have. What was in it is lost.
/// Allocates nothing.
///
/// # Errors
/// See [`BuildError`].
pub fn build_into<C: Signing, P: HopPayload>(
    secp: &Secp256k1<C>,
    session_key: &SecretKey,
    hops: &[Hop<P>],
    associated_data: &[u8],
    packet: &mut [u8],
) -> Result<HopSecrets, BuildError> {
    let sizes = sizes(hops, packet.len())?;
    let (public_key, secrets) = exchange(secp, session_key, hops)?;
    packet[0] = VERSION;
    packet[PUBLIC_KEY_AT..PAYLOADS_AT].copy_from_slice(&public_key);
    let hmac_at = packet.len() - HMAC_LEN;
    let (front, hmac) = packet.split_at_mut(hmac_at);
    let payloads = &mut front[PAYLOADS_AT..];
    let filler_len = fill_end(payloads, secrets.as_slice(), &sizes);
    let mut code = [0; HMAC_LEN];
    for (at, (hop, secret)) in hops.iter().zip(secrets.as_slice()).enumerate().rev() {
        let obfuscated = if at + 1 == hops.len() {
            let end = payloads.len() - filler_len;
            pad(&mut payloads[sizes[at]..end], session_key);
            end
        } else {
            let kept = payloads.len() - sizes[at];
            payloads.copy_within(..kept, sizes[at]);
            payloads.len()
        };
        frame(&mut payloads[..sizes[at]], &hop.payload, &code);
        secret.key(KeyType::Rho).stream().apply(&mut payloads[..obfuscated]);
        code = authenticate(secret, payloads, associated_data);
    }
    hmac.copy_from_slice(&code);
    Ok(secrets)
}

/// The code under which a hop accepts `payloads`.
pub(crate) fn authenticate(secret: &SharedSecret, payloads: &[u8], associated_data: &[u8]) -> [u8; HMAC_LEN] {
    let mut engine = secret.key(KeyType::Mu).hmac();
    engine.input(payloads);
    engine.input(associated_data);
    Hmac::from_engine(engine).to_byte_array()
}

fn sizes<P: HopPayload>(hops: &[Hop<P>], packet_len: usize) -> Result<[usize; HOP_COUNT_MAX], BuildError> {
    if hops.is_empty() || hops.len() > HOP_COUNT_MAX {
        return Err(BuildError::HopCount { hop_count: hops.len() });
    }
    let mut sizes = [0; HOP_COUNT_MAX];
    let mut needed = 0_usize;
    for (size, hop) in sizes.iter_mut().zip(hops) {
        *size = hop.payload.framed_len();
        needed = needed.saturating_add(*size);
    }
    let room = packet_len.saturating_sub(FRAME_LEN);
    if needed > room {
        return Err(BuildError::TooLong { needed, room });
    }
    Ok(sizes)
}

/// The first ephemeral key, and the secret with each hop.
fn exchange<C: Signing, P>(
    secp: &Secp256k1<C>,
    session_key: &SecretKey,
    hops: &[Hop<P>],
) -> Result<([u8; 33], HopSecrets), BuildError> {
    let first = session_key.public_key(secp).serialize();
    let (mut secret_key, mut public_key) = (WipedKey::new(*session_key), first);
    let mut secrets = HopSecrets::empty();
    for (at, hop) in hops.iter().enumerate() {
        let secret = SharedSecret::new(&hop.public_key, secret_key.as_key());
        if at + 1 < hops.len() {
            let factor = secret.blinding_factor(&public_key).ok_or(BuildError::SessionKey)?;
            secret_key = factor.blind_secret(secret_key.as_key()).ok_or(BuildError::SessionKey)?;
            public_key = secret_key.public(secp).serialize();
        }
        secrets.push(secret);
    }
    Ok((first, secrets))
}

/// Leaves at the end of `payloads` what all hops but the last will have appended when the packet reaches the last, and
/// returns how much that is.
fn fill_end(payloads: &mut [u8], secrets: &[SharedSecret], sizes: &[usize]) -> usize {
    let end = payloads.len();
    let mut filled = 0;
    let forwarding = secrets.len() - 1;
    for (secret, &size) in secrets[..forwarding].iter().zip(sizes) {
        payloads.copy_within(end - filled.., end - filled - size);
        payloads[end - size..].fill(0);
        let mut stream = secret.key(KeyType::Rho).stream();
        // The hop obfuscates its payloads, and right behind them as many zeros as it takes out.
        stream.seek(end - filled);
        filled += size;
        stream.apply(&mut payloads[end - filled..]);
    }
    filled
}

/// Fills what no payload takes, so that nobody sees how much that is.
fn pad(bytes: &mut [u8], session_key: &SecretKey) {
    bytes.fill(0);
    let seed = SharedSecret::from_bytes(session_key.secret_bytes());
    seed.key(KeyType::Pad).stream().apply(bytes);
}

/// Writes length, payload and the code that the next hop will check.
fn frame<P: HopPayload>(bytes: &mut [u8], payload: &P, code: &[u8; HMAC_LEN]) {
    let (front, end) = bytes.split_at_mut(bytes.len() - HMAC_LEN);
    end.copy_from_slice(code);
    let mut sink = SliceSink::new(front);
    put_bigsize(payload.encoded_len() as u64, &mut sink);
    payload.encode(&mut sink);
    assert_eq!(sink.filled(), bytes.len() - HMAC_LEN, "a payload is encoded twice to the same bytes");
}

/// Why there is no packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// No hop, or more than [`HOP_COUNT_MAX`].
    #[error("an onion has from 1 to {HOP_COUNT_MAX} hops, this would have {hop_count}")]
    HopCount {
        /// How many hops were given.
        hop_count: usize,
    },
    /// The payloads do not fit.
    #[error("the payloads take {needed} bytes of {room}")]
    TooLong {
        /// Bytes that the payloads take, with lengths and codes.
        needed: usize,
        /// Bytes that there are.
        room: usize,
    },
    /// The session key leads to a key that is none; another one will do. Has a chance of 2^-128.
    #[error("the session key cannot be used, take another")]
    SessionKey,
}
