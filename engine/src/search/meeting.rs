//! Where the two balls of the fast search meet, what it drops on the way, and how far its frontiers are.
//!
//! Labels that lost although they might end cheaper are kept aside here for the certificate to judge; nothing is
//! expanded here (`bidirectional`).

use super::discount::{SIDE, is_side};
use super::labels::{Dropped, Explored, FORWARD_SETTLED, Label, MET, UNREACHED};
use super::problem::{Problem, Suffix};
use super::run::Run;
use crate::cost::HopCost;

impl<C: HopCost, const INBOUND: bool, const RESTRICTED: bool> Run<'_, '_, C, INBOUND, RESTRICTED> {
    #[inline(never)]
    pub(super) fn drop_label(&mut self, dropped: Dropped) {
        let least = dropped.key.saturating_add(self.least_forward(dropped.node));
        if least.saturating_add(self.problem.tolerance) < self.best {
            self.space.dropped.push(dropped);
        }
    }

    /// A lower bound on the cost from the payer to a node.
    pub(super) fn least_forward(&self, node: u32) -> u64 {
        match self.space.labels.find(node) {
            Some(label) if label.flags & FORWARD_SETTLED != 0 => label.forward,
            _ => self.frontier(),
        }
    }

    /// A lower bound on the cost from the payer to any node that the forward search has not settled: it is still
    /// queued, or it was left out because even the backward frontier behind it was too far.
    pub(super) fn frontier(&self) -> u64 {
        let behind = self.space.backward.beyond(self.least_hop);
        self.space.forward.least().min(self.best_less_tolerance().saturating_sub(behind))
    }

    /// Both searches have reached a node: looks whether a better route goes through it.
    pub(super) fn meet(&mut self, node: u32) {
        if self.keeps_bound || !self.is_open_meeting(node) {
            return;
        }
        let label = self.space.labels.entry(node);
        if label.flags & MET == 0 {
            label.flags |= MET;
            self.space.met.push(node);
        }
        self.counts.met += 1;
        let Some(suffix) = self.suffix_at(node) else { return };
        let cost = self.price_forward_path(node, suffix);
        if let Some(cost) = cost.filter(|&cost| cost < self.found)
            && self.complete(node)
        {
            std::mem::swap(&mut self.space.best, &mut self.space.trial);
            self.note_route(cost);
        }
        self.check_promise(cost);
    }

    /// The same at all doors with a forward label that a backward one leads to.
    #[inline(never)]
    pub(super) fn meet_all(&mut self, door: u32) {
        let mut next = self.space.labels.graded(door).next();
        while let Some(graded) = next {
            next = self.space.labels.next_graded(graded);
            self.meet(graded);
        }
    }

    /// The state of the backward label behind a door.
    pub(super) fn suffix_at(&self, door: u32) -> Option<Suffix> {
        let behind = self.ungraded(door);
        let &label = self.space.labels.find(behind)?;
        (label.backward != UNREACHED).then(|| suffix_of(&self.problem, behind, label))
    }

    /// Whether the labels of a meeting point leave room for a better route.
    pub(super) fn is_open_meeting(&self, door: u32) -> bool {
        self.least_over(door).saturating_add(self.problem.tolerance) < self.best
    }

    /// What the labels of both sides at a door come to.
    pub(super) fn least_over(&self, door: u32) -> u64 {
        let forward = self.space.labels.find(door).map_or(UNREACHED, |label| label.forward);
        let behind = self.suffix_at(door).map(|suffix| self.problem.key_at(door, &suffix));
        forward.saturating_add(behind.unwrap_or(UNREACHED))
    }

    /// Prices the forward tree's path to a node exactly, on top of `suffix`; leaves its arcs in `trial`, last first.
    fn price_forward_path(&mut self, node: u32, mut suffix: Suffix) -> Option<u64> {
        self.space.trial.clear();
        let mut at = node;
        while at != self.problem.payer {
            let way = self.space.labels.find(at)?.forward_way;
            let &Explored { tail, arc, .. } = self.space.explored.get(way as usize)?;
            suffix = self.problem.extend_from(self.node_of(tail), arc, &suffix)?;
            self.space.trial.push(arc);
            at = tail;
        }
        Some(suffix.cost)
    }

    /// Turns `trial` around and adds the backward path from `node` on.
    fn complete(&mut self, node: u32) -> bool {
        self.space.trial.reverse();
        let mut at = self.ungraded(node);
        while self.node_of(at) != self.problem.payee {
            let Some(label) = self.space.labels.find(at) else { return false };
            let arc = label.backward_arc;
            self.space.trial.push(arc);
            at = head_door(&self.problem, label);
        }
        true
    }
}

/// The door that a backward label goes on to.
pub(super) fn head_door<C: HopCost>(problem: &Problem<'_, C>, label: &Label) -> u32 {
    problem.head(label.backward_arc) | if label.is_to_side() { SIDE } else { 0 }
}

/// What a node's backward label costs beyond what the node receives, less the same of another state: a label that is
/// better with the largest discount may be worse with a smaller one.
pub(super) fn lead_beyond<C: HopCost>(
    problem: &Problem<'_, C>,
    node: u32,
    label: Label,
    next: &Suffix,
) -> i128 {
    if label.backward == UNREACHED {
        return 0;
    }
    let beyond = |suffix: &Suffix| i128::from(suffix.cost) - i128::from(suffix.received);
    beyond(&suffix_of(problem, node, label)) - beyond(next)
}

/// The state that a node's backward label stands for.
#[inline(always)]
pub(super) fn suffix_of<C: HopCost>(problem: &Problem<'_, C>, node: u32, label: Label) -> Suffix {
    let suffix = Suffix { cost: label.backward, received: label.received, forwarded: label.forwarded };
    problem.undiscounted(node, suffix)
}

/// By how much a state at a door is smaller than one that receives and forwards so much. What a node forwards counts
/// where a discount may take all of the fee, so at side doors.
#[inline(always)]
pub(super) fn smaller_by<const INBOUND: bool>(
    door: u32,
    suffix: &Suffix,
    received: u64,
    forwarded: u64,
) -> u64 {
    let smaller_by = received.saturating_sub(suffix.received);
    if INBOUND && !is_side(door) {
        smaller_by
    } else {
        smaller_by.max(forwarded.saturating_sub(suffix.forwarded))
    }
}
