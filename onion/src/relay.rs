//! An incoming HTLC in one call: peeled, its payload read, its blinded data decrypted (BOLT 4, Accepting and Forwarding a
//! Payment).
//!
//! What is left to the node: whether it has the channel, whether fee and delta are what it asks (outside of blinded paths),
//! whether the payment is one that it expects, and that the replay tag is new.

use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey, Verification};
use primitives::{BlockHeight, Msat, ShortChannelId};

use crate::blinded::{PathKeys, RecipientData};
use crate::failure_code::Failure;
use crate::packet::PaymentPacket;
use crate::payload::{Payload, PayloadContext, PayloadError, Receive, TrampolineEntry, begins_blinded_path};
use crate::peel::{PeelError, Peeled, peel_payment};

/// What `update_add_htlc` says.
#[derive(Debug, Clone)]
pub struct IncomingHtlc {
    /// `onion_routing_packet`.
    pub packet: PaymentPacket,
    /// The payment's hash.
    pub payment_hash: [u8; 32],
    /// What it carries.
    pub amount: Msat,
    /// When it expires.
    pub cltv_expiry: BlockHeight,
    /// The key of a blinded path, from the peer.
    pub path_key: Option<PublicKey>,
}

/// An HTLC whose onion is sound.
#[derive(Debug)]
pub struct OpenedHtlc {
    /// The onion. What a payee is told is read from it by [`OpenedHtlc::payload`].
    pub peeled: Peeled,
    /// What to do.
    pub instruction: Instruction,
    context: PayloadContext,
}

/// What the payer, or a payee in a blinded path, wants the node to do.
#[expect(clippy::large_enum_variant, reason = "the packet is inside, so that forwarding allocates nothing")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instruction {
    /// Send an HTLC on.
    Forward(Outgoing),
    /// Take it.
    Receive {
        /// The payee's own note, if the HTLC came over a blinded path of its making.
        path_id: Option<Vec<u8>>,
        /// Whether it came over a blinded path.
        is_blinded: bool,
    },
}

/// The HTLC to be sent on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Through or to what.
    pub next: NextHop,
    /// What it carries.
    pub amt_to_forward: Msat,
    /// When it expires.
    pub outgoing_cltv_value: BlockHeight,
    /// The key for the next node of a blinded path. Where there is one, whatever failure comes back is answered with
    /// `invalid_onion_blinding`: in an onion, or if the HTLC itself came with a path key, as `update_fail_malformed_htlc`.
    pub path_key: Option<PublicKey>,
    /// Its packet.
    pub packet: PaymentPacket,
}

/// Where an HTLC goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextHop {
    /// Through this channel, or another to the same peer.
    Channel(ShortChannelId),
    /// To this node; where that is the reader itself, it opens the outgoing HTLC at once, as if it had come in.
    NodeId(PublicKey),
}

impl OpenedHtlc {
    /// What the onion says.
    ///
    /// # Panics
    /// Never: the payload has been read once.
    pub fn payload(&self) -> Payload<'_> {
        Payload::decode(self.peeled.payload(), self.context).expect("it was read when the HTLC was opened")
    }
}

/// Opens an HTLC with the node's own key. Costs a shared secret and a blinding; in a blinded path twice as much.
///
/// # Errors
/// See [`HtlcFault`].
pub fn open_htlc<C: Verification>(
    secp: &Secp256k1<C>,
    node_secret: &SecretKey,
    htlc: &IncomingHtlc,
) -> Result<OpenedHtlc, HtlcFault> {
    let given = match htlc.path_key {
        Some(path_key) => Some(PathKeys::new(node_secret, path_key).ok_or(HtlcFault::Blinding)?),
        None => None,
    };
    let secret_key = given.as_ref().map_or(node_secret, PathKeys::blinded_secret);
    let peeled = peel_payment(secp, secret_key, &htlc.packet, &htlc.payment_hash);
    let peeled = peeled.map_err(|error| within(&given, HtlcFault::Peel(error)))?;
    let context = PayloadContext {
        is_final: peeled.is_final(),
        has_path_key: given.is_some(),
        knows_trampoline: false,
    };
    let payload = Payload::decode(peeled.payload(), context);
    let payload = payload.map_err(|error| {
        // A blinded path's first node hides what is wrong with its payload, as the nodes behind it do.
        let is_first = !peeled.is_final() && begins_blinded_path(peeled.payload());
        if is_first { HtlcFault::Blinding } else { within(&given, HtlcFault::Payload(error)) }
    })?;
    let instruction = match payload {
        Payload::Forward(to) => Instruction::Forward(Outgoing {
            next: NextHop::Channel(to.short_channel_id),
            amt_to_forward: to.amt_to_forward,
            outgoing_cltv_value: to.outgoing_cltv_value,
            path_key: None,
            packet: peeled.next_packet().ok_or(HtlcFault::Peel(PeelError::Payload))?,
        }),
        Payload::BlindedForward(to) => {
            let keys = path_keys(node_secret, given, to.current_path_key)?;
            let data = keys.decrypt(to.encrypted_recipient_data).ok_or(HtlcFault::Blinding)?;
            let packet = peeled.next_packet().ok_or(HtlcFault::Blinding)?;
            Instruction::Forward(blinded_outgoing(secp, &keys, &data, htlc, packet)?)
        }
        Payload::BlindedReceive(to) => {
            let keys = path_keys(node_secret, given, to.current_path_key)?;
            let data = keys.decrypt(to.encrypted_recipient_data).ok_or(HtlcFault::Blinding)?;
            let data = checked(&data, htlc)?;
            let path_id = data.path_id.map(<[u8]>::to_vec);
            arrived(htlc, to.amt_to_forward, to.outgoing_cltv_value).map_err(|_| HtlcFault::Blinding)?;
            Instruction::Receive { path_id, is_blinded: true }
        }
        Payload::Receive(Receive { amt_to_forward, outgoing_cltv_value, .. })
        | Payload::Trampoline(TrampolineEntry { amt_to_forward, outgoing_cltv_value, .. }) => {
            arrived(htlc, amt_to_forward, outgoing_cltv_value)?;
            Instruction::Receive { path_id: None, is_blinded: false }
        }
    };
    Ok(OpenedHtlc { peeled, instruction, context })
}

