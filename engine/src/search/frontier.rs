//! How far one side of the fast search has come: nodes that wait to be settled, and lists that were left in the middle.
//!
//! A hub's list is read a block at a time: as soon as the next block's bound says that its arcs lead farther than
//! another node that waits, the list waits, too. Keys of both kinds are costs of labels, given or still to come:
//!
//! ```text
//! fresh   key = the node's label                             item = the node   cursor = turn, the node
//! begun   key = label + bound of the next block + least hop  item = the node   cursor = hops of its arcs, that block
//! ```
//! Free channels join thousands of nodes whose keys are equal. The *turn* of a node is the number of hops to it, because a
//! route is limited in hops, and more for a node with fewer channels: two balls in the dark meet at the best connected.

use super::heap::{Entry, Heap};

/// One side's queues, and which nodes it has reached.
#[derive(Debug)]
pub(crate) struct Frontier {
    fresh: Heap,
    begun: Heap,
    /// A set of the nodes with a label that may say yes to others, too.
    reached: Reached,
    /// The same of those that got one since the last closing.
    recent: Reached,
    /// The same of nodes whose lists were left in the middle.
    left: u64,
}

/// What a side goes on with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// A node that nobody has settled since it got the label `key`.
    Settle { node: u32, key: u64 },
    /// A settled node's list, from a block on.
    GoOn { node: u32, block: usize },
}

impl Default for Frontier {
    fn default() -> Self {
        let (reached, recent) = Default::default();
        Frontier { fresh: Heap::default(), begun: Heap::default(), reached, recent, left: 0 }
    }
}

impl Frontier {
    /// Forgets everything, keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.fresh.clear();
        self.begun.clear();
        (self.reached, self.recent) = Default::default();
        self.left = 0;
    }

    /// Every label to come, and every label that is not settled, costs this or more.
    #[inline(always)]
    pub(crate) fn least(&self) -> u64 {
        self.fresh.least_key().min(self.begun.least_key())
    }

    /// Every node that has no label yet is at least this far.
    #[inline(always)]
    pub(crate) fn beyond(&self, least_hop: u64) -> u64 {
        self.fresh.least_key().saturating_add(least_hop).min(self.begun.least_key())
    }

    /// The least key of a node that waits.
    #[inline(always)]
    pub(crate) fn least_fresh(&self) -> u64 {
        self.fresh.least_key()
    }

    /// The least key of a list that waits.
    #[inline(always)]
    pub(crate) fn least_begun(&self) -> u64 {
        self.begun.least_key()
    }

    /// Whether a list is to be gone on with before the next node is settled.
    #[inline(always)]
    fn is_list_next(&self) -> bool {
        match (self.begun.peek(), self.fresh.peek()) {
            (Some(list), Some(node)) => list.rank() <= node.rank(),
            (list, _) => list.is_some(),
        }
    }

    /// The node that the next step is about.
    #[inline(always)]
    pub(crate) fn next_node(&self) -> Option<u32> {
        let queue = if self.is_list_next() { &self.begun } else { &self.fresh };
        queue.peek().map(|entry| entry.item)
    }

    /// Takes the next step: the least key, of equal ones the first turn. O(log n).
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Step> {
        if self.is_list_next()
            && let Some(Entry { item, cursor, .. }) = self.begun.pop()
        {
            return Some(Step::GoOn { node: item, block: (cursor % BLOCK_END) as usize });
        }
        self.fresh.pop().map(|Entry { key, item, .. }| Step::Settle { node: item, key })
    }

    /// A node got a label; of equal keys, the first `turn` goes first.
    #[inline(always)]
    pub(crate) fn push(&mut self, key: u64, node: u32, turn: u32) {
        self.reached.add(node);
        self.recent.add(node);
        self.fresh.push_at(key, node, turn.min(TURN_MAX) * BLOCK_END + node.min(BLOCK_END - 1));
    }

    /// A list is to be gone on with at `block`, whose arcs lead to labels of `key` or more, `hops` from where the side
    /// began.
    #[inline]
    pub(crate) fn leave(&mut self, key: u64, node: u32, block: usize, hops: u32) {
        self.left |= 1 << (node % 64);
        self.begun.push_at(key, node, hops.min(TURN_MAX) * BLOCK_END + block as u32);
    }

    /// Whether the node may have a label.
    #[inline(always)]
    pub(crate) fn may_reach(&self, node: u32) -> bool {
        self.reached.may_hold(node)
    }

    /// The nodes with a label, and those that got one since this was asked last.
    pub(crate) fn take_reached(&mut self) -> [Reached; 2] {
        [self.reached, std::mem::take(&mut self.recent)]
    }

    /// Whether the node's list may have been left in the middle.
    #[inline(always)]
    pub(crate) fn may_have_left(&self, node: u32) -> bool {
        self.left() >> (node % 64) & 1 != 0
    }

    /// Bits of the nodes, by their last six, whose lists may have been left in the middle.
    #[inline(always)]
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// The lists that wait: key, node, block.
    pub(crate) fn begun(&self) -> impl Iterator<Item = (u64, u32, usize)> {
        self.begun.entries().iter().map(|entry| (entry.key, entry.item, (entry.cursor % BLOCK_END) as usize))
    }

    /// How many lists wait.
    pub(crate) fn begun_count(&self) -> usize {
        self.begun.entries().len()
    }
}

