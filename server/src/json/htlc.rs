//! An HTLC as others write it.

use engine::reserve::Htlc;
use primitives::Msat;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::text::{ScidDirText, Text};

/// An HTLC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HtlcJson {
    /// Over which channel, and which way.
    pub channel: ScidDirText,
    /// What it carries.
    pub amount_msat: u64,
}

impl HtlcJson {
    /// Of an HTLC.
    pub fn new(htlc: &Htlc) -> Self {
        HtlcJson { channel: Text(htlc.channel), amount_msat: htlc.amount.to_msat() }
    }

    /// The HTLC.
    pub fn to_htlc(self) -> Htlc {
        Htlc { channel: self.channel.0, amount: Msat::from_msat(self.amount_msat) }
    }
}
