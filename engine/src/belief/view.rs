//! The beliefs at one moment, as searches and flows read them.

use primitives::{Direction, Msat, UnixTime};

use super::Beliefs;
use super::decay::Evidence;
use crate::graph::ChannelIdx;

/// The beliefs at one moment: two words, to be copied into a query. Reading takes no lock and allocates nothing.
#[derive(Debug, Clone, Copy)]
pub struct BeliefView<'a> {
    beliefs: &'a Beliefs,
    now: UnixTime,
}

impl Beliefs {
    /// The beliefs as a search or a flow sees them at `now`. O(1).
    #[inline]
    pub fn view(&self, now: UnixTime) -> BeliefView<'_> {
        BeliefView { beliefs: self, now }
    }
}

impl BeliefView<'_> {
    /// The moment.
    pub fn now(self) -> UnixTime {
        self.now
    }

    /// Whether nothing was ever learnt.
    pub fn is_empty(self) -> bool {
        self.beliefs.is_empty()
    }

    /// What a channel's bounds were learnt against, where anything is known of it, and else `capacity`. Where nobody knows
    /// the capacity, each direction's maximum stands for it, of which the table took the greater; what it is now does not
    /// count, for bounds that are learnt against one capacity say nothing in another.
    #[inline]
    pub fn whole(self, channel: u32, capacity: Msat) -> Msat {
        let channel = ChannelIdx::from_u32(channel);
        let known = if self.beliefs.is_known(channel) { self.beliefs.capacity(channel) } else { None };
        known.unwrap_or(capacity)
    }

    /// Whether what is known of the greatest liquidity of that direction is what an HTLC was refused for.
    pub fn has_refused(self, channel: u32, direction: Direction) -> bool {
        let bounds = self.beliefs.bounds(ChannelIdx::from_u32(channel));
        let floor = bounds.floors[direction.reversed().as_usize()];
        floor.amount != Msat::ZERO && floor.evidence == Evidence::Refused
    }

    /// The least and the greatest liquidity of one direction of the channel with the number `channel`:
    /// 0 <= lower <= upper <= `capacity`, which are 0 and `capacity` where nothing is known.
    #[inline]
    pub fn bounds(self, channel: u32, direction: Direction, capacity: Msat) -> (Msat, Msat) {
        let channel = ChannelIdx::from_u32(channel);
        if !self.beliefs.is_known(channel) {
            return (Msat::ZERO, capacity);
        }
        self.beliefs.bounds(channel).of(direction, capacity, self.beliefs.half_lives(), self.now)
    }
}
