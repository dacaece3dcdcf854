//! The payer's own HTLCs that are on the way, by arc.
//!
//! A payment has some dozens of them, and a search asks of thousands of arcs: a table of bits answers most of those.

use primitives::Msat;

use crate::graph::ArcIdx;

/// What is on the way over each arc.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InFlight {
    /// Arcs and msat, in the order of arcs.
    held: Vec<(u32, u64)>,
    /// A bit for every arc in the list, shared by those whose numbers end alike.
    marks: [u64; MARK_WORD_COUNT],
}

impl InFlight {
    /// Nothing is on the way any more.
    pub fn clear(&mut self) {
        self.held.clear();
        self.marks = [0; MARK_WORD_COUNT];
    }

    /// One more HTLC. O(arcs).
    pub fn add(&mut self, arc: ArcIdx, amount: Msat) {
        let arc = arc.to_u32();
        match self.held.binary_search_by_key(&arc, |entry| entry.0) {
            Ok(place) => self.held[place].1 = self.held[place].1.saturating_add(amount.to_msat()),
            Err(place) => self.held.insert(place, (arc, amount.to_msat())),
        }
        let (word, bit) = mark(arc);
        self.marks[word] |= bit;
    }

    /// Counts so much less over an arc, at most what is on the way. O(log arcs).
    pub fn take(&mut self, arc: ArcIdx, amount: Msat) {
        if let Ok(place) = self.held.binary_search_by_key(&arc.to_u32(), |entry| entry.0) {
            self.held[place].1 = self.held[place].1.saturating_sub(amount.to_msat());
        }
    }

    /// What is on the way over an arc.
    #[inline]
    pub fn of(&self, arc: ArcIdx) -> Msat {
        let (word, bit) = mark(arc.to_u32());
        if self.marks[word] & bit == 0 {
            return Msat::ZERO;
        }
        let found = self.held.binary_search_by_key(&arc.to_u32(), |entry| entry.0);
        found.map_or(Msat::ZERO, |place| Msat::from_msat(self.held[place].1))
    }
}

#[inline]
fn mark(arc: u32) -> (usize, u64) {
    (arc as usize / 64 % MARK_WORD_COUNT, 1 << (arc % 64))
}

/// 1,024 bits: a payment of 16 parts marks less than a tenth of them.
const MARK_WORD_COUNT: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_an_arc_add_up() {
        let arc = ArcIdx::from_u32;
        let mut in_flight = InFlight::default();
        for (number, amount) in [(7, 10), (7 + 1024, 1), (3, 5), (7, 20)] {
            in_flight.add(arc(number), Msat::from_msat(amount));
        }
        let held = [3, 7, 7 + 1024, 7 + 2048, 4].map(|number| in_flight.of(arc(number)).to_msat());
        assert_eq!(held, [5, 30, 1, 0, 0]);
        for (number, amount) in [(3, 1), (7, 40), (8, 1)] {
            in_flight.take(arc(number), Msat::from_msat(amount));
        }
        assert_eq!([3, 7, 8].map(|number| in_flight.of(arc(number)).to_msat()), [4, 0, 0]);
        in_flight.clear();
        assert_eq!(in_flight, InFlight::default());
    }
}
