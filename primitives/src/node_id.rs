//! A node's identity.

use std::fmt;
use std::str::FromStr;

use bitcoin::secp256k1::PublicKey;

/// A node's id: its compressed secp256k1 public key, 33 bytes, ordered as BOLT 7 orders `node_id_1` and `node_id_2`.
///
/// Only the first byte is checked (2 or 3): a graph holds millions of ids and decompresses none of them. Whoever
/// needs a point on the curve calls [`NodeId::to_public_key`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId([u8; 33]);

impl NodeId {
    /// Takes the 33 bytes of a compressed key.
    ///
    /// # Errors
    /// Where the first byte is neither 2 nor 3.
    pub const fn from_bytes(bytes: [u8; 33]) -> Result<Self, NodeIdError> {
        match bytes[0] {
            2 | 3 => Ok(NodeId(bytes)),
            prefix => Err(NodeIdError::Prefix { prefix }),
        }
    }

    /// The 33 bytes.
    pub const fn as_bytes(&self) -> &[u8; 33] {
        &self.0
    }

    /// The point on the curve, or `None` where the bytes name no point. Costs a square root, some 4 µs.
    pub fn to_public_key(&self) -> Option<PublicKey> {
        PublicKey::from_slice(&self.0).ok()
    }
}

impl From<PublicKey> for NodeId {
    fn from(key: PublicKey) -> Self {
        NodeId(key.serialize())
    }
}

impl FromStr for NodeId {
    type Err = NodeIdError;

    fn from_str(text: &str) -> Result<Self, NodeIdError> {
        let text = text.as_bytes();
        if text.len() != 66 {
            return Err(NodeIdError::Length { digits: text.len() });
        }
        let mut bytes = [0; 33];
        for (at, byte) in bytes.iter_mut().enumerate() {
            let digit = |at: usize| (text[at] as char).to_digit(16).ok_or(NodeIdError::Digit { at });
            *byte =
                u8::try_from(digit(2 * at)? << 4 | digit(2 * at + 1)?).expect("two hex digits make a byte");
        }
        NodeId::from_bytes(bytes)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 66];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        f.pad(std::str::from_utf8(&text).expect("hex digits are ASCII"))
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why bytes or text are no node id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeIdError {
    /// Not 66 hexadecimal digits.
    #[error("a node id has 66 hexadecimal digits, this has {digits} characters")]
    Length {
        /// How many bytes the text has.
        digits: usize,
    },
    /// A character that is no hexadecimal digit.
    #[error("character {at} of the node id is not a hexadecimal digit")]
    Digit {
        /// Its place, from 0.
        at: usize,
    },
    /// The first byte of a compressed key is 2 or 3.
    #[error("a node id begins with 02 or 03, this begins with {prefix:02x}")]
    Prefix {
        /// The first byte.
        prefix: u8,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_agree() {
        let text = "02".to_owned() + &"5a".repeat(32);
        let id: NodeId = text.parse().expect("a valid id");
        assert_eq!(id.to_string(), text);
        assert_eq!(NodeId::from_bytes(*id.as_bytes()), Ok(id));
    }

    #[test]
    fn errors_say_what_is_wrong() {
        assert_eq!("02".parse::<NodeId>(), Err(NodeIdError::Length { digits: 2 }));
        assert_eq!(("0x".to_owned() + &"5a".repeat(32)).parse::<NodeId>(), Err(NodeIdError::Digit { at: 1 }));
        assert_eq!("5a".repeat(33).parse::<NodeId>(), Err(NodeIdError::Prefix { prefix: 0x5a }));
    }
}
