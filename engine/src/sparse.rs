//! An index from numbers of nodes or arcs to places in a list of what a query has touched.
//!
//! Open addressing with a multiplicative hash; a slot counts only if it carries the query's stamp, so a reset is O(1). It
//! grows where a query needs more and then stays. What belongs to the keys lies together in the list, in the order in which
//! they came: a query of some hundred keys finds it in the nearest cache, however much an earlier one had to hold.

/// The index.
#[derive(Debug)]
pub(crate) struct SparseIndex {
    slots: Vec<Slot>,
    stamp: u32,
    count: u32,
    shift: u32,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    key: u32,
    stamp: u32,
    place: u32,
}

const EMPTY: Slot = Slot { key: 0, stamp: 0, place: 0 };

impl Default for SparseIndex {
    fn default() -> Self {
        SparseIndex { slots: vec![EMPTY; 1 << INITIAL_BITS], stamp: 1, count: 0, shift: 32 - INITIAL_BITS }
    }
}

impl SparseIndex {
    /// Forgets all keys. O(1), but for one query in 2^32.
    pub(crate) fn reset(&mut self) {
        self.count = 0;
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.slots.fill(EMPTY);
            self.stamp = 1;
        }
    }

    /// The place of a key, if it has one.
    #[inline(always)]
    pub(crate) fn find(&self, key: u32) -> Option<u32> {
        let slot = &self.slots[self.slot_of(key)];
        (slot.stamp == self.stamp).then_some(slot.place)
    }

    /// The place of a key, and whether it is new: the number of keys before it.
    #[inline(always)]
    pub(crate) fn place(&mut self, key: u32) -> (u32, bool) {
        let at = self.slot_of(key);
        if self.slots[at].stamp == self.stamp {
            return (self.slots[at].place, false);
        }
        let place = self.count;
        self.slots[at] = Slot { key, stamp: self.stamp, place };
        self.count += 1;
        if self.count as usize * 2 > self.slots.len() {
            self.grow();
        }
        (place, true)
    }

    /// The slot that holds a key, or the free one where it belongs.
    #[inline(always)]
    fn slot_of(&self, key: u32) -> usize {
        let mask = self.slots.len() - 1;
        // Fibonacci hashing; the numbers are dense and nobody outside can choose them.
        let mut at = (key.wrapping_mul(0x9E37_79B1) >> self.shift) as usize;
        loop {
            let slot = &self.slots[at & mask];
            if slot.stamp != self.stamp || slot.key == key {
                return at & mask;
            }
            at += 1;
        }
    }

    #[cold]
    fn grow(&mut self) {
        let old = std::mem::take(&mut self.slots);
        self.shift -= 1;
        self.slots = vec![EMPTY; old.len() * 2];
        for slot in old.into_iter().filter(|slot| slot.stamp == self.stamp) {
            let at = self.slot_of(slot.key);
            self.slots[at] = slot;
        }
    }
}

/// 1,024 slots: a query touches some hundred nodes and some dozen arcs.
const INITIAL_BITS: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_up_and_survive_growth_but_no_reset() {
        let mut index = SparseIndex::default();
        for key in 0..5000 {
            assert_eq!(index.place(key * 7), (key, true));
        }
        for key in 0..5000 {
            assert_eq!(index.place(key * 7), (key, false));
            assert_eq!(index.find(key * 7), Some(key));
        }
        assert_eq!(index.find(1), None);
        index.reset();
        assert_eq!(index.find(7), None);
        assert_eq!(index.place(7), (0, true));
    }
}
