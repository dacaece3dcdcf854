//! A payee's blinded path for payments: real nodes, then as many dummy hops as are wanted, all data of one length.
//!
//! A dummy hop is the payee again: it is told to forward to itself. It peels the next layer at once, as if an HTLC had
//! come in, until it reaches its own `path_id`.

use bitcoin::secp256k1::{All, PublicKey, Secp256k1, SecretKey};
use primitives::{BlockHeight, CltvExpiryDelta, Msat, ShortChannelId};

use super::data::{PaymentConstraints, PaymentRelay, RecipientData};
use super::path::{BlindError, BlindedPath, blind};
use super::payinfo::PayInfo;
use crate::packet::HopPayload as _;

/// A node on the way to the payee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathNode {
    /// The node.
    pub node_id: PublicKey,
    /// Its channel to the next one.
    pub short_channel_id: ShortChannelId,
    /// What it charges there.
    pub relay: PaymentRelay,
    /// The least that the channel carries.
    pub htlc_minimum_msat: Msat,
    /// The most that the channel carries.
    pub htlc_maximum_msat: Msat,
}

/// Who wants to be paid, and on which terms.
#[derive(Debug, Clone, Copy)]
pub struct PathTerms<'a> {
    /// The payee.
    pub payee: PublicKey,
    /// Its note to itself, by which it knows the path again. Must be secret, and bound to the payment.
    pub path_id: &'a [u8],
    /// What the payee wants at its end.
    pub final_cltv_expiry_delta: CltvExpiryDelta,
    /// The last block in which the path can be used.
    pub last_block: BlockHeight,
    /// The least that the payee accepts.
    pub htlc_minimum_msat: Msat,
    /// Dummy hops before the end.
    pub dummy_count: usize,
    /// What each dummy hop pretends to want.
    pub dummy_relay: PaymentRelay,
}

/// Makes a path over `nodes`, the first of which the payer will know, and tells what it costs. Without nodes and dummies
/// the payee itself is the introduction.
///
/// # Errors
/// See [`BlindError`].
pub fn blind_payment_path(
    secp: &Secp256k1<All>,
    session_key: &SecretKey,
    nodes: &[PathNode],
    terms: &PathTerms<'_>,
) -> Result<(BlindedPath, PayInfo), BlindError> {
    let dummies = std::iter::repeat_n(terms.dummy_relay, terms.dummy_count);
    let relays: Vec<PaymentRelay> = nodes.iter().map(|node| node.relay).chain(dummies).collect();
    let minimum = nodes.iter().map(|node| node.htlc_minimum_msat).fold(terms.htlc_minimum_msat, Msat::max);
    // What leaves a node is bound by its channel, and is less by its fee than what arrived.
    let leaving = |most: Msat, node: &PathNode| {
        node.relay.amt_to_forward(most).map_or(Msat::ZERO, |most| most.min(node.htlc_maximum_msat))
    };
    let maximum = nodes.iter().fold(Msat::MAX, leaving);
    let info = PayInfo::aggregate(&relays, terms.final_cltv_expiry_delta, minimum, maximum);
    let info = info.ok_or(BlindError::PayInfo)?;

    // From the end: each node lets an HTLC live by its own delta longer than the next.
    let mut max_cltv_expiry =
        terms.last_block.to_u32().saturating_add(terms.final_cltv_expiry_delta.to_blocks().into());
    let constraints = |expiry| PaymentConstraints {
        max_cltv_expiry: BlockHeight::from_u32(expiry),
        htlc_minimum_msat: minimum,
    };
    let last = RecipientData {
        path_id: Some(terms.path_id),
        payment_constraints: Some(constraints(max_cltv_expiry)),
        ..RecipientData::default()
    };
    let mut hops = vec![(terms.payee, last)];
    for (at, relay) in relays.iter().enumerate().rev() {
        max_cltv_expiry = max_cltv_expiry.saturating_add(relay.cltv_expiry_delta.into());
        let node = nodes.get(at);
        let data = RecipientData {
            short_channel_id: node.map(|node| node.short_channel_id),
            next_node_id: node.is_none().then_some(terms.payee),
            payment_relay: Some(*relay),
            payment_constraints: Some(constraints(max_cltv_expiry)),
            ..RecipientData::default()
        };
        hops.push((node.map_or(terms.payee, |node| node.node_id), data));
    }
    hops.reverse();
    Ok((blind(secp, session_key, &pad(hops))?, info))
}

/// Makes all data equally long, so that lengths tell nothing.
fn pad<'a>(hops: Vec<(PublicKey, RecipientData<'a>)>) -> Vec<(PublicKey, RecipientData<'a>)> {
    let longest = hops.iter().map(|(_, data)| data.encoded_len()).max().unwrap_or(0);
    // Padding takes two bytes, or four from 253 on, so that a few lengths are out of reach for some of the data.
    let fits = |len: &usize| hops.iter().all(|(_, data)| data.padded_to(*len).encoded_len() == *len);
    let len = (longest + 2..longest + 2 + PADDED_TRIES).find(fits).unwrap_or(longest);
    hops.into_iter().map(|(node_id, data)| (node_id, data.padded_to(len))).collect()
}

/// Each of the data rules out two lengths at most.
const PADDED_TRIES: usize = 2 * crate::packet::HOP_COUNT_MAX + 1;
