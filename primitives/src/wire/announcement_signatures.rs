//! `announcement_signatures` (BOLT 7): one end's half of a `channel_announcement`, told to the other end alone.

use super::fields::Fields;
use super::{WireError, WireMessage};
use crate::ShortChannelId;
use crate::codec::Sink;

/// `announcement_signatures`, field by field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnnouncementSignatures {
    /// The channel as its ends name it (BOLT 2).
    pub channel_id: [u8; 32],
    /// The channel as the chain names it.
    pub short_channel_id: ShortChannelId,
    /// By the sender's node key.
    pub node_signature: [u8; 64],
    /// By the sender's funding key.
    pub bitcoin_signature: [u8; 64],
}

impl<'a> WireMessage<'a> for AnnouncementSignatures {
    const TYPE: u16 = 259;

    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut fields = Fields::new(payload);
        Ok(AnnouncementSignatures {
            channel_id: fields.array("channel_id")?,
            short_channel_id: fields.short_channel_id()?,
            node_signature: fields.array("node_signature")?,
            bitcoin_signature: fields.array("bitcoin_signature")?,
        })
    }

    fn encode(&self, sink: &mut impl Sink) {
        sink.put(&self.channel_id);
        sink.put(&self.short_channel_id.to_u64().to_be_bytes());
        sink.put(&self.node_signature);
        sink.put(&self.bitcoin_signature);
    }
}
