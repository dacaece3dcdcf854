//! Time as the gossip carries it.

/// Seconds since 1 January 1970 UTC, as in the `timestamp` of BOLT 7 (which ends in 2106).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixTime(u32);

impl UnixTime {
    /// Wraps a number of seconds.
    pub const fn from_secs(secs: u32) -> Self {
        UnixTime(secs)
    }

    /// The number of seconds.
    pub const fn to_secs(self) -> u32 {
        self.0
    }
}
