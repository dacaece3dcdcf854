//! The convex, piecewise linear cost of the flow on one arc.
//!
//! Flow is counted in units. Up to each `end` a unit costs that piece's `slope`; slopes rise, so cheaper units are sent
//! first and given back last. Flow beyond the last end is impossible.

/// The whole cost of an arc.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pieces {
    /// Where each piece ends, in units of flow; they do not fall.
    pub(super) ends: [u64; PIECE_COUNT],
    /// What each of a piece's units costs; they do not fall.
    pub(super) slopes: [u64; PIECE_COUNT],
}

/// Some units at one price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// Cost a unit.
    pub(super) slope: u64,
    /// How many units.
    pub(super) room: u64,
}

impl Pieces {
    /// An arc that carries nothing.
    pub(super) const NONE: Pieces = Pieces { ends: [0; PIECE_COUNT], slopes: [0; PIECE_COUNT] };

    /// Up to `room` units at one price.
    pub(super) fn linear(room: u64, slope: u64) -> Self {
        Pieces { ends: [room; PIECE_COUNT], slopes: [slope; PIECE_COUNT] }
    }

    /// What the next units cost where `flow` flows already, `None` where the arc is full.
    #[inline(always)]
    pub(super) fn ahead(&self, flow: u64) -> Option<Piece> {
        let at = self.ends.iter().position(|&end| end > flow)?;
        Some(Piece { slope: self.slopes[at], room: self.ends[at] - flow })
    }

    /// What the last units of `flow` cost, `None` where there are none.
    #[inline(always)]
    pub(super) fn back(&self, flow: u64) -> Option<Piece> {
        if flow == 0 {
            return None;
        }
        let at = self.ends.iter().position(|&end| end >= flow)?;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        Some(Piece { slope: self.slopes[at], room: flow - start })
    }

    /// What `flow` units cost together.
    pub(super) fn cost(&self, flow: u64) -> u128 {
        let (mut sum, mut start) = (0, 0);
        for (&end, &slope) in self.ends.iter().zip(&self.slopes) {
            let units = end.min(flow).saturating_sub(start);
            sum += u128::from(units) * u128::from(slope);
            start = end;
        }
        sum
    }

    /// The most units.
    pub(super) fn capacity(&self) -> u64 {
        self.ends[PIECE_COUNT - 1]
    }
}

/// What is known to be there, three shares of what is unknown, and the rest.
pub const PIECE_COUNT: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_taken_in_order_and_given_back_in_reverse() {
        // The second piece is empty.
        let pieces = Pieces { ends: [3, 3, 5, 9, 9], slopes: [1, 2, 4, 8, 16] };
        let (mut flow, mut cost, mut seen) = (0, 0, Vec::new());
        while let Some(piece) = pieces.ahead(flow) {
            seen.push(piece);
            flow += piece.room;
            cost += u128::from(piece.slope * piece.room);
            assert_eq!(pieces.cost(flow), cost);
        }
        assert_eq!((flow, pieces.capacity()), (9, 9));
        while let Some(piece) = pieces.back(flow) {
            assert_eq!(seen.pop(), Some(piece));
            flow -= piece.room;
        }
        assert!(flow == 0 && seen.is_empty());
        assert_eq!(pieces.ahead(4), Some(Piece { slope: 4, room: 1 }));
        assert_eq!(pieces.back(4), Some(Piece { slope: 4, room: 1 }));
        assert_eq!((pieces.cost(4), Pieces::NONE.ahead(0)), (7, None));
    }
}
