//! `query_channel_range` and `reply_channel_range` (BOLT 7): which channels were funded in which blocks.

use bitcoin::constants::ChainHash;

use super::fields::Fields;
use super::short_ids::{PLAIN, plain_array};
use super::{ShortIds, WireError, WireMessage};
use crate::codec::{Sink, TlvReader, TlvWriter, bigsize_len, decode_bigsize, encode_bigsize};
use crate::{ShortChannelId, UnixTime};

/// Bit of `query_option_flags`: the answer should tell the times of the updates.
pub const WANT_TIMESTAMPS: u64 = 1;
/// Bit of `query_option_flags`: the answer should tell the checksums of the updates.
pub const WANT_CHECKSUMS: u64 = 2;

/// Asks for the channels of some blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryChannelRange {
    /// The chain.
    pub chain_hash: ChainHash,
    /// The first block.
    pub first_blocknum: u32,
    /// How many blocks.
    pub number_of_blocks: u32,
    /// What the answer should tell beside; [`WANT_TIMESTAMPS`] and [`WANT_CHECKSUMS`].
    pub query_option_flags: Option<u64>,
}

impl<'a> WireMessage<'a> for QueryChannelRange {
    const TYPE: u16 = 263;

    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut fields = Fields::new(payload);
        let mut query = QueryChannelRange {
            chain_hash: fields.chain_hash()?,
            first_blocknum: fields.u32("first_blocknum")?,
            number_of_blocks: fields.u32("number_of_blocks")?,
            query_option_flags: None,
        };
        for record in TlvReader::new(fields.rest()) {
            let record = record?;
            match record.tlv_type {
                QUERY_OPTION => match decode_bigsize(record.value) {
                    Some((flags, [])) => query.query_option_flags = Some(flags),
                    _ => return Err(record.invalid().into()),
                },
                _ => record.skip()?,
            }
        }
        Ok(query)
    }

    fn encode(&self, sink: &mut impl Sink) {
        sink.put(self.chain_hash.as_bytes());
        sink.put(&self.first_blocknum.to_be_bytes());
        sink.put(&self.number_of_blocks.to_be_bytes());
        if let Some(flags) = self.query_option_flags {
            let mut value = Vec::with_capacity(bigsize_len(flags));
            encode_bigsize(flags, &mut value);
            TlvWriter::new(sink).record(QUERY_OPTION, &[&value]);
        }
    }
}

/// Tells the channels of some blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyChannelRange<'a> {
    /// The chain.
    pub chain_hash: ChainHash,
    /// The first block that this part is about.
    pub first_blocknum: u32,
    /// How many blocks it is about.
    pub number_of_blocks: u32,
    /// Whether no other part follows.
    pub sync_complete: bool,
    /// The channels.
    pub short_channel_ids: ShortIds<'a>,
    /// Of each, when `node_id_1` and `node_id_2` last updated it, packed; zero stands for never.
    pub timestamps: Option<&'a [u8]>,
    /// Of each, CRC-32C of both updates without signature and timestamp, packed; zero stands for none.
    pub checksums: Option<&'a [u8]>,
}

/// What a reply tells of one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangeEntry {
    /// The channel.
    pub short_channel_id: ShortChannelId,
    /// When it was updated, where that is told.
    pub timestamps: Option<[UnixTime; 2]>,
    /// The checksums of its updates, where they are told.
    pub checksums: Option<[u32; 2]>,
}

impl<'a> ReplyChannelRange<'a> {
    /// The channels in order with what is told of them.
    pub fn entries(&self) -> impl Iterator<Item = RangeEntry> + use<'a> {
        let (timestamps, checksums) = (self.timestamps, self.checksums);
        let times = |pair: [u32; 2]| pair.map(UnixTime::from_secs);
        self.short_channel_ids.iter().enumerate().map(move |(idx, short_channel_id)| RangeEntry {
            short_channel_id,
            timestamps: timestamps.and_then(|packed| pair(packed, idx)).map(times),
            checksums: checksums.and_then(|packed| pair(packed, idx)),
        })
    }

    /// The bytes of one channel's pair of times or checksums.
    pub fn pack_pair([one, two]: [u32; 2]) -> [u8; 8] {
        (u64::from(one) << 32 | u64::from(two)).to_be_bytes()
    }
}

impl<'a> WireMessage<'a> for ReplyChannelRange<'a> {
    const TYPE: u16 = 264;

    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut fields = Fields::new(payload);
        let mut reply = ReplyChannelRange {
            chain_hash: fields.chain_hash()?,
            first_blocknum: fields.u32("first_blocknum")?,
            number_of_blocks: fields.u32("number_of_blocks")?,
            sync_complete: fields.array::<1>("sync_complete")?[0] != 0,
            short_channel_ids: ShortIds::decode(fields.sized("encoded_short_ids")?)?,
            timestamps: None,
            checksums: None,
        };
        let whole = |packed: &'a [u8], field| match packed.len() == 8 * reply.short_channel_ids.len() {
            true => Ok(Some(packed)),
            false => Err(WireError::Elements { field }),
        };
        for record in TlvReader::new(fields.rest()) {
            let record = record?;
            match record.tlv_type {
                TIMESTAMPS => {
                    let packed = plain_array(record.value, "encoded_timestamps")?;
                    reply.timestamps = whole(packed, "encoded_timestamps")?;
                }
                CHECKSUMS => reply.checksums = whole(record.value, "checksums")?,
                _ => record.skip()?,
            }
        }
        Ok(reply)
    }

    fn encode(&self, sink: &mut impl Sink) {
        let packed = self.short_channel_ids.packed();
        let size = u16::try_from(packed.len() + 1).expect("a list is never larger than a message");
        sink.put(self.chain_hash.as_bytes());
        sink.put(&self.first_blocknum.to_be_bytes());
        sink.put(&self.number_of_blocks.to_be_bytes());
        sink.put(&[u8::from(self.sync_complete)]);
        sink.put(&size.to_be_bytes());
        sink.put(&[PLAIN]);
        sink.put(packed);
        let mut writer = TlvWriter::new(sink);
        if let Some(packed) = self.timestamps {
            writer.record(TIMESTAMPS, &[&[PLAIN], packed]);
        }
        writer.optional(CHECKSUMS, self.checksums);
    }
}

fn pair(packed: &[u8], idx: usize) -> Option<[u32; 2]> {
    let [a, b, c, d, e, f, g, h] = *packed.as_chunks::<8>().0.get(idx)?;
    Some([u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])])
}

const QUERY_OPTION: u64 = 1;
const TIMESTAMPS: u64 = 1;
const CHECKSUMS: u64 = 3;
