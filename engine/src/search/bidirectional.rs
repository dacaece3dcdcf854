//! The fast search: two balls of labels, one around the payer and one around the payee, that meet after a few nodes.
//!
//! *Forward* labels are lower bounds: they price every arc at the payment's own amount, which real amounts never go
//! below. *Backward* labels are exact: amounts grow from the payee as they do in a payment. Where both have reached a
//! node, the forward tree's path is priced exactly on top of the backward label; the best of these is the answer
//! `best`. The side whose next node has fewer arcs goes on, because on a scale-free graph scanning hubs is all the
//! work there is. Lists are sorted by fee, and a list is left as soon as its block bound shows that nothing better
//! can follow.
//!
//! The search ends when both queues' least keys together reach `best`. That the answer is optimal is then checked
//! (`certificate`), not assumed; docs/search.md has the proof.

use std::sync::atomic::AtomicU64;

use super::Counts;
use super::meeting::{lead_beyond, suffix_of};
use super::passage::Passage;
use super::problem::{Problem, Suffix};
use super::workspace::{
    AVOIDED, BACKWARD_SETTLED, Dropped, FORWARD_SETTLED, Label, NO_ARC, UNREACHED, Workspace,
};
use crate::cost::HopCost;
use crate::graph::{ArcList, BLOCK_SIZE, GridPlace, Record};

/// One run of the search on a workspace.
pub(super) struct Run<'a, 'w, C, const INBOUND: bool, const RESTRICTED: bool> {
    pub(super) problem: Problem<'a, C>,
    pub(super) space: &'w mut Workspace,
    pub(super) counts: Counts,
    /// The cost of the best route so far; in the beginning, what none may cost.
    pub(super) best: u64,
    place: GridPlace,
    millions: u64,
    rest: u64,
    pub(super) least_hop: u64,
    wide: &'a [AtomicU64],
    /// What a route over an arc whose minimum is above the payment's amount costs at least.
    pub(super) least_lifted: u64,
    /// Nodes from here on have one neighbour and forward nothing.
    leaves_from: u32,
    /// How many of the problem's layers there are to read: all or none.
    layer_count: usize,
}

/// What part of a list matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    All,
    /// Only nodes that the other search has reached: to any other, one more hop leads beyond its frontier.
    OnlyMet,
    Nothing,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The queues met, or one ran dry.
    Met,
    /// The settled nodes ran out.
    WorkLimit,
}

impl<'a, 'w, C: HopCost, const INBOUND: bool, const RESTRICTED: bool> Run<'a, 'w, C, INBOUND, RESTRICTED> {
    /// Prepares the workspace. No route that costs `bound` or more will be looked for.
    pub(super) fn new(problem: Problem<'a, C>, space: &'w mut Workspace, bound: u64) -> Self {
        space.reset();
        for &node in &problem.restrictions.avoided_nodes {
            space.labels.entry(node).flags |= AVOIDED;
        }
        let leaves_from = if problem.has_layers() { u32::MAX } else { problem.topology.forwarder_count() };
        Run {
            space,
            counts: Counts::default(),
            best: bound,
            place: GridPlace::of(problem.amount),
            millions: problem.amount / 1_000_000,
            rest: problem.amount % 1_000_000,
            least_hop: problem.cost.least(),
            wide: problem.topology.wide(),
            least_lifted: UNREACHED,
            leaves_from,
            layer_count: if RESTRICTED || problem.has_layers() { problem.layers.len() } else { 0 },
            problem,
        }
    }

