//! Arcs that neither side of the fast search has seen, because both have left the lists they are in.
//!
//! When the frontiers have met, a better route can only lead over an arc from a label of one side to a list of the
//! other side that waits: what leads on from such a list to any other node is too dear. So the rests of the lists are
//! read once more, only the numbers of the far ends, and only the arcs to nodes that the other side has reached are
//! looked at. No list goes on by this: it is done again if it has changed anything, but in lists that have been read, only
//! for nodes that have got a label since.

use super::discount::is_side;
use super::doors::Doors;
use super::frontier::GIVERS;
use super::labels::{BACKWARD_CLOSED, FORWARD_CLOSED, GIVERS_CLOSED, Label, UNREACHED};
use super::meeting::suffix_of;
use super::run::Run;
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
        // From a side door, an arc is among the givers of its head, else in the list that is sorted by fee.
        let [main, side] = [false, true].map(|is_side| {
            let begun = self.space.backward.begun().filter(|&(.., block)| (block == GIVERS) == is_side);
            let left = begun.filter_map(|(_, door, _)| self.space.labels.find(door));
            left.map(|label| label.backward).min().unwrap_or(UNREACHED)
        });
        let rest = self.rest_behind().or_near(main.min(side), self.problem.tolerance);
        let [all, recent] = self.space.backward.take_reached();
        for at in 0..self.space.forward.begun_count() {
            let Some((least, door, first)) = self.space.forward.begun().nth(at) else { break };
            self.is_at_side = INBOUND && is_side(door);
            let left = if self.is_at_side { side } else { main };
            let target = Target { fresh: self.space.backward.least_fresh(), left };
            if !self.is_open(least, target.least()) {
                continue;
            }
            let (label, is_closed) = self.mark_closed(door, FORWARD_CLOSED);
            let reached = if is_closed { &recent } else { &all };
            let key = label.forward;
            (self.origin, self.hops) = (door, label.forward_hops() + 1);
            let node = self.node_of(door);
            let discount = if INBOUND { self.problem.discount_at(door) } else { None };
            let lists = self.problem.topology.out_lists();
            let list = lists.list(node);
            for block in list.blocks(first) {
                let bound = list.bounds.get(block.index).map_or(0, |bound| bound.at(self.place));
                let cost =
                    key.saturating_add(self.least_behind(bound, discount)).saturating_add(self.least_hop);
                if !self.is_open(cost, target.least()) {
                    break;
                }
                self.counts.passed += block.ends.len() as u64;
                for (at, (&head, record)) in block.ends.iter().zip(block.records).enumerate() {
                    let arc = || lists.arc_at(block.start + at as u32);
                    if reached.may_hold(head)
                        && self.is_open_at(self.door(head, arc), cost, |label| label.backward)
                        && !self.is_moved(arc)
                    {
                        self.relax_forward_apart(head, key, rest, record.load(), discount, arc());
                    }
                }
            }
        }
    }

    fn close_backward(&mut self) {
        // Arcs between two lists that were left have been seen from the other side.
        let target = Target { fresh: self.space.forward.least_fresh(), left: UNREACHED };
        let rest = self.rest_before();
        let [all, recent] = self.space.forward.take_reached();
        for at in 0..self.space.backward.begun_count() {
            let Some((least, door, first)) = self.space.backward.begun().nth(at) else { break };
            if !self.is_open(least, target.least()) {
                continue;
            }
            let is_givers = INBOUND && first == GIVERS;
            let flag = if is_givers { GIVERS_CLOSED } else { BACKWARD_CLOSED };
            let (label, is_closed) = self.mark_closed(door, flag);
            let reached = if is_closed { &recent } else { &all };
            if is_givers {
                self.close_givers(door, least, rest, reached);
                continue;
            }
            (self.hops, self.is_at_side) = (label.backward_hops() + 1, INBOUND && is_side(door));
            let suffix = suffix_of(&self.problem, door, label);
            let lists = self.problem.topology.in_lists();
            let list = lists.list(self.node_of(door));
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
                        && reached.may_hold(tail)
                        && self.is_open_at(tail, cost, |label| label.forward)
                    {
                        let arc = || lists.arc_at(block.start + at as u32);
                        if !self.is_moved(arc) {
                            self.relax_backward_apart(
                                door,
                                tail,
                                &suffix,
                                rest,
                                record.load(),
                                Doors::Main,
                                arc(),
                            );
                        }
                    }
                }
            }
        }
    }

    /// The label of a door with a list that waits, and whether that has been looked at in a closing.
    fn mark_closed(&mut self, door: u32, flag: u32) -> (Label, bool) {
        let label = self.space.labels.entry(door);
        let is_closed = label.flags & flag != 0;
        label.flags |= flag;
        (*label, is_closed)
    }

    fn is_open(&self, one: u64, other: u64) -> bool {
        one.saturating_add(other) < self.best_less_tolerance()
    }

    pub(super) fn is_open_at(&self, node: u32, cost: u64, side: impl Fn(&Label) -> u64) -> bool {
        self.space.labels.find(node).is_some_and(|label| self.is_open(cost, side(label)))
    }
}
