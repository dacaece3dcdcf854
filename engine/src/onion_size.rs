//! How many bytes of the onion a route takes (BOLT 4, packet structure).
//!
//! ```text
//! forwarding hop   length 1 | amt_to_forward 2 + n | outgoing_cltv_value 2 + 3 | short_channel_id 2 + 8 | hmac 32
//! final hop        length 1 | amt_to_forward 2 + n | outgoing_cltv_value 2 + 3 | payment_data 2 + 32 + n | hmac 32
//! ```
//! `n` is the length of an amount without leading zeros. An expiry takes 3 bytes from block 65,536 to 16,777,215.

use primitives::codec::bigsize_len;

/// Bytes of `hop_payloads` in an onion packet.
pub const PAYLOAD_BYTES_MAX: u32 = 1300;

/// Bytes that a hop which forwards `amount` msat takes.
pub fn forward_payload_size(amount: u64) -> u32 {
    with_frame(2 + truncated_len(amount) + CLTV_RECORD + 2 + 8)
}

/// Bytes that the payee takes; `extra` is the size of further records (metadata, custom records).
pub fn final_payload_size(amount: u64, extra: u32) -> u32 {
    let records = 2 + truncated_len(amount) + CLTV_RECORD + 2 + 32 + truncated_len(amount);
    with_frame(records.saturating_add(extra))
}

fn with_frame(records: u32) -> u32 {
    (bigsize_len(u64::from(records)) as u32).saturating_add(records).saturating_add(HMAC)
}

/// The length of a `tu64`.
fn truncated_len(value: u64) -> u32 {
    8 - value.leading_zeros() / 8
}

const CLTV_RECORD: u32 = 2 + 3;
const HMAC: u32 = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_follow_the_records() {
        assert_eq!(forward_payload_size(0), 1 + 2 + 5 + 10 + 32);
        assert_eq!(forward_payload_size(256), 1 + 4 + 5 + 10 + 32);
        assert_eq!(final_payload_size(1, 0), 1 + 3 + 5 + 35 + 32);
        assert_eq!(final_payload_size(1, 300), 3 + 3 + 5 + 35 + 300 + 32);
        assert_eq!(truncated_len(u64::MAX), 8);
    }
}
