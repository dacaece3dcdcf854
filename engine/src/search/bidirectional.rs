//! The fast search: two balls of labels, one around the payer and one around the payee, that meet after a few nodes.
//!
//! *Forward* labels are lower bounds: they price every arc at the payment's own amount, which real amounts never go
//! below. *Backward* labels are exact: amounts grow from the payee as they do in a payment. Where both have reached a
//! node, the forward tree's path is priced exactly on top of the backward label; the best of these is the answer
//! `best`. The side that has looked at fewer arcs goes on, because on a scale-free graph scanning hubs is all the
//! work there is. Lists are sorted by fee, and a list is left as soon as its block bound shows that nothing better
//! can follow.
//!
//! The search ends when both queues' least keys together reach `best`. That the answer is optimal is then checked
//! (`certificate`), not assumed; docs/search.md has the proof.

use super::discount::{SIDE, is_side};
use super::doors::Doors;
use super::frontier::{GIVERS, Step};
use super::labels::{BACKWARD_SETTLED, FORWARD_CLOSED, FORWARD_SETTLED};
use super::meeting::suffix_of;
use super::passage::Passage;
use super::problem::Suffix;
use super::rest::Rest;
use super::run::Run;
use crate::cost::HopCost;
use crate::graph::{BLOCK_SIZE, Record};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The queues met, or one ran dry.
    Met,
    /// The settled nodes ran out.
    WorkLimit,
}

impl<C: HopCost, const INBOUND: bool, const RESTRICTED: bool> Run<'_, '_, C, INBOUND, RESTRICTED> {
    /// Searches until nothing better can be found.
    pub(super) fn search(&mut self) -> End {
        self.start();
        let end = self.go_on();
        self.best = self.best.min(self.found);
        end
    }

    fn go_on(&mut self) -> End {
        let (mut forward_work, mut backward_work) = (BACKWARD_LEAD, 0);
        loop {
            let (Some(forward), Some(backward)) =
                (self.space.forward.next_node(), self.space.backward.next_node())
            else {
                if self.must_lower_budget() {
                    self.restart_forward();
                    continue;
                }
                return End::Met;
            };
            if self.have_met() {
                if self.close() {
                    continue;
                }
                if self.must_lower_budget() {
                    self.restart_forward();
                    continue;
                }
                self.is_closed = true;
                return End::Met;
            }
            if self.counts.settled >= self.problem.settled_max || self.space.stop.is_set() {
                return End::WorkLimit;
            }
            if self.must_restart() {
                self.restart_forward();
                continue;
            }
            self.problem.topology.out_lists().prefetch_list(self.node_of(forward));
            self.problem.topology.in_lists().prefetch_list(self.node_of(backward));
            if self.goes_forward([forward_work, backward_work], [forward, backward]) {
                forward_work += self.step_forward();
            } else {
                backward_work += self.step_backward();
            }
        }
    }

    /// Whether the forward search goes on, by the arcs that both have looked at and the nodes that come next.
    #[inline(always)]
    fn goes_forward(&self, [forward, backward]: [u32; 2], next: [u32; 2]) -> bool {
        if !INBOUND {
            // Where the next lists lie need not be known yet.
            return forward <= backward;
        }
        // With inbound fees, lists are not left by their bounds.
        let forward_next = self.problem.topology.out_lists().degree(self.node_of(next[0])).min(PART_SIZE);
        let backward_next = self.problem.topology.in_lists().degree(self.node_of(next[1])).min(PART_SIZE);
        forward + forward_next <= backward + backward_next
    }

    /// Whether every further route is too dear, but for those over an arc that leads from one side's label to a list of
    /// the other side that was left in the middle.
    fn have_met(&self) -> bool {
        let (forward, backward) = (&self.space.forward, &self.space.backward);
        // Two nodes that wait are a hop apart; the rest of a list brings its own hop.
        let least = self.least_hop.saturating_add(self.problem.tolerance);
        let nodes = forward.least_fresh().saturating_add(backward.least());
        let lists = forward.least().saturating_add(backward.least_fresh());
        nodes.min(lists).saturating_add(least) >= self.best
            && forward.least_begun().saturating_add(backward.least_begun()) >= self.best_less_tolerance()
    }

    /// What a route must cost less than.
    #[inline(always)]
    pub(super) fn best_less_tolerance(&self) -> u64 {
        self.best.saturating_sub(self.problem.tolerance)
    }

    /// The payer is expanded at once: its own channels charge nothing, so the order of its list tells nothing, and the
    /// backward search need not look for it.
    fn start(&mut self) {
        let (payer, payee) = (self.problem.payer, self.problem.payee);
        self.space.labels.entry(payer).forward = 0;
        let root = self.problem.root();
        if payer == payee {
            self.leave_payer();
            return self.return_to_payer(root);
        }
        // The payee first: over the payer's own channels to it, nothing is left to pay.
        self.begin_at(payee, root);
        if INBOUND && self.problem.gives(payee) {
            self.begin_at(payee | SIDE, root);
        }
        self.leave_payer();
    }

