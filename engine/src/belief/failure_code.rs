//! The failure codes of BOLT 4, "Failure Messages", and whom each of them accuses.

/// A `failure_code`. The values are those of the specification, retired ones included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureCode {
    /// `invalid_realm`.
    InvalidRealm,
    /// `temporary_node_failure`.
    TemporaryNodeFailure,
    /// `permanent_node_failure`.
    PermanentNodeFailure,
    /// `required_node_feature_missing`.
    RequiredNodeFeatureMissing,
    /// `invalid_onion_version`.
    InvalidOnionVersion,
    /// `invalid_onion_hmac`.
    InvalidOnionHmac,
    /// `invalid_onion_key`.
    InvalidOnionKey,
    /// `temporary_channel_failure`.
    TemporaryChannelFailure,
    /// `permanent_channel_failure`.
    PermanentChannelFailure,
    /// `required_channel_feature_missing`.
    RequiredChannelFeatureMissing,
    /// `unknown_next_peer`.
    UnknownNextPeer,
    /// `amount_below_minimum`.
    AmountBelowMinimum,
    /// `fee_insufficient`.
    FeeInsufficient,
    /// `incorrect_cltv_expiry`.
    IncorrectCltvExpiry,
    /// `expiry_too_soon`.
    ExpiryTooSoon,
    /// `incorrect_or_unknown_payment_details`.
    IncorrectOrUnknownPaymentDetails,
    /// `incorrect_payment_amount`, retired.
    IncorrectPaymentAmount,
    /// `final_expiry_too_soon`, retired.
    FinalExpiryTooSoon,
    /// `final_incorrect_cltv_expiry`.
    FinalIncorrectCltvExpiry,
    /// `final_incorrect_htlc_amount`.
    FinalIncorrectHtlcAmount,
    /// `channel_disabled`.
    ChannelDisabled,
    /// `expiry_too_far`.
    ExpiryTooFar,
    /// `invalid_onion_payload`.
    InvalidOnionPayload,
    /// `mpp_timeout`.
    MppTimeout,
    /// `invalid_onion_blinding`.
    InvalidOnionBlinding,
    /// `temporary_trampoline_failure`, proposed.
    TemporaryTrampolineFailure,
    /// `trampoline_fee_or_expiry_insufficient`, proposed.
    TrampolineFeeOrExpiryInsufficient,
    /// `unknown_next_trampoline`, proposed.
    UnknownNextTrampoline,
    /// A code that the specification does not list; its flags still say something.
    Other(u16),
}

/// Whom a failure accuses. The erring node is the one whose HMAC was found; the channel is the one that it would have
/// forwarded over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The channel could not carry the amount now.
    Liquidity,
    /// The channel's policy is another than the payer thinks; the new one is enclosed.
    Policy,
    /// The channel, whatever the amount.
    Channel(Permanence),
    /// The erring node.
    Node(Permanence),
    /// The erring node or the one behind it, between which the onion was spoilt: who says so may be the one who did it.
    Onion(Permanence),
    /// Something within a blinded path, behind the erring node.
    BlindedPath,
    /// Nobody on the way: the payee refuses the payment, or waited in vain for the rest of it.
    Payee(Permanence),
    /// The payee or the node before it: what arrived is not what the onion says.
    LastChannel,
    /// The payer: the route locks funds for too long, from the erring node on.
    Expiry,
}

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permanence {
    /// Later it may.
    Temporary,
    /// Not before the accused announces a change.
    Permanent,
}

/// The onion was unreadable.
pub(super) const BADONION: u16 = 0x8000;
/// Permanent.
pub(super) const PERM: u16 = 0x4000;
/// Of a node, not a channel.
pub(super) const NODE: u16 = 0x2000;
/// A `channel_update` is enclosed.
pub(super) const UPDATE: u16 = 0x1000;

/// All codes of the specification and of its proposal for trampolines.
const CODES: [(FailureCode, u16); 28] = [
    (FailureCode::InvalidRealm, PERM | 1),
    (FailureCode::TemporaryNodeFailure, NODE | 2),
    (FailureCode::PermanentNodeFailure, PERM | NODE | 2),
    (FailureCode::RequiredNodeFeatureMissing, PERM | NODE | 3),
    (FailureCode::InvalidOnionVersion, BADONION | PERM | 4),
    (FailureCode::InvalidOnionHmac, BADONION | PERM | 5),
    (FailureCode::InvalidOnionKey, BADONION | PERM | 6),
    (FailureCode::TemporaryChannelFailure, UPDATE | 7),
    (FailureCode::PermanentChannelFailure, PERM | 8),
    (FailureCode::RequiredChannelFeatureMissing, PERM | 9),
    (FailureCode::UnknownNextPeer, PERM | 10),
    (FailureCode::AmountBelowMinimum, UPDATE | 11),
    (FailureCode::FeeInsufficient, UPDATE | 12),
    (FailureCode::IncorrectCltvExpiry, UPDATE | 13),
    (FailureCode::ExpiryTooSoon, UPDATE | 14),
    (FailureCode::IncorrectOrUnknownPaymentDetails, PERM | 15),
    (FailureCode::IncorrectPaymentAmount, PERM | 16),
    (FailureCode::FinalExpiryTooSoon, 17),
    (FailureCode::FinalIncorrectCltvExpiry, 18),
    (FailureCode::FinalIncorrectHtlcAmount, 19),
    (FailureCode::ChannelDisabled, UPDATE | 20),
    (FailureCode::ExpiryTooFar, 21),
    (FailureCode::InvalidOnionPayload, PERM | 22),
    (FailureCode::MppTimeout, 23),
    (FailureCode::InvalidOnionBlinding, BADONION | PERM | 24),
    (FailureCode::TemporaryTrampolineFailure, NODE | 25),
    (FailureCode::TrampolineFeeOrExpiryInsufficient, NODE | 26),
    (FailureCode::UnknownNextTrampoline, PERM | 27),
];

