//! Why a query has no answer. The words for a missing route are in [`NoRoute`]'s module.

use primitives::{NodeId, ShortChannelId};

use crate::no_route::NoRoute;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RouteError {
    /// A node of the query is not in the graph.
    #[error("node {node_id} is not in the graph")]
    UnknownNode {
        /// The node.
        node_id: NodeId,
    },
    /// A channel of the query is not in the graph.
    #[error("channel {short_channel_id} is not in the graph")]
    UnknownChannel {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// The query contradicts itself.
    #[error("{reason}")]
    BadQuery {
        /// Where.
        part: QueryPart,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// What the query says of one of its channels contradicts itself.
    #[error("channel {short_channel_id} {reason}")]
    BadChannel {
        /// Where.
        part: QueryPart,
        /// The channel.
        short_channel_id: ShortChannelId,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No route obeys the limits; this is certain.
    #[error("no route: {0}")]
    NoRoute(NoRoute),
    /// The work ran out before a route was found; there may be one.
    #[error(
        "gave up after {settled} nodes and labels without a route; there may be one, allow more work to look on"
    )]
    WorkLimit {
        /// Nodes or labels that were expanded.
        settled: u64,
    },
    /// The graph changed faster than a route could be priced.
    #[error("the graph changed faster than the route could be priced; try again")]
    Contended,
}

/// A part of a query that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryPart {
    /// The amount.
    Amount,
    /// The payee.
    Payee,
    /// The share of each channel that shall stay unused.
    Headroom,
    /// The payer's channels.
    FirstChannels,
    /// The channels that the query tells of.
    ExtraArcs,
    /// Whether inbound fees count.
    InboundFees,
    /// How many parts a plan may have.
    PartCount,
}
