//! What the payee tells the nodes of a blinded path (BOLT 4, `encrypted_data_tlv`).

use bitcoin::secp256k1::PublicKey;
use primitives::codec::{
    Sink, TlvError, TlvReader, TlvRecord, TlvWriter, Truncated, decode_tu32, decode_tu64,
};
use primitives::{BlockHeight, Msat, ShortChannelId};

use crate::packet::HopPayload;
use crate::payload::public_key;

/// The data for one node, in clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecipientData<'a> {
    /// How many bytes of padding there are, which hide the length of the rest.
    pub padding: Option<usize>,
    /// The outgoing channel.
    pub short_channel_id: Option<ShortChannelId>,
    /// The next node, instead of a channel.
    pub next_node_id: Option<PublicKey>,
    /// The payee's note to itself.
    pub path_id: Option<&'a [u8]>,
    /// The key that the next node is to use: a path of somebody else begins there.
    pub next_path_key_override: Option<PublicKey>,
    /// What the node charges.
    pub payment_relay: Option<PaymentRelay>,
    /// What the node refuses.
    pub payment_constraints: Option<PaymentConstraints>,
    /// Features that may be used; a reader refuses any that it does not know.
    pub allowed_features: Option<&'a [u8]>,
    /// Records of types above those, as they are encoded.
    pub extra: &'a [u8],
}

/// What a blinded node charges and how long it wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PaymentRelay {
    /// In blocks.
    pub cltv_expiry_delta: u16,
    /// Per million of what is forwarded.
    pub fee_proportional_millionths: u32,
    /// In msat.
    pub fee_base_msat: u32,
}

/// What a blinded node refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PaymentConstraints {
    /// HTLCs that expire later.
    pub max_cltv_expiry: BlockHeight,
    /// HTLCs that carry less.
    pub htlc_minimum_msat: Msat,
}

impl PaymentRelay {
    /// What leaves with the outgoing HTLC if `amount` arrives; `None` where less than the base fee arrives.
    pub const fn amt_to_forward(&self, amount: Msat) -> Option<Msat> {
        let Some(rest) = amount.to_msat().checked_sub(self.fee_base_msat as u64) else { return None };
        let divisor = MILLION + self.fee_proportional_millionths as u128;
        // Rounded up, and never above `rest`: it fits.
        Some(Msat::from_msat((rest as u128 * MILLION).div_ceil(divisor) as u64))
    }

    /// When the outgoing HTLC expires; `None` where the incoming one expires before the delta has passed.
    pub const fn outgoing_cltv_value(&self, cltv_expiry: BlockHeight) -> Option<BlockHeight> {
        match cltv_expiry.to_u32().checked_sub(self.cltv_expiry_delta as u32) {
            Some(height) => Some(BlockHeight::from_u32(height)),
            None => None,
        }
    }
}

impl PaymentConstraints {
    /// Whether an incoming HTLC is within the constraints.
    pub fn allow(&self, amount: Msat, cltv_expiry: BlockHeight) -> bool {
        cltv_expiry <= self.max_cltv_expiry && amount >= self.htlc_minimum_msat
    }
}

impl<'a> RecipientData<'a> {
    /// Reads decrypted data. Allocates nothing.
    ///
    /// # Errors
    /// Where the stream is broken or has an unknown even type.
    pub fn decode(stream: &'a [u8]) -> Result<Self, TlvError> {
        let mut data = RecipientData::default();
        let mut reader = TlvReader::new(stream);
        loop {
            let rest = reader.rest();
            let Some(record) = reader.next() else { return Ok(data) };
            let record = record?;
            if record.tlv_type > ALLOWED_FEATURES {
                record.skip()?;
                reader.try_for_each(|record| record?.skip())?;
                data.extra = rest;
                return Ok(data);
            }
            data.take(&record)?;
        }
    }

