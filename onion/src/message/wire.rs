//! `onion_message` as it travels.

use std::fmt;

use bitcoin::secp256k1::PublicKey;

/// An onion message, between two peers.
#[derive(Clone, PartialEq, Eq)]
pub struct OnionMessage {
    /// The key that the receiving peer needs.
    pub path_key: PublicKey,
    /// The packet. Nothing in it is checked before it is peeled.
    pub onion_message_packet: Vec<u8>,
}

impl OnionMessage {
    /// The message's contents, without its type 513.
    pub fn encode(&self) -> Vec<u8> {
        let packet = &self.onion_message_packet;
        let mut bytes = Vec::with_capacity(33 + 2 + packet.len());
        bytes.extend(self.path_key.serialize());
        // A packet that was built or read here is no longer.
        bytes.extend(u16::try_from(packet.len()).unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend(packet.iter().take(usize::from(u16::MAX)));
        bytes
    }

    /// Reads a message's contents; what follows the packet is ignored. `None` where the bytes end early or the key is no
    /// point.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (path_key, rest) = bytes.split_first_chunk::<33>()?;
        let (len, rest) = rest.split_first_chunk()?;
        let packet = rest.get(..usize::from(u16::from_be_bytes(*len)))?;
        let path_key = PublicKey::from_slice(path_key).ok()?;
        Some(OnionMessage { path_key, onion_message_packet: packet.to_vec() })
    }
}

impl fmt::Debug for OnionMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OnionMessage({} bytes for {})", self.onion_message_packet.len(), self.path_key)
    }
}
