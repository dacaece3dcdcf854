//! The kinds of payload, and which of them a reader accepts where.

use std::fmt;

use bitcoin::secp256k1::PublicKey;
use primitives::codec::{Sink, TlvError, TlvReader};
use primitives::{BlockHeight, Msat, ShortChannelId};

use super::custom::{CUSTOM_TYPE_MIN, CustomRecords};
use super::records::{
    AMT_TO_FORWARD, CURRENT_PATH_KEY, ENCRYPTED_RECIPIENT_DATA, OUTGOING_CLTV_VALUE, PAYMENT_DATA,
    PAYMENT_METADATA, PayloadRecords, PaymentData, SHORT_CHANNEL_ID, TOTAL_AMOUNT_MSAT,
    TRAMPOLINE_ONION_PACKET,
};
use crate::failure_code::Failure;
use crate::packet::HopPayload;

/// What a hop is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload<'a> {
    /// To a node that forwards.
    Forward(Forward<'a>),
    /// To the payee.
    Receive(Receive<'a>),
    /// To a node within a blinded path that forwards.
    BlindedForward(BlindedForward<'a>),
    /// To the payee at the end of a blinded path.
    BlindedReceive(BlindedReceive<'a>),
    /// To a node that is to find the way to the next trampoline itself.
    Trampoline(TrampolineEntry<'a>),
}

/// To a node that forwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forward<'a> {
    /// What the outgoing HTLC carries.
    pub amt_to_forward: Msat,
    /// When the outgoing HTLC expires.
    pub outgoing_cltv_value: BlockHeight,
    /// The outgoing channel, or any other to the same peer.
    pub short_channel_id: ShortChannelId,
    /// Odd records of applications.
    pub custom: CustomRecords<'a>,
}

/// To the payee.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Receive<'a> {
    /// What this HTLC should carry at least.
    pub amt_to_forward: Msat,
    /// When this HTLC should expire at the earliest.
    pub outgoing_cltv_value: BlockHeight,
    /// The invoice's secret and the sum of all parts.
    pub payment_data: Option<PaymentData>,
    /// From the invoice.
    pub payment_metadata: Option<&'a [u8]>,
    /// The preimage of a spontaneous payment; repeated among the custom records when it was read.
    pub keysend_preimage: Option<[u8; 32]>,
    /// Records of applications. Even ones are for the application to refuse: [`CustomRecords::check_known`].
    pub custom: CustomRecords<'a>,
}

/// To a node within a blinded path that forwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlindedForward<'a> {
    /// What the payee tells the node.
    pub encrypted_recipient_data: &'a [u8],
    /// The key of the path, to its first node only.
    pub current_path_key: Option<PublicKey>,
}

/// To the payee at the end of a blinded path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BlindedReceive<'a> {
    /// What this HTLC should carry at least.
    pub amt_to_forward: Msat,
    /// When this HTLC should expire at the earliest.
    pub outgoing_cltv_value: BlockHeight,
    /// What all parts together deliver.
    pub total_amount_msat: Msat,
    /// What the payee told itself.
    pub encrypted_recipient_data: &'a [u8],
    /// The key of the path, where the payee is its first node too.
    pub current_path_key: Option<PublicKey>,
    /// The preimage of a spontaneous payment; repeated among the custom records when it was read.
    pub keysend_preimage: Option<[u8; 32]>,
    /// Records of applications. BOLT 4 knows none here, but some payers add them; what else there is in the protocol's own
    /// range is refused, even where it is odd.
    pub custom: CustomRecords<'a>,
}

/// To a node that is to find the way to the next trampoline itself; only where trampolines are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrampolineEntry<'a> {
    /// What this HTLC should carry at least.
    pub amt_to_forward: Msat,
    /// When this HTLC should expire at the earliest.
    pub outgoing_cltv_value: BlockHeight,
    /// A secret for this trampoline alone, and what all parts bring it.
    pub payment_data: Option<PaymentData>,
    /// The key of a blinded path that begins at this trampoline.
    pub current_path_key: Option<PublicKey>,
    /// The packet within the packet.
    pub trampoline_onion_packet: &'a [u8],
}

/// What the reader of a payload knows besides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PayloadContext {
    /// The packet ended here.
    pub is_final: bool,
    /// `update_add_htlc` came with a path key.
    pub has_path_key: bool,
    /// Trampoline onions are understood.
    pub knows_trampoline: bool,
}

impl<'a> Payload<'a> {
    /// Reads a payload. Allocates nothing.
    ///
    /// # Errors
    /// Where the stream is broken, has an unknown even type, or is not what `context` demands.
    pub fn decode(stream: &'a [u8], context: PayloadContext) -> Result<Self, PayloadError> {
        let records = PayloadRecords::decode(stream, context.knows_trampoline)?;
        let reader = Reader { stream, records };
        if let Some(packet) = records.trampoline_onion_packet.filter(|_| context.is_final) {
            return reader.trampoline(packet, context);
        }
        match (records.encrypted_recipient_data, context.is_final) {
            (Some(data), false) => reader.blinded_forward(data, context),
            (Some(data), true) => reader.blinded_receive(data, context),
            (None, false) => reader.forward(context),
            (None, true) => reader.receive(context),
        }
    }