    fn take(&mut self, record: &TlvRecord<'a>) -> Result<(), TlvError> {
        match record.tlv_type {
            PADDING => self.padding = Some(record.value.len()),
            SHORT_CHANNEL_ID => {
                self.short_channel_id = Some(ShortChannelId::from_u64(u64::from_be_bytes(record.array()?)));
            }
            NEXT_NODE_ID => self.next_node_id = Some(public_key(record)?),
            PATH_ID => self.path_id = Some(record.value),
            NEXT_PATH_KEY_OVERRIDE => self.next_path_key_override = Some(public_key(record)?),
            PAYMENT_RELAY => self.payment_relay = Some(relay(record).ok_or(record.invalid())?),
            PAYMENT_CONSTRAINTS => {
                self.payment_constraints = Some(constraints(record).ok_or(record.invalid())?);
            }
            ALLOWED_FEATURES => self.allowed_features = Some(record.value),
            _ => record.skip()?,
        }
        Ok(())
    }

    /// Adds padding so that the encoding has `len` bytes. Where no padding leads there (one byte is too few, and 255 and
    /// 256 lie between the padding with a short length and that with a long one), the encoding is up to 2 bytes off.
    #[must_use]
    pub fn padded_to(mut self, len: usize) -> Self {
        self.padding = None;
        let bare = self.encoded_len();
        if bare < len {
            self.padding = Some(0);
            let missing = len.saturating_sub(self.encoded_len());
            self.padding = Some(missing);
            let excess = self.encoded_len().saturating_sub(len);
            self.padding = Some(missing.saturating_sub(excess));
        }
        self
    }
}

impl HopPayload for RecipientData<'_> {
    fn encode<S: Sink>(&self, sink: &mut S) {
        let mut writer = TlvWriter::new(sink);
        if let Some(padding) = self.padding {
            writer.record(PADDING, &[&vec![0; padding]]);
        }
        if let Some(scid) = self.short_channel_id {
            writer.record(SHORT_CHANNEL_ID, &[&scid.to_u64().to_be_bytes()]);
        }
        if let Some(node_id) = self.next_node_id {
            writer.record(NEXT_NODE_ID, &[&node_id.serialize()]);
        }
        writer.optional(PATH_ID, self.path_id);
        if let Some(path_key) = self.next_path_key_override {
            writer.record(NEXT_PATH_KEY_OVERRIDE, &[&path_key.serialize()]);
        }
        if let Some(relay) = self.payment_relay {
            let base = Truncated::from_u64(relay.fee_base_msat.into());
            let (delta, proportional) =
                (relay.cltv_expiry_delta.to_be_bytes(), relay.fee_proportional_millionths.to_be_bytes());
            writer.record(PAYMENT_RELAY, &[&delta, &proportional, base.as_bytes()]);
        }
        if let Some(constraints) = self.payment_constraints {
            let minimum = Truncated::from_u64(constraints.htlc_minimum_msat.to_msat());
            let expiry = constraints.max_cltv_expiry.to_u32().to_be_bytes();
            writer.record(PAYMENT_CONSTRAINTS, &[&expiry, minimum.as_bytes()]);
        }
        writer.optional(ALLOWED_FEATURES, self.allowed_features);
        for record in TlvReader::new(self.extra).map_while(Result::ok) {
            writer.record(record.tlv_type, &[record.value]);
        }
    }
}

fn relay(record: &TlvRecord<'_>) -> Option<PaymentRelay> {
    let (delta, rest) = record.value.split_first_chunk()?;
    let (proportional, base) = rest.split_first_chunk()?;
    Some(PaymentRelay {
        cltv_expiry_delta: u16::from_be_bytes(*delta),
        fee_proportional_millionths: u32::from_be_bytes(*proportional),
        fee_base_msat: decode_tu32(base)?,
    })
}

fn constraints(record: &TlvRecord<'_>) -> Option<PaymentConstraints> {
    let (expiry, minimum) = record.value.split_first_chunk()?;
    Some(PaymentConstraints {
        max_cltv_expiry: BlockHeight::from_u32(u32::from_be_bytes(*expiry)),
        htlc_minimum_msat: Msat::from_msat(decode_tu64(minimum)?),
    })
}

const PADDING: u64 = 1;
const SHORT_CHANNEL_ID: u64 = 2;
const NEXT_NODE_ID: u64 = 4;
const PATH_ID: u64 = 6;
const NEXT_PATH_KEY_OVERRIDE: u64 = 8;
const PAYMENT_RELAY: u64 = 10;
const PAYMENT_CONSTRAINTS: u64 = 12;
const ALLOWED_FEATURES: u64 = 14;
const MILLION: u128 = 1_000_000;
