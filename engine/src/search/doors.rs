//! The fast search where nodes give discounts (bLIP-18): its steps beside the lists that are sorted by fee.
//!
//! A node that gives discounts has two doors (`discount`), and each arc that leaves it leads from both. What an arc
//! leads to from a main door, its fee tells, and so do the bounds of the list it is in. From a side door, the fee may be
//! taken back: those arcs are a list of their own, the *givers*, whose bound is the least cost of a hop. Like any list
//! it waits until nothing is nearer.

use super::bidirectional::Run;
use super::discount::{Discount, SIDE, node_of};
use super::frontier::{GIVERS, Reached};
use super::meeting::suffix_of;
use super::relax::Rest;
use super::workspace::AVOIDED;
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
    /// The door by which an arc enters a node.
    #[inline(always)]
    pub(super) fn door(&self, head: u32, arc: impl Fn() -> u32) -> u32 {
        if INBOUND { self.problem.door(head, arc) } else { head }
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
        let seen = self.relax_givers(door, rest, |_, _| true);
        self.counts.relaxed += u64::from(seen);
        seen
    }

    /// Looks at those of a list of givers that waits whose side doors the forward search has labelled, see `closing`.
    #[inline(never)]
    pub(super) fn close_givers(&mut self, door: u32, cost: u64, rest: Rest, reached: &Reached) {
        let seen = self.relax_givers(door, rest, |run, giver| {
            reached.may_hold(giver) && run.is_open_at(giver, cost, |label| label.forward)
        });
        self.counts.passed += u64::from(seen);
    }

    fn relax_givers(&mut self, door: u32, rest: Rest, asks: impl Fn(&Self, u32) -> bool) -> u32 {
        let Some(&label) = self.space.labels.find(door) else { return 0 };
        (self.hops, self.is_at_side) = (label.backward_hops() + 1, node_of(door) != door);
        let suffix = suffix_of(&self.problem, door, label);
        let lists = self.problem.topology.in_lists();
        let (problem, mut seen) = (self.problem, 0);
        problem.for_each_giver_into(node_of(door), |tail, position| {
            seen += 1;
            if tail < self.leaves_from && tail != problem.payer && asks(self, tail | SIDE) {
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
