//! `channel_announcement` (BOLT 7): two nodes prove that they share a funding output.

use bitcoin::constants::ChainHash;

use super::fields::{Fields, length_of};
use super::{WireError, WireMessage};
use crate::codec::Sink;
use crate::{NodeId, ShortChannelId};

/// `channel_announcement`, field by field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelAnnouncement<'a> {
    /// By `node_id_1`.
    pub node_signature_1: [u8; 64],
    /// By `node_id_2`.
    pub node_signature_2: [u8; 64],
    /// By `bitcoin_key_1`.
    pub bitcoin_signature_1: [u8; 64],
    /// By `bitcoin_key_2`.
    pub bitcoin_signature_2: [u8; 64],
    /// Feature bits as they came, leading zeros too.
    pub features: &'a [u8],
    /// The chain that holds the funding output.
    pub chain_hash: ChainHash,
    /// Where in the chain.
    pub short_channel_id: ShortChannelId,
    /// The lesser node id.
    pub node_id_1: NodeId,
    /// The greater node id.
    pub node_id_2: NodeId,
    /// The funding key of the first node, a compressed point where the announcement is honest.
    pub bitcoin_key_1: [u8; 33],
    /// The funding key of the second node.
    pub bitcoin_key_2: [u8; 33],
    /// What stands behind the known fields; the signatures cover it.
    pub extension: &'a [u8],
}

impl ChannelAnnouncement<'_> {
    /// Where in the payload begins what the four signatures sign.
    pub const SIGNED_FROM: usize = 256;
}

impl<'a> WireMessage<'a> for ChannelAnnouncement<'a> {
    const TYPE: u16 = 256;

    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut fields = Fields::new(payload);
        Ok(ChannelAnnouncement {
            node_signature_1: fields.array("node_signature_1")?,
            node_signature_2: fields.array("node_signature_2")?,
            bitcoin_signature_1: fields.array("bitcoin_signature_1")?,
            bitcoin_signature_2: fields.array("bitcoin_signature_2")?,
            features: fields.sized("features")?,
            chain_hash: fields.chain_hash()?,
            short_channel_id: fields.short_channel_id()?,
            node_id_1: fields.node_id("node_id_1")?,
            node_id_2: fields.node_id("node_id_2")?,
            bitcoin_key_1: fields.array("bitcoin_key_1")?,
            bitcoin_key_2: fields.array("bitcoin_key_2")?,
            extension: fields.rest(),
        })
    }

    fn encode(&self, sink: &mut impl Sink) {
        sink.put(&self.node_signature_1);
        sink.put(&self.node_signature_2);
        sink.put(&self.bitcoin_signature_1);
        sink.put(&self.bitcoin_signature_2);
        sink.put(&length_of(self.features));
        sink.put(self.features);
        sink.put(self.chain_hash.as_bytes());
        sink.put(&self.short_channel_id.to_u64().to_be_bytes());
        sink.put(self.node_id_1.as_bytes());
        sink.put(self.node_id_2.as_bytes());
        sink.put(&self.bitcoin_key_1);
        sink.put(&self.bitcoin_key_2);
        sink.put(self.extension);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cut_is_an_error() {
        let mut payload = vec![0; 4 * 64];
        payload.extend([0, 1, 0x80]);
        payload.extend([0; 32]);
        payload.extend(9u64.to_be_bytes());
        payload.extend([[2; 33], [3; 33], [2; 33], [3; 33]].concat());
        let whole = ChannelAnnouncement::decode(&payload).expect("well formed");
        assert_eq!(whole.short_channel_id, ShortChannelId::from_u64(9));
        assert_eq!((whole.features, whole.extension), (&[0x80][..], &[][..]));
        assert_eq!(whole.to_bytes()[2..], payload[..]);
        for size in 0..payload.len() {
            let error = ChannelAnnouncement::decode(&payload[..size]);
            assert!(matches!(error, Err(WireError::Short { .. })), "{size} bytes");
        }
        let node_id_2_at = payload.len() - 99;
        payload[node_id_2_at] = 4;
        assert_eq!(ChannelAnnouncement::decode(&payload), Err(WireError::NodeId { field: "node_id_2" }));
    }
}
