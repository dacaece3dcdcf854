//! A channel in both directions, or one direction of it.

use std::fmt;
use std::str::FromStr;

use primitives::{ShortChannelId, ShortChannelIdDir};

use super::text::{ANY_CHANNEL, Text, TextForm};

/// A channel, as `1x2x3`, or one direction of it, as `1x2x3/0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnyChannel {
    /// Both directions.
    Both(ShortChannelId),
    /// One direction.
    One(ShortChannelIdDir),
}

/// The same as JSON carries it.
pub type AnyChannelText = Text<AnyChannel>;

/// Text that is neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a channel is written BLOCKxTRANSACTIONxOUTPUT, as 700000x1x0, and one direction of it 700000x1x0/0 or /1"
)]
pub struct AnyChannelError;

impl FromStr for AnyChannel {
    type Err = AnyChannelError;

    fn from_str(text: &str) -> Result<Self, AnyChannelError> {
        if text.contains('/') {
            return text.parse().map(AnyChannel::One).map_err(|_| AnyChannelError);
        }
        text.parse().map(AnyChannel::Both).map_err(|_| AnyChannelError)
    }
}

impl fmt::Display for AnyChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AnyChannel::Both(channel) => channel.fmt(f),
            AnyChannel::One(direction) => direction.fmt(f),
        }
    }
}

impl TextForm for AnyChannel {
    const FORM: (&'static str, &'static str, &'static str) =
        ("AnyChannel", "A channel, or one direction of it.", ANY_CHANNEL);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_and_directions_are_told_apart() {
        assert_eq!("1x2x3".parse(), Ok(AnyChannel::Both("1x2x3".parse().unwrap())));
        assert!(matches!("1x2x3/1".parse(), Ok(AnyChannel::One(_))));
        for text in ["1x2x3/2", "1x2", "", "/", "1x2x3/"] {
            assert_eq!(text.parse::<AnyChannel>(), Err(AnyChannelError), "{text}");
        }
    }
}
