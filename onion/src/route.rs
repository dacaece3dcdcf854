//! From routes to packets: what each hop is told follows from the HTLCs that the route consists of.
//!
//! A hop is told of the HTLC behind it, never of its own: the node that the first HTLC leads to learns amount, expiry and
//! channel of the second. The parts of a payment share one secret and one total, and nothing else that a hop could see.

use bitcoin::hashes::{Hash as _, HashEngine as _, Hmac, HmacEngine, sha256};
use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey, Signing};
use primitives::{BlockHeight, Msat, NodeId, ShortChannelId};
use zeroize::Zeroize as _;

use crate::blinded::{BlindedPath, PayInfo};
use crate::build::{BuildError, Hop, build_payment};
use crate::keys::WipedKey;
use crate::packet::{HOP_COUNT_MAX, HopPayload as _, HopSecrets, PaymentPacket};
use crate::payload::{BlindedForward, BlindedReceive, CustomRecords, Forward, Payload, PaymentData, Receive};

/// An HTLC of a route, and the node that it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteHop {
    /// The node.
    pub node_id: NodeId,
    /// The channel that the HTLC goes through.
    pub short_channel_id: ShortChannelId,
    /// What the HTLC carries.
    pub amount: Msat,
    /// Blocks from now to its expiry.
    pub cltv: u32,
}

/// What all parts of a payment have in common. Shows nothing in debug output: it holds secrets.
#[derive(Clone, Copy)]
pub struct Payment<'a> {
    /// The payment's hash.
    pub payment_hash: [u8; 32],
    /// What all parts together deliver.
    pub total_msat: Msat,
    /// The best block.
    pub block_height: BlockHeight,
    /// Blocks that every expiry is moved into the future, so that hops cannot count how far the payee is (BOLT 7,
    /// Recommendations for Routing). The caller draws the number.
    pub shadow_blocks: u32,
    /// From the invoice. Must be there if there is more than one part to a payee that is not blinded.
    pub payment_secret: Option<[u8; 32]>,
    /// From the invoice.
    pub payment_metadata: Option<&'a [u8]>,
    /// The preimage of a spontaneous payment.
    pub keysend_preimage: Option<[u8; 32]>,
    /// Records of applications, to the payee.
    pub custom: CustomRecords<'a>,
}

/// A part of a payment.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// The HTLCs, the payer's own first. The last leads to the payee, or to the first node of the tail.
    pub hops: &'a [RouteHop],
    /// The blinded path to the payee.
    pub tail: Option<BlindedTail<'a>>,
}

/// The end of a route that the payee has made.
#[derive(Debug, Clone, Copy)]
pub struct BlindedTail<'a> {
    /// The path.
    pub path: &'a BlindedPath,
    /// What it costs.
    pub payinfo: &'a PayInfo,
    /// What this part delivers.
    pub amount: Msat,
}

/// A packet ready to be sent with `update_add_htlc`.
#[derive(Debug, Clone)]
pub struct OutgoingOnion {
    /// `onion_routing_packet`.
    pub packet: PaymentPacket,
    /// What the payer's HTLC carries.
    pub amount: Msat,
    /// When it expires.
    pub cltv_expiry: BlockHeight,
    secrets: HopSecrets,
    readable: usize,
}

impl OutgoingOnion {
    /// The secrets to read failures with: those of the hops up to the first node of a blinded path, behind which nobody
    /// answers for himself.
    pub fn failure_secrets(&self) -> &[crate::keys::SharedSecret] {
        &self.secrets.as_slice()[..self.readable]
    }
}

