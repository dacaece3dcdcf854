//! Sends a message over a blinded path, and over nodes that lead to it.

use bitcoin::secp256k1::{All, PublicKey, Secp256k1, SecretKey};
use primitives::codec::{Sink, TlvWriter};

use super::wire::OnionMessage;
use crate::blinded::{BlindError, BlindedHop, BlindedPath, IntroductionNode, RecipientData, blind};
use crate::build::{BuildError, Hop, build_into};
use crate::packet::{FRAME_LEN, HopPayload};

pub(super) const REPLY_PATH: u64 = 2;
pub(super) const ENCRYPTED_RECIPIENT_DATA: u64 = 4;

/// What the recipient is to read: one record. BOLT 12 knows `invoice_request` 64, `invoice` 66 and `invoice_error` 68.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageContent<'a> {
    /// The record's type.
    pub tlv_type: u64,
    /// Its value.
    pub value: &'a [u8],
}

/// Builds a message to the end of the path `to`, over the nodes `through` whose last is a peer of the path's first node.
/// Returns the peer that it must be handed to. Both session keys must be fresh; that of the path serves only where there
/// are nodes to go through.
///
/// # Errors
/// See [`MessageError`].
pub fn build_message(
    secp: &Secp256k1<All>,
    session_keys: &MessageKeys,
    through: &[PublicKey],
    to: &BlindedPath,
    content: MessageContent<'_>,
    reply_path: Option<&BlindedPath>,
) -> Result<(PublicKey, OnionMessage), MessageError> {
    let IntroductionNode::NodeId(introduction) = to.introduction else {
        return Err(MessageError::Introduction);
    };
    if [REPLY_PATH, ENCRYPTED_RECIPIENT_DATA].contains(&content.tlv_type) {
        return Err(MessageError::ContentType { tlv_type: content.tlv_type });
    }
    let lead = match through {
        [] => None,
        _ => Some(blind(secp, &session_keys.path, &lead_in(through, introduction, to.first_path_key))?),
    };
    let reply_path = reply_path.map(|path| {
        let mut bytes = Vec::new();
        path.encode(&mut bytes);
        bytes
    });
    let all = lead.iter().flat_map(|lead| &lead.hops).chain(&to.hops);
    let mut hops: Vec<Hop<MessagePayload<'_>>> = all.map(forward).collect();
    if let Some(last) = hops.last_mut() {
        last.payload.content = Some(content);
        last.payload.reply_path = reply_path.as_deref();
    }
    let mut packet = vec![0; packet_len(&hops)];
    build_into(secp, &session_keys.packet, &hops, &[], &mut packet)?;
    let first = through.first().copied().unwrap_or(introduction);
    let path_key = lead.as_ref().map_or(to.first_path_key, |lead| lead.first_path_key);
    Ok((first, OnionMessage { path_key, onion_message_packet: packet }))
}

/// The fresh keys of one message.
#[derive(Debug, Clone)]
pub struct MessageKeys {
    /// For the packet.
    pub packet: SecretKey,
    /// For the sender's own blinded path, which leads to the recipient's.
    pub path: SecretKey,
}

/// The nodes that lead to another path, and what they are told.
fn lead_in(
    through: &[PublicKey],
    introduction: PublicKey,
    path_key: PublicKey,
) -> Vec<(PublicKey, RecipientData<'static>)> {
    let data = through.iter().enumerate().map(|(at, &node_id)| {
        let next = through.get(at + 1).copied();
        let data = RecipientData {
            next_node_id: Some(next.unwrap_or(introduction)),
            next_path_key_override: next.is_none().then_some(path_key),
            ..RecipientData::default()
        };
        (node_id, data)
    });
    data.collect()
}

fn forward(hop: &BlindedHop) -> Hop<MessagePayload<'_>> {
    let encrypted_recipient_data = &hop.encrypted_recipient_data[..];
    let payload = MessagePayload { encrypted_recipient_data, content: None, reply_path: None };
    Hop { public_key: hop.blinded_node_id, payload }
}

/// One of the two lengths that all messages should have, or a longer one where it must be.
fn packet_len(hops: &[Hop<MessagePayload<'_>>]) -> usize {
    let needed: usize = hops.iter().map(|hop| hop.payload.framed_len()).sum();
    let payloads_len = PAYLOADS_LENS.into_iter().find(|&len| needed <= len);
    FRAME_LEN + payloads_len.unwrap_or(PAYLOADS_LENS[1])
}

/// `onionmsg_tlv`.
#[derive(Debug, Clone, Copy)]
struct MessagePayload<'a> {
    encrypted_recipient_data: &'a [u8],
    content: Option<MessageContent<'a>>,
    reply_path: Option<&'a [u8]>,
}

impl HopPayload for MessagePayload<'_> {
    fn encode<S: Sink>(&self, sink: &mut S) {
        let mut records = [
            Some((ENCRYPTED_RECIPIENT_DATA, self.encrypted_recipient_data)),
            self.reply_path.map(|path| (REPLY_PATH, path)),
            self.content.map(|content| (content.tlv_type, content.value)),
        ];
        records.sort_unstable_by_key(|record| record.map(|(tlv_type, _)| tlv_type));
        let mut writer = TlvWriter::new(sink);
        for (tlv_type, value) in records.into_iter().flatten() {
            writer.record(tlv_type, &[value]);
        }
    }
}

/// Why there is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The path begins at one end of a channel, and which node that is must be looked up first.
    #[error("the path names its first node by a channel; look up the node first")]
    Introduction,
    /// The content has a type that the message itself uses.
    #[error("type {tlv_type} is the message's own")]
    ContentType {
        /// The type.
        tlv_type: u64,
    },
    /// The sender's own path could not be made.
    #[error(transparent)]
    Blind(#[from] BlindError),
    /// The packet could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// BOLT 4 recommends packets of 1,366 and 32,834 bytes.
const PAYLOADS_LENS: [usize; 2] = [1300, 32_768];