    fn to_records(self) -> PayloadRecords<'a> {
        let none = PayloadRecords::default();
        match self {
            Payload::Forward(to) => PayloadRecords {
                amt_to_forward: Some(to.amt_to_forward),
                outgoing_cltv_value: Some(to.outgoing_cltv_value),
                short_channel_id: Some(to.short_channel_id),
                custom: to.custom,
                ..none
            },
            Payload::Receive(to) => PayloadRecords {
                amt_to_forward: Some(to.amt_to_forward),
                outgoing_cltv_value: Some(to.outgoing_cltv_value),
                payment_data: to.payment_data,
                payment_metadata: to.payment_metadata,
                keysend_preimage: to.keysend_preimage,
                custom: to.custom,
                ..none
            },
            Payload::BlindedForward(to) => PayloadRecords {
                encrypted_recipient_data: Some(to.encrypted_recipient_data),
                current_path_key: to.current_path_key,
                ..none
            },
            Payload::BlindedReceive(to) => PayloadRecords {
                amt_to_forward: Some(to.amt_to_forward),
                outgoing_cltv_value: Some(to.outgoing_cltv_value),
                total_amount_msat: Some(to.total_amount_msat),
                encrypted_recipient_data: Some(to.encrypted_recipient_data),
                current_path_key: to.current_path_key,
                keysend_preimage: to.keysend_preimage,
                custom: to.custom,
                ..none
            },
            Payload::Trampoline(to) => PayloadRecords {
                amt_to_forward: Some(to.amt_to_forward),
                outgoing_cltv_value: Some(to.outgoing_cltv_value),
                payment_data: to.payment_data,
                current_path_key: to.current_path_key,
                trampoline_onion_packet: Some(to.trampoline_onion_packet),
                ..none
            },
        }
    }
}

impl fmt::Debug for Receive<'_> {
    /// Keeps secrets out of logs: a preimage, and what applications say.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receive")
            .field("amt_to_forward", &self.amt_to_forward)
            .field("outgoing_cltv_value", &self.outgoing_cltv_value)
            .field("payment_data", &self.payment_data)
            .field("custom", &self.custom)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for BlindedReceive<'_> {
    /// Keeps secrets out of logs, as that of [`Receive`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlindedReceive")
            .field("amt_to_forward", &self.amt_to_forward)
            .field("outgoing_cltv_value", &self.outgoing_cltv_value)
            .field("total_amount_msat", &self.total_amount_msat)
            .field("custom", &self.custom)
            .finish_non_exhaustive()
    }
}

impl HopPayload for Payload<'_> {
    fn encode<S: Sink>(&self, sink: &mut S) {
        self.to_records().encode(sink);
    }
}

/// Records on the way to becoming a payload.
struct Reader<'a> {
    stream: &'a [u8],
    records: PayloadRecords<'a>,
}

