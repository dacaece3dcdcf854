//! The name of a message that the log keeps.

use primitives::{Direction, NodeId, ShortChannelId};

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
