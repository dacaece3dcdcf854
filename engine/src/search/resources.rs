//! What a route uses up beside money, and the limits on it.

use super::problem::Suffix;
use crate::graph::Record;
use crate::onion_size::forward_payload_size;

/// What a part of a route uses up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Used {
    /// Blocks: the sum of `cltv_expiry_delta`s, the payee's final one included.
    pub(crate) cltv: u32,
    /// Channels.
    pub(crate) hops: u32,
    /// Bytes of onion payload.
    pub(crate) payload: u32,
}

/// What a route may use up; `None` where a search need not look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Limits {
    pub(crate) cltv: Option<u32>,
    pub(crate) hops: Option<u32>,
    pub(crate) payload: Option<u32>,
}

impl Used {
    /// After one more forwarding hop over an arc with this policy: `suffix` is the state behind it.
    pub(crate) fn extended(&self, record: Record, suffix: &Suffix) -> Used {
        Used {
            cltv: self.cltv.saturating_add(record.cltv() as u32),
            hops: self.hops.saturating_add(1),
            payload: self.payload.saturating_add(forward_payload_size(suffix.forwarded)),
        }
    }

    /// After the payer's own hop, which has neither delta nor payload.
    pub(crate) fn sent(&self) -> Used {
        Used { hops: self.hops.saturating_add(1), ..*self }
    }

    /// Whether this is no more than `other` in whatever is limited.
    pub(super) fn no_more_than(&self, other: &Used, limits: &Limits) -> bool {
        (limits.cltv.is_none() || self.cltv <= other.cltv)
            && (limits.hops.is_none() || self.hops <= other.hops)
            && (limits.payload.is_none() || self.payload <= other.payload)
    }
}

impl Limits {
    /// Whether `used` is within them.
    pub(crate) fn allow(&self, used: &Used) -> bool {
        self.cltv.is_none_or(|max| used.cltv <= max)
            && self.hops.is_none_or(|max| used.hops <= max)
            && self.payload.is_none_or(|max| used.payload <= max)
    }
}
