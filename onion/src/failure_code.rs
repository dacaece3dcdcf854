//! Failures as their makers mean them (BOLT 4, Failure Messages).
//!
//! The code's upper bits are flags; a code is known by all of its 16 bits. Codes that no node should send any more, and
//! those that nobody knows yet, are kept as [`Failure::Unknown`].

use std::fmt;

use primitives::codec::{Sink, TlvReader, decode_bigsize, put_bigsize};
use primitives::failure_code::{BADONION, FailureCode};
use primitives::{BlockHeight, Msat};

/// Why an HTLC failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// `invalid_realm`: a payload of a format that is no longer.
    InvalidRealm,
    /// `temporary_node_failure`.
    TemporaryNodeFailure,
    /// `permanent_node_failure`.
    PermanentNodeFailure,
    /// `required_node_feature_missing`.
    RequiredNodeFeatureMissing,
    /// `invalid_onion_version`.
    InvalidOnionVersion {
        /// The packet that was refused.
        sha256_of_onion: [u8; 32],
    },
    /// `invalid_onion_hmac`.
    InvalidOnionHmac {
        /// The packet that was refused.
        sha256_of_onion: [u8; 32],
    },
    /// `invalid_onion_key`.
    InvalidOnionKey {
        /// The packet that was refused.
        sha256_of_onion: [u8; 32],
    },
    /// `temporary_channel_failure`.
    TemporaryChannelFailure {
        /// The outgoing channel's, or nothing.
        channel_update: ChannelUpdate,
    },
    /// `permanent_channel_failure`.
    PermanentChannelFailure,
    /// `required_channel_feature_missing`.
    RequiredChannelFeatureMissing,
    /// `unknown_next_peer`.
    UnknownNextPeer,
    /// `amount_below_minimum`.
    AmountBelowMinimum {
        /// What the outgoing HTLC would carry.
        htlc_msat: Msat,
        /// The outgoing channel's.
        channel_update: ChannelUpdate,
    },
    /// `fee_insufficient`.
    FeeInsufficient {
        /// What the incoming HTLC carries.
        htlc_msat: Msat,
        /// The outgoing channel's.
        channel_update: ChannelUpdate,
    },
    /// `incorrect_cltv_expiry`.
    IncorrectCltvExpiry {
        /// The outgoing HTLC's.
        cltv_expiry: BlockHeight,
        /// The outgoing channel's.
        channel_update: ChannelUpdate,
    },
    /// `expiry_too_soon`.
    ExpiryTooSoon {
        /// The outgoing channel's.
        channel_update: ChannelUpdate,
    },
    /// `incorrect_or_unknown_payment_details`: the payee does not take it.
    IncorrectOrUnknownPaymentDetails {
        /// What the HTLC carries.
        htlc_msat: Msat,
        /// The payee's best block.
        height: BlockHeight,
    },
    /// `final_incorrect_cltv_expiry`.
    FinalIncorrectCltvExpiry {
        /// The HTLC's.
        cltv_expiry: BlockHeight,
    },
    /// `final_incorrect_htlc_amount`.
    FinalIncorrectHtlcAmount {
        /// The HTLC's.
        incoming_htlc_amt: Msat,
    },
    /// `channel_disabled`.
    ChannelDisabled {
        /// No flags are defined.
        disabled_flags: u16,
        /// The outgoing channel's.
        channel_update: ChannelUpdate,
    },
    /// `expiry_too_far`.
    ExpiryTooFar,
    /// `invalid_onion_payload`.
    InvalidOnionPayload {
        /// The record that is wrong.
        tlv_type: u64,
        /// Where it begins in the payload.
        offset: u16,
    },
    /// `mpp_timeout`.
    MppTimeout,
    /// `invalid_onion_blinding`: something within a blinded path, and nobody shall know what.
    InvalidOnionBlinding {
        /// The packet that was refused.
        sha256_of_onion: [u8; 32],
    },
    /// `temporary_trampoline_failure`: the trampoline found no way.
    TemporaryTrampolineFailure,
    /// `trampoline_fee_or_expiry_insufficient`: the trampoline asks for this.
    TrampolineFeeOrExpiryInsufficient {
        /// In msat.
        fee_base_msat: u32,
        /// Per million of what is forwarded.
        fee_proportional_millionths: u32,
        /// In blocks.
        cltv_expiry_delta: u16,
    },
    /// `unknown_next_trampoline`.
    UnknownNextTrampoline,
    /// A code that is not known here, or whose data is shorter than the code demands.
    Unknown {
        /// The code.
        code: u16,
        /// What follows it.
        data: Vec<u8>,
    },
}

/// A `channel_update` within a failure, as it came: with its message type, or without as old nodes send it, or empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChannelUpdate(pub Vec<u8>);

