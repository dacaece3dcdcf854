//! Feature bits of `init` (BOLT 9): what we offer, and what we know of what a peer demands.

use primitives::Features;

/// What our `init` offers. Of these we use the two of gossip; the others are what every node is assumed to have, and
/// some nodes leave a peer that does not say so.
pub fn offered_features() -> Features {
    Features::from_bits([
        DATA_LOSS_PROTECT + 1,
        GOSSIP_QUERIES + 1,
        VAR_ONION_OPTIN + 1,
        GOSSIP_QUERIES_EX + 1,
        STATIC_REMOTEKEY + 1,
        PAYMENT_SECRET + 1,
        CHANNEL_TYPE + 1,
    ])
}

/// The first bit that a peer demands, an even one, of which we know nothing: such a peer is left (BOLT 1, `init`).
///
/// Nearly all bits concern channels. Who opens none fails no demand on them, so all bits that BOLT 9 gives a meaning
/// are known here.
pub fn unknown_feature(features: &Features) -> Option<usize> {
    let bit_count = 8 * features.as_be_bytes().len();
    (0..bit_count).step_by(2).find(|bit| features.has_bit(*bit) && !KNOWN.contains(bit))
}

/// A feature that is offered without another one which it needs, by their even bits: such a peer is left (BOLT 1, `init`).
/// What every node is assumed to have need not be offered (BOLT 9).
pub(super) fn missing_dependency(features: &Features) -> Option<(usize, usize)> {
    let offers = |bit: usize| features.has_bit(bit) || features.has_bit(bit + 1);
    DEPENDENCIES.iter().copied().find(|(bit, needs)| offers(*bit) && !offers(*needs))
}

const DATA_LOSS_PROTECT: usize = 0;
const GOSSIP_QUERIES: usize = 6;
const VAR_ONION_OPTIN: usize = 8;
const GOSSIP_QUERIES_EX: usize = 10;
const STATIC_REMOTEKEY: usize = 12;
const PAYMENT_SECRET: usize = 14;
const CHANNEL_TYPE: usize = 44;

/// Even bits with a meaning, those of old among them.
const KNOWN: &[usize] = &[
    DATA_LOSS_PROTECT,
    2,
    4,
    GOSSIP_QUERIES,
    VAR_ONION_OPTIN,
    GOSSIP_QUERIES_EX,
    STATIC_REMOTEKEY,
    PAYMENT_SECRET,
    16,
    18,
    20,
    22,
    24,
    26,
    28,
    34,
    36,
    38,
    40,
    42,
    CHANNEL_TYPE,
    46,
    48,
    50,
    52,
    54,
    56,
    58,
    60,
    62,
];

/// Even bits of features and of what they need: `option_zeroconf` on `option_scid_alias`, `option_simple_close` on
/// `option_shutdown_anysegwit`.
const DEPENDENCIES: &[(usize, usize)] = &[(50, 46), (60, 26)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_needs_what_it_is_made_of() {
        assert_eq!(missing_dependency(&offered_features()), None);
        assert_eq!(missing_dependency(&Features::from_bits([51])), Some((50, 46)));
        assert_eq!(missing_dependency(&Features::from_bits([50, 47])), None);
        assert_eq!(missing_dependency(&Features::from_bits([27, 61, 17])), None);
    }

    #[test]
    fn demands_that_nobody_knows_are_found() {
        assert_eq!(unknown_feature(&offered_features()), None);
        assert_eq!(unknown_feature(&Features::from_bits([0, 7, 8, 101])), None);
        assert_eq!(unknown_feature(&Features::from_bits([8, 33, 100, 200])), Some(100));
        assert_eq!(unknown_feature(&Features::from_bits([32])), Some(32));
    }
}
