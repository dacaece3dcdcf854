//! Which packets have been seen (BOLT 4, Packet Forwarding: a packet is taken once).
//!
//! A tag is needed until its HTLC could not be accepted any more, so the log forgets by block height. It holds no more
//! than it was told to: a node that runs into the limit refuses further packets rather than take one twice.

use std::collections::{BTreeMap, HashSet};

use primitives::BlockHeight;

use crate::keys::ReplayTag;

/// The tags of packets whose HTLCs have not expired. Some 40 bytes a tag.
#[derive(Debug, Clone)]
pub struct ReplayLog {
    tags: HashSet<ReplayTag>,
    by_expiry: BTreeMap<BlockHeight, Vec<ReplayTag>>,
    tag_count_max: usize,
}

impl ReplayLog {
    /// An empty log of at most `tag_count_max` tags; [`TAG_COUNT_MAX`] suits any node.
    pub fn new(tag_count_max: usize) -> Self {
        ReplayLog { tags: HashSet::new(), by_expiry: BTreeMap::new(), tag_count_max }
    }

    /// Remembers a packet until block `cltv_expiry`, the expiry of the HTLC that it came with.
    ///
    /// # Errors
    /// Where it must be refused: it was seen before, or the log is full.
    pub fn take(&mut self, tag: ReplayTag, cltv_expiry: BlockHeight) -> Result<(), ReplayError> {
        if self.tags.contains(&tag) {
            return Err(ReplayError::Seen);
        }
        if self.tags.len() >= self.tag_count_max {
            return Err(ReplayError::Full);
        }
        self.tags.insert(tag);
        self.by_expiry.entry(cltv_expiry).or_default().push(tag);
        Ok(())
    }

    /// Forgets the packets whose HTLCs expired before block `height`.
    pub fn forget_before(&mut self, height: BlockHeight) {
        let kept = self.by_expiry.split_off(&height);
        for tag in std::mem::replace(&mut self.by_expiry, kept).into_values().flatten() {
            self.tags.remove(&tag);
        }
    }

    /// How many packets are remembered.
    pub fn len(&self) -> usize {
        self.tags.len()
    }

    /// Whether no packet is remembered.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }
}

/// Why a packet must be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// It was seen before.
    #[error("the packet has been seen before")]
    Seen,
    /// No more can be remembered before some expire.
    #[error("too many packets are remembered")]
    Full,
}

/// As many HTLCs as a thousand channels, full in both directions, see in two weeks at one a second: some 40 MB.
pub const TAG_COUNT_MAX: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(byte: u8) -> ReplayTag {
        ReplayTag::from_bytes([byte; 16])
    }

    #[test]
    fn packets_are_taken_once_until_they_expire() {
        let mut log = ReplayLog::new(2);
        let height = BlockHeight::from_u32;
        assert_eq!(log.take(tag(1), height(100)), Ok(()));
        assert_eq!(log.take(tag(1), height(200)), Err(ReplayError::Seen));
        assert_eq!(log.take(tag(2), height(101)), Ok(()));
        assert_eq!(log.take(tag(3), height(102)), Err(ReplayError::Full));
        log.forget_before(height(101));
        assert_eq!(log.len(), 1);
        assert_eq!(log.take(tag(2), height(101)), Err(ReplayError::Seen));
        assert_eq!(log.take(tag(1), height(200)), Ok(()));
        log.forget_before(height(201));
        assert!(log.is_empty());
    }
}
