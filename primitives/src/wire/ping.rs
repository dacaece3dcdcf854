//! `ping` and `pong` (BOLT 1).

use super::fields::{Fields, length_of};
use super::{WireError, WireMessage};
use crate::codec::Sink;

/// Asks for a sign of life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ping<'a> {
    /// How many bytes the answer shall carry.
    pub num_pong_bytes: u16,
    /// Bytes that mean nothing.
    pub ignored: &'a [u8],
}

impl Ping<'_> {
    /// How many bytes the answer carries; `None` where there must be none.
    pub const fn pong_bytes(&self) -> Option<u16> {
        if self.num_pong_bytes > PONG_BYTES_MAX { None } else { Some(self.num_pong_bytes) }
    }
}

/// The most bytes that fit a `pong`; who asks for more wants no answer.
pub const PONG_BYTES_MAX: u16 = 65_531;

impl<'a> WireMessage<'a> for Ping<'a> {
    const TYPE: u16 = 18;

    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut fields = Fields::new(payload);
        Ok(Ping { num_pong_bytes: fields.u16("num_pong_bytes")?, ignored: fields.sized("ignored")? })
    }

    fn encode(&self, sink: &mut impl Sink) {
        sink.put(&self.num_pong_bytes.to_be_bytes());
        sink.put(&length_of(self.ignored));
        sink.put(self.ignored);
    }
}

/// Gives a sign of life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pong<'a> {
    /// As many bytes as were asked for.
    pub ignored: &'a [u8],
}

impl<'a> WireMessage<'a> for Pong<'a> {
    const TYPE: u16 = 19;

    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        Ok(Pong { ignored: Fields::new(payload).sized("ignored")? })
    }

    fn encode(&self, sink: &mut impl Sink) {
        sink.put(&length_of(self.ignored));
        sink.put(self.ignored);
    }
}
