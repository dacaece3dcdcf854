//! A message of any type, behind its two bytes of type.

use super::announcement_signatures::AnnouncementSignatures;
use super::channel_announcement::ChannelAnnouncement;
use super::channel_range::{QueryChannelRange, ReplyChannelRange};
use super::channel_update::ChannelUpdate;
use super::fields::WireError;
use super::init::Init;
use super::message::{MESSAGE_SIZE_MAX, WireMessage as _};
use super::node_announcement::NodeAnnouncement;
use super::ping::{Ping, Pong};
use super::query_short_channel_ids::{QueryShortChannelIds, ReplyShortChannelIdsEnd};
use super::timestamp_filter::GossipTimestampFilter;
use super::warning::{ErrorMessage, Warning};
use crate::codec::Sink;

macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident($message:ty),)*) => {
        /// A message of one of the known types.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        #[expect(clippy::large_enum_variant, reason = "it lives for one call, and a box would allocate")]
        pub enum Message<'a> {
            $($(#[$doc])* $name($message),)*
            /// A type that is not known. An even one ends the connection, an odd one is ignored (BOLT 1).
            Unknown {
                /// The type.
                message_type: u16,
                /// What stands behind it.
                payload: &'a [u8],
            },
        }

        impl<'a> Message<'a> {
            /// Reads a message of 2 to 65,535 bytes.
            ///
            /// # Errors
            /// Where the size is another, or a known type has a broken payload.
            pub fn decode(bytes: &'a [u8]) -> Result<Self, WireError> {
                let (kind, payload) = split(bytes)?;
                match kind {
                    $(<$message>::TYPE => Ok(Message::$name(<$message>::decode(payload)?)),)*
                    message_type => Ok(Message::Unknown { message_type, payload }),
                }
            }

            /// Writes type and payload.
            pub fn encode(&self, sink: &mut impl Sink) {
                sink.put(&self.message_type().to_be_bytes());
                match self {
                    $(Message::$name(message) => message.encode(sink),)*
                    Message::Unknown { payload, .. } => sink.put(payload),
                }
            }

            /// The number of the type.
            pub const fn message_type(&self) -> u16 {
                match self {
                    $(Message::$name(_) => <$message>::TYPE,)*
                    Message::Unknown { message_type, .. } => *message_type,
                }
            }
        }
    };
}

messages! {
    /// Something is amiss.
    Warning(Warning<'a>),
    /// The first message of a connection.
    Init(Init<'a>),
    /// A channel or all of them have failed.
    Error(ErrorMessage<'a>),
    /// Are you there?
    Ping(Ping<'a>),
    /// Yes.
    Pong(Pong<'a>),
    /// A channel exists.
    ChannelAnnouncement(ChannelAnnouncement<'a>),
    /// A node exists.
    NodeAnnouncement(NodeAnnouncement<'a>),
    /// What a node asks for forwarding over a channel.
    ChannelUpdate(ChannelUpdate<'a>),
    /// Half of the signatures of a `channel_announcement`.
    AnnouncementSignatures(AnnouncementSignatures),
    /// Asks for all about some channels.
    QueryShortChannelIds(QueryShortChannelIds<'a>),
    /// The end of such an answer.
    ReplyShortChannelIdsEnd(ReplyShortChannelIdsEnd),
    /// Asks which channels there are.
    QueryChannelRange(QueryChannelRange),
    /// Says which channels there are.
    ReplyChannelRange(ReplyChannelRange<'a>),
    /// Which gossip is wanted from now on.
    GossipTimestampFilter(GossipTimestampFilter),
}

fn split(bytes: &[u8]) -> Result<(u16, &[u8]), WireError> {
    match bytes.split_first_chunk() {
        Some((kind, payload)) if bytes.len() <= MESSAGE_SIZE_MAX => Ok((u16::from_be_bytes(*kind), payload)),
        _ => Err(WireError::Size { size: bytes.len() }),
    }
}
