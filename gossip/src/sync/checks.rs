//! Messages whose signatures are being checked, and whose turn is next.

use std::collections::{BTreeMap, HashSet, VecDeque};

use crate::admit::PeerId;
use crate::view::MessageKey;

/// Pieces under way, and the line of those who wait.
#[derive(Debug, Default)]
pub(super) struct Checks {
    /// Who sent the messages of each piece, and their names.
    under_way: BTreeMap<u64, Vec<(PeerId, MessageKey)>>,
    /// All of these names: there is at most one message of each.
    names: HashSet<MessageKey>,
    next: u64,
    /// Peers with messages in their inbox, each of them once. Some may have left since.
    pub(super) line: VecDeque<PeerId>,
}

impl Checks {
    pub(super) fn is_idle(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Pieces under way.
    pub(super) fn piece_count(&self) -> usize {
        self.under_way.len()
    }

    /// Whether a message of this name is being checked, or about to be.
    pub(super) fn has_name(&self, name: &MessageKey) -> bool {
        self.names.contains(name)
    }

    /// A message of this name is about to be checked: [`Checks::start`] is told of it, too.
    pub(super) fn take_name(&mut self, name: MessageKey) {
        self.names.insert(name);
    }

    /// A piece leaves; its number.
    pub(super) fn start(&mut self, senders: Vec<(PeerId, MessageKey)>) -> u64 {
        let number = self.next;
        self.next += 1;
        self.under_way.insert(number, senders);
        number
    }

    /// A piece came back; who sent its messages. Nobody where it was none of ours.
    pub(super) fn finish(&mut self, number: u64) -> Vec<(PeerId, MessageKey)> {
        let senders = self.under_way.remove(&number).unwrap_or_default();
        for (_, name) in &senders {
            self.names.remove(name);
        }
        senders
    }
}
