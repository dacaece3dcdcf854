//! The fast search where nodes give discounts (bLIP-18): its steps beside the lists that are sorted by fee.
//!
//! A node that gives discounts has two doors (`discount`), and each arc that leaves it leads from both; to the forward
//! search, the side door is one for each grade of discounts. Backward, what an arc leads to from a main door, its fee tells, and so do the bounds of the list it is in. From a side door, the fee may be
//! taken back: those arcs are a list of their own, the *givers*, whose bound is the least cost of a hop. Like any list
//! it waits until nothing is nearer.

use super::discount::{Discount, SIDE, is_side, node_of, ungraded};
use super::frontier::{GIVERS, Reached};
use super::labels::{AVOIDED, LabelTable, NO_ARC};
use super::meeting::suffix_of;
use super::problem::Suffix;
use super::rest::Rest;
use super::run::Run;
use crate::cost::HopCost;

/// From which doors of its tail an arc is looked at backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doors {
    /// The main one.
    Main,
    /// The side door, if there is one.
    Side,
    /// All.
    Both,
}

impl<C: HopCost, const INBOUND: bool, const RESTRICTED: bool> Run<'_, '_, C, INBOUND, RESTRICTED> {
    /// The door by which an arc enters a node backwards.
    #[inline(always)]
    pub(super) fn door(&self, head: u32, arc: impl Fn() -> u32) -> u32 {
        if INBOUND { self.problem.door(head, arc) } else { head }
    }

    /// The same forward.
    #[inline(always)]
    pub(super) fn graded_door(&self, head: u32, arc: impl Fn() -> u32) -> u32 {
        if INBOUND { self.problem.graded_door(head, arc) } else { head }
    }

    /// What the head of an arc charges at least for what arrives over it by a door.
    #[inline(always)]
    pub(super) fn least_charge(&self, door: u32, arc: impl Fn() -> u32) -> u64 {
        if INBOUND && !is_side(door) && self.problem.charges(door) { self.charge(door, arc()) } else { 0 }
    }

    #[inline(never)]
    fn charge(&self, door: u32, arc: u32) -> u64 {
        self.problem.least_charge(arc, self.least_amount_into(door))
    }

    /// The door that has the backward label behind a forward one.
    #[inline(always)]
    pub(super) fn ungraded(&self, door: u32) -> u32 {
        if INBOUND { ungraded(door) } else { door }
    }

    /// What the backward label behind a side door costs, and its flags.
    #[inline(never)]
    pub(super) fn behind_side(&mut self, door: u32) -> (u64, u32) {
        let label = self.space.labels.entry(ungraded(door));
        (label.backward, label.flags)
    }

    /// What a side door of a grade got is known at the ungraded one: the least of all grades, and which there are.
    #[inline(never)]
    pub(super) fn note_graded(&mut self, door: u32, cost: u64, is_first: bool) {
        let all = self.space.labels.entry(ungraded(door));
        all.forward = all.forward.min(cost);
        if is_first {
            let next = std::mem::replace(&mut all.forward_way, door);
            self.space.labels.entry(door).backward_arc = next;
        }
    }

    /// Whether nothing new leaves a door that the forward search comes to: another door of its node, behind which no less
    /// is taken off, was settled before. What leaves this one is a second way to that.
    #[inline(always)]
    pub(super) fn is_behind_another(&mut self, door: u32, key: u64) -> bool {
        INBOUND && (is_side(door) || self.problem.gives(door)) && self.is_behind_side(door, key)
    }

    #[inline(never)]
    fn is_behind_side(&mut self, door: u32, key: u64) -> bool {
        let node = node_of(door);
        let all = self.space.labels.entry(node | SIDE);
        if let Some(other) = all.settled_grade().filter(|&other| other > door) {
            let other = self.space.labels.entry(other);
            other.forward_second = other.forward_second.min(key);
            return true;
        }
        if is_side(door) {
            all.set_settled_grade(door);
        }
        false
    }

