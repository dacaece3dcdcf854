//! Failures on their way back to the payer (BOLT 4, Returning Errors).
//!
//! ```text
//! hmac 32 | failure_len 2 | failuremsg | pad_len 2 | pad        all of it obfuscated by every hop on the way
//! ```
//! Only the payer can tell who wrote it, by trying the hops' keys one after the other. He always goes as far as the
//! longest route, so that the time he takes does not tell where the failure came from.

use bitcoin::hashes::{Hash as _, HashEngine as _, Hmac, sha256};

use crate::attribution::{ATTRIBUTABLE_HOP_COUNT, Attribution, AttributionData, HoldTime};
use crate::failure_code::FailureMessage;
use crate::keys::{KeyType, SharedSecret, same_secret};
use crate::trampoline::TrampolineSecrets;

/// `failure_len` and `pad_len` together, unless the failure is longer.
pub const PADDED_LEN: u16 = 256;

/// What `update_fail_htlc` carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailurePacket {
    /// `reason`: the obfuscated failure.
    pub reason: Vec<u8>,
    /// Hold times and codes; to be dropped where the peer that is sent to does not know them.
    pub attribution_data: Option<AttributionData>,
}

impl FailurePacket {
    /// What the failing hop returns, padded to [`PADDED_LEN`].
    ///
    /// # Errors
    /// Where the failure is longer than a message may be.
    pub fn new(
        secret: &SharedSecret,
        message: &FailureMessage,
        hold_time: HoldTime,
    ) -> Result<Self, FailureTooLong> {
        FailurePacket::padded(secret, message, hold_time, PADDED_LEN)
    }

    /// As [`FailurePacket::new`], padded to more than [`PADDED_LEN`], which is the least. Old nodes read no other length.
    ///
    /// # Errors
    /// As [`FailurePacket::new`].
    pub fn padded(
        secret: &SharedSecret,
        message: &FailureMessage,
        hold_time: HoldTime,
        padded_len: u16,
    ) -> Result<Self, FailureTooLong> {
        let message = message.encode();
        let message_len = u16::try_from(message.len()).ok().filter(|&len| len <= FAILURE_LEN_MAX);
        let message_len = message_len.ok_or(FailureTooLong { len: message.len() })?;
        let pad_len = padded_len.clamp(PADDED_LEN, FAILURE_LEN_MAX).saturating_sub(message_len);
        let mut reason = vec![0; HMAC_LEN];
        reason.extend(message_len.to_be_bytes());
        reason.extend(message);
        reason.extend(pad_len.to_be_bytes());
        reason.resize(reason.len() + usize::from(pad_len), 0);
        let code = authenticate(secret, &reason[HMAC_LEN..]);
        reason[..HMAC_LEN].copy_from_slice(&code);
        Ok(FailurePacket { reason, attribution_data: None }.returned(secret, hold_time))
    }

    /// What a hop returns for a packet that came from the hop behind it.
    #[must_use]
    pub fn relay(mut self, secret: &SharedSecret, hold_time: HoldTime) -> Self {
        if self.reason.len() > RELAYED_LEN_MAX {
            // With attribution data it would be no message any more.
            self.attribution_data = None;
            obfuscate(&mut self.reason, secret);
            return self;
        }
        self.returned(secret, hold_time)
    }

    /// Reads what came back to the payer. `secrets` are those of the hops that may answer, the payer's peer first: all,
    /// or in front of a blinded path those up to its first node.
    pub fn read(self, secrets: &[SharedSecret]) -> FailureReport {
        self.open(secrets, &[])
    }

    /// Reads what came back through trampolines: `outer` are the secrets of the route to the first of them, `inner` those
    /// of the packet within. A hop is counted through both.
    pub fn read_through_trampolines(self, outer: &[SharedSecret], inner: &[SharedSecret]) -> FailureReport {
        self.open(outer, inner)
    }

    /// Reads what came back to a trampoline from the route that it found; `secrets` are those of that route.
    ///
    /// # Errors
    /// Where none of its hops wrote it: then somebody behind its end did, for the payer.
    pub fn read_or_unwrap(self, secrets: &[SharedSecret]) -> Result<FailureReport, FailureBehind> {
        let mut reason = self.reason.clone();
        match self.open(secrets, &[]) {
            FailureReport { source: FailureSource::Unknown, .. } => {
                secrets.iter().for_each(|secret| obfuscate(&mut reason, secret));
                Err(FailureBehind(reason))
            }
            report => Ok(report),
        }
    }

    /// What a trampoline, or the payee behind it, returns for a failure of its own.
    ///
    /// # Errors
    /// As [`FailurePacket::new`].
    pub fn of_trampoline(
        secrets: TrampolineSecrets<'_>,
        message: &FailureMessage,
        hold_time: HoldTime,
    ) -> Result<Self, FailureTooLong> {
        let mut packet = FailurePacket::new(secrets.inner, message, hold_time)?;
        // Attribution ends with the outer onion.
        packet.attribution_data = None;
        Ok(packet.returned(secrets.outer, hold_time))
    }

