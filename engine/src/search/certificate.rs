//! Why the answer of the bidirectional search is optimal, or what is left to look at.
//!
//! A route that beats `best` must run through a node where both searches met and whose labels add up to less than
//! `best` (docs/search.md, lemma 4). At such a node it leaves the forward tree's path somewhere, at a node `y`, by another
//! incoming arc. So it costs at least `y`'s second-best forward label plus the exact cost of the rest; if that reaches
//! `best` at every `y`, nothing is left. Backward labels that were dropped although they carried a smaller amount must be
//! out of reach as well.

use super::labels::{Dropped, Explored, FORWARD_SETTLED, UNREACHED};
use super::problem::Suffix;
use super::run::Run;
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
    /// Checks every meeting point. O(meeting points * hops + dropped labels).
    pub(super) fn certify(&self) -> Verdict {
        if self.budget.is_some() {
            return Verdict::Optimal;
        }
        if self.may_lift() {
            return Verdict::OpenLabels;
        }
        let Ok(relied_on_lead) = self.close_dropped() else { return Verdict::OpenLabels };
        for &node in &self.space.met {
            if self.is_open_meeting(node) {
                let Some(suffix) = self.suffix_at(node) else { continue };
                match self.check_path(node, suffix) {
                    Path::Best(_) => {}
                    Path::TooLarge if !relied_on_lead => {}
                    Path::TooLarge => return Verdict::OpenLabels,
                    Path::Open => return Verdict::OpenMeetings,
                }
            }
        }
        Verdict::Optimal
    }

    /// Whether no dropped label can become a better route. Says whether that relied on a lead: the kept label is
    /// cheaper by it, and its larger amount can cost no more than `smaller_by` times the steepest slope of a route
    /// below `best` (docs/search.md, lemma 6), unless an arc takes the smaller amount only.
    fn close_dropped(&self) -> Result<bool, ()> {
        let mut relied_on_lead = false;
        for dropped in self.space.dropped.iter().filter(|dropped| dropped.smaller_by != UNREACHED) {
            if !self.is_open_label(dropped) || self.is_label_closed_by_path(dropped) {
                continue;
            }
            if INBOUND {
                return Err(());
            }
            let slope = self.problem.cost.slope(self.problem.amount, self.best - dropped.key);
            if slope.of(dropped.smaller_by) > dropped.lead as f64 {
                return Err(());
            }
            relied_on_lead = true;
        }
        let is_barred = |dropped: &Dropped| dropped.smaller_by == UNREACHED && self.is_open_label(dropped);
        if relied_on_lead && self.space.dropped.iter().any(is_barred) {
            return Err(());
        }
        Ok(relied_on_lead)
    }

    /// Whether a dropped label and what is known of the way to its node leave room for a better route.
    pub(super) fn is_open_label(&self, dropped: &Dropped) -> bool {
        let label = self.space.labels.find(dropped.node);
        let least = if dropped.key < self.space.backward.least() {
            self.least_forward(dropped.node)
        } else {
            // Not nearer than the backward frontier: then nothing the forward search left out matters, and a node
            // that it has not settled is at its label, a hop behind another that waits, or at the end of an arc in the
            // rest of a list. Those to a node that the backward search has labelled have been looked at (`closing`).
            let is_closed = self.is_closed && label.is_some_and(|label| label.backward != UNREACHED);
            let behind = if is_closed {
                self.space.forward.least_fresh().saturating_add(self.least_hop)
            } else {
                self.space.forward.beyond(self.least_hop)
            };
            match label {
                Some(label) if label.flags & FORWARD_SETTLED != 0 => label.forward,
                Some(label) => label.forward.min(behind),
                None => behind,
            }
        };
        dropped.key.saturating_add(least).saturating_add(self.problem.tolerance) < self.best
    }

    /// Whether the forward tree's path is the best way to a dropped label, and not good enough.
    fn is_label_closed_by_path(&self, dropped: &Dropped) -> bool {
        let is_reached = self.space.labels.find(dropped.node).is_some_and(|label| label.forward != UNREACHED);
        dropped.key >= self.space.backward.least()
            && is_reached
            && self.space.labels.graded(dropped.node).all(|door| {
                match self.check_path(door, dropped.suffix) {
                    Path::Best(cost) => cost.saturating_add(self.problem.tolerance) >= self.best,
                    Path::TooLarge => true,
                    Path::Open => false,
                }
            })
    }

    /// A lower bound on the cost of every route, at any time of the search: it crosses both frontiers, or runs through a
    /// meeting point or a dropped label. O(meeting points + dropped labels).
    pub(super) fn least_open(&self) -> u64 {
        if self.budget.is_some() {
            // What is spent of less is not known.
            return self.space.backward.least().min(self.best);
        }
        let frontiers = self.space.forward.least().saturating_add(self.space.backward.least());
        // An arc that both sides have left leads to a node that the backward search has settled.
        let left = self.space.backward.begun().filter_map(|(_, node, _)| self.space.labels.find(node));
        let left = left.map(|label| label.backward).min().unwrap_or(UNREACHED);
        let frontiers = frontiers.min(self.space.forward.least_begun().saturating_add(left));
        let met = self.space.met.iter().map(|&door| self.least_over(door));
        let dropped = &self.space.dropped;
        let dropped = dropped.iter().map(|label| label.key.saturating_add(self.least_forward(label.node)));
        let least = met.chain(dropped).min().unwrap_or(u64::MAX);
        least.min(frontiers).min(self.least_lifted).min(self.best)
    }

    /// Whether no other way from the payer to `node` can beat `best`.
    fn check_path(&self, node: u32, mut suffix: Suffix) -> Path {
        let mut at = node;
        while at != self.problem.payer {
            let Some(label) = self.space.labels.find(at) else { return Path::Open };
            let key = self.problem.key_at(at, &suffix);
            let detour = label.forward_second.saturating_add(key).saturating_add(self.problem.tolerance);
            if detour < self.best {
                return Path::Open;
            }
            let way = self.space.explored.get(label.forward_way as usize);
            let Some(&Explored { tail, arc, .. }) = way else { return Path::Open };
            match self.problem.extend_from(self.node_of(tail), arc, &suffix) {
                Some(next) => suffix = next,
                // The tree's own arc cannot carry the amount: no route that goes on along it exists.
                None => return Path::TooLarge,
            }
            at = tail;
        }
        Path::Best(suffix.cost)
    }
}

/// What is known of the ways to a meeting point.
enum Path {
    /// The forward tree's is the best, and costs this.
    Best(u64),
    /// The forward tree's cannot carry the amount, and no other is better.
    TooLarge,
    /// Another one may be better.
    Open,
}
