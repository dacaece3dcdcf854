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

const DATA_LOSS_PROTECT: usize = 0;
const GOSSIP_QUERIES: usize = 6;
const VAR_ONION_OPTIN: usize = 8;
const GOSSIP_QUERIES_EX: usize = 10;
const STATIC_REMOTEKEY: usize = 12;
const PAYMENT_SECRET: usize = 14;
const CHANNEL_TYPE: usize = 44;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_is_known() {
        assert_eq!(offered_features().unknown_demand(), None);
    }
}
