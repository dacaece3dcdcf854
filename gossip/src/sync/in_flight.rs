//! Channels that peers were asked for and have not answered yet: no other is asked for them meanwhile.
//!
//! But where nothing else is left, a peer that we chose is asked for what strangers were asked for. An answer may take as long
//! as it goes on, so that many strangers, each of whom drips what it claims, could keep the whole graph from us otherwise.

use std::collections::{BTreeSet, HashSet};

use primitives::ShortChannelId;

/// The channels of all questions that are open, by keyed hashes; at most
/// [`ASKED_COUNT_MAX`](super::limits::ASKED_COUNT_MAX) of each peer.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    /// Those that peers whom we chose were asked for.
    of_chosen: HashSet<ShortChannelId>,
    /// Those that strangers were asked for.
    of_strangers: HashSet<ShortChannelId>,
    version: u64,
}

impl InFlight {
    /// Whether somebody was asked for it; of those that we chose alone where strangers do not count. O(1).
    pub(super) fn contains(&self, id: ShortChannelId, count_strangers: bool) -> bool {
        self.of_chosen.contains(&id) || (count_strangers && self.of_strangers.contains(&id))
    }

    /// Changes whenever others may be asked for something again.
    pub(super) const fn version(&self) -> u64 {
        self.version
    }

    /// A question to a peer begins.
    pub(super) fn begin(&mut self, ids: &BTreeSet<ShortChannelId>, is_outbound: bool) {
        self.of(is_outbound).extend(ids);
    }

    /// A question to a peer has come to its end, whatever that is.
    pub(super) fn end(&mut self, ids: &BTreeSet<ShortChannelId>, is_outbound: bool) {
        let asked = self.of(is_outbound);
        for id in ids {
            asked.remove(id);
        }
        self.version = self.version.wrapping_add(1);
    }

    fn of(&mut self, is_outbound: bool) -> &mut HashSet<ShortChannelId> {
        if is_outbound { &mut self.of_chosen } else { &mut self.of_strangers }
    }
}
