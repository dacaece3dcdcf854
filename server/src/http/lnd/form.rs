//! Bytes as protobuf's JSON carries them.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use primitives::NodeId;
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::json::Text;

/// Bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Base64(pub(super) Vec<u8>);

/// The 33 bytes of a node's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NodeBytes(pub(super) NodeId);

impl FromStr for Base64 {
    type Err = base64::DecodeError;

    /// Both alphabets of RFC 4648, with and without padding.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let standard = text.bytes().map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => byte,
        });
        ANY_PADDING.decode(standard.collect::<Vec<u8>>()).map(Base64)
    }
}

impl fmt::Display for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&ANY_PADDING.encode(&self.0))
    }
}

/// Text that is no node's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a node's id has 33 bytes, in base64, the first of them 2 or 3")]
pub(super) struct NodeBytesError;

impl FromStr for NodeBytes {
    type Err = NodeBytesError;

    /// In base64, or in hexadecimal as `lncli` writes it: the lengths differ.
    fn from_str(text: &str) -> Result<Self, NodeBytesError> {
        if text.len() == HEX_SIZE {
            return text.parse().map(NodeBytes).map_err(|_| NodeBytesError);
        }
        let Base64(bytes) = text.parse().map_err(|_| NodeBytesError)?;
        let bytes = bytes.try_into().map_err(|_| NodeBytesError)?;
        NodeId::from_bytes(bytes).map(NodeBytes).map_err(|_| NodeBytesError)
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for NodeBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64(self.0.as_bytes().to_vec()))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

impl<'de> Deserialize<'de> for NodeBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

fn from_text<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Text::deserialize(deserializer).map(|Text(value)| value)
}

const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
/// Digits of a node's id in hexadecimal.
const HEX_SIZE: usize = 66;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_in_both_alphabets() {
        let bytes = vec![0xfb, 0xff, 0xfe, 1];
        for text in ["+//+AQ==", "-__-AQ==", "-__-AQ"] {
            assert_eq!(text.parse(), Ok(Base64(bytes.clone())), "{text}");
        }
        assert_eq!(Base64(bytes).to_string(), "+//+AQ==");
        assert!("a?b=".parse::<Base64>().is_err());
        let node = format!("02{}", "ab".repeat(32));
        let NodeBytes(id) = node.parse().unwrap();
        assert_eq!(Base64(id.as_bytes().to_vec()).to_string().parse(), Ok(NodeBytes(id)));
        for bad in ["", "AAAA", &"05".repeat(33), &"é".repeat(33)] {
            assert_eq!(bad.parse::<NodeBytes>(), Err(NodeBytesError), "{bad}");
        }
    }
}
