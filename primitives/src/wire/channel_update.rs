//! `channel_update` (BOLT 7): what a node asks for forwarding over one direction of a channel.

use bitcoin::constants::ChainHash;

use super::fields::Fields;
use super::{WireError, WireMessage};
use crate::codec::{Sink, decode_bigsize};
use crate::{ChannelPolicy, CltvExpiryDelta, Direction, Fee, InboundFee, Msat, ShortChannelId, UnixTime};

/// `channel_update`, field by field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelUpdate<'a> {
    /// By the node at the tail.
    pub signature: [u8; 64],
    /// The chain that holds the channel.
    pub chain_hash: ChainHash,
    /// The channel.
    pub short_channel_id: ShortChannelId,
    /// Later ones replace earlier ones.
    pub timestamp: UnixTime,
    /// Bit 0 is always one, bit 1 is `dont_forward`.
    pub message_flags: u8,
    /// Bit 0 is the direction, bit 1 `disable`.
    pub channel_flags: u8,
    /// Blocks between the incoming and the outgoing HTLC's expiry.
    pub cltv_expiry_delta: CltvExpiryDelta,
    /// The smallest HTLC.
    pub htlc_minimum_msat: Msat,
    /// Charged for any HTLC, in msat.
    pub fee_base_msat: u32,
    /// Charged per million of the amount.
    pub fee_proportional_millionths: u32,
    /// The largest HTLC. `None` in the form of before 2023, which ends here and has bit 0 of `message_flags` clear.
    pub htlc_maximum_msat: Option<Msat>,
    /// What stands behind the known fields; the signature covers it.
    pub extension: &'a [u8],
}

impl ChannelUpdate<'_> {
    /// Where in the payload begins what the signature signs.
    pub const SIGNED_FROM: usize = 64;

    /// Which way along the channel it holds.
    pub const fn direction(&self) -> Direction {
        if self.channel_flags & 1 == 0 { Direction::NodeOneToTwo } else { Direction::NodeTwoToOne }
    }

    /// Whether the direction forwards nothing for now.
    pub const fn is_disabled(&self) -> bool {
        self.channel_flags & 2 != 0
    }

    /// Whether it was meant for the channel's peer alone.
    pub const fn is_private(&self) -> bool {
        self.message_flags & 2 != 0
    }

    /// bLIP-18: record 55555 of the extension holds two signed 32-bit numbers. Bytes that are no TLV stream are
    /// allowed there and mean nothing, so whatever does not parse is no inbound fee.
    pub fn inbound_fee(&self) -> InboundFee {
        let mut tlvs = self.extension;
        while let Some((kind, rest)) = decode_bigsize(tlvs) {
            let Some((size, rest)) = decode_bigsize(rest) else { break };
            let split = usize::try_from(size).ok().and_then(|size| rest.split_at_checked(size));
            let Some((value, rest)) = split else { break };
            if kind == INBOUND_FEE_TYPE
                && let [b0, b1, b2, b3, p0, p1, p2, p3] = *value
            {
                return InboundFee {
                    base_msat: i32::from_be_bytes([b0, b1, b2, b3]),
                    proportional_millionths: i32::from_be_bytes([p0, p1, p2, p3]),
                };
            }
            tlvs = rest;
        }
        InboundFee::ZERO
    }

    /// What it says about forwarding; `None` in the old form without `htlc_maximum_msat`.
    pub fn policy(&self) -> Option<ChannelPolicy> {
        let htlc_maximum_msat = self.htlc_maximum_msat?;
        Some(ChannelPolicy {
            fee: Fee {
                fee_base_msat: self.fee_base_msat,
                fee_proportional_millionths: self.fee_proportional_millionths,
            },
            inbound_fee: self.inbound_fee(),
            cltv_expiry_delta: self.cltv_expiry_delta,
            htlc_minimum_msat: self.htlc_minimum_msat,
            htlc_maximum_msat,
            disabled: self.is_disabled(),
            last_update: self.timestamp,
        })
    }
}