impl FailureCode {
    /// From the first two bytes of a `failuremsg`.
    pub fn from_u16(code: u16) -> Self {
        CODES.iter().find(|(_, value)| *value == code).map_or(FailureCode::Other(code), |(code, _)| *code)
    }

    /// As it stands in a `failuremsg`.
    pub fn to_u16(self) -> u16 {
        match self {
            FailureCode::Other(code) => code,
            listed => {
                let found = CODES.iter().find(|(code, _)| *code == listed);
                found.expect("all codes but Other are listed").1
            }
        }
    }

    /// Whom the code accuses.
    pub fn blame(self) -> Blame {
        use Permanence::{Permanent, Temporary};
        match self {
            FailureCode::TemporaryChannelFailure => Blame::Liquidity,
            FailureCode::AmountBelowMinimum
            | FailureCode::FeeInsufficient
            | FailureCode::IncorrectCltvExpiry
            | FailureCode::ExpiryTooSoon => Blame::Policy,
            FailureCode::ChannelDisabled => Blame::Channel(Temporary),
            FailureCode::PermanentChannelFailure
            | FailureCode::RequiredChannelFeatureMissing
            | FailureCode::UnknownNextPeer => Blame::Channel(Permanent),
            // A trampoline is the payee of the packet that reaches it. What it lacks is not at a channel.
            FailureCode::TemporaryNodeFailure
            | FailureCode::TemporaryTrampolineFailure
            | FailureCode::TrampolineFeeOrExpiryInsufficient => Blame::Node(Temporary),
            FailureCode::InvalidRealm
            | FailureCode::PermanentNodeFailure
            | FailureCode::RequiredNodeFeatureMissing
            | FailureCode::InvalidOnionPayload
            | FailureCode::UnknownNextTrampoline => Blame::Node(Permanent),
            FailureCode::InvalidOnionVersion
            | FailureCode::InvalidOnionHmac
            | FailureCode::InvalidOnionKey => Blame::Onion(Permanent),
            FailureCode::InvalidOnionBlinding => Blame::BlindedPath,
            FailureCode::ExpiryTooFar => Blame::Expiry,
            FailureCode::MppTimeout | FailureCode::FinalExpiryTooSoon => Blame::Payee(Temporary),
            FailureCode::FinalIncorrectCltvExpiry | FailureCode::FinalIncorrectHtlcAmount => {
                Blame::LastChannel
            }
            FailureCode::IncorrectOrUnknownPaymentDetails | FailureCode::IncorrectPaymentAmount => {
                Blame::Payee(Permanent)
            }
            FailureCode::Other(code) => Blame::of_flags(code),
        }
    }
}

impl Blame {
    fn of_flags(code: u16) -> Blame {
        let permanence = if code & PERM == 0 { Permanence::Temporary } else { Permanence::Permanent };
        if code & BADONION != 0 {
            Blame::Onion(permanence)
        } else if code & NODE != 0 {
            Blame::Node(permanence)
        } else if code & UPDATE != 0 {
            Blame::Policy
        } else {
            Blame::Channel(permanence)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_as_it_is_written() {
        for code in 0..=u16::MAX {
            assert_eq!(FailureCode::from_u16(code).to_u16(), code);
        }
        assert_eq!(FailureCode::from_u16(0x1007), FailureCode::TemporaryChannelFailure);
        assert_eq!(FailureCode::from_u16(0x400f), FailureCode::IncorrectOrUnknownPaymentDetails);
        assert_eq!(FailureCode::from_u16(0xc018), FailureCode::InvalidOnionBlinding);
        assert_eq!(FailureCode::from_u16(0x6002), FailureCode::PermanentNodeFailure);
    }

    #[test]
    fn an_unknown_code_accuses_by_its_flags() {
        assert_eq!(FailureCode::Other(BADONION | PERM | 99).blame(), Blame::Onion(Permanence::Permanent));
        assert_eq!(FailureCode::Other(NODE | 99).blame(), Blame::Node(Permanence::Temporary));
        assert_eq!(FailureCode::Other(UPDATE | 99).blame(), Blame::Policy);
        assert_eq!(FailureCode::Other(PERM | 99).blame(), Blame::Channel(Permanence::Permanent));
    }
}
