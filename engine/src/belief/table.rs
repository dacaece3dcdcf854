//! The beliefs about all channels of one generation: 72 bytes a channel and a bit whether anything is known.
//! Look-ups read 32 of them.
//!
//! Readers and writers share it by reference. It is made anew for each generation; channels of the snapshot's overlay
//! have no place in it until then, so nothing is believed of them.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};

use primitives::{Direction, Msat, ShortChannelId, UnixTime};

use super::bounds::{Bounds, Moment};
use super::decay::HalfLives;
use super::fact::Fact;
use super::paid::{Paid, PaidFact};
use crate::graph::ChannelIdx;
use crate::snapshot::{GenerationKey, Snapshot};

/// What is believed of the liquidity of a generation's channels.
#[derive(Debug)]
pub struct Beliefs {
    generation: GenerationKey,
    half_lives: HalfLives,
    short_channel_ids: Box<[ShortChannelId]>,
    capacities: Box<[Msat]>,
    facts: Box<[Fact]>,
    /// Apart from the facts, so that they stay short.
    paid: Box<[PaidFact]>,
    known: Box<[AtomicU64]>,
    /// Whether nothing was ever learnt.
    is_empty: AtomicBool,
}

impl Beliefs {
    /// Knows nothing of the channels of `snapshot`'s generation. O(m).
    pub fn new(snapshot: &Snapshot, half_lives: HalfLives) -> Self {
        let topology = snapshot.topology();
        let channels = || (0..topology.channel_count() as u32).map(ChannelIdx::from_u32);
        Beliefs {
            generation: snapshot.generation_key(),
            half_lives,
            short_channel_ids: channels().map(|channel| topology.short_channel_id(channel)).collect(),
            capacities: channels().map(|channel| topology.presumed_capacity(channel)).collect(),
            facts: channels().map(|_| Fact::default()).collect(),
            paid: channels().map(|_| PaidFact::default()).collect(),
            known: (0..topology.channel_count().div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
            is_empty: AtomicBool::new(true),
        }
    }

    /// The same beliefs about the channels of `snapshot`'s generation; what is known of channels that it lacks is
    /// dropped, and upper bounds stay the same amounts where a capacity has become known, or what stands for it has grown.
    /// O(m). What is learnt meanwhile may be missed: the caller learns in one thread, or keeps outcomes back
    /// until this returns.
    #[must_use]
    pub fn for_generation(&self, snapshot: &Snapshot) -> Beliefs {
        let mut beliefs = Beliefs::new(snapshot, self.half_lives);
        let mut place = 0;
        for (channel, bounds) in self.known() {
            // Both tables are sorted.
            let name = self.short_channel_ids[channel.to_usize()];
            place += beliefs.short_channel_ids[place..].partition_point(|other| *other < name);
            if beliefs.short_channel_ids.get(place) == Some(&name) {
                let (old, new) = (self.capacities[channel.to_usize()], &mut beliefs.capacities[place]);
                if snapshot.topology().capacity(ChannelIdx::from_u32(place as u32)).is_none() {
                    // What only stands for it may well be more than its directions' maxima are now.
                    *new = old.max(*new);
                }
                beliefs.facts[place] = Fact::new(bounds.measured_anew(old, *new));
                beliefs.note(place);
                let place = ChannelIdx::from_u32(place as u32);
                for (direction, paid) in Direction::BOTH.into_iter().zip(self.paid(channel)) {
                    beliefs.note_paid(place, direction, paid);
                }
            }
        }
        beliefs
    }

    /// Whether the numbers of its channels are those of `snapshot`.
    pub fn is_of(&self, snapshot: &Snapshot) -> bool {
        self.generation == snapshot.generation_key()
    }

    /// Whether nothing was ever learnt.
    pub fn is_empty(&self) -> bool {
        self.is_empty.load(Relaxed)
    }

    /// How many channels there are.
    pub fn channel_count(&self) -> usize {
        self.facts.len()
    }

    /// How fast bounds fade.
    pub fn half_lives(&self) -> HalfLives {
        self.half_lives
    }

    /// Finds a channel. O(log m).
    pub fn channel(&self, short_channel_id: ShortChannelId) -> Option<ChannelIdx> {
        let place = self.short_channel_ids.binary_search(&short_channel_id).ok()?;
        Some(ChannelIdx::from_u32(place as u32))
    }

    /// The name of a channel, `None` beyond the generation.
    pub fn short_channel_id(&self, channel: ChannelIdx) -> Option<ShortChannelId> {
        self.short_channel_ids.get(channel.to_usize()).copied()
    }

    /// What the liquidity of both directions is taken to add up to: the capacity, or, where it is unknown, the greatest
    /// `htlc_maximum_msat` when the table was made. `None` beyond the generation.
    pub fn capacity(&self, channel: ChannelIdx) -> Option<Msat> {
        self.capacities.get(channel.to_usize()).copied()
    }

    /// What is known of a channel, as it was learnt. Nothing beyond the generation.
    #[inline]
    pub fn bounds(&self, channel: ChannelIdx) -> Bounds {
        if self.is_known(channel) { self.facts[channel.to_usize()].read() } else { Bounds::default() }
    }

    /// What was paid over a channel, by direction. Nothing beyond the generation.
    pub fn paid(&self, channel: ChannelIdx) -> [Paid; 2] {
        self.paid.get(channel.to_usize()).map(PaidFact::read).unwrap_or_default()
    }

    /// Whether anything was ever learnt of a channel.
    #[inline]
    pub fn is_known(&self, channel: ChannelIdx) -> bool {
        let place = channel.to_usize();
        self.known.get(place / 64).is_some_and(|word| word.load(Relaxed) >> (place % 64) & 1 == 1)
    }

    /// What is known, in the order of channels. O(m / 64 + known channels).
    pub fn known(&self) -> impl Iterator<Item = (ChannelIdx, Bounds)> + '_ {
        let words = self.known.iter().enumerate();
        words.flat_map(move |(word_place, word)| {
            let mut bits = word.load(Relaxed);
            std::iter::from_fn(move || {
                (bits != 0).then(|| {
                    let channel = ChannelIdx::from_u32((word_place * 64) as u32 + bits.trailing_zeros());
                    bits &= bits - 1;
                    (channel, self.facts[channel.to_usize()].read())
                })
            })
        })
    }

