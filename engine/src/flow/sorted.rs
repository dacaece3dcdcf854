//! Lists of nodes that are looked at again and again, in the order of what their arcs cost.
//!
//! A graph's own lists are sorted by fee, which is little of the cost of a large payment: most of a hub's list has to be
//! read, arc by arc, in each round. The cost of an arc's first units does not change within one flow, so a list that has
//! been read a good deal is made anew: sorted by that cost it is left after the few arcs that matter.

use std::ops::Range;

use super::network::Network;
use super::sparse::SparseIndex;

/// An arc and what its first units cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct SortedArc {
    pub(super) slope: u64,
    pub(super) arc: u32,
    /// The node at its other end.
    pub(super) end: u32,
}

/// The lists of one flow.
#[derive(Debug, Default)]
pub(super) struct SortedLists {
    index: SparseIndex,
    spans: Vec<(usize, usize)>,
    arcs: Vec<SortedArc>,
}

impl SortedLists {
    /// Forgets all lists. O(1).
    pub(super) fn reset(&mut self) {
        self.index.reset();
        self.spans.clear();
        self.arcs.clear();
    }

    /// Where a node's list is, if it was made.
    #[inline]
    pub(super) fn find<const FORWARD: bool>(&self, node: u32) -> Option<Range<usize>> {
        let place = self.index.find(key::<FORWARD>(node))?;
        let (start, end) = self.spans[place as usize];
        Some(start..end)
    }

    /// An arc by its place.
    #[inline(always)]
    pub(super) fn at(&self, place: usize) -> SortedArc {
        self.arcs[place]
    }

    /// Makes a node's list. O(d log d).
    pub(super) fn make<N: Network, const FORWARD: bool>(&mut self, network: &N, node: u32) -> Range<usize> {
        let start = self.arcs.len();
        for block in 0..network.block_count::<FORWARD>(node) {
            network.visit::<FORWARD>(node, block, |end, arc, piece| {
                self.arcs.push(SortedArc { slope: piece.slope, arc, end });
            });
        }
        self.arcs[start..].sort_unstable_by_key(|arc| arc.slope);
        self.index.place(key::<FORWARD>(node));
        self.spans.push((start, self.arcs.len()));
        start..self.arcs.len()
    }
}

/// Graphs have fewer than 2^31 nodes.
fn key<const FORWARD: bool>(node: u32) -> u32 {
    node << 1 | u32::from(FORWARD)
}
