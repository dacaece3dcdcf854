//! The onion packet as it travels (BOLT 4, Packet Structure).
//!
//! ```text
//! version 1 | public_key 33 | hop_payloads n | hmac 32
//! hop_payloads:  length BigSize | payload | hmac 32 | what the next hops will find ...
//! ```
//! `n` is 1,300 in payments; in onion messages the packet's length implies it.

use std::fmt;

use bitcoin::hashes::{Hash as _, sha256};
use primitives::codec::{ByteCount, Sink, bigsize_len};

use crate::keys::SharedSecret;

/// Bytes of `hop_payloads` in a payment.
pub const PAYMENT_PAYLOADS_LEN: usize = 1300;
/// Bytes around `hop_payloads`.
pub const FRAME_LEN: usize = 1 + 33 + HMAC_LEN;
/// Bytes of a payment's packet.
pub const PAYMENT_PACKET_LEN: usize = PAYMENT_PAYLOADS_LEN + FRAME_LEN;
/// Hops that a packet has at most: as many payloads of two bytes fit a payment.
pub const HOP_COUNT_MAX: usize = PAYMENT_PAYLOADS_LEN / (1 + 2 + HMAC_LEN);

pub(crate) const HMAC_LEN: usize = 32;
/// The one version there is.
pub(crate) const VERSION: u8 = 0;
/// Where the parts begin.
pub(crate) const PUBLIC_KEY_AT: usize = 1;
pub(crate) const PAYLOADS_AT: usize = 34;

/// A payment's packet, `onion_routing_packet` of BOLT 2, as bytes. Nothing in it is checked before it is peeled.
#[derive(Clone, PartialEq, Eq)]
pub struct PaymentPacket([u8; PAYMENT_PACKET_LEN]);

impl PaymentPacket {
    /// Takes the bytes of `onion_routing_packet`.
    pub const fn from_bytes(bytes: [u8; PAYMENT_PACKET_LEN]) -> Self {
        PaymentPacket(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; PAYMENT_PACKET_LEN] {
        &self.0
    }

    /// `sha256_of_onion`: how failures with the BADONION bit name a packet.
    pub fn sha256(&self) -> [u8; 32] {
        sha256::Hash::hash(&self.0).to_byte_array()
    }

    pub(crate) const fn as_mut_bytes(&mut self) -> &mut [u8; PAYMENT_PACKET_LEN] {
        &mut self.0
    }

    pub(crate) const fn zeroed() -> Self {
        PaymentPacket([0; PAYMENT_PACKET_LEN])
    }
}

impl fmt::Debug for PaymentPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PaymentPacket({})", sha256::Hash::from_byte_array(self.sha256()))
    }
}

/// What one hop is told. The encoding is the payload without its length and hmac.
pub trait HopPayload {
    /// Writes the payload.
    fn encode<S: Sink>(&self, sink: &mut S);

    /// How many bytes [`HopPayload::encode`] writes.
    fn encoded_len(&self) -> usize {
        let mut count = ByteCount::default();
        self.encode(&mut count);
        count.to_usize()
    }

    /// How many bytes of `hop_payloads` the hop takes: length, payload and hmac.
    fn framed_len(&self) -> usize {
        framed_len(self.encoded_len())
    }
}

/// A payload that is encoded already.
impl HopPayload for [u8] {
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.put(self);
    }
}

impl HopPayload for Vec<u8> {
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.put(self);
    }
}

impl<P: HopPayload + ?Sized> HopPayload for &P {
    fn encode<S: Sink>(&self, sink: &mut S) {
        (**self).encode(sink);
    }
}

/// Bytes of `hop_payloads` that a payload of `payload_len` bytes takes.
pub const fn framed_len(payload_len: usize) -> usize {
    bigsize_len(payload_len as u64) + payload_len + HMAC_LEN
}

/// The secrets that the payer shares with the hops of one packet, the first hop's first. Whoever wants to read failures
/// keeps them until the HTLC is settled. Inside the object, not on the heap.
#[derive(Clone)]
pub struct HopSecrets {
    secrets: [SharedSecret; HOP_COUNT_MAX],
    count: usize,
}

impl HopSecrets {
    /// The secrets.
    pub fn as_slice(&self) -> &[SharedSecret] {
        &self.secrets[..self.count]
    }

    pub(crate) const fn empty() -> Self {
        HopSecrets { secrets: [const { SharedSecret::from_bytes([0; 32]) }; HOP_COUNT_MAX], count: 0 }
    }

    pub(crate) fn push(&mut self, secret: SharedSecret) {
        self.secrets[self.count] = secret;
        self.count += 1;
    }
}

impl fmt::Debug for HopSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HopSecrets({} hops)", self.count)
    }
}
