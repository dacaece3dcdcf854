//! Whom the failure codes of BOLT 4, "Failure Messages", accuse.

use primitives::failure_code::{BADONION, FailureCode, NODE, PERM, UPDATE};

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

impl Blame {
    /// Whom a code accuses.
    pub fn of(code: FailureCode) -> Self {
        use Permanence::{Permanent, Temporary};
        match code {
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
    fn an_unknown_code_accuses_by_its_flags() {
        assert_eq!(Blame::of(FailureCode::Other(BADONION | PERM | 99)), Blame::Onion(Permanence::Permanent));
        assert_eq!(Blame::of(FailureCode::Other(NODE | 99)), Blame::Node(Permanence::Temporary));
        assert_eq!(Blame::of(FailureCode::Other(UPDATE | 99)), Blame::Policy);
        assert_eq!(Blame::of(FailureCode::Other(PERM | 99)), Blame::Channel(Permanence::Permanent));
    }
}