    /// Takes off one layer after the other. `outer` are attributed, `inner` follow them and are not.
    fn open(mut self, outer: &[SharedSecret], inner: &[SharedSecret]) -> FailureReport {
        let attributable = outer.len().min(ATTRIBUTABLE_HOP_COUNT);
        let mut attribution = self.attribution_data.is_some().then(Attribution::default);
        let mut source = FailureSource::Unknown;
        let stand_in = SharedSecret::from_bytes([1; 32]);
        let hop_count = outer.len() + inner.len();
        for at in 0..hop_count.max(ROUND_COUNT) {
            let secret = outer.get(at).or_else(|| inner.get(at - outer.len())).unwrap_or(&stand_in);
            obfuscate(&mut self.reason, secret);
            let is_open = source == FailureSource::Unknown && at < hop_count;
            if let (Some(data), Some(attribution)) = (&mut self.attribution_data, &mut attribution)
                && is_open
                && at < attributable
                && attribution.broken_at.is_none()
            {
                attribution.take(data, secret, &self.reason, at, attributable);
            }
            let is_authentic = self
                .reason
                .split_first_chunk::<HMAC_LEN>()
                .is_some_and(|(code, rest)| same_secret(&authenticate(secret, rest), code) && is_open);
            if is_authentic {
                source = match message(&self.reason[HMAC_LEN..]) {
                    Some(message) => FailureSource::Hop { at, message },
                    None => FailureSource::Unreadable { at },
                };
            }
        }
        FailureReport { source, attribution }
    }

    fn returned(mut self, secret: &SharedSecret, hold_time: HoldTime) -> Self {
        let mut data = AttributionData::before(self.attribution_data, &self.reason, secret, hold_time);
        data.obfuscate(secret);
        obfuscate(&mut self.reason, secret);
        self.attribution_data = Some(data);
        self
    }
}

/// A failure from behind the end of a trampoline's route, which only the payer can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureBehind(Vec<u8>);

impl FailureBehind {
    /// What the trampoline returns for it.
    pub fn relay(self, secrets: TrampolineSecrets<'_>, hold_time: HoldTime) -> FailurePacket {
        let mut packet = FailurePacket { reason: self.0, attribution_data: None };
        obfuscate(&mut packet.reason, secrets.inner);
        packet.relay(secrets.outer, hold_time)
    }
}

/// What a failure told the payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureReport {
    /// Who failed, and why.
    pub source: FailureSource,
    /// How long the hops up to there held the HTLC, and who changed what came back; `None` where the payer's own peer
    /// sent no attribution data.
    pub attribution: Option<Attribution>,
}

/// Who failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureSource {
    /// A hop, and it says why.
    Hop {
        /// Which hop, from 0.
        at: usize,
        /// What it says.
        message: FailureMessage,
    },
    /// A hop whose code is right around something that is no failure.
    Unreadable {
        /// Which hop, from 0.
        at: usize,
    },
    /// Nobody can be told: a hop changed the packet, or made one up.
    Unknown,
}

impl FailureReport {
    /// The hop, from 0, to be blamed together with the one before it for a failure whose source is unknown: the first
    /// whose code is wrong, or the payer's peer if it sent none.
    pub fn suspect(&self) -> Option<usize> {
        match (&self.source, &self.attribution) {
            (FailureSource::Unknown, Some(attribution)) => attribution.broken_at,
            (FailureSource::Unknown, None) => Some(0),
            (FailureSource::Hop { .. } | FailureSource::Unreadable { .. }, _) => None,
        }
    }
}

/// A failure that fits no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a failure of {len} bytes fits no message")]
pub struct FailureTooLong {
    /// Its length.
    pub len: usize,
}

fn obfuscate(reason: &mut [u8], secret: &SharedSecret) {
    secret.key(KeyType::Ammag).stream().apply(reason);
}

fn authenticate(secret: &SharedSecret, bytes: &[u8]) -> [u8; HMAC_LEN] {
    let mut engine = secret.key(KeyType::Um).hmac();
    engine.input(bytes);
    Hmac::<sha256::Hash>::from_engine(engine).to_byte_array()
}

fn message(bytes: &[u8]) -> Option<FailureMessage> {
    let (len, rest) = bytes.split_first_chunk()?;
    FailureMessage::decode(rest.get(..usize::from(u16::from_be_bytes(*len)))?)
}

const HMAC_LEN: usize = 32;
/// A Lightning message has at most 65,535 bytes; this leaves enough for everything around a failure.
const FAILURE_LEN_MAX: u16 = 60_000;
/// As long as attribution data fits a message behind it: type 2, channel 32, HTLC 8, length 2, record 4 + 920.
const RELAYED_LEN_MAX: usize = 65_535 - 2 - 32 - 8 - 2 - 4 - crate::attribution::ATTRIBUTION_DATA_LEN;
/// Hops that are tried even where the route is shorter (BOLT 4, Returning Errors).
const ROUND_COUNT: usize = 27;