    /// Searches until nothing better can be found.
    pub(super) fn search(&mut self) -> End {
        self.start();
        let (mut forward_work, mut backward_work) = (0u64, 0u64);
        loop {
            let (Some(forward), Some(backward)) = (self.space.forward.peek(), self.space.backward.peek())
            else {
                return End::Met;
            };
            // Every further route crosses both frontiers and at least one arc between them.
            let least = forward.key.saturating_add(backward.key).saturating_add(self.least_hop);
            if least.saturating_add(self.problem.tolerance) >= self.best {
                return End::Met;
            }
            if self.counts.settled >= self.problem.settled_max {
                return End::WorkLimit;
            }
            let forward_degree = u64::from(self.problem.topology.out_lists().degree(forward.item));
            let backward_degree = u64::from(self.problem.topology.in_lists().degree(backward.item));
            if forward_work + forward_degree <= backward_work + backward_degree {
                self.space.forward.pop();
                forward_work += self.expand_forward(forward.item, forward.key);
            } else {
                self.space.backward.pop();
                backward_work += self.expand_backward(backward.item, backward.key);
            }
        }
    }

    /// The payer is expanded at once: its own channels charge nothing, so the order of its list tells nothing, and the
    /// backward search need not look for it.
    fn start(&mut self) {
        let (payer, payee) = (self.problem.payer, self.problem.payee);
        let root = self.problem.root();
        let key = self.problem.key_of(payee, &root);
        // First of all, so that a channel straight to the payee is known to have nothing behind it.
        let label = self.space.labels.entry(payee);
        (label.backward, label.received, label.forwarded) = (key, root.received, root.forwarded);
        self.space.labels.entry(payer).forward = 0;
        self.leave_payer();
        self.meet(payee);
        self.space.backward.push(key, payee);
    }

    fn leave_payer(&mut self) {
        self.counts.settled += 1;
        let payer = self.problem.payer;
        let label = self.space.labels.entry(payer);
        label.flags |= FORWARD_SETTLED;
        let lists = self.problem.topology.out_lists();
        let list = lists.list(payer);
        self.counts.relaxed += list.ends.len() as u64;
        for (at, (&head, record)) in list.ends.iter().zip(list.records).enumerate() {
            let arc = lists.arc_at(list.start + at as u32);
            if RESTRICTED && self.problem.restrictions.is_moved(arc) {
                continue;
            }
            self.relax_first(head, arc, record.load());
        }
        for layer in self.problem.layers.into_iter().take(self.layer_count) {
            for arc in layer.outgoing(payer) {
                self.relax_first(arc.head, arc.arc, arc.record);
            }
        }
    }

    #[inline(always)]
    fn relax_first(&mut self, head: u32, arc: u32, record: Record) {
        let problem = &self.problem;
        if head >= self.leaves_from && head != problem.payee || head == problem.payer {
            return;
        }
        if RESTRICTED && head == problem.payee && !problem.is_last_hop(problem.payer) {
            return;
        }
        let record = if RESTRICTED { problem.adjusted(record, arc) } else { record };
        let Some(bounds) = problem.passage(record, arc, RESTRICTED) else { return };
        if bounds.min > problem.amount_max {
            return;
        }
        // Only the payment's own amount is certain, so the minimum must not lift it here.
        let amount = problem.amount;
        let Some(sent) = problem.sent(Passage { min: 0, ..bounds }, arc, 0, amount, amount) else {
            return;
        };
        self.note_minimum(bounds.min, sent.cost.saturating_add(problem.least_lifted(bounds.min)));
        self.label_forward(head, arc, sent.cost, 0);
    }

    /// Notes an arc whose minimum may lift the payment, on a route that costs `least` and the payment's amount or more.
    #[inline(always)]
    fn note_minimum(&mut self, minimum: u64, least: u64) {
        if C::HAS_TWO_LABELS && minimum > self.problem.amount {
            self.least_lifted = self.least_lifted.min(least - self.problem.amount);
        }
    }

    /// Whether a minimum can lift an amount on a route that beats `best`. Then a label may be the better one although
    /// another is cheaper and smaller.
    pub(super) fn may_lift(&self) -> bool {
        self.least_lifted.saturating_add(self.problem.tolerance) < self.best
    }

