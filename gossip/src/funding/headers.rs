//! A chain of block headers with its work, for those who trust nobody's node.
//!
//! Each header names its parent, meets its target, has the target that the network's rules demand, a time above the median
//! of the eleven before, and one that is not in the future. Of two branches the one with more work holds. A signet's
//! signatures are not checked.
//!
//! ```text
//! anchor .............................. 2016 .............. 2016 ........ tip
//! hashes: 32 bytes each, all
//!                                       recent: 80 bytes each, the last 4032
//!                                                           forks begin here
//! ```

use std::collections::VecDeque;

use bitcoin::block::Header;
use bitcoin::consensus::encode::deserialize;
use bitcoin::params::Params;
use bitcoin::{BlockHash, Network, Work};
use primitives::{BlockHeight, UnixTime};

use super::difficulty::{earliest_time, period, required_target};

/// Where a chain begins: a header that the user trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Its height, a multiple of 2016: the next change of difficulty counts from a period's first header.
    pub height: BlockHeight,
    /// The header.
    pub header: Header,
}

/// Headers from an anchor to a tip: 32 bytes each, and 80 more for each of the last 4032.
#[derive(Debug, Clone)]
pub struct HeaderChain {
    params: Params,
    first_height: u32,
    /// Of all headers.
    hashes: Vec<BlockHash>,
    /// The last headers.
    recent: VecDeque<Header>,
    /// Of all headers.
    work: Work,
    /// What `work` must be before anything is believed.
    demanded: Option<Work>,
}

impl HeaderChain {
    /// A chain of one header. Whoever would invent headers above it must do the work that its target asks for, or begin
    /// with whole periods at a quarter of it each, so no more is demanded.
    ///
    /// # Errors
    /// Where the anchor does not begin a period of difficulty, or does not meet its own target.
    pub fn new(params: Params, anchor: Anchor) -> Result<Self, HeaderError> {
        let height = anchor.height.to_u32();
        if !height.is_multiple_of(period(&params)) {
            return Err(HeaderError::Anchor { height });
        }
        let header = anchor.header;
        header.validate_pow(header.target()).map_err(|_| HeaderError::Work { height })?;
        Ok(HeaderChain {
            params,
            first_height: height,
            hashes: vec![header.block_hash()],
            recent: VecDeque::from([header]),
            work: header.work(),
            demanded: None,
        })
    }

    /// A chain of the network's first header. Headers of the first years are cheap to invent today, so nothing is believed
    /// before the chain holds the work that the network's had in spring 2026.
    pub fn from_genesis(network: Network) -> Self {
        let params = Params::new(network);
        let header = bitcoin::constants::genesis_block(&params).header;
        let mut chain = HeaderChain::new(params, Anchor { height: BlockHeight::from_u32(0), header })
            .expect("zero begins a period");
        chain.demanded = work_of(network).map(Work::from_be_bytes);
        chain
    }

    /// Height of the last header.
    pub fn tip(&self) -> BlockHeight {
        BlockHeight::from_u32(self.height_of(self.hashes.len() - 1))
    }

    /// Height of the anchor.
    pub const fn first(&self) -> BlockHeight {
        BlockHeight::from_u32(self.first_height)
    }

    /// The header at a height, where it is one of the last 4032.
    pub fn header(&self, height: BlockHeight) -> Option<&Header> {
        let place = self.place(height)?;
        self.recent.get(place.checked_sub(self.hashes.len() - self.recent.len())?)
    }

    /// The hash of the header at a height, where the chain has one.
    pub fn block_hash(&self, height: BlockHeight) -> Option<BlockHash> {
        self.hashes.get(self.place(height)?).copied()
    }

    /// Whether there is so much work that the chain is worth to be believed.
    pub fn is_credible(&self) -> bool {
        self.demanded.is_none_or(|demanded| self.work >= demanded)
    }

    /// Takes a branch of headers, each the parent of the next, whose first one's parent is among the last 2016 of the chain.
    /// Returns the height above which headers were replaced where the branch holds, `None` where it has no more work
    /// than what it would replace. Nothing changes where there is an error. O(headers of the branch + 2016).
    ///
    /// # Errors
    /// Where the branch has no parent here, or a header breaks a rule.
    pub fn connect(&mut self, branch: &[Header], now: UnixTime) -> Result<Option<BlockHeight>, HeaderError> {
        let Some(first) = branch.first() else { return Ok(None) };
        let deepest = self.hashes.len().saturating_sub(FORK_DEPTH_MAX);
        let parent = self.hashes[deepest..].iter().rposition(|hash| *hash == first.prev_blockhash);
        let fork = deepest + parent.ok_or(HeaderError::Orphan { parent: first.prev_blockhash })? + 1;
        if fork + branch.len() > HEADER_COUNT_MAX {
            return Err(HeaderError::TooMany);
        }
        let mut candidate = Branch { chain: self, fork, headers: Vec::new(), hashes: Vec::new() };
        let latest = now.to_secs().saturating_add(FUTURE_SECS_MAX);
        for header in branch {
            candidate.push(header, latest)?;
        }
        let (headers, hashes) = (candidate.headers, candidate.hashes);
        let kept = self.recent.len() - (self.hashes.len() - fork);
        let replaced = sum(self.recent.iter().skip(kept));
        let gained = sum(headers.iter());
        if replaced >= gained {
            return Ok(None);
        }
        self.work = match (replaced, gained) {
            (Some(replaced), Some(gained)) => self.work - replaced + gained,
            (None, Some(gained)) => self.work + gained,
            (_, None) => self.work,
        };
        self.hashes.truncate(fork);
        self.recent.truncate(kept);
        self.hashes.extend(hashes);
        self.recent.extend(headers);
        while self.recent.len() > RECENT_COUNT {
            self.recent.pop_front();
        }
        Ok(Some(BlockHeight::from_u32(self.height_of(fork - 1))))
    }

