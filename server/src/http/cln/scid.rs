//! Channels as Core Lightning's manual names them.

use std::str::FromStr;

use primitives::{ShortChannelId, ShortChannelIdDir};
use serde::de::{Deserialize, Deserializer};

use crate::json::Text;

/// A channel, or one direction of it, as BLOCKxTRANSACTIONxOUTPUT: the bare number, which others write for it, is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InParts<T>(pub(super) T);

/// A channel.
pub(super) type Scid = InParts<ShortChannelId>;
/// One direction of a channel.
pub(super) type ScidDir = InParts<ShortChannelIdDir>;

/// Text that names no channel in that way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "should be a short_channel_id, BLOCKxTRANSACTIONxOUTPUT; for one direction of it, with /0 or /1 behind"
)]
pub(super) struct InPartsError;

impl<T: FromStr> FromStr for InParts<T> {
    type Err = InPartsError;

    fn from_str(text: &str) -> Result<Self, InPartsError> {
        let parts = Some(text).filter(|text| text.contains('x')).ok_or(InPartsError)?;
        parts.parse().map(InParts).map_err(|_| InPartsError)
    }
}

impl<'de, T: FromStr> Deserialize<'de> for InParts<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer).map(|Text(value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_named_by_its_parts_alone() {
        assert_eq!("1x2x3".parse::<Scid>(), Ok(InParts("1x2x3".parse().unwrap())));
        assert_eq!("1x2x3/1".parse::<ScidDir>(), Ok(InParts("1x2x3/1".parse().unwrap())));
        for text in ["916778", "0", "", "x", "1x2", "1x2x3x4", "1x2x3/0"] {
            assert_eq!(text.parse::<Scid>(), Err(InPartsError), "{text}");
        }
        for text in ["916778/0", "/0", "1x2x3", "1x2x3/2", "1x2/0"] {
            assert_eq!(text.parse::<ScidDir>(), Err(InPartsError), "{text}");
        }
    }
}
