//! Trampolines: onions within onions, for payers who know too little of the graph to find the whole way (the open
//! proposal for BOLT 4, as eclair and LDK speak it).
//!
//! The payer's route ends at the first trampoline, whose payload is a [`TrampolineEntry`](crate::payload::TrampolineEntry)
//! with a second packet, made for the trampolines and the payee. Each finds its own way to the next. Nothing of this is
//! understood unless it is asked for: [`PayloadContext::knows_trampoline`].
//!
//! A failure comes back through both onions: the last trampoline obfuscates it under its inner secret, then under the
//! outer one; each trampoline takes off what its own route put on, and puts on its own two layers.

use std::fmt;

use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey, Signing, Verification};
use primitives::codec::{Sink, TlvReader, TlvWriter, Truncated, decode_tu32, decode_tu64};
use primitives::{BlockHeight, Features, Msat};

use crate::blinded::{BlindedPath, PayInfo};
use crate::build::{BuildError, Hop, build_into};
use crate::keys::SharedSecret;
use crate::packet::{FRAME_LEN, HopPayload, HopSecrets, PAYMENT_PAYLOADS_LEN};
use crate::payload::{Payload, PayloadContext, PayloadError, public_key};
use crate::peel::{PeelError, peel_into};

/// What a trampoline is told, or the payee behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrampolinePayload<'a> {
    /// Find a way to another trampoline.
    Forward {
        /// What it must get.
        amt_to_forward: Msat,
        /// When the HTLC to it must expire.
        outgoing_cltv_value: BlockHeight,
        /// The next trampoline.
        outgoing_node_id: PublicKey,
    },
    /// Pay over blinded paths, to somebody who knows nothing of trampolines.
    ToBlindedPaths {
        /// What the payee must get.
        amt_to_forward: Msat,
        /// When the last HTLC must expire.
        outgoing_cltv_value: BlockHeight,
        /// `features` of the invoice.
        recipient_features: Features,
        /// The invoice's paths, and what they cost.
        recipient_blinded_paths: Vec<(BlindedPath, PayInfo)>,
    },
    /// What a payee is told, or a trampoline within a blinded path.
    Plain(Payload<'a>),
}

impl<'a> TrampolinePayload<'a> {
    /// Reads what stands in a peeled trampoline packet.
    ///
    /// # Errors
    /// As [`Payload::decode`].
    pub fn decode(stream: &'a [u8], context: PayloadContext) -> Result<Self, PayloadError> {
        let has = |tlv_type| TlvReader::new(stream).flatten().any(|record| record.tlv_type == tlv_type);
        if !has(OUTGOING_NODE_ID) && !has(RECIPIENT_BLINDED_PATHS) {
            return Payload::decode(stream, context).map(TrampolinePayload::Plain);
        }
        let (mut amount, mut height, mut node_id) = (None, None, None);
        let (mut features, mut paths) = (Features::default(), None);
        for record in TlvReader::new(stream) {
            let record = record?;
            match record.tlv_type {
                AMT_TO_FORWARD => amount = decode_tu64(record.value).map(Msat::from_msat),
                OUTGOING_CLTV_VALUE => height = decode_tu32(record.value).map(BlockHeight::from_u32),
                OUTGOING_NODE_ID => node_id = Some(public_key(&record)?),
                RECIPIENT_FEATURES => features = Features::from_be_bytes(record.value),
                RECIPIENT_BLINDED_PATHS => {
                    paths = Some(read_paths(record.value).ok_or_else(|| record.invalid())?);
                }
                _ => record.skip()?,
            }
        }
        let missing = |tlv_type| PayloadError { tlv_type, offset: 0 };
        let amt_to_forward = amount.ok_or(missing(AMT_TO_FORWARD))?;
        let outgoing_cltv_value = height.ok_or(missing(OUTGOING_CLTV_VALUE))?;
        match (node_id, paths) {
            (Some(outgoing_node_id), None) => {
                Ok(TrampolinePayload::Forward { amt_to_forward, outgoing_cltv_value, outgoing_node_id })
            }
            (None, Some(recipient_blinded_paths)) => Ok(TrampolinePayload::ToBlindedPaths {
                amt_to_forward,
                outgoing_cltv_value,
                recipient_features: features,
                recipient_blinded_paths,
            }),
            (None, None) | (Some(_), Some(_)) => Err(missing(OUTGOING_NODE_ID)),
        }
    }
}