    fn begin_at(&mut self, door: u32, root: Suffix) {
        let key = self.problem.key_at(door, &root);
        let label = self.space.labels.entry(door);
        (label.backward, label.received, label.forwarded) = (key, root.received, root.forwarded);
        self.space.backward.push(key, door, 0);
    }

    /// A circular route's payee is expanded at once as well: its label is the payer's already.
    fn return_to_payer(&mut self, root: Suffix) {
        let (problem, node) = (self.problem, self.problem.payee);
        (self.hops, self.is_at_side) = (1, false);
        let rest = self.rest_before();
        self.counts.settled += 1;
        let lists = problem.topology.in_lists();
        let list = lists.list(node);
        self.counts.relaxed += list.ends.len() as u64;
        for (at, (&tail, record)) in list.ends.iter().zip(list.records).enumerate() {
            let arc = lists.arc_at(list.start + at as u32);
            if tail != node && problem.may_be_last(arc, tail) && !self.is_moved(|| arc) {
                self.relax_backward_apart(node, tail, &root, rest, record.load(), Doors::Both, arc);
            }
        }
        for arc in problem.layers.into_iter().flat_map(|layer| layer.incoming(node)) {
            if arc.tail != node && problem.may_be_last(arc.arc, arc.tail) {
                self.relax_backward_apart(node, arc.tail, &root, rest, arc.record, Doors::Both, arc.arc);
            }
        }
    }

    pub(super) fn leave_payer(&mut self) {
        self.counts.settled += 1;
        (self.hops, self.is_at_side) = (1, false);
        let payer = self.problem.payer;
        self.origin = payer;
        let label = self.space.labels.entry(payer);
        label.flags |= FORWARD_SETTLED;
        let lists = self.problem.topology.out_lists();
        let list = lists.list(payer);
        self.counts.relaxed += list.ends.len() as u64;
        for (at, (&head, record)) in list.ends.iter().zip(list.records).enumerate() {
            let arc = lists.arc_at(list.start + at as u32);
            if !self.is_moved(|| arc) {
                self.relax_first(head, arc, record.load());
            }
        }
        for layer in self.problem.layers.into_iter().take(self.layer_count) {
            for arc in layer.outgoing(payer) {
                self.relax_first(arc.head, arc.arc, arc.record);
            }
        }
        // Amounts only grow towards the payer, so none may be larger than what fits its own channels.
        self.problem.amount_max = self.problem.amount_max.min(self.largest_sent);
        if !C::HAS_TWO_LABELS {
            // What is sent beyond the payment is the cost.
            let most = self.problem.amount_max.saturating_sub(self.payment);
            self.best = self.best.min(most.saturating_add(self.problem.tolerance).saturating_add(1));
        }
    }

    #[inline(never)]
    fn relax_first(&mut self, head: u32, arc: u32, record: Record) {
        let problem = &self.problem;
        if head >= self.leaves_from && head != problem.payee || head == problem.payer {
            return;
        }
        if RESTRICTED && head == problem.payee && !problem.is_last_hop(problem.payer) {
            return;
        }
        let record = if RESTRICTED { problem.adjusted(record, arc) } else { record };
        let Some(passage) = problem.passage(record, arc, RESTRICTED) else { return };
        if passage.min > problem.amount_max {
            return;
        }
        // Only the least amount is certain, so the minimum must not lift it here.
        let amount = problem.least_into(head);
        let Some(sent) = problem.sent(Passage { min: 0, ..passage }, arc, 0, amount, amount) else {
            return;
        };
        if passage.max > self.largest_sent {
            let max = problem.first_balance(arc).flatten().unwrap_or(passage.max);
            self.largest_sent = self.largest_sent.max(max.min(passage.max));
        }
        self.note_minimum(head, passage.min, sent.cost);
        let Some(cost) = self.cost_of_first(arc, passage, sent.cost) else { return };
        let head = self.graded_door(head, || arc);
        let cost = cost.saturating_add(self.least_charge(head, || arc));
        self.label_forward(head, arc, cost, Rest::NOTHING);
    }

    /// Notes an arc into a door whose minimum may lift the payment; what lies before it costs `least` or more.
    #[inline(always)]
    pub(super) fn note_minimum(&mut self, door: u32, minimum: u64, least: u64) {
        if C::HAS_TWO_LABELS && minimum > self.problem.least_into(door) {
            let least = least.saturating_add(self.problem.least_grown(minimum));
            self.least_lifted = self.least_lifted.min(least);
        }
    }

    /// Whether a minimum can lift an amount on a route that beats `best`. Then a label may be the better one although
    /// another is cheaper and smaller.
    pub(super) fn may_lift(&self) -> bool {
        self.least_lifted.saturating_add(self.problem.tolerance) < self.best
    }

