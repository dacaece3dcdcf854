//! What an arc makes of a label: the steps of the fast search that touch one arc and one label.
//!
//! A step that cannot lead to a better route is dropped by what is known of the rest: the other side's label at the
//! arc's far end, or that side's frontier. Where the other side has settled the far end but left its list in the
//! middle, it may not have seen this arc, and only its label counts.

use super::discount::{Discount, SIDE, is_side, node_of};
use super::doors::Doors;
use super::frontier::turn;
use super::labels::{
    AVOIDED, BACKWARD_SETTLED, Dropped, Explored, FORWARD_SETTLED, Label, NO_ARC, UNREACHED,
};
use super::meeting::{lead_beyond, smaller_by, suffix_of};
use super::passage::Passage;
use super::problem::{COST_MAX, Suffix};
use super::rest::Rest;
use super::restart::spent;
use super::run::Run;
use super::scan::Probe;
use crate::cost::HopCost;
use crate::graph::{Block, Record};

impl<C: HopCost, const INBOUND: bool, const RESTRICTED: bool> Run<'_, '_, C, INBOUND, RESTRICTED> {
    /// What follows a label of the forward search.
    pub(super) fn rest_behind(&self) -> Rest {
        let backward = &self.space.backward;
        Rest::new(backward.least(), backward.beyond(self.least_hop), self.problem.tolerance)
    }

    /// What precedes a label of the backward search.
    pub(super) fn rest_before(&self) -> Rest {
        let forward = &self.space.forward;
        Rest::new(forward.least(), forward.beyond(self.least_hop), self.problem.tolerance)
    }

    /// The same behind a node that the backward search may have settled without looking at all arcs into it.
    #[inline(always)]
    fn rest_behind_node(&self, head: u32, rest: Rest) -> u64 {
        if self.space.backward.may_have_left(head) {
            self.rest_at(head, rest, |label| label.backward)
        } else {
            rest.near
        }
    }

    /// The same before a node that the forward search may have settled without looking at all arcs out of it.
    #[inline(always)]
    fn rest_before_node(&self, tail: u32, rest: Rest) -> u64 {
        if self.space.forward.may_have_left(tail) {
            self.rest_at(tail, rest, |label| label.forward)
        } else {
            rest.near
        }
    }

    #[inline(never)]
    fn rest_at(&self, node: u32, rest: Rest, side: impl Fn(&Label) -> u64) -> u64 {
        let label = self.space.labels.find(node).map_or(UNREACHED, side);
        rest.near.min(label.saturating_add(self.problem.tolerance))
    }

    /// How arcs out of a node are asked all at once; `None` where they must be asked one by one.
    pub(super) fn forward_probe(&self) -> Option<Probe> {
        if self.problem.least_ahead != self.problem.amount {
            // What the payee gets is less.
            return None;
        }
        let mut probe = Probe::new(self.least_amount())?;
        (probe.leaves_from, probe.leaf) = (self.leaves_from, self.problem.payee);
        probe.short_from = self.problem.amount;
        Some(probe)
    }

    /// How arcs into a node with the state `suffix` are.
    pub(super) fn backward_probe(&self, node: u32, suffix: &Suffix) -> Option<Probe> {
        let mut probe = Probe::new(suffix.received)?;
        if INBOUND && (self.is_at_side || self.problem.charges(node)) {
            return None;
        }
        probe.leaves_from = self.leaves_from;
        if C::HAS_TWO_LABELS {
            // What a smaller amount could do there, or what could lift it, must be noted.
            (probe.short_from, probe.minimum) = (self.problem.amount, self.problem.amount);
        }
        Some(probe)
    }

