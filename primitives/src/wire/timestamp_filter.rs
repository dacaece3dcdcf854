//! `gossip_timestamp_filter` (BOLT 7): which gossip a peer wants from now on.

use bitcoin::constants::ChainHash;

use super::fields::Fields;
use super::{WireError, WireMessage};
use crate::UnixTime;
use crate::codec::Sink;

/// `gossip_timestamp_filter`, field by field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GossipTimestampFilter {
    /// The chain.
    pub chain_hash: ChainHash,
    /// From when.
    pub first_timestamp: UnixTime,
    /// For how many seconds.
    pub timestamp_range: u32,
}

impl GossipTimestampFilter {
    /// Whether a message of that time is wanted: `first_timestamp <= time < first_timestamp + timestamp_range`.
    pub const fn wants(&self, time: UnixTime) -> bool {
        match time.to_secs().checked_sub(self.first_timestamp.to_secs()) {
            Some(after) => after < self.timestamp_range,
            None => false,
        }
    }
}

impl<'a> WireMessage<'a> for GossipTimestampFilter {
    const TYPE: u16 = 265;

    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut fields = Fields::new(payload);
        Ok(GossipTimestampFilter {
            chain_hash: fields.chain_hash()?,
            first_timestamp: fields.time("first_timestamp")?,
            timestamp_range: fields.u32("timestamp_range")?,
        })
    }

    fn encode(&self, sink: &mut impl Sink) {
        sink.put(self.chain_hash.as_bytes());
        sink.put(&self.first_timestamp.to_secs().to_be_bytes());
        sink.put(&self.timestamp_range.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_is_half_open_and_never_wraps() {
        let wants = |first, range, time| {
            let filter = GossipTimestampFilter {
                chain_hash: ChainHash::BITCOIN,
                first_timestamp: UnixTime::from_secs(first),
                timestamp_range: range,
            };
            filter.wants(UnixTime::from_secs(time))
        };
        assert!(!wants(10, 5, 9) && wants(10, 5, 10) && wants(10, 5, 14) && !wants(10, 5, 15));
        assert!(wants(10, u32::MAX, u32::MAX) && !wants(u32::MAX, 0, u32::MAX));
    }
}
