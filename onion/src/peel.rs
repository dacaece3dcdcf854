//! Takes off one layer of an onion packet (BOLT 4, Packet Forwarding).
//!
//! The curve is asked twice: for the shared secret, and, unless this is the last hop, for the next ephemeral key. The
//! incoming key is decompressed once. What is found is kept in the returned object itself, nothing lies on the heap:
//!
//! ```text
//! | length | payload | hmac | payloads of the next hop ................ |
//! |<------ frame ---------->|<--------- as long as the packet's ------->|
//! |<----------- was in the packet -------------->|<- appended: frame -->|
//! ```

use std::fmt;
use std::ops::Range;

use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey, Verification};
use primitives::codec::decode_bigsize;
use rayon::prelude::*;

use crate::build::authenticate;
use crate::failure_code::Failure;
use crate::keys::{KeyType, ReplayTag, SharedSecret, same_secret};
use crate::packet::{
    FRAME_LEN, HMAC_LEN, PAYLOADS_AT, PAYMENT_PAYLOADS_LEN, PUBLIC_KEY_AT, PaymentPacket, VERSION,
};

/// A payment's packet without its outermost layer.
pub struct Peeled {
    shared_secret: SharedSecret,
    layer: Layer,
    bytes: [u8; 2 * PAYMENT_PAYLOADS_LEN],
}

impl Peeled {
    /// The secret that is shared with the payer: the key to all failures of this HTLC.
    pub const fn shared_secret(&self) -> &SharedSecret {
        &self.shared_secret
    }

    /// What to remember the packet by.
    pub fn replay_tag(&self) -> ReplayTag {
        self.shared_secret.replay_tag()
    }

    /// What this hop is told.
    pub fn payload(&self) -> &[u8] {
        &self.bytes[self.layer.payload.clone()]
    }

    /// Whether the packet ends here.
    pub const fn is_final(&self) -> bool {
        self.layer.next.is_none()
    }

    /// The packet for the next hop; `None` where this is the last.
    pub fn next_packet(&self) -> Option<PaymentPacket> {
        let mut packet = PaymentPacket::zeroed();
        let payloads = &self.bytes[self.layer.next_payloads(PAYMENT_PAYLOADS_LEN)];
        self.layer.next.as_ref()?.write(payloads, packet.as_mut_bytes());
        Some(packet)
    }
}

impl fmt::Debug for Peeled {
    /// Keeps the payload out of logs, which may hold a payment's secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peeled")
            .field("payload_len", &self.payload().len())
            .field("is_final", &self.is_final())
            .finish_non_exhaustive()
    }
}

/// Takes off the layer that is meant for the owner of `secret_key`, which inside a blinded path is the blinded key.
/// Allocates nothing.
///
/// # Errors
/// See [`PeelError`].
pub fn peel_payment<C: Verification>(
    secp: &Secp256k1<C>,
    secret_key: &SecretKey,
    packet: &PaymentPacket,
    associated_data: &[u8],
) -> Result<Peeled, PeelError> {
    let mut bytes = [0; 2 * PAYMENT_PAYLOADS_LEN];
    let (shared_secret, layer) = peel_into(secp, secret_key, packet.as_bytes(), associated_data, &mut bytes)?;
    // The lengths 0 and 1 once stood for other formats.
    if layer.payload.len() < 2 {
        return Err(PeelError::Payload);
    }
    Ok(Peeled { shared_secret, layer, bytes })
}

/// A packet and the payment's hash that it is bound to.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The packet.
    pub packet: PaymentPacket,
    /// The payment's hash.
    pub payment_hash: [u8; 32],
}

/// Peels many packets on all of rayon's threads; the results are in the packets' order.
pub fn peel_batch<C: Verification + Sync>(
    secp: &Secp256k1<C>,
    secret_key: &SecretKey,
    incoming: &[Incoming],
) -> Vec<Result<Peeled, PeelError>> {
    let peel = |one: &Incoming| peel_payment(secp, secret_key, &one.packet, &one.payment_hash);
    incoming.par_iter().map(peel).collect()
}

/// Where the parts of a peeled packet lie.
pub(crate) struct Layer {
    pub(crate) payload: Range<usize>,
    pub(crate) next: Option<NextHeader>,
}

impl Layer {
    /// Where the next hop's payloads lie, of which there are `len` bytes.
    pub(crate) const fn next_payloads(&self, len: usize) -> Range<usize> {
        let start = self.payload.end + HMAC_LEN;
        start..start + len
    }
}

