//! The name of a connection.

/// A connection, by a number that whoever owns the sockets gives and never gives again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(u64);

impl PeerId {
    /// Wraps a number.
    pub const fn from_u64(number: u64) -> Self {
        PeerId(number)
    }

    /// The number.
    pub const fn to_u64(self) -> u64 {
        self.0
    }
}
