//! Arcs that neither side of the fast search has seen, because both have left the lists they are in.
//!
//! When the frontiers have met, a better route can only lead over an arc from a label of one side to a list of the
//! other side that waits: what leads on from such a list to any other node is too dear. So the rests of the lists are
//! read once more, only the numbers of the far ends, and only the arcs to nodes that the other side has reached are
//! looked at. No list goes on by this: it is done again if it has changed anything.

use super::bidirectional::Run;
use super::meeting::suffix_of;
use super::workspace::{Label, UNREACHED};
use crate::cost::HopCost;

/// What an arc must meet at its far end.
#[derive(Debug, Clone, Copy)]
struct Target {
    /// The least label of a node that waits; nearer ones are settled.
    fresh: u64,
    /// The least label of a settled node whose list was left.
    left: u64,
}

impl Target {
    fn least(self) -> u64 {
        self.fresh.min(self.left)
    }
}

impl<C: HopCost, const INBOUND: bool, const RESTRICTED: bool> Run<'_, '_, C, INBOUND, RESTRICTED> {
    /// Looks at what both sides have left; says whether a node got a better label by it, so that the search must go on.
    /// O(arcs of the lists that wait).
    #[inline(never)]
    pub(super) fn close(&mut self) -> bool {
        let before = self.counts.labelled;
        self.close_forward();
        self.close_backward();
        self.counts.labelled != before
    }

    fn close_forward(&mut self) {
        let left = self.space.backward.begun().filter_map(|(_, node, _)| self.space.labels.find(node));
        let left = left.map(|label| label.backward).min().unwrap_or(UNREACHED);
        let target = Target { fresh: self.space.backward.least_fresh(), left };
        let rest = self.rest_behind().or_near(left, self.problem.tolerance);
        for at in 0..self.space.forward.begun_count() {
            let Some((least, node, first)) = self.space.forward.begun().nth(at) else { break };
            if !self.is_open(least, target.least()) {
                continue;
            }
            let Some(&label) = self.space.labels.find(node) else { continue };
            let key = label.forward;
            (self.origin, self.hops) = (node, label.forward_hops() + 1);
            let lists = self.problem.topology.out_lists();
            let list = lists.list(node);
            for block in list.blocks(first) {
                let bound = list.bounds.get(block.index).map_or(0, |bound| bound.at(self.place));
                let cost = key.saturating_add(bound).saturating_add(self.least_hop);
                if !self.is_open(cost, target.least()) {
                    break;
                }
                self.counts.passed += block.ends.len() as u64;
                for (at, (&head, record)) in block.ends.iter().zip(block.records).enumerate() {
                    if self.space.backward.may_reach(head)
                        && self.is_open_at(head, cost, |label| label.backward)
                    {
                        let arc = || lists.arc_at(block.start + at as u32);
                        if !self.is_moved(arc) {
                            self.relax_forward(head, key, rest, record.load(), None, arc);
                        }
                    }
                }
            }
        }
    }

    fn close_backward(&mut self) {
        // Arcs between two lists that were left have been seen from the other side.
        let target = Target { fresh: self.space.forward.least_fresh(), left: UNREACHED };
        let rest = self.rest_before();
        for at in 0..self.space.backward.begun_count() {
            let Some((least, node, first)) = self.space.backward.begun().nth(at) else { break };
            if !self.is_open(least, target.least()) {
                continue;
            }
            let Some(&label) = self.space.labels.find(node) else { continue };
            self.hops = label.backward_hops() + 1;
            let suffix = suffix_of(&self.problem, node, label);
            let lists = self.problem.topology.in_lists();
            let list = lists.list(node);
            for block in list.blocks(first) {
                let bound = list.bounds.get(block.index).map_or(0, |bound| bound.at(self.place));
                let cost = label.backward.saturating_add(bound).saturating_add(self.least_hop);
                if !self.is_open(cost, target.least()) {
                    break;
                }
                self.counts.passed += block.ends.len() as u64;
                for (at, (&tail, record)) in block.ends.iter().zip(block.records).enumerate() {
                    let is_payer = tail == self.problem.payer;
                    if !is_payer
                        && self.space.forward.may_reach(tail)
                        && self.is_open_at(tail, cost, |label| label.forward)
                    {
                        let arc = || lists.arc_at(block.start + at as u32);
                        if !self.is_moved(arc) {
                            self.relax_backward(node, tail, &suffix, rest, record.load(), arc);
                        }
                    }
                }
            }
        }
    }

    fn is_open(&self, one: u64, other: u64) -> bool {
        one.saturating_add(other) < self.best_less_tolerance()
    }

    fn is_open_at(&self, node: u32, cost: u64, side: impl Fn(&Label) -> u64) -> bool {
        self.space.labels.find(node).is_some_and(|label| self.is_open(cost, side(label)))
    }
}
