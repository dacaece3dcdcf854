//! What became of the messages of a file.

use std::collections::BTreeMap;
use std::fmt;

use gossip::funding::FundingError;
use gossip::verify::ParseError;
use gossip::view::Refusal;

/// An import in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportCounts {
    /// Channels that were taken.
    pub channel_count: u64,
    /// Updates that were taken.
    pub update_count: u64,
    /// Announcements of nodes that were taken.
    pub node_count: u64,
    /// Channels that the file itself takes back.
    pub removed_count: u64,
    /// Messages that were not taken.
    pub refused: BTreeMap<Reason, u64>,
    /// Where the first byte is that belongs to no message: a `gossip_store` is read up to there.
    pub torn_at: Option<u64>,
    /// How many of a capture's bytes are passed over because they belong to none.
    pub torn_bytes: u64,
}

impl ImportCounts {
    pub(super) fn refuse(&mut self, reason: Reason) {
        *self.refused.entry(reason).or_default() += 1;
    }
}

/// Why a message is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// It is known, or something newer is.
    Known,
    /// It is broken, or says what cannot be.
    Broken,
    /// It is of another chain.
    OtherChain,
    /// A signature is wrong.
    Signature,
    /// It is older than two weeks.
    Stale,
    /// It is more than a day ahead of the clock.
    Future,
    /// Its direction is updated too often.
    TooOften,
    /// Its channel is announced by others.
    Conflict,
    /// Its channel or node is not known, or was refused.
    Orphan,
    /// There are too many channels.
    Full,
    /// Its funding output is not there, not the announced one, or spent.
    Unfunded,
    /// Nobody could tell whether its funding output is there.
    FundingUnknown,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Reason::Known => "known already",
            Reason::Broken => "broken",
            Reason::OtherChain => "of another chain",
            Reason::Signature => "with a wrong signature",
            Reason::Stale => "older than two weeks",
            Reason::Future => "more than a day ahead of the clock",
            Reason::TooOften => "updates that came too often",
            Reason::Conflict => "of channels that others announced",
            Reason::Orphan => "of channels and nodes that are not known",
            Reason::Full => "for which there is no room",
            Reason::Unfunded => "of channels without an unspent output",
            Reason::FundingUnknown => "of channels whose output nobody could look for",
        })
    }
}

impl From<ParseError> for Reason {
    fn from(error: ParseError) -> Self {
        match error {
            ParseError::Chain { .. } => Reason::OtherChain,
            _ => Reason::Broken,
        }
    }
}

impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Known => Reason::Known,
            Refusal::Stale => Reason::Stale,
            Refusal::Future => Reason::Future,
            Refusal::TooOften => Reason::TooOften,
            Refusal::Conflict { .. } => Reason::Conflict,
            Refusal::Full => Reason::Full,
            _ => Reason::Orphan,
        }
    }
}

impl From<FundingError> for Reason {
    fn from(error: FundingError) -> Self {
        match error {
            FundingError::Unknown { .. } | FundingError::NoHeaders => Reason::FundingUnknown,
            _ => Reason::Unfunded,
        }
    }
}