impl ChannelUpdate {
    /// The message without its type, ready for gossip's reader; `None` where nothing was enclosed.
    pub fn message(&self) -> Option<&[u8]> {
        let bytes = self.0.strip_prefix(&CHANNEL_UPDATE_TYPE).unwrap_or(&self.0);
        (!bytes.is_empty()).then_some(bytes)
    }
}

/// A failure, and what its maker wrote behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureMessage {
    /// Why.
    pub failure: Failure,
    /// A TLV stream, or whatever came instead: readers must not stumble over it.
    pub extra: Vec<u8>,
}

impl From<Failure> for FailureMessage {
    fn from(failure: Failure) -> Self {
        FailureMessage { failure, extra: Vec::new() }
    }
}

impl FailureMessage {
    /// `failuremsg`: the code, its data, the extra bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64);
        bytes.put(&self.failure.code().to_u16().to_be_bytes());
        self.failure.put_data(&mut bytes);
        bytes.put(&self.extra);
        bytes
    }

    /// Reads a `failuremsg`. Only fewer than two bytes are no failure at all.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (code, data) = bytes.split_first_chunk()?;
        let code = u16::from_be_bytes(*code);
        let mut reader = DataReader(data);
        Some(match Failure::read(FailureCode::from_u16(code), &mut reader) {
            Some(failure) => FailureMessage { failure, extra: reader.0.to_vec() },
            None => FailureMessage::from(Failure::Unknown { code, data: data.to_vec() }),
        })
    }

    /// The records behind the failure, as far as they are a stream.
    pub fn records(&self) -> impl Iterator<Item = (u64, &[u8])> {
        TlvReader::new(&self.extra).map_while(Result::ok).map(|record| (record.tlv_type, record.value))
    }
}

impl Failure {
    /// The code.
    pub fn code(&self) -> FailureCode {
        match self {
            Failure::InvalidRealm => FailureCode::InvalidRealm,
            Failure::TemporaryNodeFailure => FailureCode::TemporaryNodeFailure,
            Failure::PermanentNodeFailure => FailureCode::PermanentNodeFailure,
            Failure::RequiredNodeFeatureMissing => FailureCode::RequiredNodeFeatureMissing,
            Failure::InvalidOnionVersion { .. } => FailureCode::InvalidOnionVersion,
            Failure::InvalidOnionHmac { .. } => FailureCode::InvalidOnionHmac,
            Failure::InvalidOnionKey { .. } => FailureCode::InvalidOnionKey,
            Failure::TemporaryChannelFailure { .. } => FailureCode::TemporaryChannelFailure,
            Failure::PermanentChannelFailure => FailureCode::PermanentChannelFailure,
            Failure::RequiredChannelFeatureMissing => FailureCode::RequiredChannelFeatureMissing,
            Failure::UnknownNextPeer => FailureCode::UnknownNextPeer,
            Failure::AmountBelowMinimum { .. } => FailureCode::AmountBelowMinimum,
            Failure::FeeInsufficient { .. } => FailureCode::FeeInsufficient,
            Failure::IncorrectCltvExpiry { .. } => FailureCode::IncorrectCltvExpiry,
            Failure::ExpiryTooSoon { .. } => FailureCode::ExpiryTooSoon,
            Failure::IncorrectOrUnknownPaymentDetails { .. } => FailureCode::IncorrectOrUnknownPaymentDetails,
            Failure::FinalIncorrectCltvExpiry { .. } => FailureCode::FinalIncorrectCltvExpiry,
            Failure::FinalIncorrectHtlcAmount { .. } => FailureCode::FinalIncorrectHtlcAmount,
            Failure::ChannelDisabled { .. } => FailureCode::ChannelDisabled,
            Failure::ExpiryTooFar => FailureCode::ExpiryTooFar,
            Failure::InvalidOnionPayload { .. } => FailureCode::InvalidOnionPayload,
            Failure::MppTimeout => FailureCode::MppTimeout,
            Failure::InvalidOnionBlinding { .. } => FailureCode::InvalidOnionBlinding,
            Failure::TemporaryTrampolineFailure => FailureCode::TemporaryTrampolineFailure,
            Failure::TrampolineFeeOrExpiryInsufficient { .. } => {
                FailureCode::TrampolineFeeOrExpiryInsufficient
            }
            Failure::UnknownNextTrampoline => FailureCode::UnknownNextTrampoline,
            Failure::Unknown { code, .. } => FailureCode::from_u16(*code),
        }
    }