impl HopPayload for TrampolinePayload<'_> {
    fn encode<S: Sink>(&self, sink: &mut S) {
        let terms = |sink, amount: &Msat, height: &BlockHeight| {
            let mut writer = TlvWriter::new(sink);
            writer.record(AMT_TO_FORWARD, &[Truncated::from_u64(amount.to_msat()).as_bytes()]);
            writer.record(OUTGOING_CLTV_VALUE, &[Truncated::from_u64(height.to_u32().into()).as_bytes()]);
            writer
        };
        match self {
            TrampolinePayload::Forward { amt_to_forward, outgoing_cltv_value, outgoing_node_id } => {
                let mut writer = terms(sink, amt_to_forward, outgoing_cltv_value);
                writer.record(OUTGOING_NODE_ID, &[&outgoing_node_id.serialize()]);
            }
            TrampolinePayload::ToBlindedPaths {
                amt_to_forward,
                outgoing_cltv_value,
                recipient_features,
                recipient_blinded_paths,
            } => {
                let mut paths = Vec::new();
                for (path, info) in recipient_blinded_paths {
                    path.encode(&mut paths);
                    info.encode(&mut paths);
                }
                let mut writer = terms(sink, amt_to_forward, outgoing_cltv_value);
                let features = recipient_features.as_be_bytes();
                writer.optional(RECIPIENT_FEATURES, Some(features).filter(|features| !features.is_empty()));
                writer.record(RECIPIENT_BLINDED_PATHS, &[&paths]);
            }
            TrampolinePayload::Plain(payload) => payload.encode(sink),
        }
    }
}

/// Builds the inner packet, whose payloads take `payloads_len` bytes or, where that is `None`, no more than they need.
///
/// # Errors
/// See [`BuildError`]; also where the packet would not fit a payment's packet.
pub fn build_trampoline<C: Signing>(
    secp: &Secp256k1<C>,
    session_key: &SecretKey,
    hops: &[Hop<TrampolinePayload<'_>>],
    payment_hash: &[u8; 32],
    payloads_len: Option<usize>,
) -> Result<(Vec<u8>, HopSecrets), BuildError> {
    let needed = hops.iter().map(|hop| hop.payload.framed_len()).sum();
    let payloads_len = payloads_len.unwrap_or(needed);
    if payloads_len > PAYMENT_PAYLOADS_LEN {
        return Err(BuildError::TooLong { needed: payloads_len, room: PAYMENT_PAYLOADS_LEN });
    }
    let mut packet = vec![0; payloads_len + FRAME_LEN];
    let secrets = build_into(secp, session_key, hops, payment_hash, &mut packet)?;
    Ok((packet, secrets))
}

/// An inner packet without its outermost layer.
#[derive(Clone, PartialEq, Eq)]
pub struct PeeledTrampoline {
    /// The secret that is shared with the payer, in the inner onion.
    pub shared_secret: SharedSecret,
    /// What the trampoline is told; see [`TrampolinePayload::decode`].
    pub payload: Vec<u8>,
    /// The packet for the next trampoline; `None` at the payee.
    pub next_packet: Option<Vec<u8>>,
}

impl fmt::Debug for PeeledTrampoline {
    /// Keeps the payload out of logs, which may hold a payment's secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeeledTrampoline")
            .field("payload_len", &self.payload.len())
            .field("is_final", &self.next_packet.is_none())
            .finish_non_exhaustive()
    }
}

/// Takes off the layer that is meant for the owner of `secret_key`.
///
/// # Errors
/// See [`PeelError`].
pub fn peel_trampoline<C: Verification>(
    secp: &Secp256k1<C>,
    secret_key: &SecretKey,
    packet: &[u8],
    payment_hash: &[u8; 32],
) -> Result<PeeledTrampoline, PeelError> {
    let payloads_len = packet.len().checked_sub(FRAME_LEN).ok_or(PeelError::Length)?;
    // An inner packet lies within an outer one.
    if payloads_len > PAYMENT_PAYLOADS_LEN {
        return Err(PeelError::Length);
    }
    let mut bytes = vec![0; 2 * payloads_len];
    let (shared_secret, layer) = peel_into(secp, secret_key, packet, payment_hash, &mut bytes)?;
    let next_packet = layer.next.as_ref().map(|header| {
        let mut next = vec![0; packet.len()];
        header.write(&bytes[layer.next_payloads(payloads_len)], &mut next);
        next
    });
    Ok(PeeledTrampoline { shared_secret, payload: bytes[layer.payload].to_vec(), next_packet })
}

/// The two secrets of a trampoline.
#[derive(Debug, Clone, Copy)]
pub struct TrampolineSecrets<'a> {
    /// Of the packet that came with the HTLC.
    pub outer: &'a SharedSecret,
    /// Of the packet within.
    pub inner: &'a SharedSecret,
}

fn read_paths(mut bytes: &[u8]) -> Option<Vec<(BlindedPath, PayInfo)>> {
    let mut paths = Vec::new();
    while !bytes.is_empty() {
        let (path, rest) = BlindedPath::decode(bytes)?;
        let (info, rest) = PayInfo::decode(rest)?;
        paths.push((path, info));
        bytes = rest;
    }
    (!paths.is_empty()).then_some(paths)
}

const AMT_TO_FORWARD: u64 = 2;
const OUTGOING_CLTV_VALUE: u64 = 4;
const OUTGOING_NODE_ID: u64 = 14;
const RECIPIENT_FEATURES: u64 = 21;
const RECIPIENT_BLINDED_PATHS: u64 = 22;
