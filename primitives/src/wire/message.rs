//! What every message can do, and how large one is.

use super::fields::WireError;
use crate::codec::Sink;

/// What every message can do.
pub trait WireMessage<'a>: Sized {
    /// Its number.
    const TYPE: u16;

    /// Reads the payload behind the type. O(bytes), allocates nothing.
    ///
    /// # Errors
    /// Where it is no such message.
    fn decode(payload: &'a [u8]) -> Result<Self, WireError>;

    /// Writes the payload without the type.
    fn encode(&self, sink: &mut impl Sink);

    /// The whole message with its type.
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Self::TYPE.to_be_bytes().to_vec();
        self.encode(&mut bytes);
        bytes
    }
}

/// The most bytes that a message has, its type counted (BOLT 1, Lightning Message Format).
pub const MESSAGE_SIZE_MAX: usize = 65_535;

/// The type of a message, `None` where not even that is there.
pub fn message_type(message: &[u8]) -> Option<u16> {
    message.first_chunk().map(|kind| u16::from_be_bytes(*kind))
}