    /// What `update_fail_malformed_htlc` of the next peer means: to be sent on in an onion, for that peer could read none.
    /// `None` where its code lacks the BADONION bit, which is a breach of BOLT 2.
    pub fn from_malformed(failure_code: u16, sha256_of_onion: [u8; 32]) -> Option<Self> {
        if failure_code & BADONION == 0 {
            return None;
        }
        let known = Failure::read(FailureCode::from_u16(failure_code), &mut DataReader(&sha256_of_onion));
        Some(known.unwrap_or_else(|| Failure::Unknown { code: failure_code, data: sha256_of_onion.to_vec() }))
    }

    /// The enclosed `channel_update`.
    pub const fn channel_update(&self) -> Option<&ChannelUpdate> {
        match self {
            Failure::TemporaryChannelFailure { channel_update }
            | Failure::AmountBelowMinimum { channel_update, .. }
            | Failure::FeeInsufficient { channel_update, .. }
            | Failure::IncorrectCltvExpiry { channel_update, .. }
            | Failure::ExpiryTooSoon { channel_update }
            | Failure::ChannelDisabled { channel_update, .. } => Some(channel_update),
            Failure::InvalidRealm
            | Failure::TemporaryNodeFailure
            | Failure::PermanentNodeFailure
            | Failure::RequiredNodeFeatureMissing
            | Failure::InvalidOnionVersion { .. }
            | Failure::InvalidOnionHmac { .. }
            | Failure::InvalidOnionKey { .. }
            | Failure::PermanentChannelFailure
            | Failure::RequiredChannelFeatureMissing
            | Failure::UnknownNextPeer
            | Failure::IncorrectOrUnknownPaymentDetails { .. }
            | Failure::FinalIncorrectCltvExpiry { .. }
            | Failure::FinalIncorrectHtlcAmount { .. }
            | Failure::ExpiryTooFar
            | Failure::InvalidOnionPayload { .. }
            | Failure::MppTimeout
            | Failure::InvalidOnionBlinding { .. }
            | Failure::TemporaryTrampolineFailure
            | Failure::TrampolineFeeOrExpiryInsufficient { .. }
            | Failure::UnknownNextTrampoline
            | Failure::Unknown { .. } => None,
        }
    }

    fn put_data(&self, bytes: &mut Vec<u8>) {
        match self {
            Failure::InvalidOnionVersion { sha256_of_onion }
            | Failure::InvalidOnionHmac { sha256_of_onion }
            | Failure::InvalidOnionKey { sha256_of_onion }
            | Failure::InvalidOnionBlinding { sha256_of_onion } => bytes.put(sha256_of_onion),
            Failure::AmountBelowMinimum { htlc_msat, .. } | Failure::FeeInsufficient { htlc_msat, .. } => {
                bytes.put(&htlc_msat.to_msat().to_be_bytes());
            }
            Failure::IncorrectCltvExpiry { cltv_expiry, .. }
            | Failure::FinalIncorrectCltvExpiry { cltv_expiry } => {
                bytes.put(&cltv_expiry.to_u32().to_be_bytes());
            }
            Failure::IncorrectOrUnknownPaymentDetails { htlc_msat, height } => {
                bytes.put(&htlc_msat.to_msat().to_be_bytes());
                bytes.put(&height.to_u32().to_be_bytes());
            }
            Failure::FinalIncorrectHtlcAmount { incoming_htlc_amt } => {
                bytes.put(&incoming_htlc_amt.to_msat().to_be_bytes());
            }
            Failure::ChannelDisabled { disabled_flags, .. } => bytes.put(&disabled_flags.to_be_bytes()),
            Failure::InvalidOnionPayload { tlv_type, offset } => {
                put_bigsize(*tlv_type, bytes);
                bytes.put(&offset.to_be_bytes());
            }
            Failure::TrampolineFeeOrExpiryInsufficient {
                fee_base_msat,
                fee_proportional_millionths,
                cltv_expiry_delta,
            } => {
                bytes.put(&fee_base_msat.to_be_bytes());
                bytes.put(&fee_proportional_millionths.to_be_bytes());
                bytes.put(&cltv_expiry_delta.to_be_bytes());
            }
            Failure::Unknown { data, .. } => bytes.put(data),
            Failure::InvalidRealm
            | Failure::TemporaryNodeFailure
            | Failure::PermanentNodeFailure
            | Failure::RequiredNodeFeatureMissing
            | Failure::TemporaryChannelFailure { .. }
            | Failure::PermanentChannelFailure
            | Failure::RequiredChannelFeatureMissing
            | Failure::UnknownNextPeer
            | Failure::ExpiryTooSoon { .. }
            | Failure::ExpiryTooFar
            | Failure::MppTimeout
            | Failure::TemporaryTrampolineFailure
            | Failure::UnknownNextTrampoline => {}
        }
        if let Some(ChannelUpdate(update)) = self.channel_update() {
            let update = &update[..update.len().min(usize::from(u16::MAX))];
            bytes.put(&(update.len() as u16).to_be_bytes());
            bytes.put(update);
        }
    }

