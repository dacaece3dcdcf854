//! What the search knows of a node: labels of both directions, of those nodes only that a query touches.

use super::problem::Suffix;
use crate::sparse::SparseIndex;

/// The labels of one node, or of one door of a node (`discount`), forward and backward: one cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Label {
    /// Least cost from the payer at the payment's own amount, [`UNREACHED`] where there is none yet.
    pub(crate) forward: u64,
    /// The same over the second-best incoming arc. Of a side door of no grade, see [`Label::settled_grade`].
    pub(crate) forward_second: u64,
    /// Least cost to the payee, with this node's fee as low as it can get; [`UNREACHED`] where there is none yet.
    pub(crate) backward: u64,
    /// What the node must receive for it, before an inbound fee, in msat.
    pub(crate) received: u64,
    /// What the node forwards for it, in msat.
    pub(crate) forwarded: u64,
    /// How the forward label came: a place among what was [`Explored`]. Of a side door of no grade, the first door of any.
    pub(crate) forward_way: u32,
    /// The arc over which the backward label goes on. Of a side door of a grade, the next door of another.
    pub(crate) backward_arc: u32,
    /// [`FORWARD_SETTLED`] and the like, and a byte each for the hops of both labels.
    pub(crate) flags: u32,
    /// The label search's first label here.
    pub(crate) first_pareto: u32,
}

/// A label that is not there.
pub(crate) const UNREACHED: u64 = u64::MAX;
/// No arc.
pub(crate) const NO_ARC: u32 = u32::MAX;
/// The forward search has expanded the node.
pub(crate) const FORWARD_SETTLED: u32 = 1;
/// The backward search has expanded the node.
pub(crate) const BACKWARD_SETTLED: u32 = 1 << 1;
/// The query avoids the node.
pub(crate) const AVOIDED: u32 = 1 << 2;
/// The node is in the list of meeting points.
pub(crate) const MET: u32 = 1 << 3;
/// The backward label goes on by the side door of its arc's head.
const TO_SIDE: u32 = 1 << 4;
/// A closing has looked at the forward list that waits (`closing`).
pub(crate) const FORWARD_CLOSED: u32 = 1 << 24;
/// The same of the backward list.
pub(crate) const BACKWARD_CLOSED: u32 = 1 << 25;
/// The same of the list of givers.
pub(crate) const GIVERS_CLOSED: u32 = 1 << 26;

const EMPTY: Label = Label {
    forward: UNREACHED,
    forward_second: UNREACHED,
    backward: UNREACHED,
    received: 0,
    forwarded: 0,
    forward_way: NO_ARC,
    backward_arc: NO_ARC,
    flags: 0,
    first_pareto: NO_ARC,
};

impl Label {
    /// Arcs of the forward label's way.
    #[inline(always)]
    pub(crate) fn forward_hops(&self) -> u32 {
        self.flags >> FORWARD_HOPS & HOPS_MAX
    }

    /// Arcs of the backward label's way.
    #[inline(always)]
    pub(crate) fn backward_hops(&self) -> u32 {
        self.flags >> BACKWARD_HOPS & HOPS_MAX
    }

    /// Whether the backward label goes on by a side door.
    #[inline(always)]
    pub(crate) fn is_to_side(&self) -> bool {
        self.flags & TO_SIDE != 0
    }

    /// Forgets what the forward search knew.
    pub(crate) fn forget_forward(&mut self) {
        (self.forward, self.forward_second, self.forward_way) = (UNREACHED, UNREACHED, NO_ARC);
        self.flags &= !(FORWARD_SETTLED | FORWARD_CLOSED | MET);
    }

    /// Of a side door of no grade: that of the last grade that the forward search has settled, which is the largest.
    #[inline(always)]
    pub(crate) fn settled_grade(&self) -> Option<u32> {
        (self.flags & FORWARD_SETTLED != 0).then_some(self.forward_second as u32)
    }

    #[inline(always)]
    pub(crate) fn set_settled_grade(&mut self, door: u32) {
        self.flags |= FORWARD_SETTLED;
        self.forward_second = door.into();
    }

    #[inline(always)]
    pub(crate) fn set_to_side(&mut self, is_side: bool) {
        self.flags = self.flags & !TO_SIDE | if is_side { TO_SIDE } else { 0 };
    }

    /// More than a byte holds are told as what it holds.
    #[inline(always)]
    pub(crate) fn set_forward_hops(&mut self, hops: u32) {
        self.flags = self.flags & !(HOPS_MAX << FORWARD_HOPS) | hops.min(HOPS_MAX) << FORWARD_HOPS;
    }

    /// The same of the backward label.
    #[inline(always)]
    pub(crate) fn set_backward_hops(&mut self, hops: u32) {
        self.flags = self.flags & !(HOPS_MAX << BACKWARD_HOPS) | hops.min(HOPS_MAX) << BACKWARD_HOPS;
    }
}

/// Where the hops lie among the flags.
const FORWARD_HOPS: u32 = 8;
const BACKWARD_HOPS: u32 = 16;
const HOPS_MAX: u32 = 0xff;

/// The labels of a query.
#[derive(Debug, Default)]
pub(crate) struct LabelTable {
    index: SparseIndex,
    labels: Vec<Label>,
}

impl LabelTable {
    /// Forgets all labels. O(1), but for one query in 2^32.
    pub(crate) fn reset(&mut self) {
        self.index.reset();
        self.labels.clear();
    }

    /// The label of a node, if it has one.
    #[inline(always)]
    pub(crate) fn find(&self, node: u32) -> Option<&Label> {
        self.labels.get(self.index.find(node)? as usize)
    }

    /// The label of a node, an empty one where it had none.
    #[inline(always)]
    pub(crate) fn entry(&mut self, node: u32) -> &mut Label {
        let (place, is_new) = self.index.place(node);
        if is_new {
            self.labels.push(EMPTY);
        }
        &mut self.labels[place as usize]
    }
}

/// An arc that the forward search labelled a node over, or could have. A path of them is read without asking the graph.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Explored {
    /// The door that the arc leaves (`discount`).
    pub(crate) tail: u32,
    /// The door that was labelled.
    pub(crate) head: u32,
    /// Which arc.
    pub(crate) arc: u32,
    /// The next one of the same door, or [`NO_ARC`]: they are a chain that begins at the label's own way.
    pub(crate) next: u32,
    /// The label's cost.
    pub(crate) cost: u64,
}

/// A backward label that gave way to one that is cheaper so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dropped {
    /// Where.
    pub(crate) node: u32,
    /// The arc over which it goes on.
    pub(crate) arc: u32,
    /// Its key.
    pub(crate) key: u64,
    /// Its state.
    pub(crate) suffix: Suffix,
    /// By how much the kept one is cheaper.
    pub(crate) lead: u64,
    /// By how much the kept one's amount is larger, [`UNREACHED`] where there is no kept one: an arc that only a
    /// smaller amount fits through.
    pub(crate) smaller_by: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_survive_growth_and_not_a_reset() {
        let mut table = LabelTable::default();
        for node in 0..1000u32 {
            table.entry(node * 7).forward = u64::from(node);
        }
        for node in 0..1000u32 {
            assert_eq!(table.find(node * 7).map(|label| label.forward), Some(u64::from(node)));
        }
        assert!(table.find(1).is_none());
        table.reset();
        assert!(table.find(7).is_none());
        assert_eq!(table.entry(7).forward, UNREACHED);
    }
}
