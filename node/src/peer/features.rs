//! Feature bits of `init` (BOLT 9): what we offer.

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
    fn what_is_offered_is_known() {
        assert_eq!(offered_features().unknown_demand(), None);
    }
}
