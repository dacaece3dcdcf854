//! The records of a payload as they stand in the stream (BOLT 4, `payload` format), without regard to who reads them.

use std::fmt;

use bitcoin::secp256k1::PublicKey;
use primitives::codec::{
    Sink, TlvError, TlvReader, TlvRecord, TlvWriter, Truncated, decode_tu32, decode_tu64,
};
use primitives::{BlockHeight, Msat, ShortChannelId};

use super::custom::{CUSTOM_TYPE_MIN, CustomRecords, KEYSEND_TYPE};
use crate::keys::same_secret;

pub(super) const AMT_TO_FORWARD: u64 = 2;
pub(super) const OUTGOING_CLTV_VALUE: u64 = 4;
pub(super) const SHORT_CHANNEL_ID: u64 = 6;
pub(super) const PAYMENT_DATA: u64 = 8;
pub(super) const ENCRYPTED_RECIPIENT_DATA: u64 = 10;
pub(super) const CURRENT_PATH_KEY: u64 = 12;
pub(super) const PAYMENT_METADATA: u64 = 16;
pub(super) const TOTAL_AMOUNT_MSAT: u64 = 18;
pub(super) const TRAMPOLINE_ONION_PACKET: u64 = 20;

/// `payment_data`: what makes the parts of a payment one.
#[derive(Clone, Copy)]
pub struct PaymentData {
    /// From the invoice: proves that the payer has seen it.
    pub payment_secret: [u8; 32],
    /// What all parts together deliver.
    pub total_msat: Msat,
}

impl PartialEq for PaymentData {
    /// Takes the same time for all secrets.
    fn eq(&self, other: &Self) -> bool {
        same_secret(&self.payment_secret, &other.payment_secret) && self.total_msat == other.total_msat
    }
}

impl Eq for PaymentData {}

impl fmt::Debug for PaymentData {
    /// Keeps the secret out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaymentData").field("total_msat", &self.total_msat).finish_non_exhaustive()
    }
}

/// Every record that a payload may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct PayloadRecords<'a> {
    pub(super) amt_to_forward: Option<Msat>,
    pub(super) outgoing_cltv_value: Option<BlockHeight>,
    pub(super) short_channel_id: Option<ShortChannelId>,
    pub(super) payment_data: Option<PaymentData>,
    pub(super) encrypted_recipient_data: Option<&'a [u8]>,
    pub(super) current_path_key: Option<PublicKey>,
    pub(super) payment_metadata: Option<&'a [u8]>,
    pub(super) total_amount_msat: Option<Msat>,
    pub(super) trampoline_onion_packet: Option<&'a [u8]>,
    pub(super) keysend_preimage: Option<[u8; 32]>,
    pub(super) custom: CustomRecords<'a>,
}

impl<'a> PayloadRecords<'a> {
    /// Reads a payload; the type of trampoline onions is known only where `knows_trampoline`.
    pub(super) fn decode(stream: &'a [u8], knows_trampoline: bool) -> Result<Self, TlvError> {
        let mut records = PayloadRecords::default();
        let mut reader = TlvReader::new(stream);
        loop {
            let rest = reader.rest();
            let Some(record) = reader.next() else { return Ok(records) };
            let record = record?;
            if record.tlv_type >= CUSTOM_TYPE_MIN {
                let moved = |error: TlvError| TlvError { offset: error.offset + record.offset, ..error };
                records.custom = CustomRecords::at_end(rest).map_err(moved)?;
                let preimage = records.custom.iter().find(|record| record.tlv_type == KEYSEND_TYPE);
                records.keysend_preimage =
                    preimage.map(|record| record.array()).transpose().map_err(moved)?;
                return Ok(records);
            }
            records.take(&record, knows_trampoline)?;
        }
    }

    fn take(&mut self, record: &TlvRecord<'a>, knows_trampoline: bool) -> Result<(), TlvError> {
        match record.tlv_type {
            AMT_TO_FORWARD => self.amt_to_forward = Some(amount(record)?),
            OUTGOING_CLTV_VALUE => self.outgoing_cltv_value = Some(height(record)?),
            SHORT_CHANNEL_ID => {
                self.short_channel_id = Some(ShortChannelId::from_u64(u64::from_be_bytes(record.array()?)));
            }
            PAYMENT_DATA => {
                let (secret, total) = record.value.split_first_chunk().ok_or(record.invalid())?;
                let total = decode_tu64(total).ok_or(record.invalid())?;
                self.payment_data =
                    Some(PaymentData { payment_secret: *secret, total_msat: Msat::from_msat(total) });
            }
            ENCRYPTED_RECIPIENT_DATA => self.encrypted_recipient_data = Some(record.value),
            CURRENT_PATH_KEY => self.current_path_key = Some(public_key(record)?),
            PAYMENT_METADATA => self.payment_metadata = Some(record.value),
            TOTAL_AMOUNT_MSAT => self.total_amount_msat = Some(amount(record)?),
            TRAMPOLINE_ONION_PACKET if knows_trampoline => {
                self.trampoline_onion_packet = Some(record.value);
            }
            _ => record.skip()?,
        }
        Ok(())
    }

    pub(super) fn encode<S: Sink>(&self, sink: &mut S) {
        let mut writer = TlvWriter::new(sink);
        let truncated = |value: u64| Truncated::from_u64(value);
        if let Some(amount) = self.amt_to_forward {
            writer.record(AMT_TO_FORWARD, &[truncated(amount.to_msat()).as_bytes()]);
        }
        if let Some(height) = self.outgoing_cltv_value {
            writer.record(OUTGOING_CLTV_VALUE, &[truncated(height.to_u32().into()).as_bytes()]);
        }
        if let Some(scid) = self.short_channel_id {
            writer.record(SHORT_CHANNEL_ID, &[&scid.to_u64().to_be_bytes()]);
        }
        if let Some(data) = self.payment_data {
            let total = truncated(data.total_msat.to_msat());
            writer.record(PAYMENT_DATA, &[&data.payment_secret, total.as_bytes()]);
        }
        writer.optional(ENCRYPTED_RECIPIENT_DATA, self.encrypted_recipient_data);
        if let Some(key) = self.current_path_key {
            writer.record(CURRENT_PATH_KEY, &[&key.serialize()]);
        }
        writer.optional(PAYMENT_METADATA, self.payment_metadata);
        if let Some(amount) = self.total_amount_msat {
            writer.record(TOTAL_AMOUNT_MSAT, &[truncated(amount.to_msat()).as_bytes()]);
        }
        writer.optional(TRAMPOLINE_ONION_PACKET, self.trampoline_onion_packet);
        self.custom.encode_with(self.keysend_preimage.as_ref(), &mut writer);
    }
}

/// A `tu64` of msat.
fn amount(record: &TlvRecord<'_>) -> Result<Msat, TlvError> {
    decode_tu64(record.value).map(Msat::from_msat).ok_or(record.invalid())
}

/// A `tu32` of blocks.
fn height(record: &TlvRecord<'_>) -> Result<BlockHeight, TlvError> {
    decode_tu32(record.value).map(BlockHeight::from_u32).ok_or(record.invalid())
}

/// A point on the curve.
pub(crate) fn public_key(record: &TlvRecord<'_>) -> Result<PublicKey, TlvError> {
    // Other lengths than 33 would be keys in other forms.
    let bytes: [u8; 33] = record.array()?;
    PublicKey::from_slice(&bytes).map_err(|_| record.invalid())
}
