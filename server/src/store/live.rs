//! Which record of a log holds for each name.

use std::collections::BTreeMap;

use gossip::record::Restored;
use gossip::view::MessageKey;
use primitives::{Direction, ShortChannelId};

/// Where a record lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its first byte in the file.
    pub offset: u64,
    /// Its bytes.
    pub size: u32,
}

/// Names to places. Channels come before updates and these before nodes, which is the order that a log needs.
#[derive(Debug, Clone, Default)]
pub(super) struct Live {
    places: BTreeMap<MessageKey, Place>,
    bytes: u64,
}

impl Live {
    /// Takes what a record says.
    pub(super) fn take(&mut self, restored: &Restored, place: Place) {
        match restored {
            Restored::Gossip { key, .. } => self.insert(*key, place),
            Restored::Removed(short_channel_id) => self.remove_channel(*short_channel_id),
        }
    }

    pub(super) fn insert(&mut self, key: MessageKey, place: Place) {
        self.bytes += u64::from(place.size);
        if let Some(old) = self.places.insert(key, place) {
            self.bytes -= u64::from(old.size);
        }
    }

    pub(super) fn remove_channel(&mut self, id: ShortChannelId) {
        let updates = Direction::BOTH.map(|direction| MessageKey::Update(id, direction));
        for key in [MessageKey::Channel(id), updates[0], updates[1]] {
            if let Some(old) = self.places.remove(&key) {
                self.bytes -= u64::from(old.size);
            }
        }
    }

    pub(super) fn get(&self, key: MessageKey) -> Option<Place> {
        self.places.get(&key).copied()
    }

    /// The first name behind `after`, or of all.
    pub(super) fn next(&self, after: Option<MessageKey>) -> Option<(MessageKey, Place)> {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = after.map_or(Unbounded, Excluded);
        self.places.range((from, Unbounded)).next().map(|(key, place)| (*key, *place))
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }
}
