//! Failures as their makers mean them (BOLT 4, Failure Messages).
//!
//! The code's upper bits are flags; a code is known by all of its 16 bits. Codes that no node should send any more, and
//! those that nobody knows yet, are kept as [`Failure::Unknown`].

use std::fmt;

use primitives::codec::{Sink, TlvReader, decode_bigsize, put_bigsize};
use primitives::{BlockHeight, Msat};

/// The sending peer could not be answered in the onion.
pub const BADONION: u16 = 0x8000;
/// Will not pass.
pub const PERM: u16 = 0x4000;
/// The whole node fails, not only a channel.
pub const NODE: u16 = 0x2000;
/// Encloses a `channel_update`.
pub const UPDATE: u16 = 0x1000;

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
        bytes.put(&self.failure.code().to_be_bytes());
        self.failure.put_data(&mut bytes);
        bytes.put(&self.extra);
        bytes
    }

    /// Reads a `failuremsg`. Only fewer than two bytes are no failure at all.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (code, data) = bytes.split_first_chunk()?;
        let code = u16::from_be_bytes(*code);
        let mut reader = DataReader(data);
        Some(match Failure::read(code, &mut reader) {
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
    /// The code with its flags.
    pub const fn code(&self) -> u16 {
        match self {
            Failure::InvalidRealm => PERM | 1,
            Failure::TemporaryNodeFailure => NODE | 2,
            Failure::PermanentNodeFailure => PERM | NODE | 2,
            Failure::RequiredNodeFeatureMissing => PERM | NODE | 3,
            Failure::InvalidOnionVersion { .. } => BADONION | PERM | 4,
            Failure::InvalidOnionHmac { .. } => BADONION | PERM | 5,
            Failure::InvalidOnionKey { .. } => BADONION | PERM | 6,
            Failure::TemporaryChannelFailure { .. } => UPDATE | 7,
            Failure::PermanentChannelFailure => PERM | 8,
            Failure::RequiredChannelFeatureMissing => PERM | 9,
            Failure::UnknownNextPeer => PERM | 10,
            Failure::AmountBelowMinimum { .. } => UPDATE | 11,
            Failure::FeeInsufficient { .. } => UPDATE | 12,
            Failure::IncorrectCltvExpiry { .. } => UPDATE | 13,
            Failure::ExpiryTooSoon { .. } => UPDATE | 14,
            Failure::IncorrectOrUnknownPaymentDetails { .. } => PERM | 15,
            Failure::FinalIncorrectCltvExpiry { .. } => 18,
            Failure::FinalIncorrectHtlcAmount { .. } => 19,
            Failure::ChannelDisabled { .. } => UPDATE | 20,
            Failure::ExpiryTooFar => 21,
            Failure::InvalidOnionPayload { .. } => PERM | 22,
            Failure::MppTimeout => 23,
            Failure::InvalidOnionBlinding { .. } => BADONION | PERM | 24,
            Failure::TemporaryTrampolineFailure => NODE | 25,
            Failure::TrampolineFeeOrExpiryInsufficient { .. } => NODE | 26,
            Failure::UnknownNextTrampoline => PERM | 27,
            Failure::Unknown { code, .. } => *code,
        }
    }

    /// What `update_fail_malformed_htlc` of the next peer means: to be sent on in an onion, for that peer could read none.
    /// `None` where its code lacks the BADONION bit, which is a breach of BOLT 2.
    pub fn from_malformed(failure_code: u16, sha256_of_onion: [u8; 32]) -> Option<Self> {
        if failure_code & BADONION == 0 {
            return None;
        }
        let known = Failure::read(failure_code, &mut DataReader(&sha256_of_onion));
        Some(known.unwrap_or_else(|| Failure::Unknown { code: failure_code, data: sha256_of_onion.to_vec() }))
    }

    /// Whether the failure will not pass.
    pub const fn is_permanent(&self) -> bool {
        self.code() & PERM != 0
    }

    /// Whether the whole node is to be blamed.
    pub const fn is_of_node(&self) -> bool {
        self.code() & NODE != 0
    }

    /// Whether the packet could not be read by the next peer, who therefore answered without an onion.
    pub const fn is_bad_onion(&self) -> bool {
        self.code() & BADONION != 0
    }

    /// Whether only a payee may say so.
    pub const fn is_of_payee(&self) -> bool {
        matches!(
            self,
            Failure::IncorrectOrUnknownPaymentDetails { .. }
                | Failure::FinalIncorrectCltvExpiry { .. }
                | Failure::FinalIncorrectHtlcAmount { .. }
                | Failure::MppTimeout
        )
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

    fn read(code: u16, data: &mut DataReader<'_>) -> Option<Self> {
        Some(match code {
            0x4001 => Failure::InvalidRealm,
            0x2002 => Failure::TemporaryNodeFailure,
            0x6002 => Failure::PermanentNodeFailure,
            0x6003 => Failure::RequiredNodeFeatureMissing,
            0xc004 => Failure::InvalidOnionVersion { sha256_of_onion: data.array()? },
            0xc005 => Failure::InvalidOnionHmac { sha256_of_onion: data.array()? },
            0xc006 => Failure::InvalidOnionKey { sha256_of_onion: data.array()? },
            0x1007 => Failure::TemporaryChannelFailure { channel_update: data.update()? },
            0x4008 => Failure::PermanentChannelFailure,
            0x4009 => Failure::RequiredChannelFeatureMissing,
            0x400a => Failure::UnknownNextPeer,
            0x100b => Failure::AmountBelowMinimum { htlc_msat: data.msat()?, channel_update: data.update()? },
            0x100c => Failure::FeeInsufficient { htlc_msat: data.msat()?, channel_update: data.update()? },
            0x100d => {
                Failure::IncorrectCltvExpiry { cltv_expiry: data.height()?, channel_update: data.update()? }
            }
            0x100e => Failure::ExpiryTooSoon { channel_update: data.update()? },
            0x400f => {
                Failure::IncorrectOrUnknownPaymentDetails { htlc_msat: data.msat()?, height: data.height()? }
            }
            18 => Failure::FinalIncorrectCltvExpiry { cltv_expiry: data.height()? },
            19 => Failure::FinalIncorrectHtlcAmount { incoming_htlc_amt: data.msat()? },
            0x1014 => Failure::ChannelDisabled {
                disabled_flags: u16::from_be_bytes(data.array()?),
                channel_update: data.update()?,
            },
            21 => Failure::ExpiryTooFar,
            0x4016 => Failure::InvalidOnionPayload {
                tlv_type: data.bigsize()?,
                offset: u16::from_be_bytes(data.array()?),
            },
            23 => Failure::MppTimeout,
            0xc018 => Failure::InvalidOnionBlinding { sha256_of_onion: data.array()? },
            0x2019 => Failure::TemporaryTrampolineFailure,
            0x201a => Failure::TrampolineFeeOrExpiryInsufficient {
                fee_base_msat: u32::from_be_bytes(data.array()?),
                fee_proportional_millionths: u32::from_be_bytes(data.array()?),
                cltv_expiry_delta: u16::from_be_bytes(data.array()?),
            },
            0x401b => Failure::UnknownNextTrampoline,
            _ => return None,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failure {:#06x}", self.code())
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