    /// Looks at the arcs of a block out of a node with the label `key`, all at once. With restrictions, what passes is
    /// asked the long way: they only take from what the records of a list say.
    #[inline(always)]
    pub(super) fn scan_forward(&mut self, key: u64, rest: Rest, mut probe: Probe, block: Block<'_>) {
        let left = self.best.saturating_sub(key).saturating_sub(rest.near);
        (probe.fee_end, probe.exempt) = (left.saturating_sub(self.least_hop), self.space.backward.left());
        let scan = probe.scan(block.ends, block.records);
        let lists = self.problem.topology.out_lists();
        for at in scan.places() {
            let (head, record) = (block.ends[at], block.records[at].load());
            let arc = || lists.arc_at(block.start + at as u32);
            if RESTRICTED || scan.is_odd(at) {
                if !self.is_moved(arc) {
                    self.relax_forward(head, key, rest, record, None, arc);
                }
            } else {
                let passage = Passage::usual(record);
                let head = self.graded_door(head, arc);
                let fee = match self.budget() {
                    None => Some(self.least_fee(self.ungraded(head), record, scan.fees[at])),
                    Some(budget) => spent(budget.saturating_sub(key), record, passage),
                };
                if let Some(fee) = fee {
                    self.reach_forward(head, key, fee, rest, record, passage, arc);
                }
            }
        }
    }

    /// The same one by one.
    pub(super) fn read_forward(
        &mut self,
        key: u64,
        rest: Rest,
        discount: Option<Discount>,
        block: Block<'_>,
    ) {
        let lists = self.problem.topology.out_lists();
        for (at, (&head, record)) in block.ends.iter().zip(block.records).enumerate() {
            let arc = || lists.arc_at(block.start + at as u32);
            if (head < self.leaves_from || head == self.problem.payee) && !self.is_moved(arc) {
                self.relax_forward_apart(head, key, rest, record.load(), discount, arc());
            }
        }
    }

    /// Looks at the arcs of a block into a node with the state `suffix`, all at once.
    #[inline(always)]
    pub(super) fn scan_backward(
        &mut self,
        door: u32,
        suffix: &Suffix,
        rest: Rest,
        mut probe: Probe,
        block: Block<'_>,
    ) {
        let left = self.best.saturating_sub(suffix.cost).saturating_sub(rest.near);
        (probe.fee_end, probe.exempt) = (left.saturating_sub(self.least_hop), self.space.forward.left());
        let scan = probe.scan(block.ends, block.records);
        let lists = self.problem.topology.in_lists();
        let has_side = INBOUND && self.problem.gives(self.node_of(door));
        for at in scan.places() {
            let (tail, record) = (block.ends[at], block.records[at].load());
            let arc = || lists.arc_at(block.start + at as u32);
            if tail == self.problem.payer || has_side && self.problem.is_given(arc()) {
                continue;
            }
            if RESTRICTED || scan.is_odd(at) {
                if !self.is_moved(arc) {
                    self.relax_backward(door, tail, suffix, rest, record, Doors::Main, arc);
                }
                continue;
            }
            let (fee, passage) = (scan.fees[at], Passage::usual(record));
            if self.may_reach_backward(tail, suffix, fee, rest) {
                let next = self.problem.unlifted(record, passage, suffix, fee);
                self.reach_backward(tail, suffix, next, passage.max, rest, arc);
            }
        }
    }

    /// The same one by one.
    pub(super) fn read_backward(&mut self, door: u32, suffix: &Suffix, rest: Rest, block: Block<'_>) {
        let lists = self.problem.topology.in_lists();
        for (at, (&tail, record)) in block.ends.iter().zip(block.records).enumerate() {
            let arc = || lists.arc_at(block.start + at as u32);
            if tail < self.leaves_from
                && tail != self.problem.payer
                && self.door(self.node_of(door), arc) == door
                && !self.is_moved(arc)
            {
                self.relax_backward_apart(door, tail, suffix, rest, record.load(), Doors::Main, arc());
            }
        }
    }