impl<'a> WireMessage<'a> for ChannelUpdate<'a> {
    const TYPE: u16 = 258;

    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut fields = Fields::new(payload);
        let mut update = ChannelUpdate {
            signature: fields.array("signature")?,
            chain_hash: fields.chain_hash()?,
            short_channel_id: fields.short_channel_id()?,
            timestamp: fields.time("timestamp")?,
            message_flags: fields.array::<1>("message_flags")?[0],
            channel_flags: fields.array::<1>("channel_flags")?[0],
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(fields.u16("cltv_expiry_delta")?),
            htlc_minimum_msat: fields.msat("htlc_minimum_msat")?,
            fee_base_msat: fields.u32("fee_base_msat")?,
            fee_proportional_millionths: fields.u32("fee_proportional_millionths")?,
            htlc_maximum_msat: None,
            extension: &[],
        };
        // Bit 0 once said that the maximum is there and is ignored now; where it is clear and the message ends here,
        // the message is of that time.
        if update.message_flags & 1 != 0 || fields.left() >= 8 {
            update.htlc_maximum_msat = Some(fields.msat("htlc_maximum_msat")?);
        }
        update.extension = fields.rest();
        Ok(update)
    }

    fn encode(&self, sink: &mut impl Sink) {
        sink.put(&self.signature);
        sink.put(self.chain_hash.as_bytes());
        sink.put(&self.short_channel_id.to_u64().to_be_bytes());
        sink.put(&self.timestamp.to_secs().to_be_bytes());
        sink.put(&[self.message_flags, self.channel_flags]);
        sink.put(&self.cltv_expiry_delta.to_blocks().to_be_bytes());
        sink.put(&self.htlc_minimum_msat.to_msat().to_be_bytes());
        sink.put(&self.fee_base_msat.to_be_bytes());
        sink.put(&self.fee_proportional_millionths.to_be_bytes());
        if let Some(maximum) = self.htlc_maximum_msat {
            sink.put(&maximum.to_msat().to_be_bytes());
        }
        sink.put(self.extension);
    }
}

/// bLIP-18's record in the TLV stream behind the fields.
const INBOUND_FEE_TYPE: u64 = 55_555;

#[cfg(test)]
mod tests {
    use super::*;

    fn update(message_flags: u8, channel_flags: u8, tail: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 96];
        bytes.extend(7u64.to_be_bytes());
        bytes.extend(1_700_000_000u32.to_be_bytes());
        bytes.extend([message_flags, channel_flags]);
        bytes.extend(144u16.to_be_bytes());
        bytes.extend(1000u64.to_be_bytes());
        bytes.extend(u32::MAX.to_be_bytes());
        bytes.extend(250u32.to_be_bytes());
        bytes.extend(tail);
        bytes
    }

    #[test]
    fn inbound_fee_is_found_behind_other_records() {
        let mut tail = 5_000u64.to_be_bytes().to_vec();
        tail.extend([1, 2, 0xaa, 0xbb]);
        tail.extend([0xfd, 0xd9, 0x03, 8]);
        tail.extend((-5i32).to_be_bytes());
        tail.extend((-600i32).to_be_bytes());
        let bytes = update(1, 3, &tail);
        let decoded = ChannelUpdate::decode(&bytes).expect("well formed");
        let policy = decoded.policy().expect("has htlc_maximum_msat");
        assert_eq!(policy.inbound_fee, InboundFee { base_msat: -5, proportional_millionths: -600 });
        assert_eq!(policy.fee.fee_base_msat, u32::MAX);
        assert!(policy.disabled);
        assert_eq!(decoded.direction(), Direction::NodeTwoToOne);
        assert_eq!(decoded.to_bytes()[2..], bytes[..]);
    }

    #[test]
    fn a_tail_that_is_no_tlv_stream_is_no_inbound_fee() {
        for garbage in [&[0xfd][..], &[1, 200, 3], &[0xfd, 0xd9, 0x03, 7, 0, 0, 0, 0, 0, 0, 0]] {
            let bytes = update(1, 0, &[&5_000u64.to_be_bytes(), garbage].concat());
            let decoded = ChannelUpdate::decode(&bytes).expect("well formed");
            assert_eq!(decoded.inbound_fee(), InboundFee::ZERO);
            assert_eq!(decoded.extension, garbage);
        }
    }

    #[test]
    fn only_the_old_form_lacks_htlc_maximum_msat() {
        let maximum = |bytes: &[u8]| ChannelUpdate::decode(bytes).map(|update| update.htlc_maximum_msat);
        assert_eq!(maximum(&update(0, 0, &[])), Ok(None));
        assert_eq!(maximum(&update(0, 0, &9u64.to_be_bytes())), Ok(Some(Msat::from_msat(9))));
        assert_eq!(maximum(&update(1, 0, &[0; 7])), Err(WireError::Short { field: "htlc_maximum_msat" }));
    }
}
