//! A hash table that one thread writes and any number of threads read at the same time: channels and what is in flight
//! over both of their directions.
//!
//! ```text
//! slot   32 bytes   name of the channel | msat of each direction | HTLCs of each direction
//! ```
//! Open addressing, at most half full. A channel that was entered stays, be its amounts zero, so that no reader's probe
//! ever misses it; the book replaces the table by one with the channels in use when it fills.

use std::hash::BuildHasher;
use std::sync::atomic::{
    AtomicU32, AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

use hashbrown::DefaultHashBuilder;
use primitives::{ShortChannelId, ShortChannelIdDir};

/// What is in flight over one direction of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reserved {
    /// The sum, in msat.
    pub msat: u64,
    /// How many HTLCs.
    pub htlc_count: u32,
}

/// The table.
#[derive(Debug)]
pub(crate) struct ReservedTable {
    slots: Box<[Slot]>,
    /// Directions with HTLCs.
    busy_count: AtomicUsize,
    hasher: DefaultHashBuilder,
}

/// A channel.
#[derive(Debug)]
#[repr(align(32))]
struct Slot {
    /// The channel's name, [`EMPTY`] where there is none.
    name: AtomicU64,
    msat: [AtomicU64; 2],
    htlc_counts: [AtomicU32; 2],
}

impl ReservedTable {
    /// Room for that many channels.
    pub(super) fn with_room(channel_count: usize) -> Self {
        let count = (2 * channel_count.max(SLOTS_MIN / 2)).next_power_of_two();
        ReservedTable {
            slots: (0..count).map(|_| Slot::empty()).collect(),
            busy_count: AtomicUsize::new(0),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// How many channels there is room for.
    pub(super) fn room(&self) -> usize {
        self.slots.len() / 2
    }

    /// Whether anything is in flight at all.
    pub(super) fn is_busy(&self) -> bool {
        self.busy_count.load(Relaxed) > 0
    }

    /// What is in flight over a direction. O(1), wait-free.
    pub(crate) fn get(&self, channel: ShortChannelIdDir) -> Reserved {
        let (slot, is_there) = self.find(channel.short_channel_id);
        if is_there { slot.reserved(channel) } else { Reserved::default() }
    }

    /// Sets what is in flight over a direction; says whether the channel is new here. Only the book's own thread, and
    /// only while there is room.
    pub(super) fn set(&self, channel: ShortChannelIdDir, reserved: Reserved) -> bool {
        let (slot, is_there) = self.find(channel.short_channel_id);
        let at = channel.direction.as_usize();
        match (slot.htlc_counts[at].load(Relaxed) > 0, reserved.htlc_count > 0) {
            (false, true) => _ = self.busy_count.fetch_add(1, Relaxed),
            (true, false) => _ = self.busy_count.fetch_sub(1, Relaxed),
            _ => {}
        }
        slot.msat[at].store(reserved.msat, Relaxed);
        slot.htlc_counts[at].store(reserved.htlc_count, Relaxed);
        // The name comes last, so that whoever sees it sees at least the first amounts.
        slot.name.store(channel.short_channel_id.to_u64(), Release);
        !is_there
    }

    /// The slot where a channel is, or would be; says which.
    #[inline]
    fn find(&self, short_channel_id: ShortChannelId) -> (&Slot, bool) {
        let name = short_channel_id.to_u64();
        let mask = self.slots.len() - 1;
        let mut at = self.hasher.hash_one(name) as usize & mask;
        // Half of the slots are empty, so this ends.
        loop {
            let slot = &self.slots[at];
            match slot.name.load(Acquire) {
                EMPTY => return (slot, false),
                known if known == name => return (slot, true),
                _ => at = (at + 1) & mask,
            }
        }
    }
}

impl Slot {
    fn empty() -> Self {
        Slot { name: AtomicU64::new(EMPTY), msat: Default::default(), htlc_counts: Default::default() }
    }

    fn reserved(&self, channel: ShortChannelIdDir) -> Reserved {
        let at = channel.direction.as_usize();
        Reserved { msat: self.msat[at].load(Relaxed), htlc_count: self.htlc_counts[at].load(Relaxed) }
    }
}

/// The name that no channel has: the last output of the last transaction of a block that is centuries away.
pub(super) const EMPTY: u64 = u64::MAX;
/// 32 KiB to begin with.
const SLOTS_MIN: usize = 1 << 10;
