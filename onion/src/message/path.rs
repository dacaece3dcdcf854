//! Blinded paths for messages.

use bitcoin::secp256k1::{All, PublicKey, Secp256k1, SecretKey};

use crate::blinded::{BlindError, BlindedPath, RecipientData, blind};
use crate::packet::HopPayload as _;

/// Makes a path over `nodes` to `recipient`, which finds `path_id` in what arrives. `dummy_count` hops at the end, where
/// the recipient forwards to itself, hide how long the path is.
///
/// # Errors
/// See [`BlindError`].
pub fn blind_message_path(
    secp: &Secp256k1<All>,
    session_key: &SecretKey,
    nodes: &[PublicKey],
    recipient: PublicKey,
    path_id: Option<&[u8]>,
    dummy_count: usize,
) -> Result<BlindedPath, BlindError> {
    let stops: Vec<PublicKey> =
        nodes.iter().copied().chain(std::iter::repeat_n(recipient, dummy_count + 1)).collect();
    let last = RecipientData { path_id, ..RecipientData::default() };
    let forward = |next| RecipientData { next_node_id: Some(next), ..RecipientData::default() };
    let len = last.encoded_len().max(forward(recipient).encoded_len()) + PADDING_FRAME;
    let hops = stops.iter().enumerate().map(|(at, &node_id)| {
        let data = stops.get(at + 1).map_or(last, |&next| forward(next));
        (node_id, data.padded_to(len))
    });
    blind(secp, session_key, &hops.collect::<Vec<_>>())
}

/// Type and length of a padding below 253 bytes.
const PADDING_FRAME: usize = 2;
