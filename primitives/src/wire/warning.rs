//! `warning` and `error` (BOLT 1).

use std::fmt::{self, Write};

use super::fields::{Fields, length_of};
use super::{WireError, WireMessage};
use crate::codec::Sink;

/// Something is amiss, and the connection goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Warning<'a> {
    /// The channel that it is about; all zero stands for none.
    pub channel_id: [u8; 32],
    /// What is amiss; shown by `Display` without its tricks.
    pub data: &'a [u8],
}

/// A channel has failed, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorMessage<'a> {
    /// The channel; all zero stands for all.
    pub channel_id: [u8; 32],
    /// Why; shown by `Display` without its tricks.
    pub data: &'a [u8],
}

impl<'a> WireMessage<'a> for Warning<'a> {
    const TYPE: u16 = 1;

    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        let (channel_id, data) = decode(payload)?;
        Ok(Warning { channel_id, data })
    }

    fn encode(&self, sink: &mut impl Sink) {
        encode(&self.channel_id, self.data, sink);
    }
}

impl<'a> WireMessage<'a> for ErrorMessage<'a> {
    const TYPE: u16 = 17;

    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        let (channel_id, data) = decode(payload)?;
        Ok(ErrorMessage { channel_id, data })
    }

    fn encode(&self, sink: &mut impl Sink) {
        encode(&self.channel_id, self.data, sink);
    }
}

impl fmt::Display for Warning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self.data, f)
    }
}

impl fmt::Display for ErrorMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self.data, f)
    }
}

fn decode(payload: &[u8]) -> Result<([u8; 32], &[u8]), WireError> {
    let mut fields = Fields::new(payload);
    Ok((fields.array("channel_id")?, fields.sized("data")?))
}

fn encode(channel_id: &[u8; 32], data: &[u8], sink: &mut impl Sink) {
    sink.put(channel_id);
    sink.put(&length_of(data));
    sink.put(data);
}

/// Printable ASCII as it is, a dot for each other byte (BOLT 1: not verbatim), and no more than a screenful.
fn show(data: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for &byte in data.iter().take(SHOWN_MAX) {
        f.write_char(if (32..=126).contains(&byte) { char::from(byte) } else { '.' })?;
    }
    if data.len() > SHOWN_MAX { f.write_str("...") } else { Ok(()) }
}

const SHOWN_MAX: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_shown_without_their_tricks() {
        let shown = |data| Warning { channel_id: [0; 32], data }.to_string();
        assert_eq!(shown(b"bad \x1b[2J\xff~"), "bad .[2J.~");
        assert_eq!(shown(&[b'a'; 65_000]).len(), SHOWN_MAX + 3);
    }
}
