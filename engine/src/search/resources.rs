//! What a route uses up beside money, the limits on it, and lower bounds on what the rest of a route will use.

use super::problem::{Problem, Suffix};
use super::workspace::{FORWARD_SETTLED, LabelTable};
use crate::cost::HopCost;
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
    /// After one more forwarding hop: `suffix` is the state behind it.
    pub(crate) fn extended<C: HopCost>(&self, problem: &Problem<'_, C>, arc: u32, suffix: &Suffix) -> Used {
        Used {
            cltv: self.cltv.saturating_add(problem.record(arc).cltv() as u32),
            hops: self.hops.saturating_add(1),
            payload: self.payload.saturating_add(forward_payload_size(suffix.forwarded)),
        }
    }

    /// After the payer's own hop, which has neither delta nor payload.
    pub(crate) fn sent(&self) -> Used {
        Used { hops: self.hops.saturating_add(1), ..*self }
    }

    pub(super) fn plus(&self, other: &Used) -> Used {
        Used {
            cltv: self.cltv.saturating_add(other.cltv),
            hops: self.hops.saturating_add(other.hops),
            payload: self.payload.saturating_add(other.payload),
        }
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

/// Lower bounds on what lies between the payer and a node.
#[derive(Debug, Clone, Copy)]
pub(super) enum Potentials<'a> {
    /// The fast search's forward labels; for nodes that it has not settled, a bound that holds for all of them.
    Ball { frontier: u64 },
    /// Least cost, blocks and hops of every node.
    Whole { cost: &'a [u64], cltv: &'a [u32], hops: &'a [u32] },
}

impl Potentials<'_> {
    /// Of the cost.
    pub(super) fn cost(&self, labels: &LabelTable, node: u32) -> u64 {
        match self {
            Potentials::Ball { frontier } => match labels.find(node) {
                Some(label) if label.flags & FORWARD_SETTLED != 0 => label.forward,
                _ => *frontier,
            },
            Potentials::Whole { cost, .. } => cost.get(node as usize).copied().unwrap_or(0),
        }
    }

    /// Of the limited resources.
    pub(super) fn resources(&self, node: u32) -> Used {
        match self {
            Potentials::Ball { .. } => Used { hops: 1, ..Used::default() },
            Potentials::Whole { cltv, hops, .. } => {
                let at = |values: &[u32]| values.get(node as usize).copied().unwrap_or(0);
                let hops = at(hops);
                // Every hop but the payer's own has a payload of its own.
                let payload = hops.saturating_sub(1).saturating_mul(forward_payload_size(0));
                Used { cltv: at(cltv), hops, payload }
            }
        }
    }
}