/// Builds the packet of one part. Allocates nothing.
///
/// # Errors
/// See [`RouteOnionError`].
pub fn build_part<C: Signing>(
    secp: &Secp256k1<C>,
    session_key: &SecretKey,
    part: Part<'_>,
    payment: &Payment<'_>,
) -> Result<OutgoingOnion, RouteOnionError> {
    let (first, last) = part.hops.first().zip(part.hops.last()).ok_or(RouteOnionError::NoHops)?;
    let tail_len = part.tail.map_or(0, |tail| tail.path.hops.len());
    let hop_count = part.hops.len() + tail_len.saturating_sub(1);
    if hop_count > HOP_COUNT_MAX || part.tail.is_some() && tail_len == 0 {
        return Err(BuildError::HopCount { hop_count }.into());
    }
    let expiry = |hop: &RouteHop| expiry(payment, hop.cltv);
    // One that is never sent holds every place until it is taken.
    let end = Hop { public_key: public_key(last)?, payload: receive(payment, last.amount, expiry(last)?) };
    let mut hops = [end; HOP_COUNT_MAX];
    for (slot, pair) in hops.iter_mut().zip(part.hops.windows(2)) {
        let payload = Payload::Forward(Forward {
            amt_to_forward: pair[1].amount,
            outgoing_cltv_value: expiry(&pair[1])?,
            short_channel_id: pair[1].short_channel_id,
            custom: CustomRecords::EMPTY,
        });
        *slot = Hop { public_key: public_key(&pair[0])?, payload };
    }
    if let Some(tail) = &part.tail {
        add_tail(&mut hops[part.hops.len() - 1..hop_count], tail, last, payment)?;
    }
    let (packet, secrets) = build_payment(secp, session_key, &hops[..hop_count], &payment.payment_hash)?;
    let (amount, cltv_expiry) = (first.amount, expiry(first)?);
    Ok(OutgoingOnion { packet, amount, cltv_expiry, secrets, readable: part.hops.len() })
}

/// Builds the packets of all parts of a payment, which must deliver its total. The session key of each part is derived
/// from `seed`, which must be fresh and secret.
///
/// # Errors
/// See [`RouteOnionError`].
pub fn build_parts<C: Signing>(
    secp: &Secp256k1<C>,
    seed: &[u8; 32],
    parts: &[Part<'_>],
    payment: &Payment<'_>,
) -> Result<Vec<OutgoingOnion>, RouteOnionError> {
    let delivered = |part: &Part<'_>| {
        part.tail.map_or_else(|| part.hops.last().map_or(Msat::ZERO, |hop| hop.amount), |tail| tail.amount)
    };
    let sum: Msat = parts.iter().map(delivered).sum();
    if sum < payment.total_msat {
        return Err(RouteOnionError::Short { delivered: sum, total: payment.total_msat });
    }
    let needs_secret = parts.len() > 1 && parts.iter().any(|part| part.tail.is_none());
    if needs_secret && payment.payment_secret.is_none() {
        return Err(RouteOnionError::NoSecret);
    }
    let mut onions = Vec::with_capacity(parts.len());
    for (at, part) in parts.iter().enumerate() {
        onions.push(build_part(secp, session_key(seed, at)?.as_key(), *part, payment)?);
    }
    Ok(onions)
}

/// Bytes of `hop_payloads` that the end of a route takes: the payee, or all nodes of a blinded path, each with length and
/// code. A router that is to leave room for it counts this beside the hops that forward. `amount` is the most that a part
/// delivers: the whole payment, where it is not known yet how it will be split.
///
/// # Errors
/// Where the expiry is beyond its field.
pub fn end_len(
    payment: &Payment<'_>,
    amount: Msat,
    final_cltv_delta: u32,
    path: Option<&BlindedPath>,
) -> Result<usize, RouteOnionError> {
    let Some(path) = path else {
        return Ok(receive(payment, amount, expiry(payment, final_cltv_delta)?).framed_len());
    };
    let outgoing_cltv_value = expiry(payment, 0)?;
    let payloads =
        (0..path.hops.len()).map(|at| tail_payload(path, at, amount, outgoing_cltv_value, payment));
    Ok(payloads.map(|payload| payload.framed_len()).sum())
}

fn session_key(seed: &[u8; 32], at: usize) -> Result<WipedKey, RouteOnionError> {
    let mut engine = HmacEngine::<sha256::Hash>::new(seed);
    engine.input(b"part");
    engine.input(&(at as u64).to_be_bytes());
    let mut bytes = Hmac::from_engine(engine).to_byte_array();
    let key = SecretKey::from_slice(&bytes).map(WipedKey::new);
    bytes.zeroize();
    key.map_err(|_| BuildError::SessionKey.into())
}

