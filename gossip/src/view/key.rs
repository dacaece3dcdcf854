//! The name of a message that the log keeps.

use primitives::{Direction, NodeId, ShortChannelId};

use crate::verify::{Subject, VerifiedGossip};

/// Which message: there is at most one of each that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageKey {
    /// The `channel_announcement` of a channel.
    Channel(ShortChannelId),
    /// The latest `channel_update` of a direction.
    Update(ShortChannelId, Direction),
    /// The latest `node_announcement` of a node.
    Node(NodeId),
}

impl MessageKey {
    /// The name of a message that says this.
    pub(crate) const fn of_subject(subject: &Subject) -> Self {
        match subject {
            Subject::Channel(channel) => MessageKey::Channel(channel.short_channel_id),
            Subject::Update(update) => MessageKey::Update(update.short_channel_id, update.direction),
            Subject::Node(node) => MessageKey::Node(node.node_id),
        }
    }

    /// The name of a message that was verified.
    pub(crate) const fn of<M>(gossip: &VerifiedGossip<M>) -> Self {
        match gossip {
            VerifiedGossip::Channel(channel) => MessageKey::Channel(channel.fact().short_channel_id),
            VerifiedGossip::Update(update) => {
                MessageKey::Update(update.fact().short_channel_id, update.fact().direction)
            }
            VerifiedGossip::Node(node) => MessageKey::Node(node.fact().node_id),
        }
    }
}
