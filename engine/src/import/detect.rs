//! Tells formats apart by their first bytes; names of files mean nothing.

use std::fmt;

/// A kind of file that holds a channel graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// The project's CSV: a header that begins with `scid,`.
    Csv,
    /// LND's `describegraph`: a JSON object.
    LndJson,
    /// Core Lightning's `gossip_store`: a version byte, then records.
    GossipStore,
    /// LDK's rapid gossip sync: `LDK` and a version byte.
    Rgs,
    /// The project's own snapshot: a FlatBuffers file with identifier `FGSN`. Mapped, not imported.
    Snapshot,
    /// A zstd stream that holds one of the others.
    Zstd,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Format::Csv => "channel CSV",
            Format::LndJson => "LND describegraph JSON",
            Format::GossipStore => "Core Lightning gossip_store",
            Format::Rgs => "LDK rapid gossip sync snapshot",
            Format::Snapshot => "Fulgurite snapshot",
            Format::Zstd => "zstd stream",
        })
    }
}

/// Recognises a format by the first [`PREFIX_SIZE`] bytes of a file (fewer where the file is shorter).
///
/// # Errors
/// Where the bytes begin no known format, or one in a version that is not read.
pub fn detect(prefix: &[u8]) -> Result<Format, DetectError> {
    let text = prefix.strip_prefix(BYTE_ORDER_MARK).unwrap_or(prefix).trim_ascii_start();
    if text.is_empty() {
        return Err(DetectError::Empty);
    }
    if prefix.starts_with(ZSTD_MAGIC) || is_zstd_skippable(prefix) {
        return Ok(Format::Zstd);
    }
    if let Some(rest) = prefix.strip_prefix(RGS_MAGIC) {
        return match rest.first() {
            Some(1 | 2) => Ok(Format::Rgs),
            Some(&version) => Err(DetectError::RgsVersion { version }),
            None => Err(DetectError::unknown(prefix)),
        };
    }
    if prefix.get(4..8) == Some(SNAPSHOT_IDENTIFIER) {
        return Ok(Format::Snapshot);
    }
    if text.starts_with(b"scid,") {
        return Ok(Format::Csv);
    }
    if text.starts_with(b"{") {
        return Ok(Format::LndJson);
    }
    if is_gossip_store(prefix) {
        return Ok(Format::GossipStore);
    }
    Err(DetectError::unknown(prefix))
}

/// The version byte alone says little (9, 10 and 13 are white space), but no flag in the lower three bits of the
/// first record's first byte was ever defined, while nearly all text sets one of them or is longer white space.
fn is_gossip_store(prefix: &[u8]) -> bool {
    match prefix {
        [version, rest @ ..] => {
            version >> 5 == 0 && version & 0x1f >= 9 && rest.first().is_none_or(|flags| flags & 7 == 0)
        }
        [] => false,
    }
}

/// Zstd's skippable frames, which may stand before the first one with data: 0x184d2a50 to 0x184d2a5f, little-endian.
fn is_zstd_skippable(prefix: &[u8]) -> bool {
    matches!(prefix, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// How many bytes [`detect`] wants to see.
pub const PREFIX_SIZE: usize = 512;

pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const ZSTD_MAGIC: &[u8] = b"\x28\xb5\x2f\xfd";
const RGS_MAGIC: &[u8] = b"LDK";
const SNAPSHOT_IDENTIFIER: &[u8] = b"FGSN";

/// Why a file was not recognised.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DetectError {
    /// Nothing but white space.
    #[error("the file is empty")]
    Empty,
    /// A rapid gossip sync file of another version.
    #[error("rapid gossip sync version {version} is not read, only 1 and 2 are")]
    RgsVersion {
        /// Its version byte.
        version: u8,
    },
    /// None of the known beginnings.
    #[error(
        "no known graph format begins with the bytes {first:02x?}; expected a channel CSV, LND's describegraph, a \
         gossip_store of version 9 or later, a rapid gossip sync snapshot, a Fulgurite snapshot, or zstd of one"
    )]
    Unknown {
        /// The first bytes, zeros where the file is shorter.
        first: [u8; 8],
    },
}

impl DetectError {
    fn unknown(prefix: &[u8]) -> Self {
        let mut first = [0; 8];
        for (to, from) in first.iter_mut().zip(prefix) {
            *to = *from;
        }
        DetectError::Unknown { first }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_beginning_names_its_format() {
        let cases: [(&[u8], Format); 14] = [
            (b"\x28\xb5\x2f\xfd\x04", Format::Zstd),
            (b"\x5a\x2a\x4d\x18\0\0\0\0", Format::Zstd),
            (b"LDK\x01", Format::Rgs),
            (b"LDK\x02\x6f", Format::Rgs),
            (b"\x10\0\0\0FGSN\0", Format::Snapshot),
            (b"scid,node1,node2\n", Format::Csv),
            (b"\xef\xbb\xbfscid,node1", Format::Csv),
            (b"{\"nodes\":[]", Format::LndJson),
            (b"\n\t {", Format::LndJson),
            (b"\x0f\x60\x00\x01\xb0", Format::GossipStore),
            (b"\x10\x20\x00\x00\x22", Format::GossipStore),
            (b"\x09\x00\x00\x01\xb0", Format::GossipStore),
            (b"\x0a\x80\x00\x01\xb0", Format::GossipStore),
            (b"\x0f", Format::GossipStore),
        ];
        for (prefix, format) in cases {
            assert_eq!(detect(prefix), Ok(format), "{prefix:02x?}");
        }
    }

    #[test]
    fn others_are_refused_with_a_reason() {
        assert_eq!(detect(b""), Err(DetectError::Empty));
        assert_eq!(detect(b"\n \r\n"), Err(DetectError::Empty));
        assert_eq!(detect(b"LDK\x03"), Err(DetectError::RgsVersion { version: 3 }));
        for prefix in [&b"LDK"[..], b"\x08\0\0\0", b"\x29\0\0\0", b"\x1f\x8b\x08", b"channel,node", b"[]"] {
            assert!(matches!(detect(prefix), Err(DetectError::Unknown { .. })), "{prefix:02x?}");
        }
    }
}
