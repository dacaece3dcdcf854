//! `query_short_channel_ids` and the end of its answer (BOLT 7).

use bitcoin::constants::ChainHash;

use super::fields::Fields;
use super::short_ids::{PLAIN, plain_array};
use super::{ShortIds, WireError, WireMessage};
use crate::codec::{Sink, TlvReader, TlvWriter, decode_bigsize};

/// Asks for what is known of some channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryShortChannelIds<'a> {
    /// The chain of the channels.
    pub chain_hash: ChainHash,
    /// The channels.
    pub short_channel_ids: ShortIds<'a>,
    /// What is wanted of each; everything where there are no flags.
    pub query_flags: Option<QueryFlags<'a>>,
}

/// `encoded_query_flags`: one number for each channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryFlags<'a>(&'a [u8]);

impl<'a> QueryFlags<'a> {
    /// The `channel_announcement`.
    pub const ANNOUNCEMENT: u64 = 1;
    /// The `channel_update` of `node_id_1`.
    pub const UPDATE_1: u64 = 2;
    /// The `channel_update` of `node_id_2`.
    pub const UPDATE_2: u64 = 4;
    /// The `node_announcement` of `node_id_1`.
    pub const NODE_1: u64 = 8;
    /// The `node_announcement` of `node_id_2`.
    pub const NODE_2: u64 = 16;
    /// All of them.
    pub const ALL: u64 = 31;

    /// Takes numbers in their shortest form; `None` where one is cut or longer than needed.
    pub fn from_packed(packed: &'a [u8]) -> Option<Self> {
        let mut rest = packed;
        while !rest.is_empty() {
            (_, rest) = decode_bigsize(rest)?;
        }
        Some(QueryFlags(packed))
    }

    /// The numbers in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + use<'a> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (flags, behind) = decode_bigsize(rest)?;
            rest = behind;
            Some(flags)
        })
    }
}

impl<'a> WireMessage<'a> for QueryShortChannelIds<'a> {
    const TYPE: u16 = 261;

    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut fields = Fields::new(payload);
        let chain_hash = fields.chain_hash()?;
        let short_channel_ids = ShortIds::decode(fields.sized("encoded_short_ids")?)?;
        let mut query_flags = None;
        for record in TlvReader::new(fields.rest()) {
            let record = record?;
            match record.tlv_type {
                QUERY_FLAGS => {
                    let wrong = WireError::Elements { field: "encoded_query_flags" };
                    let packed = plain_array(record.value, "encoded_query_flags")?;
                    let flags = QueryFlags::from_packed(packed).ok_or(wrong)?;
                    if flags.iter().count() != short_channel_ids.len() {
                        return Err(wrong);
                    }
                    query_flags = Some(flags);
                }
                _ => record.skip()?,
            }
        }
        Ok(QueryShortChannelIds { chain_hash, short_channel_ids, query_flags })
    }

    fn encode(&self, sink: &mut impl Sink) {
        let packed = self.short_channel_ids.packed();
        let size = u16::try_from(packed.len() + 1).expect("a list is never larger than a message");
        sink.put(self.chain_hash.as_bytes());
        sink.put(&size.to_be_bytes());
        sink.put(&[PLAIN]);
        sink.put(packed);
        if let Some(flags) = self.query_flags {
            TlvWriter::new(sink).record(QUERY_FLAGS, &[&[PLAIN], flags.0]);
        }
    }
}

/// Says that all was sent which a `query_short_channel_ids` asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyShortChannelIdsEnd {
    /// The chain of the channels.
    pub chain_hash: ChainHash,
    /// Whether the sender keeps up with this chain.
    pub full_information: bool,
}

impl<'a> WireMessage<'a> for ReplyShortChannelIdsEnd {
    const TYPE: u16 = 262;

    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut fields = Fields::new(payload);
        Ok(ReplyShortChannelIdsEnd {
            chain_hash: fields.chain_hash()?,
            full_information: fields.array::<1>("full_information")?[0] != 0,
        })
    }

    fn encode(&self, sink: &mut impl Sink) {
        sink.put(self.chain_hash.as_bytes());
        sink.put(&[u8::from(self.full_information)]);
    }
}

const QUERY_FLAGS: u64 = 1;
