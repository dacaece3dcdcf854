//! What all forms come down to: a channel by its name, and what was learnt of it.

use primitives::{Direction, Msat, ShortChannelId, UnixTime};

use crate::belief::learn::MovedHtlc;
use crate::belief::{Beliefs, Bounds, Floor, Moment, Paid};
use crate::graph::ChannelIdx;

/// Something that was learnt of a channel elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learnt {
    /// Floors of both sides.
    Bounds(Bounds),
    /// The direction could carry the amount.
    Carried(Direction, Msat, UnixTime),
    /// The direction could not carry the amount.
    Refused(Direction, Msat, UnixTime),
    /// The direction carried the amount for good.
    Settled(Direction, Msat, UnixTime),
    /// What the direction was seen to pay once; floors know it already.
    Paid(Direction, Paid),
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    /// How many statements concerned channels of the table.
    pub known_count: u64,
    /// How many did not, and were left out.
    pub unknown_count: u64,
}

impl Learnt {
    /// The same, learnt at `now` if it says later, by a clock that goes ahead or counts other units than seconds: what is of
    /// the future would not fade until then, and nothing learnt before that would count beside it.
    #[must_use]
    pub fn not_after(self, now: UnixTime) -> Self {
        match self {
            Learnt::Bounds(Bounds { floors }) => {
                Learnt::Bounds(Bounds { floors: floors.map(|it| Floor { learnt: it.learnt.min(now), ..it }) })
            }
            Learnt::Carried(direction, amount, at) => Learnt::Carried(direction, amount, at.min(now)),
            Learnt::Refused(direction, amount, at) => Learnt::Refused(direction, amount, at.min(now)),
            Learnt::Settled(direction, amount, at) => Learnt::Settled(direction, amount, at.min(now)),
            Learnt::Paid(direction, paid) => Learnt::Paid(direction, Paid { at: paid.at.min(now), ..paid }),
        }
    }
}

impl Beliefs {
    /// Takes what was learnt elsewhere beside what is known. `false` where the channel has no place in the table.
    pub fn take(&self, short_channel_id: ShortChannelId, learnt: Learnt) -> bool {
        self.channel(short_channel_id).is_some_and(|channel| self.take_at(channel, learnt))
    }

    /// As [`Beliefs::take`], counting.
    pub fn take_counted(&self, short_channel_id: ShortChannelId, learnt: Learnt, taken: &mut Taken) {
        if self.take(short_channel_id, learnt) {
            taken.known_count += 1;
        } else {
            taken.unknown_count += 1;
        }
    }

    fn take_at(&self, channel: ChannelIdx, learnt: Learnt) -> bool {
        match learnt {
            Learnt::Bounds(told) => {
                let now = told.floors[0].learnt.max(told.floors[1].learnt);
                self.update(channel, now, |bounds, at| merged(bounds, told, at))
            }
            Learnt::Carried(direction, amount, now) => {
                self.update(channel, now, |bounds, at| bounds.carried(direction, amount, at))
            }
            Learnt::Refused(direction, amount, now) => self.learn_lacking(channel, direction, amount, now),
            Learnt::Settled(direction, amount, now) => {
                self.learn_moved(channel, direction, MovedHtlc { held: amount, amount }, now)
            }
            Learnt::Paid(direction, paid) => self.note_paid(channel, direction, paid),
        }
    }
}

/// Both, the older of the floors that were told first: so the newer decides where they contradict each other.
fn merged(bounds: Bounds, told: Bounds, at: Moment) -> Bounds {
    let [one, two] = Direction::BOTH;
    let order = if told.floors[0].learnt <= told.floors[1].learnt { [one, two] } else { [two, one] };
    order.into_iter().fold(bounds, |bounds, direction| {
        let floor = told.floors[direction.as_usize()];
        bounds.raised(direction, floor, Moment { now: floor.learnt, ..at })
    })
}
