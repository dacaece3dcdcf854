//! A priority queue for searches: a heap of four children a node, least key first, of equal keys the least cursor first,
//! of these the least item, without decrease-key.
//!
//! A node that improves is pushed again; whoever pops it knows its label and skips the stale entry. Four children
//! keep a level's keys in one cache line. Which of them is least no processor can foretell, so that is found without a branch.
//! No allocation once the backing array has grown to the working size.

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Heap {
    entries: Vec<Entry>,
}

/// A key and what it belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// Least first.
    pub(crate) key: u64,
    /// A node, or a label's place.
    pub(crate) item: u32,
    /// What the caller wants to know of the item again.
    pub(crate) cursor: u32,
}

impl Entry {
    /// What entries are ordered by, as one number.
    #[inline(always)]
    pub(crate) fn rank(&self) -> u128 {
        u128::from(self.key) << 64 | u128::from(self.cursor) << 32 | u128::from(self.item)
    }
}

/// Which of at most [`ARITY`] entries comes first, and its rank.
#[inline(always)]
fn first_of(entries: &[Entry]) -> (usize, u128) {
    let less = |one: (usize, u128), other: (usize, u128)| if other.1 < one.1 { other } else { one };
    let ranked = |at: usize| (at, entries[at].rank());
    if entries.len() == ARITY {
        return less(less(ranked(0), ranked(1)), less(ranked(2), ranked(3)));
    }
    (1..entries.len()).map(ranked).fold(ranked(0), less)
}

const ARITY: usize = 4;

impl Heap {
    /// Forgets all entries, keeps the memory.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    /// The least key, `u64::MAX` where nothing is left.
    #[inline(always)]
    pub(crate) fn least_key(&self) -> u64 {
        self.entries.first().map_or(u64::MAX, |entry| entry.key)
    }

    /// The entry that comes next.
    #[inline(always)]
    pub(crate) fn peek(&self) -> Option<Entry> {
        self.entries.first().copied()
    }

    /// Adds an entry. O(log n).
    #[inline]
    pub(crate) fn push(&mut self, key: u64, item: u32) {
        self.push_at(key, item, 0);
    }

    /// Adds an entry that is to be gone on with at `cursor`. O(log n).
    #[inline]
    pub(crate) fn push_at(&mut self, key: u64, item: u32, cursor: u32) {
        let mut at = self.entries.len();
        let entry = Entry { key, item, cursor };
        self.entries.push(entry);
        while at > 0 {
            let parent = (at - 1) / ARITY;
            if self.entries[parent].rank() <= entry.rank() {
                break;
            }
            self.entries[at] = self.entries[parent];
            at = parent;
        }
        self.entries[at] = entry;
    }

    /// All entries, in no order.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Takes the entry that comes next. O(log n).
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Entry> {
        let last = self.entries.pop()?;
        let Some(&least) = self.entries.first() else { return Some(last) };
        let count = self.entries.len();
        let mut at = 0;
        loop {
            let first = at * ARITY + 1;
            if first >= count {
                break;
            }
            let (child, rank) = first_of(&self.entries[first..count.min(first + ARITY)]);
            if rank >= last.rank() {
                break;
            }
            self.entries[at] = self.entries[first + child];
            at = first + child;
        }
        self.entries[at] = last;
        Some(least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_out_in_order() {
        let mut heap = Heap::default();
        let mut key = 1u64;
        let mut keys = Vec::new();
        for item in 0..1000 {
            key = key.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            keys.push(key >> 40);
            heap.push(key >> 40, item);
        }
        keys.sort_unstable();
        let popped: Vec<u64> = std::iter::from_fn(|| heap.pop()).map(|entry| entry.key).collect();
        assert_eq!(popped, keys);
        assert_eq!(heap.least_key(), u64::MAX);
    }
}