/// A set of nodes that may say yes to others, too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reached([u64; REACHED_WORDS]);

impl Default for Reached {
    fn default() -> Self {
        Reached([0; REACHED_WORDS])
    }
}

impl Reached {
    #[inline(always)]
    fn add(&mut self, node: u32) {
        self.0[(node / 64) as usize % REACHED_WORDS] |= 1 << (node % 64);
    }

    #[inline(always)]
    pub(crate) fn may_hold(&self, node: u32) -> bool {
        self.0[(node / 64) as usize % REACHED_WORDS] >> (node % 64) & 1 != 0
    }
}

/// When a node so many hops away is to be settled among those with the same key. Nodes are numbered by falling degree
/// (`graph`), so each doubling of the number counts as half a hop.
#[inline(always)]
pub(super) fn turn(node: u32, hops: u32) -> u32 {
    hops.saturating_add(node.max(1).ilog2() / 2)
}

/// A cursor is a turn times this and a block, or [`GIVERS`].
const BLOCK_END: u32 = 1 << 27;
/// Stands for the arcs of givers beside a list (`doors`); no list has as many blocks, see `CHANNEL_COUNT_MAX`.
pub(super) const GIVERS: usize = BLOCK_END as usize - 1;
/// Later ones are told as this.
const TURN_MAX: u32 = u32::MAX / BLOCK_END;

/// 4,096 bits: some hundred nodes fill a few per cent.
const REACHED_WORDS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_nodes_come_in_order_of_their_keys() {
        let mut frontier = Frontier::default();
        assert_eq!((frontier.least(), frontier.beyond(5)), (u64::MAX, u64::MAX));
        frontier.push(30, 1, 0);
        frontier.push(10, 2, 2);
        frontier.leave(20, 3, 7, 1);
        frontier.leave(10, 4, 1, 1);
        assert_eq!((frontier.least(), frontier.least_fresh(), frontier.least_begun()), (10, 10, 10));
        // A node without a label is a hop behind a node that waits, or at the end of an arc in a list that waits.
        assert_eq!(frontier.beyond(5), 10);
        assert_eq!(frontier.next_node(), Some(4));
        assert!(matches!(frontier.pop(), Some(Step::GoOn { node: 4, block: 1 })));
        assert_eq!(frontier.beyond(5), 15);
        assert!(matches!(frontier.pop(), Some(Step::Settle { node: 2, key: 10 })));
        assert_eq!(frontier.begun().collect::<Vec<_>>(), [(20, 3, 7)]);
        assert!(matches!(frontier.pop(), Some(Step::GoOn { node: 3, block: 7 })));
        assert!(matches!(frontier.pop(), Some(Step::Settle { node: 1, key: 30 })));
        assert!(frontier.pop().is_none() && frontier.next_node().is_none());
    }

    #[test]
    fn of_equal_keys_the_fewest_hops_come_first() {
        let mut frontier = Frontier::default();
        frontier.push(10, 1, 3);
        frontier.push(10, 2, 1);
        frontier.leave(10, 3, 5, 2);
        frontier.push(9, 40, 9);
        let next = |frontier: &mut Frontier| {
            let next = frontier.next_node();
            assert_eq!(frontier.pop().is_some(), next.is_some());
            next
        };
        assert_eq!([(); 5].map(|()| next(&mut frontier)), [Some(40), Some(2), Some(3), Some(1), None]);
    }

    #[test]
    fn of_equal_keys_a_hop_more_to_a_well_connected_node_is_no_delay() {
        let mut frontier = Frontier::default();
        let nodes = [(5_000, 1), (2, 2), (3, 2), (70_000, 1), (u32::MAX - 1, 1), (4, 40)];
        for (node, hops) in nodes {
            frontier.push(7, node, turn(node, hops));
        }
        let order: Vec<u32> = std::iter::from_fn(|| {
            let next = frontier.next_node();
            frontier.pop().and(next)
        })
        .collect();
        assert_eq!(order, [2, 3, 5_000, 70_000, u32::MAX - 1, 4]);
    }

    #[test]
    fn sets_hold_what_was_put_in_until_they_are_cleared() {
        let mut frontier = Frontier::default();
        for node in (0..100_000).step_by(997) {
            frontier.push(1, node, 50);
            frontier.leave(1, node, 0, 50);
            assert!(frontier.may_reach(node) && frontier.may_have_left(node));
        }
        frontier.clear();
        assert!((0..100_000).all(|node| !frontier.may_reach(node) && !frontier.may_have_left(node)));
    }
}
