//! A chain of block headers with its work, for those who trust nobody's node.
//!
//! Each header names its parent, meets its target, has the target that the rules of difficulty demand, and a time
//! above the median of the eleven before. Of two branches the one with more work holds. Not checked: times too far in
//! the future (there is no clock here), and the test networks' exceptions for slow blocks, so of the test networks only
//! regtest and signets without such blocks are followed; a signet's signatures are not checked.

use bitcoin::block::{Header, ValidationError};
use bitcoin::params::Params;
use bitcoin::{BlockHash, CompactTarget, Work};
use primitives::BlockHeight;

/// Where a chain begins: a header that the user trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Its height, a multiple of 2016: the next change of difficulty counts from a period's first header.
    pub height: BlockHeight,
    /// The header.
    pub header: Header,
}

/// Headers from an anchor to a tip, 80 bytes each.
#[derive(Debug, Clone)]
pub struct HeaderChain {
    params: Params,
    first_height: u32,
    headers: Vec<Header>,
    hashes: Vec<BlockHash>,
}

impl HeaderChain {
    /// A chain of one header.
    ///
    /// # Errors
    /// Where the anchor does not begin a period of difficulty.
    pub fn new(params: Params, anchor: Anchor) -> Result<Self, HeaderError> {
        let height = anchor.height.to_u32();
        if !u64::from(height).is_multiple_of(params.difficulty_adjustment_interval()) {
            return Err(HeaderError::Anchor { height });
        }
        let hash = anchor.header.block_hash();
        Ok(HeaderChain { params, first_height: height, headers: vec![anchor.header], hashes: vec![hash] })
    }

    /// Height of the last header.
    pub fn tip(&self) -> BlockHeight {
        BlockHeight::from_u32(self.height_of(self.headers.len() - 1))
    }

    /// The header at a height, where the chain reaches it.
    pub fn header(&self, height: BlockHeight) -> Option<&Header> {
        self.headers.get(self.place(height)?)
    }

    /// The hash of the header at a height.
    pub fn block_hash(&self, height: BlockHeight) -> Option<BlockHash> {
        self.hashes.get(self.place(height)?).copied()
    }

    /// Takes a branch of headers, each the parent of the next, whose first one's parent is in the chain. Returns the
    /// height above which headers were replaced where the branch holds, `None` where it has less work. Nothing changes
    /// where there is an error. O(headers) of the branch.
    ///
    /// # Errors
    /// Where the branch has no parent here, or a header breaks a rule.
    pub fn connect(&mut self, branch: &[Header]) -> Result<Option<BlockHeight>, HeaderError> {
        let Some(first) = branch.first() else { return Ok(None) };
        let parent = self.hashes.iter().rposition(|hash| *hash == first.prev_blockhash);
        let parent = parent.ok_or(HeaderError::Orphan { parent: first.prev_blockhash })?;
        let mut candidate = Branch { chain: self, fork: parent + 1, headers: Vec::new(), hashes: Vec::new() };
        let mut work: Option<Work> = None;
        for header in branch {
            candidate.push(header)?;
            work = Some(work.map_or(header.work(), |sum| sum + header.work()));
        }
        let ours = self.headers[parent + 1..].iter().map(Header::work).reduce(|sum, work| sum + work);
        let (headers, hashes) = (candidate.headers, candidate.hashes);
        if ours >= work {
            return Ok(None);
        }
        self.headers.truncate(parent + 1);
        self.hashes.truncate(parent + 1);
        self.headers.extend(headers);
        self.hashes.extend(hashes);
        Ok(Some(BlockHeight::from_u32(self.height_of(parent))))
    }

    fn place(&self, height: BlockHeight) -> Option<usize> {
        height.to_u32().checked_sub(self.first_height).map(|place| place as usize)
    }

    fn height_of(&self, place: usize) -> u32 {
        self.first_height.saturating_add(u32::try_from(place).unwrap_or(u32::MAX))
    }
}

/// Headers on top of a part of a chain.
struct Branch<'a> {
    chain: &'a HeaderChain,
    /// The place of the first header that is not the chain's.
    fork: usize,
    headers: Vec<Header>,
    hashes: Vec<BlockHash>,
}

impl Branch<'_> {
    fn get(&self, place: usize) -> &Header {
        match place.checked_sub(self.fork) {
            None => &self.chain.headers[place],
            Some(place) => &self.headers[place],
        }
    }

    fn push(&mut self, header: &Header) -> Result<(), HeaderError> {
        let place = self.fork + self.headers.len();
        let height = self.chain.height_of(place);
        let parent_hash = self.hashes.last().copied().unwrap_or(self.chain.hashes[self.fork - 1]);
        if header.prev_blockhash != parent_hash {
            return Err(HeaderError::Orphan { parent: header.prev_blockhash });
        }
        if header.time <= self.median_time(place) {
            return Err(HeaderError::Time { height });
        }
        let hash = header.validate_pow(self.required(place).into()).map_err(|error| match error {
            ValidationError::BadTarget => HeaderError::Target { height },
            // The type is the library's and may grow.
            _ => HeaderError::Work { height },
        })?;
        self.headers.push(*header);
        self.hashes.push(hash);
        Ok(())
    }

    /// The target that the rules demand at a place.
    fn required(&self, place: usize) -> CompactTarget {
        let parent = self.get(place - 1);
        let period = self.chain.params.difficulty_adjustment_interval();
        if !u64::from(self.chain.height_of(place)).is_multiple_of(period) {
            return parent.bits;
        }
        let first = place.saturating_sub(usize::try_from(period).unwrap_or(usize::MAX));
        let timespan = parent.time.saturating_sub(self.get(first).time);
        CompactTarget::from_next_work_required(parent.bits, timespan.into(), &self.chain.params)
    }

    /// The median of the eleven times before a place, or of those that are there.
    fn median_time(&self, place: usize) -> u32 {
        let mut times: Vec<u32> =
            (place.saturating_sub(MEDIAN_COUNT)..place).map(|place| self.get(place).time).collect();
        times.sort_unstable();
        times[times.len() / 2]
    }
}

const MEDIAN_COUNT: usize = 11;

/// Why headers are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The anchor does not begin a period of difficulty.
    #[error("the header at height {height} does not begin a period of difficulty")]
    Anchor {
        /// Its height.
        height: u32,
    },
    /// A header whose parent is not the one before.
    #[error("no header has the hash {parent}")]
    Orphan {
        /// The parent that it names.
        parent: BlockHash,
    },
    /// A time that is not above the median of those before.
    #[error("the header at height {height} is not later than the median of those before")]
    Time {
        /// Its height.
        height: u32,
    },
    /// Another target than the rules demand.
    #[error("the header at height {height} has another target than its period")]
    Target {
        /// Its height.
        height: u32,
    },
    /// A hash above the target.
    #[error("the header at height {height} does not meet its target")]
    Work {
        /// Its height.
        height: u32,
    },
}

#[cfg(test)]
mod tests;