    #[inline(always)]
    pub(super) fn relax_forward(
        &mut self,
        head: u32,
        key: u64,
        rest: Rest,
        record: Record,
        discount: Option<Discount>,
        arc: impl Fn() -> u32,
    ) {
        let problem = &self.problem;
        let arc_if_needed = if RESTRICTED || self.leaves_from == u32::MAX { arc() } else { NO_ARC };
        if RESTRICTED && head == problem.payee && !problem.is_last_hop(problem.tail(arc_if_needed)) {
            return;
        }
        let record = if RESTRICTED { problem.adjusted(record, arc_if_needed) } else { record };
        let Some(passage) = self.passage(record, arc_if_needed) else { return };
        if passage.max < problem.least_into(head) || passage.min > problem.amount_max {
            return;
        }
        let head = self.graded_door(head, &arc);
        if let Some(budget) = self.budget() {
            if let Some(fee) = spent(budget.saturating_sub(key), record, passage) {
                self.reach_forward(head, key, fee, rest, record, passage, arc);
            }
            return;
        }
        let amount = self.least_amount_into(self.ungraded(head)).max(passage.min);
        let fee = record.fee(amount);
        let whole = match discount {
            Some(discount) if INBOUND => discount.least_fee(record, fee, amount),
            _ => fee,
        };
        let (fee, minimum) = (passage.least_fee_cost(whole, fee), passage.min);
        if let Some(cost) = self.reach_forward(head, key, fee, rest, record, passage, arc) {
            self.note_minimum(head, minimum, cost);
        }
    }

    /// Labels the head of an arc whose tail charges `fee`.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "what the scan of a block has in registers")]
    pub(super) fn reach_forward(
        &mut self,
        head: u32,
        key: u64,
        fee: u64,
        rest: Rest,
        record: Record,
        passage: Passage,
        arc: impl Fn() -> u32,
    ) -> Option<u64> {
        let near = self.rest_behind_node(self.ungraded(head), rest);
        let before = key.saturating_add(fee).saturating_add(self.least_charge(head, &arc));
        if before.saturating_add(self.least_hop).saturating_add(near) >= self.best {
            return None;
        }
        let amount = self.problem.least_into(head);
        let cost = before.saturating_add(self.problem.beyond_fee(record, passage, amount));
        if cost.saturating_add(near) >= self.best || cost > COST_MAX {
            return None;
        }
        self.label_forward(head, arc(), cost, rest);
        Some(cost)
    }

    /// What an arc can carry. Without restrictions and layers, its number need not be known.
    #[inline(always)]
    fn passage(&self, record: Record, arc: u32) -> Option<Passage> {
        if RESTRICTED || self.leaves_from == u32::MAX {
            return self.problem.passage(record, arc, RESTRICTED);
        }
        record.bounds(self.wide).map(Passage::of)
    }

    /// Whether an arc in a list is to be found beside it.
    #[inline(always)]
    pub(super) fn is_moved(&self, arc: impl Fn() -> u32) -> bool {
        RESTRICTED && self.problem.restrictions.is_moved(arc())
    }

    /// When a node that is labelled now is settled among those with the same key.
    #[inline(always)]
    fn turn_of(&self, node: u32) -> u32 {
        // With inbound fees, routes of more hops leave more to be proven than is saved.
        if INBOUND { self.hops } else { turn(node, self.hops) }
    }

