//! `node_announcement` (BOLT 7): what a node tells of itself.

use super::fields::{Fields, length_of};
use super::{Addresses, Alias, WireError, WireMessage};
use crate::codec::Sink;
use crate::{NodeId, UnixTime};

/// `node_announcement`, field by field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeAnnouncement<'a> {
    /// By `node_id`.
    pub signature: [u8; 64],
    /// Feature bits as they came, leading zeros too.
    pub features: &'a [u8],
    /// Later ones replace earlier ones.
    pub timestamp: UnixTime,
    /// The node.
    pub node_id: NodeId,
    /// Red, green, blue.
    pub rgb_color: [u8; 3],
    /// What it calls itself.
    pub alias: Alias,
    /// Address descriptors as they came; [`NodeAnnouncement::addresses`] reads them.
    pub address_bytes: &'a [u8],
    /// What stands behind the known fields; the signature covers it.
    pub extension: &'a [u8],
}

impl<'a> NodeAnnouncement<'a> {
    /// Where in the payload begins what the signature signs.
    pub const SIGNED_FROM: usize = 64;

    /// Where the node can be reached, in the order of the message, as far as the types are known.
    pub const fn addresses(&self) -> Addresses<'a> {
        Addresses::new(self.address_bytes)
    }
}

impl<'a> WireMessage<'a> for NodeAnnouncement<'a> {
    const TYPE: u16 = 257;

    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut fields = Fields::new(payload);
        Ok(NodeAnnouncement {
            signature: fields.array("signature")?,
            features: fields.sized("features")?,
            timestamp: fields.time("timestamp")?,
            node_id: fields.node_id("node_id")?,
            rgb_color: fields.array("rgb_color")?,
            alias: Alias::from_bytes(fields.array("alias")?),
            address_bytes: fields.sized("addresses")?,
            extension: fields.rest(),
        })
    }

    fn encode(&self, sink: &mut impl Sink) {
        sink.put(&self.signature);
        sink.put(&length_of(self.features));
        sink.put(self.features);
        sink.put(&self.timestamp.to_secs().to_be_bytes());
        sink.put(self.node_id.as_bytes());
        sink.put(&self.rgb_color);
        sink.put(self.alias.as_bytes());
        sink.put(&length_of(self.address_bytes));
        sink.put(self.address_bytes);
        sink.put(self.extension);
    }
}
