//! Blinded paths: made by who wants to be reached, used by who does not learn whom he reaches (BOLT 4, Route Blinding).
//!
//! ```text
//! first_node_id 33, or direction 1 | short_channel_id 8
//! first_path_key 33 | num_hops 1 | for each hop: blinded_node_id 33 | enclen 2 | encrypted_recipient_data
//! ```

use bitcoin::secp256k1::{All, PublicKey, Secp256k1, SecretKey};
use chacha20poly1305::aead::AeadInOut as _;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _};
use primitives::codec::Sink;
use primitives::{Direction, ShortChannelId, ShortChannelIdDir};

use crate::keys::{KeyType, SharedSecret, WipedKey};
use crate::packet::{HOP_COUNT_MAX, HopPayload};

/// A path to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlindedPath {
    /// Where it begins.
    pub introduction: IntroductionNode,
    /// The key that the first node needs.
    pub first_path_key: PublicKey,
    /// The nodes from the first on.
    pub hops: Vec<BlindedHop>,
}

/// A node of a blinded path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlindedHop {
    /// The key that the packet is built for.
    pub blinded_node_id: PublicKey,
    /// What it is told.
    pub encrypted_recipient_data: Vec<u8>,
}

/// The node where a blinded path begins, which is not hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntroductionNode {
    /// Its id.
    NodeId(PublicKey),
    /// One end of a channel, to save bytes: the node from which the channel's direction leaves.
    Channel(ShortChannelIdDir),
}

/// Makes a path over `nodes`, each with what it is told. `session_key` must be fresh. Costs two products with variable
/// points and one with the base point for each node.
///
/// # Errors
/// See [`BlindError`].
pub fn blind<P: HopPayload>(
    secp: &Secp256k1<All>,
    session_key: &SecretKey,
    nodes: &[(PublicKey, P)],
) -> Result<BlindedPath, BlindError> {
    let Some(((first_node, _), _)) = nodes.split_first().filter(|_| nodes.len() <= HOP_COUNT_MAX) else {
        return Err(BlindError::HopCount { hop_count: nodes.len() });
    };
    let first_path_key = session_key.public_key(secp);
    let (mut secret_key, mut path_key) = (WipedKey::new(*session_key), first_path_key);
    let mut hops = Vec::with_capacity(nodes.len());
    for (at, (node_id, data)) in nodes.iter().enumerate() {
        let secret = SharedSecret::new(node_id, secret_key.as_key());
        let node_factor = secret.node_factor().ok_or(BlindError::SessionKey)?;
        let blinded_node_id = node_factor.blind_public(secp, node_id).ok_or(BlindError::SessionKey)?;
        hops.push(BlindedHop { blinded_node_id, encrypted_recipient_data: encrypt(&secret, data)? });
        if at + 1 < nodes.len() {
            let factor = secret.blinding_factor(&path_key.serialize()).ok_or(BlindError::SessionKey)?;
            secret_key = factor.blind_secret(secret_key.as_key()).ok_or(BlindError::SessionKey)?;
            path_key = secret_key.public(secp);
        }
    }
    Ok(BlindedPath { introduction: IntroductionNode::NodeId(*first_node), first_path_key, hops })
}

fn encrypt<P: HopPayload>(secret: &SharedSecret, data: &P) -> Result<Vec<u8>, BlindError> {
    let data_len = data.encoded_len();
    if data_len > DATA_LEN_MAX {
        return Err(BlindError::TooLong { len: data_len });
    }
    let mut bytes = Vec::with_capacity(data_len + TAG_LEN);
    data.encode(&mut bytes);
    let key = secret.key(KeyType::Rho);
    let cipher = ChaCha20Poly1305::new(key.as_bytes().into());
    let tag = cipher.encrypt_inout_detached(&[0; 12].into(), &[], bytes.as_mut_slice().into());
    let tag = tag.map_err(|_| BlindError::TooLong { len: data_len })?;
    bytes.extend_from_slice(&tag);
    Ok(bytes)
}

