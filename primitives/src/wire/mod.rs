//! Messages as they travel between nodes: setup and control (BOLT 1), gossip and its queries (BOLT 7).
//!
//! ```text
//! type u16 | payload, as the type says | extension, a TLV stream
//! ```
//!
//! Every message borrows the bytes that it was read from, so reading allocates nothing however large the message is, and
//! gossip is encoded again byte for byte: signatures cover fields that nobody knows yet. Whether a signature is right,
//! a key a point, or a timestamp sound is not asked here.

mod address;
mod alias;
mod announcement_signatures;
mod any_message;
mod channel_announcement;
mod channel_range;
mod channel_update;
mod fields;
mod init;
mod message;
mod node_announcement;
mod ping;
mod query_short_channel_ids;
mod short_ids;
mod timestamp_filter;
mod warning;

pub use address::{Address, AddressError, Addresses};
pub use alias::Alias;
pub use announcement_signatures::AnnouncementSignatures;
pub use any_message::Message;
pub use channel_announcement::ChannelAnnouncement;
pub use channel_range::{QueryChannelRange, RangeEntry, ReplyChannelRange, WANT_CHECKSUMS, WANT_TIMESTAMPS};
pub use channel_update::ChannelUpdate;
pub use fields::WireError;
pub use init::Init;
pub use message::{MESSAGE_SIZE_MAX, WireMessage, message_type};
pub use node_announcement::NodeAnnouncement;
pub use ping::{PONG_BYTES_MAX, Ping, Pong};
pub use query_short_channel_ids::{QueryFlags, QueryShortChannelIds, ReplyShortChannelIdsEnd};
pub use short_ids::ShortIds;
pub use timestamp_filter::GossipTimestampFilter;
pub use warning::{ErrorMessage, Warning};