    /// Expands a node of the forward search and returns the arcs it looked at.
    fn expand_forward(&mut self, node: u32, key: u64) -> u64 {
        let label = self.space.labels.entry(node);
        if label.flags & FORWARD_SETTLED != 0 || label.forward != key {
            return 0;
        }
        label.flags |= FORWARD_SETTLED;
        self.counts.settled += 1;
        if node == self.problem.payee {
            return 0;
        }
        let discount = if INBOUND { self.problem.discount(node) } else { None };
        let lists = self.problem.topology.out_lists();
        let list = lists.list(node);
        let mut seen = 0;
        let other = self.space.backward.least_key().saturating_add(self.problem.tolerance);
        let reach = key.saturating_add(other);
        for (block, (ends, records)) in list.blocks().enumerate() {
            let rest = self.rest_of_list(&list, block, reach, discount.is_some());
            if rest == Rest::Nothing {
                break;
            }
            seen += ends.len() as u64;
            for (at, (&head, record)) in ends.iter().zip(records).enumerate() {
                if head >= self.leaves_from && head != self.problem.payee {
                    continue;
                }
                if rest == Rest::OnlyMet && !self.is_reached(head, |label| label.backward) {
                    continue;
                }
                let position = list.start + (block * BLOCK_SIZE + at) as u32;
                if RESTRICTED && self.problem.restrictions.is_moved(lists.arc_at(position)) {
                    continue;
                }
                self.relax_forward(head, key, other, record.load(), discount, || lists.arc_at(position));
            }
        }
        for layer in self.problem.layers.into_iter().take(self.layer_count) {
            for arc in layer.outgoing(node) {
                self.relax_forward(arc.head, key, other, arc.record, discount, || arc.arc);
            }
        }
        self.counts.relaxed += seen;
        seen
    }

    /// What from a block of a list on can still improve the best route.
    #[inline(always)]
    fn rest_of_list(&self, list: &ArcList<'_>, block: usize, reach: u64, no_bound: bool) -> Rest {
        let fee = match list.bounds.get(block) {
            Some(bound) if !no_bound => bound.at(self.place),
            // A list without blocks, or fees that a discount may take back.
            _ => 0,
        };
        let least = reach.saturating_add(fee).saturating_add(self.least_hop);
        if least.saturating_add(self.least_hop) < self.best {
            Rest::All
        } else if least < self.best {
            Rest::OnlyMet
        } else {
            Rest::Nothing
        }
    }

    #[inline(always)]
    fn is_reached(&self, node: u32, side: impl Fn(&Label) -> u64) -> bool {
        self.space.labels.find(node).is_some_and(|label| side(label) != UNREACHED)
    }

    #[inline(always)]
    fn relax_forward(
        &mut self,
        head: u32,
        key: u64,
        other: u64,
        record: Record,
        discount: Option<super::discount::Discount>,
        arc: impl Fn() -> u32,
    ) {
        let problem = &self.problem;
        let arc_if_needed = if RESTRICTED || self.leaves_from == u32::MAX { arc() } else { NO_ARC };
        if RESTRICTED && head == problem.payee && !problem.is_last_hop(problem.tail(arc_if_needed)) {
            return;
        }
        let record = if RESTRICTED { problem.adjusted(record, arc_if_needed) } else { record };
        let Some(bounds) = self.passage(record, arc_if_needed) else { return };
        if bounds.max < problem.amount || bounds.min > problem.amount_max {
            return;
        }
        let fee = if bounds.min <= problem.amount {
            record.fee_split(self.millions, self.rest)
        } else {
            record.fee(bounds.min)
        };
        let whole = match discount {
            Some(discount) if INBOUND => discount.least_fee(record, fee, problem.amount.max(bounds.min)),
            _ => fee,
        };
        let fee = bounds.least_fee_cost(whole, fee);
        let before = key.saturating_add(fee).saturating_add(self.least_hop);
        if before.saturating_add(other) >= self.best {
            return;
        }
        let beyond = problem.cost.forward(record, bounds.capacity, bounds.known, problem.amount);
        let cost = key.saturating_add(fee).saturating_add(bounds.beyond_weight.of(beyond));
        if cost.saturating_add(other) >= self.best || cost > super::problem::COST_MAX {
            return;
        }
        self.note_minimum(bounds.min, cost.saturating_add(problem.least_lifted(bounds.min)));
        let arc = if arc_if_needed == NO_ARC { arc() } else { arc_if_needed };
        self.label_forward(head, arc, cost, other);
    }