    fn read(code: FailureCode, data: &mut DataReader<'_>) -> Option<Self> {
        Some(match code {
            FailureCode::InvalidRealm => Failure::InvalidRealm,
            FailureCode::TemporaryNodeFailure => Failure::TemporaryNodeFailure,
            FailureCode::PermanentNodeFailure => Failure::PermanentNodeFailure,
            FailureCode::RequiredNodeFeatureMissing => Failure::RequiredNodeFeatureMissing,
            FailureCode::InvalidOnionVersion => {
                Failure::InvalidOnionVersion { sha256_of_onion: data.array()? }
            }
            FailureCode::InvalidOnionHmac => Failure::InvalidOnionHmac { sha256_of_onion: data.array()? },
            FailureCode::InvalidOnionKey => Failure::InvalidOnionKey { sha256_of_onion: data.array()? },
            FailureCode::TemporaryChannelFailure => {
                Failure::TemporaryChannelFailure { channel_update: data.update()? }
            }
            FailureCode::PermanentChannelFailure => Failure::PermanentChannelFailure,
            FailureCode::RequiredChannelFeatureMissing => Failure::RequiredChannelFeatureMissing,
            FailureCode::UnknownNextPeer => Failure::UnknownNextPeer,
            FailureCode::AmountBelowMinimum => {
                Failure::AmountBelowMinimum { htlc_msat: data.msat()?, channel_update: data.update()? }
            }
            FailureCode::FeeInsufficient => {
                Failure::FeeInsufficient { htlc_msat: data.msat()?, channel_update: data.update()? }
            }
            FailureCode::IncorrectCltvExpiry => {
                Failure::IncorrectCltvExpiry { cltv_expiry: data.height()?, channel_update: data.update()? }
            }
            FailureCode::ExpiryTooSoon => Failure::ExpiryTooSoon { channel_update: data.update()? },
            FailureCode::IncorrectOrUnknownPaymentDetails => {
                Failure::IncorrectOrUnknownPaymentDetails { htlc_msat: data.msat()?, height: data.height()? }
            }
            FailureCode::FinalIncorrectCltvExpiry => {
                Failure::FinalIncorrectCltvExpiry { cltv_expiry: data.height()? }
            }
            FailureCode::FinalIncorrectHtlcAmount => {
                Failure::FinalIncorrectHtlcAmount { incoming_htlc_amt: data.msat()? }
            }
            FailureCode::ChannelDisabled => Failure::ChannelDisabled {
                disabled_flags: u16::from_be_bytes(data.array()?),
                channel_update: data.update()?,
            },
            FailureCode::ExpiryTooFar => Failure::ExpiryTooFar,
            FailureCode::InvalidOnionPayload => Failure::InvalidOnionPayload {
                tlv_type: data.bigsize()?,
                offset: u16::from_be_bytes(data.array()?),
            },
            FailureCode::MppTimeout => Failure::MppTimeout,
            FailureCode::InvalidOnionBlinding => {
                Failure::InvalidOnionBlinding { sha256_of_onion: data.array()? }
            }
            FailureCode::TemporaryTrampolineFailure => Failure::TemporaryTrampolineFailure,
            FailureCode::TrampolineFeeOrExpiryInsufficient => Failure::TrampolineFeeOrExpiryInsufficient {
                fee_base_msat: u32::from_be_bytes(data.array()?),
                fee_proportional_millionths: u32::from_be_bytes(data.array()?),
                cltv_expiry_delta: u16::from_be_bytes(data.array()?),
            },
            FailureCode::UnknownNextTrampoline => Failure::UnknownNextTrampoline,
            FailureCode::IncorrectPaymentAmount | FailureCode::FinalExpiryTooSoon | FailureCode::Other(_) => {
                return None;
            }
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failure {:#06x}", self.code().to_u16())
    }
}

/// What is left of a failure's data.
struct DataReader<'a>(&'a [u8]);

impl DataReader<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    fn bigsize(&mut self) -> Option<u64> {
        let (value, rest) = decode_bigsize(self.0)?;
        self.0 = rest;
        Some(value)
    }

    fn msat(&mut self) -> Option<Msat> {
        Some(Msat::from_msat(u64::from_be_bytes(self.array()?)))
    }

    fn height(&mut self) -> Option<BlockHeight> {
        Some(BlockHeight::from_u32(u32::from_be_bytes(self.array()?)))
    }

    fn update(&mut self) -> Option<ChannelUpdate> {
        let length = usize::from(u16::from_be_bytes(self.array()?));
        let (update, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(ChannelUpdate(update.to_vec()))
    }
}

/// The type of a `channel_update` message (BOLT 7).
const CHANNEL_UPDATE_TYPE: [u8; 2] = [1, 2];
