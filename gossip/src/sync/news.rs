//! News since the last flush, and who told them.
//!
//! A channel is among them from its first update on, not before: it must not be told without one (BOLT 7,
//! gossip_timestamp_filter), and one that never has an update costs no flush anything. It counts as told by who told that
//! update.

use std::collections::BTreeMap;

use super::limits::NEWS_COUNT_MAX;
use crate::admit::PeerId;
use crate::view::MessageKey;

/// Names of messages, of which each is told once, however often it changed.
#[derive(Debug, Default)]
pub(super) struct News {
    tellers: BTreeMap<MessageKey, PeerId>,
}

impl News {
    /// Takes note of a message. One that finds no room is left out.
    pub(super) fn insert(&mut self, key: MessageKey, teller: PeerId) {
        if self.tellers.len() < NEWS_COUNT_MAX || self.tellers.contains_key(&key) {
            self.tellers.insert(key, teller);
        }
    }

    /// All of them, with who told each; none are left.
    pub(super) fn take(&mut self) -> BTreeMap<MessageKey, PeerId> {
        std::mem::take(&mut self.tellers)
    }
}

#[cfg(test)]
mod tests {
    use primitives::ShortChannelId;

    use super::*;

    #[test]
    fn there_is_room_for_so_many_until_they_are_taken() {
        let key = |n: usize| MessageKey::Channel(ShortChannelId::from_u64(n as u64));
        let [first, second] = [1, 2].map(PeerId::from_u64);
        let mut news = News::default();
        for n in 0..NEWS_COUNT_MAX + 10 {
            news.insert(key(n), first);
        }
        // What is there already needs no room.
        news.insert(key(5), second);
        let taken = news.take();
        assert_eq!(taken.len(), NEWS_COUNT_MAX);
        assert_eq!((taken[&key(4)], taken[&key(5)]), (first, second));
        assert!(!taken.contains_key(&key(NEWS_COUNT_MAX)));
        news.insert(key(NEWS_COUNT_MAX), first);
        assert_eq!(news.take().into_keys().collect::<Vec<_>>(), [key(NEWS_COUNT_MAX)]);
        assert!(news.take().is_empty());
    }
}
