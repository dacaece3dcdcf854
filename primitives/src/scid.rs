//! Where a channel's funding output lies in the chain, which is a channel's name in all gossip.

use std::fmt;
use std::str::FromStr;

use crate::Direction;

/// `short_channel_id` of BOLT 7: 3 bytes of block height, 3 of transaction index, 2 of output index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ShortChannelId(u64);

impl ShortChannelId {
    /// Takes the packed form.
    pub const fn from_u64(scid: u64) -> Self {
        ShortChannelId(scid)
    }

    /// The packed form, as LND prints it (`chan_id`).
    pub const fn to_u64(self) -> u64 {
        self.0
    }

    /// Packs the three parts; `None` where block or transaction index exceed 24 bits.
    pub const fn from_parts(block: u32, transaction: u32, output: u16) -> Option<Self> {
        if block >> 24 != 0 || transaction >> 24 != 0 {
            return None;
        }
        Some(ShortChannelId((block as u64) << 40 | (transaction as u64) << 16 | output as u64))
    }

    /// Height of the block that holds the funding transaction.
    pub const fn block(self) -> u32 {
        (self.0 >> 40) as u32
    }

    /// Place of the funding transaction in its block.
    pub const fn transaction(self) -> u32 {
        (self.0 >> 16 & 0xff_ffff) as u32
    }

    /// Place of the funding output in its transaction.
    pub const fn output(self) -> u16 {
        (self.0 & 0xffff) as u16
    }
}

impl FromStr for ShortChannelId {
    type Err = ScidError;

    /// Reads `block x transaction x output`, as BOLT 7 writes it, or the packed number, as LND writes it.
    fn from_str(text: &str) -> Result<Self, ScidError> {
        let number = |part: &str, max: u64| match part.parse::<u64>() {
            Ok(value) if value <= max && part.starts_with(|c: char| c.is_ascii_digit()) => Ok(value),
            _ => Err(ScidError),
        };
        let mut parts = text.split('x');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(packed), None, None, None) => number(packed, u64::MAX).map(ShortChannelId),
            (Some(block), Some(transaction), Some(output), None) => Ok(ShortChannelId(
                number(block, 0xff_ffff)? << 40
                    | number(transaction, 0xff_ffff)? << 16
                    | number(output, 0xffff)?,
            )),
            _ => Err(ScidError),
        }
    }
}

impl fmt::Display for ShortChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.block(), self.transaction(), self.output())
    }
}

/// One direction of a channel, written `block x transaction x output / direction` as Core Lightning does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortChannelIdDir {
    /// The channel.
    pub short_channel_id: ShortChannelId,
    /// Which way the HTLC goes.
    pub direction: Direction,
}

impl FromStr for ShortChannelIdDir {
    type Err = ScidError;

    fn from_str(text: &str) -> Result<Self, ScidError> {
        let (scid, direction) = text.split_once('/').ok_or(ScidError)?;
        let direction = match direction {
            "0" => Direction::NodeOneToTwo,
            "1" => Direction::NodeTwoToOne,
            _ => return Err(ScidError),
        };
        Ok(ShortChannelIdDir { short_channel_id: scid.parse()?, direction })
    }
}

impl fmt::Display for ShortChannelIdDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.short_channel_id, self.direction.as_usize())
    }
}

/// Text that names no channel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a channel is written BLOCKxTRANSACTIONxOUTPUT, or as one number; a direction as /0 or /1 behind it")]
pub struct ScidError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_number_agree() {
        let scid = ShortChannelId::from_parts(539_268, 845, 1).expect("in range");
        assert_eq!("539268x845x1".parse(), Ok(scid));
        assert_eq!(scid.to_u64().to_string().parse(), Ok(scid));
        assert_eq!(scid.to_string(), "539268x845x1");
        let dir = "539268x845x1/1".parse::<ShortChannelIdDir>().expect("valid");
        assert_eq!((dir.short_channel_id, dir.direction), (scid, Direction::NodeTwoToOne));
    }

    #[test]
    fn parts_out_of_range_are_refused() {
        for text in ["16777216x0x0", "0x16777216x0", "0x0x65536", "1x2", "1x2x3x4", "+1x2x3", "", "x", "-1"] {
            assert_eq!(text.parse::<ShortChannelId>(), Err(ScidError), "{text}");
        }
        assert_eq!(ShortChannelId::from_parts(1 << 24, 0, 0), None);
    }
}
