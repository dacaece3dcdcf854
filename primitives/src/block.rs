//! Heights and differences of heights in the block chain.

use std::fmt;

/// The height of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct BlockHeight(u32);

impl BlockHeight {
    /// Wraps a height.
    pub const fn from_u32(height: u32) -> Self {
        BlockHeight(height)
    }

    /// The height as a number.
    pub const fn to_u32(self) -> u32 {
        self.0
    }
}

impl fmt::Display for BlockHeight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `cltv_expiry_delta` of BOLT 7: blocks that a node wants between an incoming and an outgoing HTLC's expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CltvExpiryDelta(u16);

impl CltvExpiryDelta {
    /// Wraps a number of blocks.
    pub const fn from_blocks(blocks: u16) -> Self {
        CltvExpiryDelta(blocks)
    }

    /// The number of blocks.
    pub const fn to_blocks(self) -> u16 {
        self.0
    }
}

impl fmt::Display for CltvExpiryDelta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} blocks", self.0)
    }
}
