//! Gossip that is signed by keys which a number names.

use bitcoin::hashes::{Hash, sha256d};
use bitcoin::secp256k1::{All, Message, Secp256k1, SecretKey};
use primitives::wire::{Alias, ChannelAnnouncement, ChannelUpdate, NodeAnnouncement, WireMessage};
use primitives::{ChainHash, CltvExpiryDelta, Direction, Msat, NodeId, ShortChannelId, UnixTime};

/// Signs gossip on one chain.
#[derive(Debug)]
pub struct Signer {
    secp: Secp256k1<All>,
    chain_hash: ChainHash,
    /// What stands behind the known fields of every message.
    extension: Vec<u8>,
}

/// A node, by the number that its key is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Author(pub u32);

impl Author {
    /// The key of the node.
    pub fn secret(self) -> SecretKey {
        secret(b'n', u64::from(self.0))
    }
}

/// The two ends of a channel.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    /// One end.
    pub one: Author,
    /// The other.
    pub two: Author,
}

impl Signer {
    /// A signer on `chain_hash`.
    pub fn new(chain_hash: ChainHash) -> Self {
        Signer { secp: Secp256k1::new(), chain_hash, extension: Vec::new() }
    }

    /// The same, with these bytes behind the known fields of every message, as a later version of the protocol may have them.
    pub fn with_extension(self, extension: &[u8]) -> Self {
        Signer { extension: extension.to_vec(), ..self }
    }

    /// The id of a node.
    pub fn node_id(&self, author: Author) -> NodeId {
        NodeId::from(author.secret().public_key(&self.secp))
    }

    /// The funding keys of a channel in the order of its node ids, as they stand in its announcement.
    pub fn funding_keys(&self, short_channel_id: ShortChannelId) -> [[u8; 33]; 2] {
        funding(short_channel_id).map(|key| key.public_key(&self.secp).serialize())
    }

    /// The secrets of the funding keys, in the same order.
    pub fn funding_secrets(&self, short_channel_id: ShortChannelId) -> [SecretKey; 2] {
        funding(short_channel_id)
    }

    /// The announcement of a channel.
    pub fn channel(&self, short_channel_id: ShortChannelId, ends: Ends) -> Vec<u8> {
        let [first, second] = self.in_order(ends);
        let [bitcoin_key_1, bitcoin_key_2] = self.funding_keys(short_channel_id);
        let unsigned = ChannelAnnouncement {
            node_signature_1: [0; 64],
            node_signature_2: [0; 64],
            bitcoin_signature_1: [0; 64],
            bitcoin_signature_2: [0; 64],
            features: &[],
            chain_hash: self.chain_hash,
            short_channel_id,
            node_id_1: self.node_id(first),
            node_id_2: self.node_id(second),
            bitcoin_key_1,
            bitcoin_key_2,
            extension: &self.extension,
        };
        let [key_1, key_2] = funding(short_channel_id);
        let keys = [first.secret(), second.secret(), key_1, key_2];
        self.sign(unsigned.to_bytes(), ChannelAnnouncement::SIGNED_FROM, &keys)
    }

    /// An update of the direction away from the first or the second node id, with a fee that tells it apart.
    pub fn update(
        &self,
        short_channel_id: ShortChannelId,
        ends: Ends,
        direction: Direction,
        timestamp: UnixTime,
        fee_base_msat: u32,
    ) -> Vec<u8> {
        let unsigned = ChannelUpdate {
            signature: [0; 64],
            chain_hash: self.chain_hash,
            short_channel_id,
            timestamp,
            message_flags: 1,
            channel_flags: direction as u8,
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(40),
            htlc_minimum_msat: Msat::from_msat(1),
            fee_base_msat,
            fee_proportional_millionths: 100,
            htlc_maximum_msat: Some(Msat::from_msat(1_000_000)),
            extension: &self.extension,
        };
        let key = self.in_order(ends)[direction.as_usize()].secret();
        self.sign(unsigned.to_bytes(), ChannelUpdate::SIGNED_FROM, &[key])
    }

    /// The announcement of a node.
    pub fn node(&self, author: Author, timestamp: UnixTime) -> Vec<u8> {
        let unsigned = NodeAnnouncement {
            signature: [0; 64],
            features: &[2],
            timestamp,
            node_id: self.node_id(author),
            rgb_color: [1, 2, 3],
            alias: Alias::default(),
            address_bytes: &[1, 127, 0, 0, 1, 0x26, 0x07],
            extension: &self.extension,
        };
        self.sign(unsigned.to_bytes(), NodeAnnouncement::SIGNED_FROM, &[author.secret()])
    }

    fn in_order(&self, ends: Ends) -> [Author; 2] {
        if self.node_id(ends.one) < self.node_id(ends.two) {
            [ends.one, ends.two]
        } else {
            [ends.two, ends.one]
        }
    }

    /// Puts a signature of each key at the front of the payload.
    fn sign(&self, mut message: Vec<u8>, signed_from: usize, keys: &[SecretKey]) -> Vec<u8> {
        let digest = Message::from_digest(sha256d::Hash::hash(&message[2 + signed_from..]).to_byte_array());
        for (key, at) in keys.iter().zip((2..).step_by(64)) {
            let signature = self.secp.sign_ecdsa(&digest, key).serialize_compact();
            message[at..at + 64].copy_from_slice(&signature);
        }
        message
    }
}

fn funding(short_channel_id: ShortChannelId) -> [SecretKey; 2] {
    [b'f', b'g'].map(|kind| secret(kind, short_channel_id.to_u64()))
}

fn secret(kind: u8, number: u64) -> SecretKey {
    let mut bytes = [kind; 32];
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    SecretKey::from_slice(&bytes).expect("far below the order of the curve")
}