    /// Changes what is known of a channel. `false` beyond the generation, where nothing is learnt.
    #[inline]
    pub fn update(
        &self,
        channel: ChannelIdx,
        now: UnixTime,
        change: impl FnOnce(Bounds, Moment) -> Bounds,
    ) -> bool {
        let place = channel.to_usize();
        let Some(fact) = self.facts.get(place) else {
            return false;
        };
        let at = Moment { capacity: self.capacities[place], half_lives: self.half_lives, now };
        fact.update(|bounds| change(bounds, at));
        self.note(place);
        true
    }

    /// Notes what was paid over a channel, which says nothing of what is left. `false` beyond the generation.
    pub fn note_paid(&self, channel: ChannelIdx, direction: Direction, paid: Paid) -> bool {
        let place = channel.to_usize();
        let Some(fact) = self.paid.get(place) else {
            return false;
        };
        fact.note(direction, paid);
        self.note(place);
        true
    }

    /// Notes that a direction refused an amount, which what it paid before is no word on any more.
    pub(super) fn lower_paid(&self, channel: ChannelIdx, direction: Direction, refused: Msat, now: UnixTime) {
        if let Some(fact) = self.paid.get(channel.to_usize()) {
            fact.lower(direction, refused, now);
        }
    }

    /// Notes that something is known of a channel.
    #[inline]
    fn note(&self, place: usize) {
        let (word, bit) = (&self.known[place / 64], 1 << (place % 64));
        if word.load(Relaxed) & bit == 0 {
            word.fetch_or(bit, Relaxed);
            self.is_empty.store(false, Relaxed);
        }
    }

    /// An own channel's balance was seen. `false` beyond the generation.
    pub fn learn_balance(
        &self,
        channel: ChannelIdx,
        direction: Direction,
        balance: Msat,
        now: UnixTime,
    ) -> bool {
        self.update(channel, now, |bounds, at| bounds.balance(direction, balance, at))
    }
}