    #[inline(always)]
    pub(super) fn label_forward(&mut self, head: u32, arc: u32, cost: u64, rest: Rest) {
        let side = if INBOUND && is_side(head) { Some(self.behind_side(head)) } else { None };
        let label = self.space.labels.entry(head);
        let (backward, flags) = side.unwrap_or((label.backward, label.flags));
        // What is left is known, or leads beyond the other frontier.
        let left = rest.beyond.min(backward.saturating_add(self.problem.tolerance));
        if flags & AVOIDED != 0 || cost.saturating_add(left) >= self.best {
            return;
        }
        let is_first = label.forward == UNREACHED;
        let (way, explored) = (self.space.explored.len() as u32, &mut self.space.explored);
        let new = Explored { tail: self.origin, head, arc, next: label.forward_way, cost };
        // Of ways that cost the same, the one of the fewest hops is kept.
        let is_shorter = !C::HAS_TWO_LABELS
            && cost == label.forward
            && self.hops < label.forward_hops()
            && label.flags & FORWARD_SETTLED == 0;
        if cost >= label.forward && !is_shorter {
            label.forward_second = label.forward_second.min(cost);
            let behind = explored.get_mut(label.forward_way as usize);
            let next = behind.map_or(NO_ARC, |kept| std::mem::replace(&mut kept.next, way));
            explored.push(Explored { next, ..new });
            return;
        }
        explored.push(new);
        label.forward_second = label.forward;
        (label.forward, label.forward_way) = (cost, way);
        label.set_forward_hops(self.hops);
        if INBOUND && is_side(head) {
            self.note_graded(head, cost, is_first);
        }
        self.counts.labelled += 1;
        self.space.forward.push(cost, head, self.turn_of(head));
        self.problem.topology.out_lists().prefetch_offsets(self.node_of(head));
        if backward != UNREACHED {
            self.meet(head);
        }
    }

    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "what a step knows of the label and of the arc")]
    pub(super) fn relax_backward(
        &mut self,
        door: u32,
        tail: u32,
        suffix: &Suffix,
        rest: Rest,
        record: Record,
        doors: Doors,
        arc: impl Fn() -> u32,
    ) {
        let problem = &self.problem;
        let arc_if_needed =
            if RESTRICTED || INBOUND || self.leaves_from == u32::MAX { arc() } else { NO_ARC };
        if RESTRICTED && door == problem.payee && !problem.is_last_hop(tail) {
            return;
        }
        let record = if RESTRICTED { problem.adjusted(record, arc_if_needed) } else { record };
        let Some(passage) = self.passage(record, arc_if_needed) else { return };
        let base = passage.fee_weight.of(record.fee_base_msat());
        let is_main = !INBOUND || doors != Doors::Side;
        // What arrives by a side door may be less than the state says.
        let has_bound = !INBOUND || doors == Doors::Main && !self.is_at_side;
        if has_bound && !self.may_reach_backward(tail, suffix, base, rest) {
            return;
        }
        if INBOUND && problem.door(node_of(door), || arc_if_needed) != door {
            return;
        }
        let arriving = if INBOUND { problem.arriving(arc_if_needed, suffix) } else { suffix.received };
        let next = problem.forwarded(record, passage, suffix.cost, suffix.received, arriving);
        let has_side = INBOUND && doors != Doors::Main && problem.gives(tail);
        if C::HAS_TWO_LABELS && passage.min > problem.least_into(door) {
            // Another label of this node, dropped for a larger cost, might have been lifted less and be the better one
            // beyond: what is known of it is that it pays for the minimum.
            let fee = passage.fee_weight.of(record.fee(passage.min));
            if is_main {
                self.note_minimum(door, passage.min, self.least_forward(tail).saturating_add(fee));
            }
            if has_side {
                self.note_minimum(door, passage.min, self.least_forward(tail | SIDE));
            }
        }
        let arc = if arc_if_needed == NO_ARC { arc() } else { arc_if_needed };
        let amount_max = self.problem.amount_max;
        if is_main {
            // Nothing takes back what is charged there.
            let next = next.filter(|next| !INBOUND || next.received <= amount_max);
            self.reach_backward(tail, suffix, next, passage.max, rest, || arc);
        }
        if has_side {
            self.reach_backward(tail | SIDE, suffix, next, passage.max, rest, || arc);
        }
    }

    /// Whether an arc that charges `fee` at least may lead to a better route.
    #[inline(always)]
    pub(super) fn may_reach_backward(&self, tail: u32, suffix: &Suffix, fee: u64, rest: Rest) -> bool {
        let near = self.rest_before_node(tail, rest);
        suffix.cost.saturating_add(fee).saturating_add(self.least_hop).saturating_add(near) < self.best
    }

    /// Labels the tail of an arc behind which `suffix` becomes `next`, unless that is `None` because the arc cannot carry
    /// it.
    #[inline(always)]
    pub(super) fn reach_backward(
        &mut self,
        tail: u32,
        suffix: &Suffix,
        next: Option<Suffix>,
        max: u64,
        rest: Rest,
        arc: impl Fn() -> u32,
    ) {
        let Some(next) = next else {
            if C::HAS_TWO_LABELS && max >= self.problem.amount {
                // Another label of this node, dropped for its cost, might have fitted.
                let discount = if self.is_at_side { suffix.received - suffix.forwarded } else { 0 };
                let (arc, key, lead, smaller_by) = (NO_ARC, suffix.cost - discount, 0, UNREACHED);
                self.drop_label(Dropped { node: tail, arc, key, suffix: *suffix, lead, smaller_by });
            }
            return;
        };
        let key = if INBOUND { self.problem.key_at(tail, &next) } else { next.cost };
        if key.saturating_add(self.rest_before_node(tail, rest)) < self.best {
            self.label_backward(tail, arc(), next, key, rest);
        }
    }

    #[inline(always)]
    fn label_backward(&mut self, tail: u32, arc: u32, next: Suffix, key: u64, rest: Rest) {
        // Where the payee has two doors, a way back to the other one may be cheaper than what it begins with there.
        if INBOUND && node_of(tail) == self.problem.payee {
            return;
        }
        let label = self.space.labels.entry(tail);
        // What is left is known, or leads beyond the other frontier.
        let left = rest.beyond.min(label.forward.saturating_add(self.problem.tolerance));
        if label.flags & AVOIDED != 0 || key.saturating_add(left) >= self.best {
            return;
        }
        let is_shorter = !C::HAS_TWO_LABELS
            && (!INBOUND || !is_side(tail))
            && key == label.backward
            && self.hops < label.backward_hops()
            && label.flags & BACKWARD_SETTLED == 0;
        if (key >= label.backward && !is_shorter) || label.flags & BACKWARD_SETTLED != 0 {
            let smaller_by = smaller_by::<INBOUND>(tail, &next, label.received, label.forwarded);
            let may_win = smaller_by > 0 || INBOUND && lead_beyond(&self.problem, tail, *label, &next) > 0;
            if (C::HAS_TWO_LABELS || INBOUND) && may_win {
                // Dearer so far, but smaller: it may end cheaper.
                let lead = key - label.backward.min(key);
                self.drop_label(Dropped { node: tail, arc, key, suffix: next, lead, smaller_by });
            }
            return;
        }
        let displaced = *label;
        let kept = Suffix { cost: label.backward, received: label.received, forwarded: label.forwarded };
        let smaller_by = smaller_by::<INBOUND>(tail, &kept, next.received, next.forwarded);
        let may_win = smaller_by > 0 || INBOUND && lead_beyond(&self.problem, tail, *label, &next) < 0;
        (label.backward, label.received, label.forwarded) = (key, next.received, next.forwarded);
        label.backward_arc = arc;
        label.set_backward_hops(self.hops);
        if INBOUND {
            label.set_to_side(self.is_at_side);
        }
        let has_met = label.forward != UNREACHED;
        if (C::HAS_TWO_LABELS || INBOUND) && displaced.backward != UNREACHED && may_win {
            let suffix = suffix_of(&self.problem, tail, displaced);
            let (arc, lead) = (displaced.backward_arc, displaced.backward - key);
            self.drop_label(Dropped { node: tail, arc, key: displaced.backward, suffix, lead, smaller_by });
        }
        self.counts.labelled += 1;
        self.space.backward.push(key, tail, self.turn_of(tail));
        self.problem.topology.in_lists().prefetch_offsets(self.node_of(tail));
        if has_met {
            if INBOUND { self.meet_all(tail) } else { self.meet(tail) }
        }
    }
}
