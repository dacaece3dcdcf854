//! Which record of a log holds for each name.

use std::collections::BTreeMap;
use std::collections::btree_map::Range;
use std::ops::Bound::{Excluded, Unbounded};

use gossip::record::{Record, Restored};
use gossip::view::MessageKey;
use primitives::{Direction, NodeId, ShortChannelId};

/// Where a record lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its first byte in the file.
    pub offset: u64,
    /// Its bytes.
    pub size: u32,
}

impl Place {
    /// Behind its last byte.
    pub(super) const fn end(self) -> u64 {
        self.offset.saturating_add(self.size as u64)
    }
}

/// Names to places. What belongs to a channel lies together, for it comes together and goes together.
#[derive(Debug, Clone, Default)]
pub(super) struct Live {
    channels: BTreeMap<ShortChannelId, ChannelPlaces>,
    nodes: BTreeMap<NodeId, Place>,
    count: usize,
    bytes: u64,
}

/// A channel's announcement, its updates by direction, and what was told of its end.
type ChannelPlaces = [Option<Place>; 4];

impl Live {
    /// Takes what a record says.
    pub(super) fn take(&mut self, restored: &Restored, place: Place) {
        match restored {
            Restored::Gossip { key, .. } => self.insert(*key, place),
            Restored::Removed(short_channel_id) => self.remove_channel(*short_channel_id),
            Restored::Spent { short_channel_id, spent_at } => {
                self.set_spent(*short_channel_id, spent_at.map(|_| place));
            }
        }
    }

    /// The same for one that was written just now.
    pub(super) fn take_record(&mut self, record: &Record<'_>, place: Place) {
        match (record, record.key()) {
            (Record::Removed { short_channel_id }, _) => self.remove_channel(*short_channel_id),
            (Record::Spent { short_channel_id, spent_at }, _) => {
                self.set_spent(*short_channel_id, spent_at.map(|_| place));
            }
            (_, Some(key)) => self.insert(key, place),
            (_, None) => {}
        }
    }

    pub(super) fn insert(&mut self, key: MessageKey, place: Place) {
        let old = match key {
            MessageKey::Channel(id) => self.channels.entry(id).or_default()[ANNOUNCEMENT].replace(place),
            MessageKey::Update(id, direction) => {
                self.channels.entry(id).or_default()[update(direction)].replace(place)
            }
            MessageKey::Node(id) => self.nodes.insert(id, place),
        };
        self.bytes += u64::from(place.size);
        self.count += usize::from(old.is_none());
        self.forget(old);
    }

    pub(super) fn remove_channel(&mut self, id: ShortChannelId) {
        let places = self.channels.remove(&id).unwrap_or_default();
        self.count -= places[..SPENT].iter().flatten().count();
        for place in places {
            self.forget(place);
        }
    }

    /// What was told last of a channel's end holds, and nothing where that is that it has not come.
    pub(super) fn set_spent(&mut self, id: ShortChannelId, place: Option<Place>) {
        if let Some(places) = self.channels.get_mut(&id) {
            self.bytes += place.map_or(0, |place| u64::from(place.size));
            let old = std::mem::replace(&mut places[SPENT], place);
            self.forget(old);
        }
    }

    /// Where it is told that a channel's funding output was spent.
    pub(super) fn spent(&self, id: ShortChannelId) -> Option<Place> {
        self.channels.get(&id)?[SPENT]
    }

    fn forget(&mut self, place: Option<Place>) {
        if let Some(place) = place {
            self.bytes -= u64::from(place.size);
        }
    }

    pub(super) fn get(&self, key: MessageKey) -> Option<Place> {
        match key {
            MessageKey::Channel(id) => self.channels.get(&id)?[ANNOUNCEMENT],
            MessageKey::Update(id, direction) => self.channels.get(&id)?[update(direction)],
            MessageKey::Node(id) => self.nodes.get(&id).copied(),
        }
    }

    /// The first name behind `after`, or of all. Channels come before updates and these before nodes, which is the order
    /// that a log needs.
    pub(super) fn next(&self, after: Option<MessageKey>) -> Option<(MessageKey, Place)> {
        let all = || self.channels.range(..);
        let behind = |id: ShortChannelId| self.channels.range((Excluded(id), Unbounded));
        let first_update = |channels| updates(channels).next();
        let first_node = || self.nodes.iter().next().map(|(id, place)| (MessageKey::Node(*id), *place));
        match after {
            None => announcements(all()).next().or_else(|| first_update(all())).or_else(first_node),
            Some(MessageKey::Channel(id)) => {
                announcements(behind(id)).next().or_else(|| first_update(all())).or_else(first_node)
            }
            Some(key @ MessageKey::Update(id, _)) => {
                let rest = updates(self.channels.range(id..)).find(|(found, _)| *found > key);
                rest.or_else(first_node)
            }
            Some(MessageKey::Node(id)) => {
                let next = self.nodes.range((Excluded(id), Unbounded)).next();
                next.map(|(id, place)| (MessageKey::Node(*id), *place))
            }
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }
}

fn announcements(
    channels: Range<'_, ShortChannelId, ChannelPlaces>,
) -> impl Iterator<Item = (MessageKey, Place)> {
    channels.filter_map(|(id, places)| Some((MessageKey::Channel(*id), places[ANNOUNCEMENT]?)))
}

fn updates(channels: Range<'_, ShortChannelId, ChannelPlaces>) -> impl Iterator<Item = (MessageKey, Place)> {
    channels.flat_map(|(id, places)| {
        Direction::BOTH
            .into_iter()
            .filter_map(|direction| Some((MessageKey::Update(*id, direction), places[update(direction)]?)))
    })
}

const ANNOUNCEMENT: usize = 0;
const SPENT: usize = 3;

const fn update(direction: Direction) -> usize {
    1 + direction.as_usize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_in_their_order_and_replaced_ones_once() {
        let (mut live, mut expected) = (Live::default(), BTreeMap::new());
        let node = |n: u8| {
            let mut bytes = [n; 33];
            bytes[0] = 2;
            MessageKey::Node(NodeId::from_bytes(bytes).expect("prefix 2"))
        };
        for n in 0..200_u32 {
            // A walk that meets each name several times.
            let id = ShortChannelId::from_u64(u64::from(n * 7 % 13));
            let key = match n % 4 {
                0 => MessageKey::Channel(id),
                1 => MessageKey::Update(id, Direction::NodeOneToTwo),
                2 => MessageKey::Update(id, Direction::NodeTwoToOne),
                _ => node((n * 5 % 11) as u8),
            };
            let place = Place { offset: u64::from(n), size: n };
            live.insert(key, place);
            expected.insert(key, place);
            if n % 29 == 0 {
                live.remove_channel(id);
                expected.remove(&MessageKey::Channel(id));
                for direction in Direction::BOTH {
                    expected.remove(&MessageKey::Update(id, direction));
                }
            }
            let mut found = Vec::new();
            while let Some((key, place)) = live.next(found.last().map(|(key, _)| *key)) {
                found.push((key, place));
            }
            assert_eq!(found, expected.clone().into_iter().collect::<Vec<_>>());
            assert!(found.iter().all(|(key, place)| live.get(*key) == Some(*place)));
            let bytes: u64 = found.iter().map(|(_, place)| u64::from(place.size)).sum();
            assert_eq!((live.len(), live.bytes()), (found.len(), bytes));
        }
    }
}