fn receive<'a>(payment: &Payment<'a>, amount: Msat, expiry: BlockHeight) -> Payload<'a> {
    let data = |payment_secret| PaymentData { payment_secret, total_msat: payment.total_msat };
    Payload::Receive(Receive {
        amt_to_forward: amount,
        outgoing_cltv_value: expiry,
        payment_data: payment.payment_secret.map(data),
        payment_metadata: payment.payment_metadata,
        keysend_preimage: payment.keysend_preimage,
        custom: payment.custom,
    })
}

/// Overwrites the places from the introduction on.
fn add_tail<'a>(
    places: &mut [Hop<Payload<'a>>],
    tail: &BlindedTail<'a>,
    introduction: &RouteHop,
    payment: &Payment<'a>,
) -> Result<(), RouteOnionError> {
    let needed = tail.payinfo.amount_at_introduction(tail.amount).ok_or(RouteOnionError::Overflow)?;
    let delta = u32::from(tail.payinfo.cltv_expiry_delta.to_blocks());
    let limits = tail.payinfo.htlc_minimum_msat..=tail.payinfo.htlc_maximum_msat;
    if !limits.contains(&tail.amount) {
        return Err(RouteOnionError::TailLimits { amount: tail.amount });
    }
    if introduction.amount < needed || introduction.cltv < delta {
        return Err(RouteOnionError::TailUnpaid { needed, delta });
    }
    let outgoing_cltv_value = expiry(payment, 0)?;
    for (at, (place, hop)) in places.iter_mut().zip(&tail.path.hops).enumerate() {
        // The introduction is reached, and peels, under its own name.
        if at > 0 {
            place.public_key = hop.blinded_node_id;
        }
        place.payload = tail_payload(tail.path, at, tail.amount, outgoing_cltv_value, payment);
    }
    Ok(())
}

/// What the node at `at` of a blinded path is told.
fn tail_payload<'a>(
    path: &'a BlindedPath,
    at: usize,
    amount: Msat,
    outgoing_cltv_value: BlockHeight,
    payment: &Payment<'a>,
) -> Payload<'a> {
    let encrypted_recipient_data = &path.hops[at].encrypted_recipient_data[..];
    let current_path_key = (at == 0).then_some(path.first_path_key);
    if at + 1 < path.hops.len() {
        return Payload::BlindedForward(BlindedForward { encrypted_recipient_data, current_path_key });
    }
    Payload::BlindedReceive(BlindedReceive {
        amt_to_forward: amount,
        outgoing_cltv_value,
        total_amount_msat: payment.total_msat,
        encrypted_recipient_data,
        current_path_key,
        keysend_preimage: payment.keysend_preimage,
        custom: payment.custom,
    })
}

fn public_key(hop: &RouteHop) -> Result<PublicKey, RouteOnionError> {
    hop.node_id.to_public_key().ok_or(RouteOnionError::NodeId { node_id: hop.node_id })
}

fn expiry(payment: &Payment<'_>, cltv: u32) -> Result<BlockHeight, RouteOnionError> {
    let height = payment.block_height.to_u32().checked_add(payment.shadow_blocks);
    let height = height.and_then(|height| height.checked_add(cltv));
    height.map(BlockHeight::from_u32).ok_or(RouteOnionError::Overflow)
}

/// Why there is no packet for a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RouteOnionError {
    /// A part without HTLCs.
    #[error("the route has no hops")]
    NoHops,
    /// A node id that is no point of the curve.
    #[error("node {node_id} is no point on the curve")]
    NodeId {
        /// The id.
        node_id: NodeId,
    },
    /// An amount or expiry beyond its field.
    #[error("an amount or expiry is too large")]
    Overflow,
    /// The parts deliver less than the total.
    #[error("the parts deliver {delivered} of {total}")]
    Short {
        /// What they deliver.
        delivered: Msat,
        /// What they should.
        total: Msat,
    },
    /// Parts that nothing would hold together.
    #[error("a payment in parts needs the invoice's payment secret")]
    NoSecret,
    /// Less arrives at a blinded path than it costs.
    #[error("the blinded path wants {needed} and {delta} blocks at its first node")]
    TailUnpaid {
        /// The amount that must arrive.
        needed: Msat,
        /// The blocks that must be left.
        delta: u32,
    },
    /// A part delivers less or more than the blinded path allows.
    #[error("the blinded path does not deliver {amount} in one part")]
    TailLimits {
        /// What the part should deliver.
        amount: Msat,
    },
    /// The packet could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
}