impl<'a> Reader<'a> {
    fn forward(&self, context: PayloadContext) -> Result<Payload<'a>, PayloadError> {
        self.refuse_path_key(context)?;
        self.refuse(&[PAYMENT_DATA, PAYMENT_METADATA, TOTAL_AMOUNT_MSAT, TRAMPOLINE_ONION_PACKET])?;
        let records = &self.records;
        // Nobody but the payee asks an application what it knows.
        records.custom.check_known(|_| false)?;
        Ok(Payload::Forward(Forward {
            amt_to_forward: self.demand(records.amt_to_forward, AMT_TO_FORWARD)?,
            outgoing_cltv_value: self.demand(records.outgoing_cltv_value, OUTGOING_CLTV_VALUE)?,
            short_channel_id: self.demand(records.short_channel_id, SHORT_CHANNEL_ID)?,
            custom: records.custom,
        }))
    }

    fn receive(&self, context: PayloadContext) -> Result<Payload<'a>, PayloadError> {
        self.refuse_path_key(context)?;
        self.refuse(&[SHORT_CHANNEL_ID])?;
        let records = &self.records;
        let amt_to_forward = self.demand(records.amt_to_forward, AMT_TO_FORWARD)?;
        let total = records.total_amount_msat;
        if records.payment_data.is_some_and(|data| total.is_some_and(|total| total != data.total_msat)) {
            return Err(self.at(TOTAL_AMOUNT_MSAT));
        }
        Ok(Payload::Receive(Receive {
            amt_to_forward,
            outgoing_cltv_value: self.demand(records.outgoing_cltv_value, OUTGOING_CLTV_VALUE)?,
            payment_data: records.payment_data,
            payment_metadata: records.payment_metadata,
            keysend_preimage: records.keysend_preimage,
            custom: records.custom,
        }))
    }

    fn blinded_forward(&self, data: &'a [u8], context: PayloadContext) -> Result<Payload<'a>, PayloadError> {
        let current_path_key = self.path_key(context)?;
        self.allow(|tlv_type| [ENCRYPTED_RECIPIENT_DATA, CURRENT_PATH_KEY].contains(&tlv_type))?;
        Ok(Payload::BlindedForward(BlindedForward { encrypted_recipient_data: data, current_path_key }))
    }

    fn blinded_receive(&self, data: &'a [u8], context: PayloadContext) -> Result<Payload<'a>, PayloadError> {
        let current_path_key = self.path_key(context)?;
        self.allow(|tlv_type| tlv_type >= CUSTOM_TYPE_MIN || BLINDED_RECEIVE.contains(&tlv_type))?;
        let records = &self.records;
        Ok(Payload::BlindedReceive(BlindedReceive {
            amt_to_forward: self.demand(records.amt_to_forward, AMT_TO_FORWARD)?,
            outgoing_cltv_value: self.demand(records.outgoing_cltv_value, OUTGOING_CLTV_VALUE)?,
            total_amount_msat: self.demand(records.total_amount_msat, TOTAL_AMOUNT_MSAT)?,
            encrypted_recipient_data: data,
            current_path_key,
            keysend_preimage: records.keysend_preimage,
            custom: records.custom,
        }))
    }

    fn trampoline(&self, packet: &'a [u8], context: PayloadContext) -> Result<Payload<'a>, PayloadError> {
        let records = &self.records;
        if context.has_path_key && records.current_path_key.is_some() {
            return Err(self.at(CURRENT_PATH_KEY));
        }
        self.refuse(&[SHORT_CHANNEL_ID, ENCRYPTED_RECIPIENT_DATA, TOTAL_AMOUNT_MSAT])?;
        Ok(Payload::Trampoline(TrampolineEntry {
            amt_to_forward: self.demand(records.amt_to_forward, AMT_TO_FORWARD)?,
            outgoing_cltv_value: self.demand(records.outgoing_cltv_value, OUTGOING_CLTV_VALUE)?,
            payment_data: records.payment_data,
            current_path_key: records.current_path_key,
            trampoline_onion_packet: packet,
        }))
    }

    /// In a blinded path exactly one key is given: with the HTLC, or at the path's first node in the payload.
    fn path_key(&self, context: PayloadContext) -> Result<Option<PublicKey>, PayloadError> {
        match (context.has_path_key, self.records.current_path_key) {
            (true, None) => Ok(None),
            (false, Some(key)) => Ok(Some(key)),
            (true, Some(_)) | (false, None) => Err(self.at(CURRENT_PATH_KEY)),
        }
    }

    fn refuse_path_key(&self, context: PayloadContext) -> Result<(), PayloadError> {
        if context.has_path_key {
            return Err(self.at(ENCRYPTED_RECIPIENT_DATA));
        }
        self.refuse(&[CURRENT_PATH_KEY])
    }

    fn refuse(&self, types: &[u64]) -> Result<(), PayloadError> {
        self.allow(|tlv_type| !types.contains(&tlv_type))
    }

    /// Refuses all types but those that are allowed, odd ones that nobody knows included.
    fn allow(&self, is_allowed: impl Fn(u64) -> bool) -> Result<(), PayloadError> {
        let found = TlvReader::new(self.stream).flatten().find(|record| !is_allowed(record.tlv_type));
        found.map_or(Ok(()), |record| Err(self.at(record.tlv_type)))
    }

    fn demand<T>(&self, value: Option<T>, tlv_type: u64) -> Result<T, PayloadError> {
        value.ok_or(PayloadError { tlv_type, offset: 0 })
    }

    /// The error of a record, with its place if it is there.
    fn at(&self, tlv_type: u64) -> PayloadError {
        let found = TlvReader::new(self.stream).flatten().find(|record| record.tlv_type == tlv_type);
        PayloadError::new(tlv_type, found.map_or(0, |record| record.offset))
    }
}

/// Whether a payload is that of a blinded path's first node, be it sound or not.
pub(crate) fn begins_blinded_path(stream: &[u8]) -> bool {
    TlvReader::new(stream).flatten().any(|record| record.tlv_type == CURRENT_PATH_KEY)
}

/// A payload that must not be accepted, for a record that is missing, forbidden here, or broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("record {tlv_type} of the payload, at byte {offset}, is missing, broken or forbidden here")]
pub struct PayloadError {
    /// The record's type; 0 where it could not be read.
    pub tlv_type: u64,
    /// Where it begins; 0 where it is missing.
    pub offset: u16,
}

impl PayloadError {
    fn new(tlv_type: u64, offset: usize) -> Self {
        PayloadError { tlv_type, offset: u16::try_from(offset).unwrap_or(u16::MAX) }
    }

    /// What to answer outside of blinded paths.
    pub const fn to_failure(self) -> Failure {
        Failure::InvalidOnionPayload { tlv_type: self.tlv_type, offset: self.offset }
    }
}

impl From<TlvError> for PayloadError {
    fn from(error: TlvError) -> Self {
        PayloadError::new(error.tlv_type.unwrap_or(0), error.offset)
    }
}

/// What the payee at the end of a blinded path may be told by the protocol.
const BLINDED_RECEIVE: [u64; 5] =
    [AMT_TO_FORWARD, OUTGOING_CLTV_VALUE, ENCRYPTED_RECIPIENT_DATA, CURRENT_PATH_KEY, TOTAL_AMOUNT_MSAT];
