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

    /// The first bit that demands what nobody here knows: an even one without a meaning. Who sets it in an announcement is
    /// not to be routed through (BOLT 7), who sets it in `init` is left (BOLT 1).
    ///
    /// Nearly all bits concern channels between peers, and what is left concerns the payee: a payer that knows their names
    /// fails none of them on the way. So all bits with a meaning are known, those of old and those that are proposed too.
    pub fn unknown_demand(&self) -> Option<usize> {
        let demanding = self.0.iter().rev().enumerate().filter(|(_, byte)| **byte & EVEN_BITS != 0);
        let mut bits = demanding.flat_map(|(place, _)| (8 * place..8 * place + 8).step_by(2));
        bits.find(|bit| self.has_bit(*bit) && !KNOWN.contains(bit))
    }

    /// Whether no bit is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Of a byte.
const EVEN_BITS: u8 = 0b0101_0101;
/// Even bits with a meaning (BOLT 9, its proposals, bLIP 2).
const KNOWN: &[usize] = &[
    0,  // option_data_loss_protect
    2,  // initial_routing_sync
    4,  // option_upfront_shutdown_script
    6,  // gossip_queries
    8,  // var_onion_optin
    10, // gossip_queries_ex
    12, // option_static_remotekey
    14, // payment_secret
    16, // basic_mpp
    18, // option_support_large_channel
    20, // option_anchor_outputs
    22, // option_anchors
    24, // option_route_blinding
    26, // option_shutdown_anysegwit
    28, // option_dual_fund
    34, // option_quiesce
    36, // option_attribution_data
    38, // option_onion_messages
    40, // option_want_peer_backup_storage
    42, // option_provide_storage
    44, // option_channel_type
    46, // option_scid_alias
    48, // option_payment_metadata
    50, // option_zeroconf
    52, // option_swap_in_potentiam
    54, // keysend
    56, // option_trampoline_routing
    58, // option_splice, as first proposed
    60, // option_simple_close
    62, // option_splice
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demands_that_nobody_knows_are_found() {
        assert_eq!(Features::from_bits([0, 7, 8, 101]).unknown_demand(), None);
        assert_eq!(Features::from_bits([8, 33, 100, 200]).unknown_demand(), Some(100));
        assert_eq!(Features::from_bits([32]).unknown_demand(), Some(32));
        assert_eq!(Features::default().unknown_demand(), None);
    }

    #[test]
    fn bits_survive_the_round_trip() {
        let features = Features::from_bits([0, 9, 17]);
        assert_eq!(features.as_be_bytes(), [0b10, 0b10, 0b1]);
        assert!(features.has_bit(0) && features.has_bit(9) && features.has_bit(17));
        assert!(!features.has_bit(1) && !features.has_bit(24) && !features.has_bit(70_000));
        assert_eq!(Features::from_be_bytes(&[0, 0, 2, 2, 1]), features);
    }
}
