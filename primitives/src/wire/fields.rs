//! Takes a payload apart field by field, and names the field where it cannot.

use bitcoin::constants::ChainHash;

use crate::codec::TlvError;
use crate::{Msat, NodeId, ShortChannelId, UnixTime};

/// What is left of a payload.
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(super) const fn new(payload: &'a [u8]) -> Self {
        Fields(payload)
    }

    /// All that was not taken.
    pub(super) const fn rest(self) -> &'a [u8] {
        self.0
    }

    pub(super) const fn left(&self) -> usize {
        self.0.len()
    }

    pub(super) fn bytes(&mut self, size: usize, field: &'static str) -> Result<&'a [u8], WireError> {
        let (head, rest) = self.0.split_at_checked(size).ok_or(WireError::Short { field })?;
        self.0 = rest;
        Ok(head)
    }

    pub(super) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], WireError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(WireError::Short { field })?;
        self.0 = rest;
        Ok(*head)
    }

    pub(super) fn u16(&mut self, field: &'static str) -> Result<u16, WireError> {
        Ok(u16::from_be_bytes(self.array(field)?))
    }

    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, WireError> {
        Ok(u32::from_be_bytes(self.array(field)?))
    }

    /// Bytes behind their 16-bit length.
    pub(super) fn sized(&mut self, field: &'static str) -> Result<&'a [u8], WireError> {
        let size = self.u16(field)?;
        self.bytes(size.into(), field)
    }

    pub(super) fn msat(&mut self, field: &'static str) -> Result<Msat, WireError> {
        Ok(Msat::from_msat(u64::from_be_bytes(self.array(field)?)))
    }

    pub(super) fn time(&mut self, field: &'static str) -> Result<UnixTime, WireError> {
        Ok(UnixTime::from_secs(self.u32(field)?))
    }

    pub(super) fn chain_hash(&mut self) -> Result<ChainHash, WireError> {
        Ok(ChainHash::from(self.array("chain_hash")?))
    }

    pub(super) fn short_channel_id(&mut self) -> Result<ShortChannelId, WireError> {
        Ok(ShortChannelId::from_u64(u64::from_be_bytes(self.array("short_channel_id")?)))
    }

    pub(super) fn node_id(&mut self, field: &'static str) -> Result<NodeId, WireError> {
        NodeId::from_bytes(self.array(field)?).map_err(|_| WireError::NodeId { field })
    }
}

/// The 16-bit length that stands before bytes of a message.
///
/// # Panics
/// Where the bytes fit no message: ours are bounded where they are made.
pub(super) fn length_of(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).expect("a field is never larger than a message").to_be_bytes()
}

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// Fewer than the two bytes of a type, or more bytes than a transport carries.
    #[error("a message has 2 to 65535 bytes, this has {size}")]
    Size {
        /// How many there are.
        size: usize,
    },
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
    /// An array in an encoding that is not known; 1 was zlib, which BOLT 7 forbids.
    #[error("the array {field} has the encoding {encoding}, of which only 0 is known")]
    Encoding {
        /// The array.
        field: &'static str,
        /// Its first byte.
        encoding: u8,
    },
    /// An array whose elements are cut, too few, too many or not minimal.
    #[error("the array {field} does not hold whole elements, one for each channel")]
    Elements {
        /// The array.
        field: &'static str,
    },
    /// Channels that do not ascend strictly (BOLT 7, Query Messages).
    #[error("the channels in encoded_short_ids do not ascend")]
    Order,
    /// A broken extension.
    #[error("{0}")]
    Tlv(#[from] TlvError),
}
