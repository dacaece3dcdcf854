//! What is kept of a channel, a direction and a node.

use primitives::{BlockHeight, ChannelPolicy, Direction, Features, Msat, NodeId, UnixTime};

use super::limits::{UPDATE_BURST, UPDATE_INTERVAL_SECS};
use crate::verify::Revision;

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelEntry {
    /// The lesser node id and the greater one.
    pub node_ids: [NodeId; 2],
    /// The funding keys, in ascending order.
    pub(super) bitcoin_keys: [[u8; 33]; 2],
    /// What the chain told, where it was asked.
    pub capacity: Option<Msat>,
    /// Feature bits.
    pub features: Features,
    /// The update that holds, for each direction.
    pub updates: [Option<UpdateEntry>; 2],
    /// When the channel came into the view.
    pub seen_at: UnixTime,
    /// The block that spent the funding output.
    pub spent_at: Option<BlockHeight>,
}

impl ChannelEntry {
    /// Times of both updates, zero where there is none (BOLT 7, Query Messages).
    pub fn timestamps(&self) -> [u32; 2] {
        self.updates.map(|update| update.map_or(0, |update| update.revision.timestamp.to_secs()))
    }

    /// Checksums of both updates, zero where there is none (BOLT 7, Query Messages).
    pub fn checksums(&self) -> [u32; 2] {
        self.updates.map(|update| update.map_or(0, |update| update.checksum))
    }

    /// The node at a direction's tail, which signs its updates.
    pub const fn tail(&self, direction: Direction) -> NodeId {
        self.node_ids[direction as usize]
    }
}

/// The update that holds for one direction.
#[derive(Debug, Clone, Copy)]
pub struct UpdateEntry {
    /// Which one it is.
    pub revision: Revision,
    /// CRC-32C of its content.
    pub checksum: u32,
    /// What it asks for.
    pub policy: ChannelPolicy,
    /// How many updates may still come, and since when they are counted.
    pub(super) allowance: Allowance,
}

/// Two entries are equal where they say the same; how often they were told is no content.
impl PartialEq for UpdateEntry {
    fn eq(&self, other: &Self) -> bool {
        self.revision == other.revision && self.checksum == other.checksum && self.policy == other.policy
    }
}

impl Eq for UpdateEntry {}

/// A token bucket of updates, or of a node's announcements, refilled by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    tokens: u8,
    counted_at: UnixTime,
}

impl Allowance {
    pub(super) const fn full(now: UnixTime) -> Self {
        Allowance { tokens: UPDATE_BURST, counted_at: now }
    }

    /// What is allowed at `now`.
    pub(super) fn at(self, now: UnixTime) -> Self {
        let earned = now.to_secs().saturating_sub(self.counted_at.to_secs()) / UPDATE_INTERVAL_SECS;
        let tokens = u32::from(self.tokens).saturating_add(earned);
        if tokens >= u32::from(UPDATE_BURST) {
            return Allowance::full(now);
        }
        let counted_at = self.counted_at.to_secs().saturating_add(earned * UPDATE_INTERVAL_SECS);
        Allowance { tokens: tokens as u8, counted_at: UnixTime::from_secs(counted_at) }
    }

    /// One update less; `None` where none is left.
    pub(super) fn spend(self) -> Option<Self> {
        Some(Allowance { tokens: self.tokens.checked_sub(1)?, ..self })
    }
}

/// A node that has a channel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeEntry {
    /// How many channels it has.
    pub channel_count: u32,
    /// The announcement that holds, where there was one.
    pub announced: Option<AnnouncedNode>,
}

/// The announcement that holds for a node.
#[derive(Debug, Clone)]
pub struct AnnouncedNode {
    /// Which one it is.
    pub revision: Revision,
    /// Feature bits.
    pub features: Features,
    /// How many may still come, and since when they are counted.
    pub(super) allowance: Allowance,
}

/// Two are equal where they say the same; how often they were told is no content.
impl PartialEq for AnnouncedNode {
    fn eq(&self, other: &Self) -> bool {
        self.revision == other.revision && self.features == other.features
    }
}

impl Eq for AnnouncedNode {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_are_earned_by_waiting() {
        let at = UnixTime::from_secs;
        let mut allowance = Allowance::full(at(1000));
        for _ in 0..UPDATE_BURST {
            allowance = allowance.at(at(1000)).spend().expect("a full bucket");
        }
        assert_eq!(allowance.at(at(1059)).spend(), None);
        let later = allowance.at(at(1130));
        assert_eq!(later, Allowance { tokens: 2, counted_at: at(1120) });
        assert_eq!(later.at(at(999)), later);
        assert_eq!(later.at(at(u32::MAX)).tokens, UPDATE_BURST);
    }
}
