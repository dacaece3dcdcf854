//! How often one compares with a peer what channels there are.
//!
//! What a peer tells may be lost on its way into the view: a connection breaks, a room is full, the chain does not
//! answer. So a comparison that found something is followed by another one as soon as all of it was told, until one
//! finds nothing, or no less than the one before: that is what the peer claims and does not have.

use primitives::UnixTime;

/// The comparisons with one peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Comparison {
    began_at: Option<UnixTime>,
    /// Channels of which the peer knew more than we did.
    found_count: usize,
    /// The same of the comparison before, where this one repeats it.
    found_before: usize,
    repeat_count: u32,
}

impl Default for Comparison {
    fn default() -> Self {
        Comparison { began_at: None, found_count: 0, found_before: usize::MAX, repeat_count: 0 }
    }
}

impl Comparison {
    /// When the last one began; `None` before the first.
    pub(super) const fn began_at(self) -> Option<UnixTime> {
        self.began_at
    }

    /// Whether the last one should be repeated once everything that it found was told.
    pub(super) const fn wants_another(self) -> bool {
        self.began_at.is_some() && !self.is_over() && self.repeat_count < REPEAT_COUNT_MAX
    }

    /// Whether the last one found nothing, or no less than the one before. One that helped and was not repeated, since there were
    /// many repetitions, is not the end of it.
    pub(super) const fn is_over(self) -> bool {
        self.began_at.is_some() && (self.found_count == 0 || self.found_count >= self.found_before)
    }

    /// Another one begins: a repetition where [`Comparison::wants_another`], the first of a row otherwise.
    pub(super) const fn begin(&mut self, now: UnixTime) {
        let (found_before, repeat_count) =
            if self.wants_another() { (self.found_count, self.repeat_count + 1) } else { (usize::MAX, 0) };
        *self = Comparison { began_at: Some(now), found_count: 0, found_before, repeat_count };
    }

    /// The peer knows more of one channel.
    pub(super) const fn found(&mut self) {
        self.found_count = self.found_count.saturating_add(1);
    }
}

/// Repetitions in a row, whatever they find: an honest peer's are done after one or two.
const REPEAT_COUNT_MAX: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(comparison: &mut Comparison, found_count: usize) -> bool {
        comparison.begin(UnixTime::from_secs(7));
        (0..found_count).for_each(|_| comparison.found());
        comparison.wants_another()
    }

    #[test]
    fn one_repeats_while_it_helps() {
        let mut comparison = Comparison::default();
        assert!(!comparison.wants_another());
        let wants: Vec<bool> =
            [5, 3, 3, 9, 2, 0, 0].into_iter().map(|found| compare(&mut comparison, found)).collect();
        assert_eq!(wants, [true, true, false, true, true, false, false]);
    }

    #[test]
    fn nobody_is_compared_with_for_ever() {
        let mut comparison = Comparison::default();
        let repeats = (0..100).rev().take_while(|&found| compare(&mut comparison, found)).count();
        assert_eq!(repeats, REPEAT_COUNT_MAX as usize);
        assert!(!comparison.is_over(), "there is more to find");
    }
}
