//! The failure codes of BOLT 4, "Failure Messages".
//!
//! What follows a code is the business of `onion`, whom it accuses that of `engine`.

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
}

/// The onion was unreadable.
pub const BADONION: u16 = 0x8000;
/// Permanent.
pub const PERM: u16 = 0x4000;
/// Of a node, not a channel.
pub const NODE: u16 = 0x2000;
/// A `channel_update` is enclosed.
pub const UPDATE: u16 = 0x1000;

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
}
