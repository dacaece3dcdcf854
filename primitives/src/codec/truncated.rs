//! `tu16`, `tu32` and `tu64` (BOLT 1): big-endian integers without their leading zero bytes.

/// The bytes of a truncated integer, on the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truncated {
    bytes: [u8; 8],
    start: u8,
}

impl Truncated {
    /// Drops the leading zero bytes of `value`; zero has no bytes at all.
    pub const fn from_u64(value: u64) -> Self {
        Truncated { bytes: value.to_be_bytes(), start: (value.leading_zeros() / 8) as u8 }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[usize::from(self.start)..]
    }
}

/// Reads a `tu64` that fills `bytes`; `None` where there are more than 8 or the first is zero.
pub fn decode_tu64(bytes: &[u8]) -> Option<u64> {
    if bytes.len() > 8 || bytes.first() == Some(&0) {
        return None;
    }
    Some(bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)))
}

/// Reads a `tu32` that fills `bytes`; `None` where there are more than 4 or the first is zero.
pub fn decode_tu32(bytes: &[u8]) -> Option<u32> {
    decode_tu64(bytes).and_then(|value| u32::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_survives_the_round_trip() {
        for shift in 0..64 {
            for value in [0, 1 << shift, (1 << shift) - 1, u64::MAX >> shift] {
                let truncated = Truncated::from_u64(value);
                assert_eq!(truncated.as_bytes().len() as u32, 8 - value.leading_zeros() / 8);
                assert_eq!(decode_tu64(truncated.as_bytes()), Some(value));
                assert_eq!(decode_tu32(truncated.as_bytes()), u32::try_from(value).ok());
            }
        }
    }

    #[test]
    fn longer_forms_than_needed_are_refused() {
        assert_eq!(decode_tu64(&[0]), None);
        assert_eq!(decode_tu64(&[0, 1]), None);
        assert_eq!(decode_tu64(&[1; 9]), None);
        assert_eq!(decode_tu32(&[1; 5]), None);
    }
}
