//! What a message says, without its signatures.

use primitives::{ChannelPolicy, Direction, Features, NodeId, ShortChannelId, UnixTime};

/// What a `channel_announcement` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelFact {
    /// The channel.
    pub short_channel_id: ShortChannelId,
    /// The lesser node id.
    pub node_id_1: NodeId,
    /// The greater node id.
    pub node_id_2: NodeId,
    /// The funding key of the first node.
    pub bitcoin_key_1: [u8; 33],
    /// The funding key of the second node.
    pub bitcoin_key_2: [u8; 33],
    /// Feature bits of the channel.
    pub features: Features,
}

/// What a `channel_update` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpdateFact {
    /// The channel.
    pub short_channel_id: ShortChannelId,
    /// Which way along it.
    pub direction: Direction,
    /// What is asked for forwarding.
    pub policy: ChannelPolicy,
    /// Which of two updates is the newer one.
    pub revision: Revision,
    /// CRC-32C of the message without signature and timestamp (BOLT 7, Query Messages).
    pub checksum: u32,
}

/// What a `node_announcement` says about routing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFact {
    /// The node.
    pub node_id: NodeId,
    /// Feature bits of the node.
    pub features: Features,
    /// Which of two announcements is the newer one.
    pub revision: Revision,
}

/// Orders messages of one author about one thing.
///
/// The later timestamp is the newer one. Where an author has signed two contents with one timestamp, BOLT 7 leaves
/// open which of them holds; the greater digest does here, so that all who have seen both agree, in whatever order they
/// came. The digest covers what is signed and not the signature, which anybody can alter (its `s` negated).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision {
    /// `timestamp` of the message.
    pub timestamp: UnixTime,
    /// The first 64 bits of the double SHA-256 of what is signed.
    pub digest: u64,
}

impl Revision {
    /// That of a message with this `timestamp` and this double SHA-256 of what is signed.
    pub(super) fn new(timestamp: UnixTime, digest: &[u8; 32]) -> Self {
        Revision {
            timestamp,
            digest: u64::from_be_bytes(*digest.first_chunk().expect("a hash has 32 bytes")),
        }
    }
}
