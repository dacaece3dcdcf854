//! Big-endian numbers from the front of a slice, with the offset that an error names.

use primitives::codec::decode_bigsize;

/// What is left of a slice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Take<'a> {
    rest: &'a [u8],
    offset: u64,
}

/// The bytes end at this offset, or hold no minimal number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ended(pub(super) u64);

impl<'a> Take<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Take { rest, offset: 0 }
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `count` bytes, on their own.
    pub(super) fn part(&mut self, count: u64) -> Result<Take<'a>, Ended> {
        let part = usize::try_from(count).ok().and_then(|count| self.rest.split_at_checked(count));
        let (part, rest) = part.ok_or(Ended(self.offset))?;
        let taken = Take { rest: part, offset: self.offset };
        self.rest = rest;
        self.offset += count;
        Ok(taken)
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Ended> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Ended(self.offset))?;
        self.rest = rest;
        self.offset += N as u64;
        Ok(*bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Ended> {
        self.bytes().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Ended> {
        self.bytes().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Ended> {
        self.bytes().map(u64::from_be_bytes)
    }

    pub(super) fn bigsize(&mut self) -> Result<u64, Ended> {
        let (value, rest) = decode_bigsize(self.rest).ok_or(Ended(self.offset))?;
        self.offset += (self.rest.len() - rest.len()) as u64;
        self.rest = rest;
        Ok(value)
    }
}