/// What stands around the next hop's payloads.
pub(crate) struct NextHeader {
    public_key: [u8; 33],
    hmac: [u8; HMAC_LEN],
}

impl NextHeader {
    pub(crate) fn write(&self, payloads: &[u8], packet: &mut [u8]) {
        let hmac_at = packet.len() - HMAC_LEN;
        packet[0] = VERSION;
        packet[PUBLIC_KEY_AT..PAYLOADS_AT].copy_from_slice(&self.public_key);
        packet[PAYLOADS_AT..hmac_at].copy_from_slice(payloads);
        packet[hmac_at..].copy_from_slice(&self.hmac);
    }
}

/// Peels `packet` into `bytes`, which are zero and twice as long as the packet's payloads.
pub(crate) fn peel_into<C: Verification>(
    secp: &Secp256k1<C>,
    secret_key: &SecretKey,
    packet: &[u8],
    associated_data: &[u8],
    bytes: &mut [u8],
) -> Result<(SharedSecret, Layer), PeelError> {
    let payloads_len = packet.len().checked_sub(FRAME_LEN).ok_or(PeelError::Length)?;
    if packet[0] != VERSION {
        return Err(PeelError::Version { version: packet[0] });
    }
    let (header, rest) = packet.split_at(PAYLOADS_AT);
    let (payloads, hmac) = rest.split_at(payloads_len);
    let public_key = PublicKey::from_slice(&header[PUBLIC_KEY_AT..]).map_err(|_| PeelError::Key)?;
    let secret = SharedSecret::new(&public_key, secret_key);
    if !same_secret(&authenticate(&secret, payloads, associated_data), hmac) {
        return Err(PeelError::Hmac);
    }
    bytes[..payloads_len].copy_from_slice(payloads);
    let mut stream = secret.key(KeyType::Rho).stream();
    stream.apply(&mut bytes[..payloads_len]);
    let payload = payload_range(&bytes[..payloads_len]).ok_or(PeelError::Payload)?;
    let frame_len = payload.end + HMAC_LEN;
    let hmac: [u8; HMAC_LEN] =
        *bytes[payload.end..].first_chunk().expect("the frame lies within the payloads");
    if hmac == [0; HMAC_LEN] {
        return Ok((secret, Layer { payload, next: None }));
    }
    stream.apply(&mut bytes[payloads_len..payloads_len + frame_len]);
    let mut serialized = [0; 33];
    serialized.copy_from_slice(&header[PUBLIC_KEY_AT..]);
    let factor = secret.blinding_factor(&serialized).ok_or(PeelError::Key)?;
    let next_key = factor.blind_public(secp, &public_key).ok_or(PeelError::Key)?;
    let next = Some(NextHeader { public_key: next_key.serialize(), hmac });
    Ok((secret, Layer { payload, next }))
}

/// Where the first payload lies, if it and its hmac fit.
fn payload_range(payloads: &[u8]) -> Option<Range<usize>> {
    let (length, rest) = decode_bigsize(payloads)?;
    let start = payloads.len() - rest.len();
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    (end.checked_add(HMAC_LEN)? <= payloads.len()).then_some(start..end)
}

/// Why a packet is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeelError {
    /// Shorter than a packet's frame.
    #[error("the packet is cut short")]
    Length,
    /// Not the version that is known.
    #[error("the onion's version is {version}, only 0 is known")]
    Version {
        /// The version.
        version: u8,
    },
    /// The ephemeral key is no point of the curve.
    #[error("the onion's key is no point on the curve")]
    Key,
    /// Not for this node, not for this payment, or changed on the way.
    #[error("the onion's code is wrong: it is not for this node or payment, or was changed")]
    Hmac,
    /// It was authentic, but the payload's length is reserved or reaches beyond the packet.
    #[error("the length of the onion's payload is impossible")]
    Payload,
}

impl PeelError {
    /// What to answer (BOLT 4, Failure Messages): a failure with the BADONION bit goes to the sending peer as
    /// `update_fail_malformed_htlc`, for nobody could encrypt it.
    pub fn to_failure(self, packet: &PaymentPacket) -> Failure {
        let sha256_of_onion = packet.sha256();
        match self {
            PeelError::Version { .. } => Failure::InvalidOnionVersion { sha256_of_onion },
            PeelError::Key => Failure::InvalidOnionKey { sha256_of_onion },
            PeelError::Hmac | PeelError::Length => Failure::InvalidOnionHmac { sha256_of_onion },
            PeelError::Payload => Failure::InvalidOnionPayload { tlv_type: 0, offset: 0 },
        }
    }
}
