//! What a record says, and what it is when it comes back.

use primitives::wire::{ChannelAnnouncement, ChannelUpdate, NodeAnnouncement, WireMessage as _};
use primitives::{BlockHeight, ChainHash, GraphDelta, Msat, ShortChannelId, UnixTime};

use crate::verify::{ParseError, VerifiedGossip};
use crate::view::{MessageKey, NetworkView, Refusal};

/// What a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record<'a> {
    /// A channel came.
    Channel {
        /// Its capacity, where the chain was asked.
        capacity: Option<Msat>,
        /// The `channel_announcement` with its type.
        message: &'a [u8],
    },
    /// A direction was updated.
    Update {
        /// The `channel_update` with its type.
        message: &'a [u8],
    },
    /// A node announced itself.
    Node {
        /// The `node_announcement` with its type.
        message: &'a [u8],
    },
    /// A channel left, and its updates with it.
    Removed {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// A channel's funding output was spent.
    Spent {
        /// The channel.
        short_channel_id: ShortChannelId,
        /// The block; `None` where another branch of the chain has it unspent.
        spent_at: Option<BlockHeight>,
    },
}

/// What a record means for the view. The message itself stays in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly every record is the large one, and lives for one call")]
pub enum Restored {
    /// Gossip that was verified when it was stored.
    Gossip {
        /// Its name.
        key: MessageKey,
        /// What it says.
        gossip: VerifiedGossip<()>,
        /// A channel's capacity.
        capacity: Option<Msat>,
        /// When it was stored, a moment after it was taken: rates of admission are counted on from then.
        stored_at: UnixTime,
    },
    /// A channel left.
    Removed(ShortChannelId),
    /// A channel's funding output was spent.
    Spent {
        /// The channel.
        short_channel_id: ShortChannelId,
        /// The block; `None` where another branch of the chain has it unspent.
        spent_at: Option<BlockHeight>,
    },
}

impl<'a> Record<'a> {
    /// The raw message, where there is one.
    pub const fn message(&self) -> Option<&'a [u8]> {
        match self {
            Record::Channel { message, .. } | Record::Update { message } | Record::Node { message } => {
                Some(*message)
            }
            Record::Removed { .. } | Record::Spent { .. } => None,
        }
    }

    /// The name of the message, where there is one that names something: without its hash, and whatever else it says.
    pub fn key(&self) -> Option<MessageKey> {
        let payload = self.message()?.get(2..)?;
        match self {
            Record::Channel { .. } => {
                let channel = ChannelAnnouncement::decode(payload).ok()?;
                Some(MessageKey::Channel(channel.short_channel_id))
            }
            Record::Update { .. } => {
                let update = ChannelUpdate::decode(payload).ok()?;
                Some(MessageKey::Update(update.short_channel_id, update.direction()))
            }
            Record::Node { .. } => Some(MessageKey::Node(NodeAnnouncement::decode(payload).ok()?.node_id)),
            Record::Removed { .. } | Record::Spent { .. } => None,
        }
    }

    /// Reads what we stored ourselves, and nothing else: no signature is looked at. The record's checksum stands for them,
    /// which were checked before it was written; whoever can write our files can as well change our programs. Gossip of
    /// any other source goes through [`Candidate`](crate::verify::Candidate).
    ///
    /// # Errors
    /// Where the message does not parse, or is of another kind than the record.
    pub fn restore(&self, chain: ChainHash, stored_at: UnixTime) -> Result<Restored, RestoreError> {
        let (message, capacity) = match *self {
            Record::Channel { capacity, message } => (message, capacity),
            Record::Update { message } | Record::Node { message } => (message, None),
            Record::Removed { short_channel_id } => return Ok(Restored::Removed(short_channel_id)),
            Record::Spent { short_channel_id, spent_at } => {
                return Ok(Restored::Spent { short_channel_id, spent_at });
            }
        };
        let gossip = VerifiedGossip::when_stored(message, chain).ok_or(RestoreError::Kind)??;
        let key = MessageKey::of(&gossip);
        let is_of_kind = match self {
            Record::Channel { .. } => matches!(key, MessageKey::Channel(_)),
            Record::Update { .. } => matches!(key, MessageKey::Update(..)),
            Record::Node { .. } => matches!(key, MessageKey::Node(_)),
            Record::Removed { .. } | Record::Spent { .. } => false,
        };
        if !is_of_kind {
            return Err(RestoreError::Kind);
        }
        Ok(Restored::Gossip { key, gossip, capacity, stored_at })
    }
}

impl Restored {
    /// Does to a view what the record says; returns the change of the graph. What is in the log was admitted, so that neither
    /// rates nor times are looked at again; what has become stale since leaves with the next pruning.
    ///
    /// # Errors
    /// Where the view has it already, or something newer, or not what it is about.
    pub fn apply(&self, view: &mut NetworkView) -> Result<Option<GraphDelta>, Refusal> {
        match self {
            Restored::Removed(short_channel_id) => Ok(view.remove(*short_channel_id)),
            Restored::Spent { short_channel_id, spent_at } => {
                view.set_spent(*short_channel_id, *spent_at);
                Ok(None)
            }
            Restored::Gossip { gossip, capacity, stored_at, .. } => match gossip {
                VerifiedGossip::Channel(channel) => view.apply_channel(channel, *capacity, *stored_at),
                VerifiedGossip::Update(update) => view.restore_update(update, *stored_at),
                VerifiedGossip::Node(node) => view.restore_node(node, *stored_at),
            }
            .map(Some),
        }
    }
}

/// Why a record means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The message is of another type than the record.
    #[error("the record's message is of another type than the record")]
    Kind,
    /// The message does not parse.
    #[error("{0}")]
    Parse(#[from] ParseError),
}
