//! BigSize (BOLT 1): an integer of 1, 3, 5 or 9 bytes, big-endian, minimally encoded.

use super::Sink;

/// How many bytes `value` takes.
pub const fn bigsize_len(value: u64) -> usize {
    match value {
        0..=0xfc => 1,
        0xfd..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

/// Appends `value` to `out`.
pub fn encode_bigsize(value: u64, out: &mut Vec<u8>) {
    put_bigsize(value, out);
}

/// Writes `value` to any sink, without a buffer of its own.
pub fn put_bigsize(value: u64, sink: &mut impl Sink) {
    let bytes = value.to_be_bytes();
    match bigsize_len(value) {
        1 => sink.put(&bytes[7..]),
        3 => {
            sink.put(&[0xfd]);
            sink.put(&bytes[6..]);
        }
        5 => {
            sink.put(&[0xfe]);
            sink.put(&bytes[4..]);
        }
        _ => {
            sink.put(&[0xff]);
            sink.put(&bytes);
        }
    }
}

/// Reads a value from the front of `bytes` and returns it with what follows; `None` where the bytes end early or
/// the value would have fitted a shorter form (BOLT 1 demands the minimal one).
pub fn decode_bigsize(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let size = match first {
        0xfd => 2,
        0xfe => 4,
        0xff => 8,
        small => return Some((u64::from(small), rest)),
    };
    let (digits, rest) = rest.split_at_checked(size)?;
    let value = digits.iter().fold(0, |value, &digit| value << 8 | u64::from(digit));
    (bigsize_len(value) == size + 1).then_some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_survives_the_round_trip() {
        for value in [0, 0xfc, 0xfd, 0xffff, 0x1_0000, 0xffff_ffff, 0x1_0000_0000, u64::MAX] {
            let mut bytes = Vec::new();
            encode_bigsize(value, &mut bytes);
            assert_eq!(bytes.len(), bigsize_len(value));
            assert_eq!(decode_bigsize(&bytes), Some((value, &[][..])));
            assert_eq!(decode_bigsize(&bytes[..bytes.len() - 1]), None);
        }
    }

    #[test]
    fn longer_forms_than_needed_are_refused() {
        assert_eq!(decode_bigsize(&[0xfd, 0, 0xfc]), None);
        assert_eq!(decode_bigsize(&[0xfe, 0, 0, 0xff, 0xff]), None);
        assert_eq!(decode_bigsize(&[0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