/// Whether what arrived at the payee is what the payer meant to arrive.
fn arrived(htlc: &IncomingHtlc, amount: Msat, cltv_expiry: BlockHeight) -> Result<(), HtlcFault> {
    if htlc.cltv_expiry < cltv_expiry {
        return Err(HtlcFault::FinalExpiry { cltv_expiry: htlc.cltv_expiry });
    }
    if htlc.amount < amount {
        return Err(HtlcFault::FinalAmount { incoming_htlc_amt: htlc.amount });
    }
    Ok(())
}

fn path_keys(
    node_secret: &SecretKey,
    given: Option<PathKeys>,
    current_path_key: Option<PublicKey>,
) -> Result<PathKeys, HtlcFault> {
    // The payload was refused unless exactly one of them is there.
    let read = || current_path_key.and_then(|path_key| PathKeys::new(node_secret, path_key));
    given.or_else(read).ok_or(HtlcFault::Blinding)
}

/// Reads a node's data and holds the HTLC against them.
fn checked<'a>(data: &'a [u8], htlc: &IncomingHtlc) -> Result<RecipientData<'a>, HtlcFault> {
    let data = RecipientData::decode(data).map_err(|_| HtlcFault::Blinding)?;
    let is_allowed =
        data.payment_constraints.is_none_or(|limits| limits.allow(htlc.amount, htlc.cltv_expiry));
    let has_features = data.allowed_features.is_some_and(|features| features.iter().any(|&byte| byte != 0));
    let names_twice = data.short_channel_id.is_some() && data.next_node_id.is_some();
    if is_allowed && !has_features && !names_twice { Ok(data) } else { Err(HtlcFault::Blinding) }
}

fn blinded_outgoing<C: Verification>(
    secp: &Secp256k1<C>,
    keys: &PathKeys,
    data: &[u8],
    htlc: &IncomingHtlc,
    packet: PaymentPacket,
) -> Result<Outgoing, HtlcFault> {
    let data = checked(data, htlc)?;
    let next = match (data.short_channel_id, data.next_node_id) {
        (Some(short_channel_id), _) => NextHop::Channel(short_channel_id),
        (None, Some(node_id)) => NextHop::NodeId(node_id),
        (None, None) => return Err(HtlcFault::Blinding),
    };
    let relay = data.payment_relay.ok_or(HtlcFault::Blinding)?;
    let path_key = data.next_path_key_override.or_else(|| keys.next_path_key(secp));
    Ok(Outgoing {
        next,
        amt_to_forward: relay.amt_to_forward(htlc.amount).ok_or(HtlcFault::Blinding)?,
        outgoing_cltv_value: relay.outgoing_cltv_value(htlc.cltv_expiry).ok_or(HtlcFault::Blinding)?,
        path_key: Some(path_key.ok_or(HtlcFault::Blinding)?),
        packet,
    })
}

/// Inside a blinded path every fault looks the same.
fn within(given: &Option<PathKeys>, fault: HtlcFault) -> HtlcFault {
    if given.is_some() { HtlcFault::Blinding } else { fault }
}

/// Why an HTLC's onion is not sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HtlcFault {
    /// The packet.
    #[error(transparent)]
    Peel(#[from] PeelError),
    /// The payload.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// The HTLC to the payee expires before the block that the payer meant.
    #[error("the HTLC expires in block {cltv_expiry}, before it should")]
    FinalExpiry {
        /// When it does.
        cltv_expiry: BlockHeight,
    },
    /// The HTLC to the payee carries less than the payer meant.
    #[error("the HTLC carries {incoming_htlc_amt}, less than it should")]
    FinalAmount {
        /// What it does.
        incoming_htlc_amt: Msat,
    },
    /// Anything within a blinded path; which, is nobody's business.
    #[error("the onion does not fit the blinded path that it came over")]
    Blinding,
}

impl HtlcFault {
    /// What to answer. Failures with the BADONION bit go to the peer as `update_fail_malformed_htlc`, but that of a
    /// blinded path's first node goes to the payer, in an onion.
    pub fn to_failure(self, packet: &PaymentPacket) -> Failure {
        match self {
            HtlcFault::Peel(error) => error.to_failure(packet),
            HtlcFault::Payload(error) => error.to_failure(),
            HtlcFault::FinalExpiry { cltv_expiry } => Failure::FinalIncorrectCltvExpiry { cltv_expiry },
            HtlcFault::FinalAmount { incoming_htlc_amt } => {
                Failure::FinalIncorrectHtlcAmount { incoming_htlc_amt }
            }
            HtlcFault::Blinding => Failure::InvalidOnionBlinding { sha256_of_onion: packet.sha256() },
        }
    }
}
