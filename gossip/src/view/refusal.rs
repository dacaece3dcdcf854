//! Why verified or parsed gossip does not change the view.

use primitives::{NodeId, ShortChannelId};

/// Where a message stands before its signatures are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is news; a `channel_update` is signed by this node, other messages name their signers.
    News {
        /// Who signs an update.
        signer: Option<NodeId>,
    },
    /// It is about a channel that is not known (yet).
    NeedsChannel(ShortChannelId),
    /// It is about a node that has no channel (yet).
    NeedsNode(NodeId),
}

/// Why a message changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is known already, or something newer is.
    #[error("it is not newer than what is known")]
    Known,
    /// An update of more than two weeks ago.
    #[error("it is older than two weeks")]
    Stale,
    /// A timestamp more than a day ahead.
    #[error("it is more than a day ahead of the clock")]
    Future,
    /// The direction was updated too often, or the node was announced too often.
    #[error("the direction or the node is updated too often")]
    TooOften,
    /// The channel is announced by others, or its owners signed two announcements.
    #[error("channel {short_channel_id} has another announcement")]
    Conflict {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// The channel is not known.
    #[error("channel {short_channel_id} is not known")]
    NoChannel {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// The node has no channel.
    #[error("node {node_id} has no channel")]
    NoNode {
        /// The node.
        node_id: NodeId,
    },
    /// The channel's block is not there yet.
    #[error("channel {short_channel_id} is far above the tip of the chain")]
    Early {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// The chain has said already that there is no such output.
    #[error("channel {short_channel_id} has no unspent output that pays to its keys")]
    NoOutput {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// The view holds as many channels as it may.
    #[error("the view is full")]
    Full,
}

impl Refusal {
    /// Whether an honest and attentive peer would not have sent it, and pays for it.
    pub const fn is_waste(self) -> bool {
        match self {
            // Several peers tell the same news and the same channels that were closed of late. Ours may be the chain that is
            // behind. And a peer is free not to prune (BOLT 7, Pruning the Network View).
            Refusal::Known | Refusal::Stale | Refusal::Early { .. } | Refusal::NoOutput { .. } => false,
            Refusal::Future
            | Refusal::TooOften
            | Refusal::Conflict { .. }
            | Refusal::NoChannel { .. }
            | Refusal::NoNode { .. }
            | Refusal::Full => true,
        }
    }
}