    /// What an arc can carry. Without restrictions and layers, its number need not be known.
    #[inline(always)]
    fn passage(&self, record: Record, arc: u32) -> Option<Passage> {
        if RESTRICTED || self.leaves_from == u32::MAX {
            return self.problem.passage(record, arc, RESTRICTED);
        }
        record.bounds(self.wide).map(Passage::of)
    }

    #[inline(always)]
    fn label_forward(&mut self, head: u32, arc: u32, cost: u64, other: u64) {
        let label = self.space.labels.entry(head);
        // What is left is known, or leads at least a hop beyond the other frontier.
        let rest = label.backward.min(other.saturating_add(self.least_hop));
        if label.flags & AVOIDED != 0 || cost.saturating_add(rest) >= self.best {
            return;
        }
        self.space.explored.push((head, arc, cost));
        if cost >= label.forward {
            label.forward_second = label.forward_second.min(cost);
            return;
        }
        label.forward_second = label.forward;
        (label.forward, label.forward_arc) = (cost, arc);
        let has_met = label.backward != UNREACHED;
        self.space.forward.push(cost, head);
        if has_met {
            self.meet(head);
        }
    }

    /// Expands a node of the backward search and returns the arcs it looked at.
    fn expand_backward(&mut self, node: u32, key: u64) -> u64 {
        let label = self.space.labels.entry(node);
        if label.flags & BACKWARD_SETTLED != 0 || label.backward != key {
            return 0;
        }
        label.flags |= BACKWARD_SETTLED;
        self.counts.settled += 1;
        let suffix = suffix_of(&self.problem, node, *label);
        self.arrive(node, suffix, key)
    }

    /// Carries a state backwards over every arc into a node.
    fn arrive(&mut self, node: u32, suffix: Suffix, key: u64) -> u64 {
        let lists = self.problem.topology.in_lists();
        let list = lists.list(node);
        let other = self.space.forward.least_key().saturating_add(self.problem.tolerance);
        let mut seen = 0;
        let payer = self.problem.payer;
        let reach = key.saturating_add(other);
        for (block, (ends, records)) in list.blocks().enumerate() {
            let rest = self.rest_of_list(&list, block, reach, INBOUND);
            if rest == Rest::Nothing {
                break;
            }
            seen += ends.len() as u64;
            for (at, (&tail, record)) in ends.iter().zip(records).enumerate() {
                if tail >= self.leaves_from || tail == payer {
                    continue;
                }
                if rest == Rest::OnlyMet && !self.is_reached(tail, |label| label.forward) {
                    continue;
                }
                let position = list.start + (block * BLOCK_SIZE + at) as u32;
                if RESTRICTED && self.problem.restrictions.is_moved(lists.arc_at(position)) {
                    continue;
                }
                self.relax_backward(node, tail, &suffix, other, record.load(), || lists.arc_at(position));
            }
        }
        for layer in self.problem.layers.into_iter().take(self.layer_count) {
            for arc in layer.incoming(node).filter(|arc| arc.tail != payer) {
                self.relax_backward(node, arc.tail, &suffix, other, arc.record, || arc.arc);
            }
        }
        self.counts.relaxed += seen;
        seen
    }

