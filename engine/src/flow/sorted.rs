//! Lists of nodes that are looked at again and again, in the order of what their arcs cost.
//!
//! A graph's own lists are sorted by fee, which is little of the cost of a large payment: most of a hub's list has to be
//! read, arc by arc, in each round. The cost of an arc's first units does not change within one flow, so a list that has
//! been read a good deal is made anew: sorted by that cost it is left after the few arcs that matter. It is sorted as far as
//! it is read.

use std::ops::Range;

use super::network::Network;
use crate::sparse::SparseIndex;

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
    spans: Vec<Span>,
    arcs: Vec<SortedArc>,
}

/// Where a list lies, and how far it is in order. What comes after that costs no less than what is before.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: usize,
    sorted: usize,
    end: usize,
}

/// A list by its number, and where it lies.
#[derive(Debug, Clone)]
pub(super) struct SortedList {
    span: u32,
    pub(super) places: Range<usize>,
}

impl SortedLists {
    /// Forgets all lists. O(1).
    pub(super) fn reset(&mut self) {
        self.index.reset();
        self.spans.clear();
        self.arcs.clear();
    }

    /// A node's list, if it was made.
    #[inline]
    pub(super) fn find<const FORWARD: bool>(&self, node: u32) -> Option<SortedList> {
        let span = self.index.find(key::<FORWARD>(node))?;
        let Span { start, end, .. } = self.spans[span as usize];
        Some(SortedList { span, places: start..end })
    }

    /// An arc of a list by its place. The list is put in order as far as that, or twice as far as it was.
    #[inline(always)]
    pub(super) fn at(&mut self, list: &SortedList, place: usize) -> SortedArc {
        if place >= self.spans[list.span as usize].sorted {
            self.sort_to(list.span, place);
        }
        self.arcs[place]
    }

    fn sort_to(&mut self, span: u32, place: usize) {
        let Span { start, sorted, end } = self.spans[span as usize];
        let count = (place + 1 - sorted).max(sorted - start).max(SORTED_MIN).min(end - sorted);
        let rest = &mut self.arcs[sorted..end];
        if count < rest.len() {
            rest.select_nth_unstable_by_key(count, |arc| arc.slope);
        }
        rest[..count].sort_unstable_by_key(|arc| arc.slope);
        self.spans[span as usize].sorted += count;
    }

    /// A list from a place on, as far as arcs can be near: no arc that is left out is, where dearer ones than one that is not
    /// are not either.
    #[inline]
    pub(super) fn near(
        &self,
        list: &SortedList,
        place: usize,
        is_near: impl Fn(u64) -> bool,
    ) -> &[SortedArc] {
        let Span { sorted, end, .. } = self.spans[list.span as usize];
        let in_order = &self.arcs[place.min(sorted)..sorted];
        match in_order.last() {
            Some(last) if !is_near(last.slope) => {
                &in_order[..in_order.partition_point(|arc| is_near(arc.slope))]
            }
            _ => &self.arcs[place..end],
        }
    }

    /// Makes a node's list. O(d).
    pub(super) fn make<N: Network, const FORWARD: bool>(&mut self, network: &N, node: u32) -> SortedList {
        let start = self.arcs.len();
        for block in 0..network.block_count::<FORWARD>(node) {
            network.visit::<FORWARD>(node, block, |end, arc, piece| {
                self.arcs.push(SortedArc { slope: piece.slope, arc, end });
            });
        }
        let (span, _) = self.index.place(key::<FORWARD>(node));
        self.spans.push(Span { start, sorted: start, end: self.arcs.len() });
        SortedList { span, places: start..self.arcs.len() }
    }
}

/// Graphs have fewer than 2^31 nodes.
fn key<const FORWARD: bool>(node: u32) -> u32 {
    node << 1 | u32::from(FORWARD)
}

/// Arcs that are put in order at a time at least: most lists are left within them.
const SORTED_MIN: usize = 32;

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn lists_are_in_order_as_far_as_they_are_read_and_what_is_near_is_found() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for round in 0..300 {
            let mut lists = SortedLists::default();
            let count = rng.random_range(1..400);
            let arc = |arc| SortedArc { slope: rng.random_range(0..200), arc, end: arc };
            lists.arcs = (0..count).map(arc).collect();
            let mut slopes: Vec<u64> = lists.arcs.iter().map(|arc| arc.slope).collect();
            slopes.sort_unstable();
            let end = lists.arcs.len();
            lists.spans.push(Span { start: 0, sorted: 0, end });
            let list = SortedList { span: 0, places: 0..end };
            // Read in turn, and once at a place far ahead.
            let first = if round % 2 == 0 { 0 } else { rng.random_range(0..end) };
            for place in first..rng.random_range(first..end) + 1 {
                assert_eq!(lists.at(&list, place).slope, slopes[place], "round {round}");
                let limit = rng.random_range(0..250);
                let near = lists.near(&list, place, |slope| slope < limit);
                let found = near.iter().filter(|arc| arc.slope < limit).count();
                assert_eq!(found, slopes[place..].iter().filter(|&&slope| slope < limit).count());
            }
        }
    }
}
