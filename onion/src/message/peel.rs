//! What a node does with an onion message (BOLT 4, Onion Messages, the reader's part). There are no answers to a message
//! that is wrong: it is dropped.

use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey, Verification};
use primitives::ShortChannelId;
use primitives::codec::{TlvError, TlvReader, TlvRecord};

use super::build::{ENCRYPTED_RECIPIENT_DATA, REPLY_PATH};
use super::wire::OnionMessage;
use crate::blinded::{BlindedPath, PathKeys, RecipientData};
use crate::packet::FRAME_LEN;
use crate::peel::{PeelError, peel_into};

/// A message without its outermost layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeeledMessage {
    /// To be handed on. Where the next node is the reader itself, it peels again at once.
    Forward {
        /// Whom to.
        next: NextNode,
        /// What.
        message: OnionMessage,
    },
    /// To be read.
    Receive(ReceivedMessage),
}

/// The next node of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextNode {
    /// Its id.
    NodeId(PublicKey),
    /// The other end of a channel.
    Channel(ShortChannelId),
}

/// A message to this node. Its memory is that of the packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// What this node put at the end of the path over which the message came. A reply must come over the path that was
    /// given for it, and nothing else may.
    pub path_id: Option<Vec<u8>>,
    /// Where to answer.
    pub reply_path: Option<BlindedPath>,
    stream: Vec<u8>,
}

impl ReceivedMessage {
    /// The record to be read.
    ///
    /// # Errors
    /// Where there is an even type that `knows` refuses; [`None`] where there is no record of a type that it knows, or
    /// more than one.
    pub fn content(&self, knows: impl Fn(u64) -> bool) -> Result<Option<TlvRecord<'_>>, TlvError> {
        let mut found = None;
        let mut count = 0_usize;
        for record in TlvReader::new(&self.stream) {
            let record = record?;
            match record.tlv_type {
                REPLY_PATH | ENCRYPTED_RECIPIENT_DATA => {}
                tlv_type if knows(tlv_type) => {
                    found = Some(record);
                    count += 1;
                }
                _ => record.skip()?,
            }
        }
        Ok(found.filter(|_| count == 1))
    }
}

/// Takes off the layer that is meant for the owner of `node_secret`. Costs three products with variable points, one more
/// for a message that goes on.
///
/// # Errors
/// See [`MessageFault`].
pub fn peel_message<C: Verification>(
    secp: &Secp256k1<C>,
    node_secret: &SecretKey,
    message: &OnionMessage,
) -> Result<PeeledMessage, MessageFault> {
    let packet = &message.onion_message_packet;
    let payloads_len = packet.len().checked_sub(FRAME_LEN).ok_or(PeelError::Length)?;
    let keys = PathKeys::new(node_secret, message.path_key).ok_or(MessageFault::Key)?;
    let mut bytes = vec![0; 2 * payloads_len];
    let (_, layer) = peel_into(secp, keys.blinded_secret(), packet, &[], &mut bytes)?;
    let stream = &bytes[layer.payload.clone()];
    let encrypted = record(stream, ENCRYPTED_RECIPIENT_DATA)?.ok_or(MessageFault::Data)?;
    let data = keys.decrypt(encrypted.value).ok_or(MessageFault::Data)?;
    let data = RecipientData::decode(&data)?;
    if data.allowed_features.is_some_and(|features| features.iter().any(|&byte| byte != 0)) {
        return Err(MessageFault::Features);
    }
    let Some(header) = &layer.next else {
        return receive(stream, &data);
    };
    let next = next_node(stream, &data)?;
    let path_key = match data.next_path_key_override {
        Some(path_key) => path_key,
        None => keys.next_path_key(secp).ok_or(MessageFault::Key)?,
    };
    let mut onion_message_packet = vec![0; packet.len()];
    header.write(&bytes[layer.next_payloads(payloads_len)], &mut onion_message_packet);
    Ok(PeeledMessage::Forward { next, message: OnionMessage { path_key, onion_message_packet } })
}

fn next_node(stream: &[u8], data: &RecipientData<'_>) -> Result<NextNode, MessageFault> {
    let has_more = TlvReader::new(stream).flatten().any(|record| record.tlv_type != ENCRYPTED_RECIPIENT_DATA);
    if has_more || data.path_id.is_some() {
        return Err(MessageFault::Forward);
    }
    match (data.next_node_id, data.short_channel_id) {
        (Some(node_id), None) => Ok(NextNode::NodeId(node_id)),
        (None, Some(short_channel_id)) => Ok(NextNode::Channel(short_channel_id)),
        (None, None) | (Some(_), Some(_)) => Err(MessageFault::Forward),
    }
}

fn receive(stream: &[u8], data: &RecipientData<'_>) -> Result<PeeledMessage, MessageFault> {
    let reply_path = match record(stream, REPLY_PATH)? {
        Some(record) => match BlindedPath::decode(record.value) {
            Some((path, [])) => Some(path),
            Some(_) | None => return Err(record.invalid().into()),
        },
        None => None,
    };
    let path_id = data.path_id.map(<[u8]>::to_vec);
    Ok(PeeledMessage::Receive(ReceivedMessage { path_id, reply_path, stream: stream.to_vec() }))
}

/// The record of a type, in a stream that is read to its end.
fn record(stream: &[u8], tlv_type: u64) -> Result<Option<TlvRecord<'_>>, TlvError> {
    let mut found = None;
    for record in TlvReader::new(stream) {
        let record = record?;
        if record.tlv_type == tlv_type {
            found = Some(record);
        }
    }
    Ok(found)
}

/// Why a message is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageFault {
    /// The packet.
    #[error(transparent)]
    Peel(#[from] PeelError),
    /// A stream in it.
    #[error(transparent)]
    Tlv(#[from] TlvError),
    /// The data for this node are missing, or were made for another.
    #[error("the message's data for this node are missing or do not decrypt")]
    Data,
    /// The data demand features that are not known.
    #[error("the message's data allow features that are not known")]
    Features,
    /// What a node that forwards is told is not what it may be told.
    #[error("a message that goes on has more than the data that name one next node")]
    Forward,
    /// The path key leads to a key that is none.
    #[error("the message's path key cannot be used")]
    Key,
}
