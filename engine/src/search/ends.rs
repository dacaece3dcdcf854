//! What the channels of the two ends tell of every route: what its last hop costs at least, what all HTLCs before that
//! carry at least, and whether the payer can send as little as that.
//!
//! Nearly all payees are forwarded to for next to nothing by somebody. Where nobody does, the payer's side of the search
//! would price its arcs at an amount that is far too small, find that everything is near, and meet the other side
//! where the true amount does not fit.

use super::discount::{SIDE, node_of};
use super::problem::Problem;
use crate::cost::HopCost;
use crate::graph::{Adjacency, Record};

/// The least of all last hops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LastHop {
    /// What a route costs at least behind the node before the payee, what that node charges included.
    pub(super) cost: u64,
    /// What that node receives at least.
    pub(super) received: u64,
}

/// An arc of an end that is enabled.
#[derive(Clone, Copy)]
struct EndArc {
    other: u32,
    arc: u32,
    record: Record,
}

impl<'a, C: HopCost> Problem<'a, C> {
    /// `None` where nothing is known: the payer is next to the payee, or the payee has many channels. O(16).
    pub(super) fn last_hop(&self) -> Option<LastHop> {
        let (lists, payee) = (self.topology.in_lists(), self.payee);
        if lists.list(payee).ends.len() > DEGREE_MAX || self.start.is_some() || self.payer == payee {
            return None;
        }
        let beside = self.layers.into_iter().flat_map(|layer| layer.incoming(payee));
        let beside = beside.map(|arc| EndArc { other: arc.tail, arc: arc.arc, record: arc.record });
        let mut least = LastHop { cost: u64::MAX, received: u64::MAX };
        for EndArc { other, arc, record } in self.enabled(lists, payee, beside) {
            let Some(state) = self.extend_over(other, arc, record, &self.root()) else { continue };
            if other == self.payer {
                return None;
            }
            least.cost = least.cost.min(self.key_of(other, &state));
            least.received = least.received.min(self.least_received(other | SIDE, &state));
        }
        (least.cost != u64::MAX).then_some(least)
    }

    /// Whether the payer has channels for the payment, but none for HTLCs of at most `largest` msat. O(1) where it has.
    pub(super) fn must_send_more_than(&self, largest: u64) -> bool {
        let (lists, payer) = (self.topology.out_lists(), self.payer);
        let beside = self.layers.into_iter().flat_map(|layer| layer.outgoing(payer));
        let beside = beside.map(|arc| EndArc { other: arc.head, arc: arc.arc, record: arc.record });
        let mut has_any = false;
        for EndArc { arc, record, .. } in self.enabled(lists, payer, beside) {
            let passage = self.passage(record, arc, self.is_restricted);
            let Some(passage) = passage.filter(|passage| passage.max >= self.amount) else { continue };
            if passage.min <= largest {
                return false;
            }
            has_any = true;
        }
        has_any
    }

    /// The enabled arcs of an end, in its list and beside it. Those that layers moved may be told twice.
    fn enabled(
        &self,
        lists: &'a Adjacency,
        end: u32,
        beside: impl Iterator<Item = EndArc>,
    ) -> impl Iterator<Item = EndArc> {
        let list = lists.list(end);
        let listed = list.ends.iter().zip(list.records).zip(list.start..);
        let listed = listed.map(move |((&other, record), position)| (other, position, record.load()));
        // What layers enable is disabled in its list.
        let listed = listed.filter(|&(.., record)| self.is_restricted || self.may_carry(record));
        let listed = listed.map(move |(other, at, record)| EndArc { other, arc: lists.arc_at(at), record });
        let all = listed.chain(beside);
        let all = all.map(|it| EndArc { record: self.changed(it.record, it.arc), ..it });
        all.filter(|it| it.record.is_enabled())
    }

    /// Whether a policy that nothing changes may allow the payment, by what it says itself.
    fn may_carry(&self, record: Record) -> bool {
        record.is_enabled() && (record.is_unusual() || record.usual_bounds().1 >= self.amount)
    }

    fn changed(&self, record: Record, arc: u32) -> Record {
        if self.is_restricted { self.adjusted(record, arc) } else { record }
    }

    /// The same problem where HTLCs before the last hop are known to carry `amount` at least.
    pub(super) fn carrying(self, amount: u64) -> Problem<'a, C> {
        Problem { least_ahead: self.least_ahead.max(amount), ..self }
    }

    /// What an HTLC carries at least that enters a door.
    #[inline(always)]
    pub(super) fn least_into(&self, door: u32) -> u64 {
        if node_of(door) == self.payee { self.amount } else { self.least_ahead }
    }
}

/// Of more channels, one is cheap.
const DEGREE_MAX: usize = 16;
