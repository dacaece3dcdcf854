//! Feature bits (BOLT 9).

/// A feature vector as it travels: big-endian bytes, bit 0 is the least significant bit of the last byte.
///
/// Leading zero bytes are dropped, so that equal sets of bits are equal values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Features(Box<[u8]>);

impl Features {
    /// Takes the bytes of a `features` field, most significant first.
    pub fn from_be_bytes(bytes: &[u8]) -> Self {
        let start = bytes.iter().position(|&byte| byte != 0).unwrap_or(bytes.len());
        Features(bytes[start..].into())
    }

    /// A vector with exactly these bits set. Bits of 65,536 and above do not fit a message and are ignored.
    pub fn from_bits(bits: impl IntoIterator<Item = usize>) -> Self {
        let mut little_endian = Vec::new();
        for bit in bits.into_iter().filter(|&bit| bit < 1 << 16) {
            if little_endian.len() <= bit / 8 {
                little_endian.resize(bit / 8 + 1, 0u8);
            }
            little_endian[bit / 8] |= 1 << (bit % 8);
        }
        little_endian.reverse();
        Features::from_be_bytes(&little_endian)
    }

    /// The bytes of the field, without leading zeros.
    pub fn as_be_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether `bit` is set.
    pub fn has_bit(&self, bit: usize) -> bool {
        self.0.len().checked_sub(bit / 8 + 1).is_some_and(|at| self.0[at] >> (bit % 8) & 1 == 1)
    }

    /// Whether no bit is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_survive_the_round_trip() {
        let features = Features::from_bits([0, 9, 17]);
        assert_eq!(features.as_be_bytes(), [0b10, 0b10, 0b1]);
        assert!(features.has_bit(0) && features.has_bit(9) && features.has_bit(17));
        assert!(!features.has_bit(1) && !features.has_bit(24) && !features.has_bit(70_000));
        assert_eq!(Features::from_be_bytes(&[0, 0, 2, 2, 1]), features);
    }
}