    fn place(&self, height: BlockHeight) -> Option<usize> {
        height.to_u32().checked_sub(self.first_height).map(|place| place as usize)
    }

    fn height_of(&self, place: usize) -> u32 {
        self.first_height.saturating_add(u32::try_from(place).unwrap_or(u32::MAX))
    }
}

fn sum<'a>(headers: impl Iterator<Item = &'a Header>) -> Option<Work> {
    headers.map(Header::work).reduce(|sum, work| sum + work)
}

/// Reads headers as they lie one behind the other, 80 bytes each.
///
/// # Errors
/// Where there are other bytes than whole headers, or more than [`HEADERS_SIZE_MAX`].
pub fn decode_headers(bytes: &[u8]) -> Result<Vec<Header>, HeaderError> {
    let (headers, rest) = bytes.as_chunks::<HEADER_SIZE>();
    if !rest.is_empty() || bytes.len() > HEADERS_SIZE_MAX {
        return Err(HeaderError::Encoding);
    }
    headers.iter().map(|header| deserialize(header).map_err(|_| HeaderError::Encoding)).collect()
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
    /// The header some places below the one that comes next; the chain's own ones are among the recent.
    fn before(&self, back: usize) -> &Header {
        let place = self.fork + self.headers.len() - back;
        match place.checked_sub(self.fork) {
            None => &self.chain.recent[place - (self.chain.hashes.len() - self.chain.recent.len())],
            Some(place) => &self.headers[place],
        }
    }

    fn push(&mut self, header: &Header, latest: u32) -> Result<(), HeaderError> {
        let place = self.fork + self.headers.len();
        let (height, params) = (self.chain.height_of(place), &self.chain.params);
        let parent_hash = self.hashes.last().copied().unwrap_or(self.chain.hashes[self.fork - 1]);
        if header.prev_blockhash != parent_hash {
            return Err(HeaderError::Orphan { parent: header.prev_blockhash });
        }
        let earliest = earliest_time(params, height, self.before(1)).unwrap_or(0);
        if header.time <= self.median_time(place) || header.time < earliest {
            return Err(HeaderError::Time { height });
        }
        if header.time > latest {
            return Err(HeaderError::Future { height });
        }
        let required = required_target(params, height, header.time, |back| self.before(back as usize));
        // Two encodings of one target are two targets.
        if header.bits != required {
            return Err(HeaderError::Target { height });
        }
        let hash = header.validate_pow(required.into()).map_err(|_| HeaderError::Work { height })?;
        self.headers.push(*header);
        self.hashes.push(hash);
        Ok(())
    }

    /// The median of the eleven times before a place, or of those that are there.
    fn median_time(&self, place: usize) -> u32 {
        let mut times: Vec<u32> = (1..=place.min(MEDIAN_COUNT)).map(|back| self.before(back).time).collect();
        times.sort_unstable();
        times[times.len() / 2]
    }
}

/// The work of a network's chain in spring 2026, as Bitcoin Core demands it of the first headers that it is given.
const fn work_of(network: Network) -> Option<[u8; 32]> {
    let low: u128 = match network {
        Network::Bitcoin => 0x0000_0001_1287_50f8_2f4c_3661_53a3_a030,
        Network::Testnet => 0x0000_0000_0000_17dd_e1c6_49f3_708d_14b6,
        Network::Testnet4 => 0x0000_0000_0000_09a0_fe15_d017_7d08_6304,
        Network::Signet => 0x0000_0000_0000_0000_0000_0b46_3ea0_a4b8,
        _ => return None,
    };
    let (mut bytes, low) = ([0; 32], low.to_be_bytes());
    let mut at = 0;
    while at < low.len() {
        bytes[low.len() + at] = low[at];
        at += 1;
    }
    Some(bytes)
}

pub(super) const HEADER_SIZE: usize = 80;
/// Bytes that [`decode_headers`] takes: two periods.
pub const HEADERS_SIZE_MAX: usize = HEADER_SIZE * RECENT_COUNT;
/// The chain's headers that a branch may begin on: two weeks.
const FORK_DEPTH_MAX: usize = 2016;
/// Any fork has a whole period below it, from which its targets follow.
const RECENT_COUNT: usize = 2 * 2016;
/// 256 MiB of hashes; mainnet has so many after 159 years, and the third test network had half of them in 2025.
const HEADER_COUNT_MAX: usize = 1 << 23;
const MEDIAN_COUNT: usize = 11;
/// As all nodes have it.
const FUTURE_SECS_MAX: u32 = 2 * 60 * 60;

/// Why headers are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// Bytes that are not whole headers, or too many.
    #[error("the bytes are not headers")]
    Encoding,
    /// The anchor does not begin a period of difficulty.
    #[error("the header at height {height} does not begin a period of difficulty")]
    Anchor {
        /// Its height.
        height: u32,
    },
    /// A header whose parent is not the one before, or not among the last 2016.
    #[error("no header of the last ones has the hash {parent}")]
    Orphan {
        /// The parent that it names.
        parent: BlockHash,
    },
    /// A time that is not above the median of those before, or long before the last period's end (BIP 94).
    #[error("the header at height {height} is not later than those before")]
    Time {
        /// Its height.
        height: u32,
    },
    /// A time more than two hours ahead.
    #[error("the header at height {height} is in the future")]
    Future {
        /// Its height.
        height: u32,
    },
    /// Another target than the rules demand.
    #[error("the header at height {height} has another target than the rules demand")]
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
    /// More headers than there is room for.
    #[error("there are more headers than anybody has")]
    TooMany,
}

#[cfg(test)]
mod tests;
