//! Why the answer of the bidirectional search is optimal, or what is left to look at.
//!
//! A route that beats `best` must run through a node where both searches met and whose labels add up to less than
//! `best` (docs/search.md, lemma 4). At such a node it leaves the forward tree's path somewhere, at a node `y`, by another
//! incoming arc. So it costs at least `y`'s second-best forward label plus the exact cost of the rest; if that reaches
//! `best` at every `y`, nothing is left. Backward labels that were dropped although they carried a smaller amount must be
//! out of reach as well.

use super::bidirectional::{Run, suffix_of};
use crate::cost::HopCost;

/// What the certificate found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No route is better.
    Optimal,
    /// A better route could run through one of the meeting points.
    OpenMeetings,
    /// A better route could use a backward label that was dropped.
    OpenLabels,
}

impl<C: HopCost, const INBOUND: bool, const RESTRICTED: bool> Run<'_, '_, C, INBOUND, RESTRICTED> {
    /// Checks every meeting point. O(meeting points * hops).
    pub(super) fn certify(&self) -> Verdict {
        let tolerance = self.problem.tolerance;
        let is_open = |&(node, key): &(u32, u64)| {
            key.saturating_add(self.least_forward(node)).saturating_add(tolerance) < self.best
        };
        if self.may_lift() || self.space.dropped.iter().any(is_open) {
            return Verdict::OpenLabels;
        }
        let closed =
            self.space.met.iter().all(|&node| !self.is_open_meeting(node) || self.is_path_best(node));
        if closed { Verdict::Optimal } else { Verdict::OpenMeetings }
    }

    /// A lower bound on the cost of every route, at any time of the search: it crosses both frontiers, or runs through a
    /// meeting point or a dropped label. O(meeting points + dropped labels).
    pub(super) fn least_open(&self) -> u64 {
        let frontiers = self.space.forward.least_key().saturating_add(self.space.backward.least_key());
        let met = self.space.met.iter().filter_map(|&node| self.space.labels.find(node));
        let met = met.map(|label| label.forward.saturating_add(label.backward));
        let dropped =
            self.space.dropped.iter().map(|&(node, key)| key.saturating_add(self.least_forward(node)));
        let least = met.chain(dropped).min().unwrap_or(u64::MAX);
        least.min(frontiers).min(self.least_lifted).min(self.best)
    }

    /// Whether the labels of a meeting point leave room for a better route.
    pub(super) fn is_open_meeting(&self, node: u32) -> bool {
        self.space.labels.find(node).is_some_and(|label| {
            label.forward.saturating_add(label.backward).saturating_add(self.problem.tolerance) < self.best
        })
    }

    /// Whether no other way from the payer to `node` can beat `best`.
    fn is_path_best(&self, node: u32) -> bool {
        let Some(&label) = self.space.labels.find(node) else { return false };
        let mut suffix = suffix_of(&self.problem, node, label);
        let mut at = node;
        while at != self.problem.payer {
            let Some(label) = self.space.labels.find(at) else { return false };
            let key = self.problem.key_of(at, &suffix);
            let detour = label.forward_second.saturating_add(key).saturating_add(self.problem.tolerance);
            if detour < self.best {
                return false;
            }
            match self.problem.extend(label.forward_arc, &suffix) {
                Some(next) => suffix = next,
                // The tree's own arc cannot carry the amount: no route that goes on along it exists.
                None => return true,
            }
            at = self.problem.tail(label.forward_arc);
        }
        true
    }
}
