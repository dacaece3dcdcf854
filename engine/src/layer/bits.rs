//! A set of small numbers that knows the place of each among its members.

/// One bit a number, and for each word how many members lie before it: a test is one load, a place two.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct RankedBits {
    words: Box<[u64]>,
    ranks: Box<[u32]>,
}

impl RankedBits {
    /// The set of `members`, all below `end`.
    pub(super) fn new(end: u32, members: impl Iterator<Item = u32>) -> Self {
        let mut words = vec![0u64; end.div_ceil(64) as usize];
        for member in members {
            words[member as usize / 64] |= 1 << (member % 64);
        }
        let mut before = 0;
        let ranks = words.iter().map(|word| {
            let rank = before;
            before += word.count_ones();
            rank
        });
        RankedBits { ranks: ranks.collect(), words: words.into() }
    }

    /// Whether a number is a member.
    #[inline(always)]
    pub(super) fn has(&self, number: u32) -> bool {
        self.words.get(number as usize / 64).is_some_and(|word| word >> (number % 64) & 1 != 0)
    }

    /// How many members lie before a number that is one; `None` for others.
    #[inline(always)]
    pub(super) fn place(&self, number: u32) -> Option<usize> {
        let at = number as usize / 64;
        let word = *self.words.get(at)?;
        if word >> (number % 64) & 1 == 0 {
            return None;
        }
        let before = word & ((1 << (number % 64)) - 1);
        Some((self.ranks[at] + before.count_ones()) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_the_members_before() {
        let members: Vec<u32> =
            (0..1000).filter(|n| n % 7 == 0 || n % 64 == 63 || (200..300).contains(n)).collect();
        let bits = RankedBits::new(1000, members.iter().copied());
        for number in 0..1100 {
            let expected = members.binary_search(&number).ok();
            assert_eq!(bits.place(number), expected, "{number}");
            assert_eq!(bits.has(number), expected.is_some());
        }
        assert_eq!(RankedBits::default().place(0), None);
    }
}
