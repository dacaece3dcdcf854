//! What can change in the channel graph. Gossip and imports speak to the engine in these words only.

use crate::{CltvExpiryDelta, Direction, Features, Fee, InboundFee, Msat, NodeId, ShortChannelId, UnixTime};

/// What a node asks of HTLCs that it forwards over one direction of a channel: the content of a `channel_update`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChannelPolicy {
    /// The fee for an HTLC that leaves on this channel.
    pub fee: Fee,
    /// The fee for an HTLC that arrives on this channel (bLIP-18), charged by the same node.
    pub inbound_fee: InboundFee,
    /// Blocks between the incoming and the outgoing HTLC's expiry.
    pub cltv_expiry_delta: CltvExpiryDelta,
    /// The smallest HTLC.
    pub htlc_minimum_msat: Msat,
    /// The largest HTLC.
    pub htlc_maximum_msat: Msat,
    /// The `disable` bit of `channel_flags`.
    pub disabled: bool,
    /// `timestamp` of the `channel_update`.
    pub last_update: UnixTime,
}

/// One change of the channel graph; also what is stored and replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GraphDelta {
    /// A channel was announced. It carries no payment until a policy is known.
    ChannelOpened {
        /// The channel.
        short_channel_id: ShortChannelId,
        /// The lesser node id.
        node_id_1: NodeId,
        /// The greater node id.
        node_id_2: NodeId,
        /// The funding output's value, where it is known.
        capacity: Option<Msat>,
        /// `features` of the `channel_announcement`.
        features: Features,
    },
    /// The funding output was spent, or the channel was pruned.
    ChannelClosed {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// One direction has a new policy.
    PolicyUpdated {
        /// The channel.
        short_channel_id: ShortChannelId,
        /// The direction it holds for.
        direction: Direction,
        /// The new policy, whole.
        policy: ChannelPolicy,
    },
    /// A node announced itself. It comes after a channel of the node, as in BOLT 7 (node_announcement), and is forgotten some
    /// time after the last one has closed.
    NodeSeen {
        /// The node.
        node_id: NodeId,
        /// `features` of the `node_announcement`.
        features: Features,
    },
}
