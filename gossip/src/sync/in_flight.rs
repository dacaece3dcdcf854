//! Channels that peers were asked for and have not answered yet: no other is asked for them meanwhile.

use std::collections::{BTreeSet, HashSet};

use primitives::ShortChannelId;

/// The channels of all questions that are open, by keyed hashes; at most
/// [`ASKED_COUNT_MAX`](super::limits::ASKED_COUNT_MAX) of each peer.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    ids: HashSet<ShortChannelId>,
    version: u64,
}

impl InFlight {
    /// Whether somebody was asked for it. O(1).
    pub(super) fn contains(&self, id: ShortChannelId) -> bool {
        self.ids.contains(&id)
    }

    /// Changes whenever others may be asked for something again.
    pub(super) const fn version(&self) -> u64 {
        self.version
    }

    /// A question begins.
    pub(super) fn begin(&mut self, ids: &BTreeSet<ShortChannelId>) {
        self.ids.extend(ids);
    }

    /// A question has come to its end, whatever that is.
    pub(super) fn end(&mut self, ids: &BTreeSet<ShortChannelId>) {
        for id in ids {
            self.ids.remove(id);
        }
        self.version = self.version.wrapping_add(1);
    }
}
