//! Which of its channels a payer that pays itself may leave by, and which it may return by (`circular`).

/// The payer's channels in two halves: one to leave by, one to return by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Split {
    /// Which binary digit of a channel's index tells the halves apart.
    digit: u32,
    /// Its value in the half to leave by.
    first: u32,
}

impl Split {
    /// All splits that `digits` tells apart: two for each bit that is set.
    pub(super) fn all(digits: u32) -> impl Iterator<Item = Split> {
        let digits = (0..u32::BITS).filter(move |digit| digits >> digit & 1 == 1);
        digits.flat_map(|digit| [0, 1].map(|first| Split { digit, first }))
    }

    fn value(self, channel: u32) -> u32 {
        channel >> self.digit & 1
    }

    /// Whether a route may leave over a channel of the payer's.
    pub(crate) fn may_be_first(self, channel: u32) -> bool {
        self.value(channel) == self.first
    }

    /// Whether a route may return over a channel of the payer's.
    pub(crate) fn may_be_last(self, channel: u32) -> bool {
        self.value(channel) != self.first
    }
}