    /// The node of a door.
    #[inline(always)]
    pub(super) fn node_of(&self, door: u32) -> u32 {
        if INBOUND { node_of(door) } else { door }
    }

    /// What a node charges at least for arcs whose fees are `fee` or more, from its side door where `discount` tells how much
    /// it takes back.
    #[inline(always)]
    pub(super) fn least_behind(&self, fee: u64, discount: Option<Discount>) -> u64 {
        match discount {
            Some(discount) if INBOUND => discount.least_of(fee, self.problem.amount_max),
            _ => fee,
        }
    }

    /// Side doors of nodes that are avoided are so, too.
    pub(super) fn avoid_side_doors(&mut self) {
        for &node in self.problem.restrictions.avoided_nodes.iter().filter(|_| INBOUND) {
            self.space.labels.entry(node | SIDE).flags |= AVOIDED;
        }
    }

    /// Leaves the arcs of givers into a node that was settled by the door with the label `key`.
    #[inline(always)]
    pub(super) fn leave_givers(&mut self, door: u32, key: u64) {
        if self.problem.has_givers_into(node_of(door)) {
            let key = key.saturating_add(self.least_hop);
            self.space.backward.leave(key, door, GIVERS, self.hops);
        }
    }

    /// Looks at the arcs of givers into a settled node, and returns how many there are.
    #[inline(never)]
    pub(super) fn step_givers(&mut self, door: u32) -> u32 {
        let rest = self.rest_before();
        let seen = self.relax_givers(door, rest, &|_, _| true);
        self.counts.relaxed += u64::from(seen);
        seen
    }

    /// Looks at those of a list of givers that waits whose side doors the forward search has labelled, see `closing`.
    #[inline(never)]
    pub(super) fn close_givers(&mut self, door: u32, cost: u64, rest: Rest, reached: &Reached) {
        let seen = self.relax_givers(door, rest, &|run, giver| {
            reached.may_hold(giver) && run.is_open_at(giver, cost, |label| label.forward)
        });
        self.counts.passed += u64::from(seen);
    }

    #[inline(never)]
    fn relax_givers(&mut self, door: u32, rest: Rest, asks: &dyn Fn(&Self, u32) -> bool) -> u32 {
        let Some(&label) = self.space.labels.find(door) else { return 0 };
        (self.hops, self.is_at_side) = (label.backward_hops() + 1, node_of(door) != door);
        let suffix = suffix_of(&self.problem, door, label);
        let lists = self.problem.topology.in_lists();
        let (problem, mut seen) = (self.problem, 0);
        let keyed = Suffix { cost: label.backward, ..suffix };
        problem.for_each_giver_into(node_of(door), &mut |tail, position| {
            seen += 1;
            let giver = tail | SIDE;
            // Discounts may take any fee back.
            if tail < self.leaves_from
                && tail != problem.payer
                && self.may_reach_backward(giver, &keyed, 0, rest)
                && asks(self, giver)
            {
                let arc = || lists.arc_at(position);
                if !self.is_moved(arc) {
                    let record = lists.record_at(position);
                    self.relax_backward_apart(door, tail, &suffix, rest, record, Doors::Side, arc());
                }
            }
        });
        seen
    }
}

impl LabelTable {
    /// The doors with a forward label from which a backward one leads on: of side doors, those of all grades.
    #[inline]
    pub(crate) fn graded(&self, door: u32) -> impl Iterator<Item = u32> {
        let all = if is_side(door) { self.find(door).map(|all| all.forward_way) } else { Some(door) };
        let first = all.filter(|&door| door != NO_ARC);
        std::iter::successors(first, |&door| self.next_graded(door))
    }

    /// The one after one of them.
    #[inline]
    pub(crate) fn next_graded(&self, door: u32) -> Option<u32> {
        let label = self.find(door).filter(|_| is_side(door))?;
        (label.backward_arc != NO_ARC).then_some(label.backward_arc)
    }
}
