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

    /// The 66 hexadecimal digits, which are small.
    pub fn to_hex(&self) -> [u8; 66] {
        let mut text = [0; 66];
        for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(self.0) {
            *pair = HEX[usize::from(byte)];
        }
        text
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
        let (mut bytes, mut all) = ([0; 33], 0);
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            let [high, low] = [pair[0], pair[1]].map(|digit| VALUES[usize::from(digit)]);
            all |= high | low;
            *byte = high << 4 | low & 15;
        }
        // No value of a digit has more than four bits.
        if all > 15 {
            let at = text.iter().position(|&digit| VALUES[usize::from(digit)] > 15);
            return Err(NodeIdError::Digit { at: at.expect("one of them is no digit") });
        }
        NodeId::from_bytes(bytes)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(std::str::from_utf8(&self.to_hex()).expect("hex digits are ASCII"))
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

/// The two digits of each byte.
const HEX: [[u8; 2]; 256] = {
    let (digits, mut pairs, mut byte) = (b"0123456789abcdef", [[0; 2]; 256], 0);
    while byte < 256 {
        pairs[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    pairs
};

/// The value of each digit, large or small; 255 of what is none.
const VALUES: [u8; 256] = {
    let (mut values, mut value) = ([255; 256], 0);
    while value < 16 {
        let digit = HEX[value as usize][1];
        values[digit as usize] = value;
        values[digit.to_ascii_uppercase() as usize] = value;
        value += 1;
    }
    values
};

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
        for byte in 0..128_u8 {
            let (text, digit) = (format!("02{}{}", char::from(byte), "0".repeat(63)), char::from(byte));
            let expected =
                digit.to_digit(16).map(|value| value as u8 * 16).ok_or(NodeIdError::Digit { at: 2 });
            assert_eq!(text.parse::<NodeId>().map(|id| id.as_bytes()[1]), expected, "{byte}");
        }
        assert_eq!("5a".repeat(33).parse::<NodeId>(), Err(NodeIdError::Prefix { prefix: 0x5a }));
    }
}