    /// Takes the next step of the forward search: its node, and where to go on in the node's list if not at its start.
    fn next_forward(&mut self) -> Option<(u32, Option<usize>)> {
        match self.space.forward.pop()? {
            Step::GoOn { node, block } => Some((node, Some(block))),
            Step::Settle { node, key } => {
                let label = self.space.labels.entry(node);
                let is_stale = label.flags & FORWARD_SETTLED != 0 || label.forward != key;
                label.flags = label.flags & !FORWARD_CLOSED | FORWARD_SETTLED;
                self.counts.settled += u64::from(!is_stale);
                let is_end = is_stale || self.node_of(node) == self.problem.payee;
                (!is_end && !self.is_behind_another(node, key)).then_some((node, None))
            }
        }
    }

    /// Goes on with the forward search and returns the arcs it looked at.
    fn step_forward(&mut self) -> u32 {
        let Some((door, first)) = self.next_forward() else { return 0 };
        let label = self.space.labels.entry(door);
        let key = label.forward;
        (self.origin, self.hops) = (door, label.forward_hops() + 1);
        self.is_at_side = INBOUND && is_side(door);
        let node = self.node_of(door);
        let discount = if INBOUND { self.problem.discount_at(door) } else { None };
        let rest = self.rest_behind();
        let list = self.problem.topology.out_lists().list(node);
        let probe = self.forward_probe().filter(|_| discount.is_none());
        let mut seen = 0;
        for block in list.blocks(first.unwrap_or(0)) {
            if let Some(bound) = list.bounds.get(block.index) {
                let fee = self.least_behind(bound.at(self.place), discount);
                let next = key.saturating_add(fee).saturating_add(self.least_hop);
                if next.saturating_add(rest.near) >= self.best || next > self.space.forward.least() {
                    self.space.forward.leave(next, door, block.index, self.hops);
                    break;
                }
            }
            seen += block.ends.len() as u32;
            match probe {
                Some(probe) => self.scan_forward(key, rest, probe, block),
                None => self.read_forward(key, rest, discount, block),
            }
        }
        if first.is_none() {
            for layer in self.problem.layers.into_iter().take(self.layer_count) {
                for arc in layer.outgoing(node) {
                    self.relax_forward_apart(arc.head, key, rest, arc.record, discount, arc.arc);
                }
            }
        }
        self.counts.relaxed += u64::from(seen);
        seen
    }

    /// Takes the next step of the backward search.
    fn next_backward(&mut self) -> Option<(u32, Option<usize>)> {
        match self.space.backward.pop()? {
            Step::GoOn { node, block } => Some((node, Some(block))),
            Step::Settle { node, key } => {
                let label = self.space.labels.entry(node);
                let is_stale = label.flags & BACKWARD_SETTLED != 0 || label.backward != key;
                label.flags |= BACKWARD_SETTLED;
                self.counts.settled += u64::from(!is_stale);
                (!is_stale).then_some((node, None))
            }
        }
    }

    /// Goes on with the backward search and returns the arcs it looked at.
    fn step_backward(&mut self) -> u32 {
        let Some((door, first)) = self.next_backward() else { return 0 };
        if INBOUND && first == Some(GIVERS) {
            return self.step_givers(door);
        }
        let label = *self.space.labels.entry(door);
        self.hops = label.backward_hops() + 1;
        self.is_at_side = INBOUND && is_side(door);
        if INBOUND && first.is_none() {
            self.leave_givers(door, label.backward);
        }
        let suffix = suffix_of(&self.problem, door, label);
        let rest = self.rest_before();
        let node = self.node_of(door);
        let list = self.problem.topology.in_lists().list(node);
        let probe = self.backward_probe(node, &suffix);
        let mut seen = 0;
        for block in list.blocks(first.unwrap_or(0)) {
            if let Some(bound) = list.bounds.get(block.index) {
                let next = label.backward.saturating_add(bound.at(self.place)).saturating_add(self.least_hop);
                if next.saturating_add(rest.near) >= self.best || next > self.space.backward.least() {
                    self.space.backward.leave(next, door, block.index, self.hops);
                    break;
                }
            }
            seen += block.ends.len() as u32;
            match probe {
                Some(probe) => self.scan_backward(door, &suffix, rest, probe, block),
                None => self.read_backward(door, &suffix, rest, block),
            }
        }
        if first.is_none() {
            let payer = self.problem.payer;
            for layer in self.problem.layers.into_iter().take(self.layer_count) {
                for arc in layer.incoming(node).filter(|arc| arc.tail != payer) {
                    self.relax_backward_apart(
                        door,
                        arc.tail,
                        &suffix,
                        rest,
                        arc.record,
                        Doors::Both,
                        arc.arc,
                    );
                }
            }
        }
        self.counts.relaxed += u64::from(seen);
        seen
    }
}

/// More arcs of a list that comes next do not count against its side.
const PART_SIZE: u32 = BLOCK_SIZE as u32;

/// Arcs that the backward search may look at first: what it finds raises the amounts of the forward search.
const BACKWARD_LEAD: u32 = 48;
