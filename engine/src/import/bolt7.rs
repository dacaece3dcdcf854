//! The parts of BOLT 7's gossip messages that a graph is made of.
//!
//! Messages come without their two bytes of type. Signatures and keys on the chain are stepped over: whoever kept the
//! message verified them, and the gossip layer does where nobody did.

use primitives::codec::decode_bigsize;
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, InboundFee, Msat, NodeId, ShortChannelId,
    UnixTime,
};

/// What a `channel_announcement` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChannelAnnouncement {
    pub(super) features: Features,
    pub(super) short_channel_id: ShortChannelId,
    pub(super) node_id_1: NodeId,
    pub(super) node_id_2: NodeId,
}

/// What a `node_announcement` says about routing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NodeAnnouncement {
    pub(super) features: Features,
    pub(super) node_id: NodeId,
}

/// What a `channel_update` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChannelUpdate {
    pub(super) short_channel_id: ShortChannelId,
    pub(super) direction: Direction,
    /// `None` where the update is of the old form without `htlc_maximum_msat`.
    pub(super) policy: Option<ChannelPolicy>,
}

impl ChannelAnnouncement {
    /// Reads the fields behind the type.
    pub(super) fn decode(message: &[u8]) -> Result<Self, Bolt7Error> {
        let mut fields = Fields(message);
        fields.skip(4 * SIGNATURE_SIZE, "signatures")?;
        let features = fields.features()?;
        fields.skip(CHAIN_HASH_SIZE, "chain_hash")?;
        let short_channel_id = ShortChannelId::from_u64(u64::from_be_bytes(fields.take("short_channel_id")?));
        let node_id_1 = fields.node_id("node_id_1")?;
        let node_id_2 = fields.node_id("node_id_2")?;
        Ok(ChannelAnnouncement { features, short_channel_id, node_id_1, node_id_2 })
    }
}

impl NodeAnnouncement {
    /// Reads the fields behind the type, as far as `node_id`.
    pub(super) fn decode(message: &[u8]) -> Result<Self, Bolt7Error> {
        let mut fields = Fields(message);
        fields.skip(SIGNATURE_SIZE, "signature")?;
        let features = fields.features()?;
        fields.skip(4, "timestamp")?;
        Ok(NodeAnnouncement { features, node_id: fields.node_id("node_id")? })
    }
}

impl ChannelUpdate {
    /// Reads the fields behind the type, and bLIP-18's inbound fee from the TLV stream behind them.
    pub(super) fn decode(message: &[u8]) -> Result<Self, Bolt7Error> {
        let mut fields = Fields(message);
        fields.skip(SIGNATURE_SIZE + CHAIN_HASH_SIZE, "signature and chain_hash")?;
        let short_channel_id = ShortChannelId::from_u64(u64::from_be_bytes(fields.take("short_channel_id")?));
        let last_update = UnixTime::from_secs(u32::from_be_bytes(fields.take("timestamp")?));
        let [message_flags, channel_flags] = fields.take("flags")?;
        let cltv_expiry_delta =
            CltvExpiryDelta::from_blocks(u16::from_be_bytes(fields.take("cltv_expiry_delta")?));
        let htlc_minimum_msat = Msat::from_msat(u64::from_be_bytes(fields.take("htlc_minimum_msat")?));
        let fee = Fee {
            fee_base_msat: u32::from_be_bytes(fields.take("fee_base_msat")?),
            fee_proportional_millionths: u32::from_be_bytes(fields.take("fee_proportional_millionths")?),
        };
        let direction =
            if channel_flags & 1 == 0 { Direction::NodeOneToTwo } else { Direction::NodeTwoToOne };
        // BOLT 7, channel_update: bit 0 of message_flags says that htlc_maximum_msat is there.
        if message_flags & 1 == 0 {
            return Ok(ChannelUpdate { short_channel_id, direction, policy: None });
        }
        let htlc_maximum_msat = Msat::from_msat(u64::from_be_bytes(fields.take("htlc_maximum_msat")?));
        let policy = ChannelPolicy {
            fee,
            inbound_fee: inbound_fee(fields.0),
            cltv_expiry_delta,
            htlc_minimum_msat,
            htlc_maximum_msat,
            disabled: channel_flags & 2 != 0,
            last_update,
        };
        Ok(ChannelUpdate { short_channel_id, direction, policy: Some(policy) })
    }
}