/// Decrypts what [`encrypt`] made; `None` where it was made with another secret, or changed.
pub(super) fn decrypt(secret: &SharedSecret, encrypted: &[u8]) -> Option<Vec<u8>> {
    let (data, tag) = encrypted.split_last_chunk::<TAG_LEN>()?;
    let mut data = data.to_vec();
    let key = secret.key(KeyType::Rho);
    let cipher = ChaCha20Poly1305::new(key.as_bytes().into());
    let tag = (*tag).into();
    cipher.decrypt_inout_detached(&[0; 12].into(), &[], data.as_mut_slice().into(), &tag).ok()?;
    Some(data)
}

impl BlindedPath {
    /// Writes the path as messages and invoices carry it.
    pub fn encode<S: Sink>(&self, sink: &mut S) {
        match self.introduction {
            IntroductionNode::NodeId(node_id) => sink.put(&node_id.serialize()),
            IntroductionNode::Channel(ShortChannelIdDir { short_channel_id, direction }) => {
                sink.put(&[u8::from(direction == Direction::NodeTwoToOne)]);
                sink.put(&short_channel_id.to_u64().to_be_bytes());
            }
        }
        sink.put(&self.first_path_key.serialize());
        // A path that was made or read here has few hops with data that fit a packet.
        sink.put(&[u8::try_from(self.hops.len()).unwrap_or(u8::MAX)]);
        for hop in self.hops.iter().take(usize::from(u8::MAX)) {
            sink.put(&hop.blinded_node_id.serialize());
            let len = u16::try_from(hop.encrypted_recipient_data.len()).unwrap_or(u16::MAX);
            sink.put(&len.to_be_bytes());
            sink.put(&hop.encrypted_recipient_data[..usize::from(len)]);
        }
    }

    /// Reads a path from the front of `bytes` and returns it with what follows. `None` where the bytes end early, a key
    /// is no point, or there is no hop.
    pub fn decode(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (introduction, rest) = introduction(bytes)?;
        let (first_path_key, rest) = point(rest)?;
        let (&hop_count, mut rest) = rest.split_first()?;
        let mut hops = Vec::new();
        for _ in 0..hop_count {
            let (blinded_node_id, after) = point(rest)?;
            let (len, after) = after.split_first_chunk()?;
            let (data, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
            hops.push(BlindedHop { blinded_node_id, encrypted_recipient_data: data.to_vec() });
            rest = after;
        }
        (!hops.is_empty()).then_some((BlindedPath { introduction, first_path_key, hops }, rest))
    }
}

fn introduction(bytes: &[u8]) -> Option<(IntroductionNode, &[u8])> {
    let direction = match bytes.first()? {
        0 => Direction::NodeOneToTwo,
        1 => Direction::NodeTwoToOne,
        _ => return point(bytes).map(|(node_id, rest)| (IntroductionNode::NodeId(node_id), rest)),
    };
    let (scid, rest) = bytes[1..].split_first_chunk()?;
    let short_channel_id = ShortChannelId::from_u64(u64::from_be_bytes(*scid));
    Some((IntroductionNode::Channel(ShortChannelIdDir { short_channel_id, direction }), rest))
}

fn point(bytes: &[u8]) -> Option<(PublicKey, &[u8])> {
    let (key, rest) = bytes.split_first_chunk::<33>()?;
    Some((PublicKey::from_slice(key).ok()?, rest))
}

/// Why there is no path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlindError {
    /// No node, or more than [`HOP_COUNT_MAX`].
    #[error("a blinded path has from 1 to {HOP_COUNT_MAX} nodes, this would have {hop_count}")]
    HopCount {
        /// How many nodes were given.
        hop_count: usize,
    },
    /// The data for a node fit no packet.
    #[error("{len} bytes of data fit no packet")]
    TooLong {
        /// Their length.
        len: usize,
    },
    /// The session key leads to a key that is none; another one will do. Has a chance of 2^-128.
    #[error("the session key cannot be used, take another")]
    SessionKey,
    /// The sum of the nodes' fees, or of their deltas, is beyond what an invoice can say.
    #[error("the path's fees or deltas are too large to be told")]
    PayInfo,
}

const TAG_LEN: usize = 16;
/// What fits the largest onion message.
const DATA_LEN_MAX: usize = 32_768;