    #[inline(always)]
    fn relax_backward(
        &mut self,
        node: u32,
        tail: u32,
        suffix: &Suffix,
        other: u64,
        record: Record,
        arc: impl Fn() -> u32,
    ) {
        let problem = &self.problem;
        let arc_if_needed =
            if RESTRICTED || INBOUND || self.leaves_from == u32::MAX { arc() } else { NO_ARC };
        if RESTRICTED && node == problem.payee && !problem.is_last_hop(tail) {
            return;
        }
        let record = if RESTRICTED { problem.adjusted(record, arc_if_needed) } else { record };
        let Some(bounds) = self.passage(record, arc_if_needed) else { return };
        let arriving = if INBOUND { problem.arriving(arc_if_needed, suffix) } else { suffix.received };
        if !INBOUND {
            let base = bounds.fee_weight.of(record.fee_base_msat());
            let cost = suffix.cost.saturating_add(base).saturating_add(self.least_hop);
            if cost.saturating_add(other) >= self.best {
                return;
            }
        }
        let Some(next) = problem.forwarded(record, bounds, suffix.cost, suffix.received, arriving) else {
            if C::HAS_TWO_LABELS && bounds.max >= problem.amount {
                // Another label of this node, dropped for its cost, might have fitted.
                let (arc, key) = (NO_ARC, suffix.cost);
                self.drop_label(Dropped {
                    node: tail,
                    arc,
                    key,
                    suffix: *suffix,
                    lead: 0,
                    smaller_by: UNREACHED,
                });
            }
            return;
        };
        let key = if INBOUND { problem.key_of(tail, &next) } else { next.cost };
        // Where the forward search has settled the tail, it has looked at this arc when it did.
        if key.saturating_add(other) >= self.best {
            return;
        }
        let arc = if arc_if_needed == NO_ARC { arc() } else { arc_if_needed };
        let frontier = self.space.forward.least_key();
        self.note_minimum(bounds.min, key.saturating_add(frontier).saturating_add(self.problem.amount));
        self.label_backward(tail, arc, next, key, other);
    }

    #[inline(always)]
    fn label_backward(&mut self, tail: u32, arc: u32, next: Suffix, key: u64, other: u64) {
        let label = self.space.labels.entry(tail);
        // What is left is known, or leads at least a hop beyond the other frontier.
        let rest = label.forward.min(other.saturating_add(self.least_hop));
        if label.flags & AVOIDED != 0 || key.saturating_add(rest) >= self.best {
            return;
        }
        if key >= label.backward || label.flags & BACKWARD_SETTLED != 0 {
            let smaller_by = label.received.saturating_sub(next.received);
            let smaller_by = smaller_by.max(label.forwarded.saturating_sub(next.forwarded));
            let may_win = smaller_by > 0 || INBOUND && lead_beyond(&self.problem, tail, *label, &next) > 0;
            if (C::HAS_TWO_LABELS || INBOUND) && may_win {
                // Dearer so far, but smaller: it may end cheaper.
                let lead = key - label.backward.min(key);
                self.drop_label(Dropped { node: tail, arc, key, suffix: next, lead, smaller_by });
            }
            return;
        }
        let displaced = *label;
        let smaller_by = next.received.saturating_sub(label.received);
        let smaller_by = smaller_by.max(next.forwarded.saturating_sub(label.forwarded));
        let may_win = smaller_by > 0 || INBOUND && lead_beyond(&self.problem, tail, *label, &next) < 0;
        (label.backward, label.received, label.forwarded) = (key, next.received, next.forwarded);
        label.backward_arc = arc;
        let has_met = label.forward != UNREACHED;
        if (C::HAS_TWO_LABELS || INBOUND) && displaced.backward != UNREACHED && may_win {
            let suffix = suffix_of(&self.problem, tail, displaced);
            let (arc, lead) = (displaced.backward_arc, displaced.backward - key);
            self.drop_label(Dropped { node: tail, arc, key: displaced.backward, suffix, lead, smaller_by });
        }
        self.space.backward.push(key, tail);
        if has_met {
            self.meet(tail);
        }
    }
}