/// bLIP-18: record 55555 holds two signed 32-bit numbers. Bytes that are no TLV stream are allowed there and mean
/// nothing, so whatever does not parse is no inbound fee.
fn inbound_fee(mut tlvs: &[u8]) -> InboundFee {
    while let Some((kind, rest)) = decode_bigsize(tlvs) {
        let Some((size, rest)) = decode_bigsize(rest) else { break };
        let Some((value, rest)) = usize::try_from(size).ok().and_then(|size| rest.split_at_checked(size))
        else {
            break;
        };
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

/// What is left of a message.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn skip(&mut self, size: usize, field: &'static str) -> Result<&'a [u8], Bolt7Error> {
        let (head, rest) = self.0.split_at_checked(size).ok_or(Bolt7Error::Short { field })?;
        self.0 = rest;
        Ok(head)
    }

    fn take<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], Bolt7Error> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(Bolt7Error::Short { field })?;
        self.0 = rest;
        Ok(*head)
    }

    fn features(&mut self) -> Result<Features, Bolt7Error> {
        let size = u16::from_be_bytes(self.take("features")?);
        Ok(Features::from_be_bytes(self.skip(size.into(), "features")?))
    }

    fn node_id(&mut self, field: &'static str) -> Result<NodeId, Bolt7Error> {
        NodeId::from_bytes(self.take(field)?).map_err(|_| Bolt7Error::NodeId { field })
    }
}

const SIGNATURE_SIZE: usize = 64;
const CHAIN_HASH_SIZE: usize = 32;
/// bLIP-18's record in the TLV stream of a `channel_update`.
const INBOUND_FEE_TYPE: u64 = 55_555;

/// Why bytes are no gossip message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Bolt7Error {
    /// The message ends inside a field.
    #[error("the message ends in its field {field}")]
    Short {
        /// The field that is cut.
        field: &'static str,
    },
    /// A node id begins with neither 02 nor 03.
    #[error("the field {field} begins with neither 02 nor 03, which a node id does")]
    NodeId {
        /// The field.
        field: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(message_flags: u8, channel_flags: u8, tail: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; SIGNATURE_SIZE + CHAIN_HASH_SIZE];
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
        let decoded = ChannelUpdate::decode(&update(1, 3, &tail)).expect("well formed");
        let policy = decoded.policy.expect("has htlc_maximum_msat");
        assert_eq!(policy.inbound_fee, InboundFee { base_msat: -5, proportional_millionths: -600 });
        assert_eq!(policy.fee.fee_base_msat, u32::MAX);
        assert!(policy.disabled);
        assert_eq!(decoded.direction, Direction::NodeTwoToOne);
    }

    #[test]
    fn a_tail_that_is_no_tlv_stream_is_no_inbound_fee() {
        for garbage in [&[0xfd][..], &[1, 200, 3], &[0xfd, 0xd9, 0x03, 7, 0, 0, 0, 0, 0, 0, 0]] {
            let tail = [&5_000u64.to_be_bytes(), garbage].concat();
            let policy = ChannelUpdate::decode(&update(1, 0, &tail)).expect("well formed").policy;
            assert_eq!(policy.expect("has htlc_maximum_msat").inbound_fee, InboundFee::ZERO);
        }
    }

    #[test]
    fn the_presence_flag_decides_about_htlc_maximum_msat() {
        assert_eq!(ChannelUpdate::decode(&update(0, 0, &[])).map(|update| update.policy), Ok(None));
        assert_eq!(
            ChannelUpdate::decode(&update(1, 0, &[0; 7])),
            Err(Bolt7Error::Short { field: "htlc_maximum_msat" })
        );
    }

    #[test]
    fn every_cut_is_an_error() {
        let mut message = vec![0; 4 * SIGNATURE_SIZE];
        message.extend([0, 1, 0x80]);
        message.extend([0; CHAIN_HASH_SIZE]);
        message.extend(9u64.to_be_bytes());
        message.extend([[2; 33], [3; 33]].concat());
        let whole = ChannelAnnouncement::decode(&message).expect("well formed");
        assert_eq!(whole.short_channel_id, ShortChannelId::from_u64(9));
        assert!(whole.features.has_bit(7));
        for size in 0..message.len() {
            assert!(ChannelAnnouncement::decode(&message[..size]).is_err(), "{size} bytes");
        }
        let last = message.len() - 33;
        message[last] = 4;
        assert_eq!(ChannelAnnouncement::decode(&message), Err(Bolt7Error::NodeId { field: "node_id_2" }));
    }
}
