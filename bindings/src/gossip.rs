//! Gossip of BOLT 7, from a peer to the graph.

use std::sync::OnceLock;

use bitcoin::secp256k1::{Secp256k1, VerifyOnly};
use engine::router::RouteError;
use engine::snapshot::{ApplyError, Snapshot};
use gossip::verify::{Candidate, KeyRing, Subject, VerifiedGossip, VerifyJob};
use primitives::wire::{
    ChannelAnnouncement, ChannelUpdate, MESSAGE_SIZE_MAX, NodeAnnouncement, WireError, WireMessage,
    message_type,
};
use primitives::{ChainHash, Features, GraphDelta, Msat};

use crate::border::{Out, border, list, reference};
use crate::failure::Failure;
use crate::graph::{Graph, fg_graph};
use crate::handle::hold;
use crate::status::{fg_error, fg_status};
use crate::update::msat;

/// What became of a gossip message.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum fg_gossip {
    /// Of a type, or of an old form, that says nothing of the graph.
    FG_GOSSIP_SKIPPED = 0,
    /// The channel is open.
    FG_GOSSIP_CHANNEL_ANNOUNCEMENT = 1,
    /// The node's features are known.
    FG_GOSSIP_NODE_ANNOUNCEMENT = 2,
    /// The direction has this policy.
    FG_GOSSIP_CHANNEL_UPDATE = 3,
    /// A verified channel_update that is not newer than the policy in the graph.
    FG_GOSSIP_STALE = 4,
}

/// Applies a gossip message as it came from a peer, its type included. The message is trusted: the caller has verified
/// its signatures, has found its channel on the chain, whose `capacity_msat` only a channel_announcement needs (FG_NONE
/// where it is not known), and drops updates that are older than the last one. `gossip`, which may be null, is told what
/// it was. Any thread; waits for other changes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_graph_apply_gossip(
    graph: *const fg_graph,
    message: *const u8,
    size: usize,
    capacity_msat: u64,
    gossip: *mut fg_gossip,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { told(gossip) }?;
        // SAFETY: the rules of the header.
        let graph = unsafe { hold::<Graph>(graph) }?;
        // SAFETY: the rules of the header.
        let message = unsafe { list("message", message, size) }?;
        let found = read_trusted(message, msat(capacity_msat));
        let delta = found.map_err(|error| Failure::Message { size, error })?;
        let became = became(delta.as_ref());
        if let Some(delta) = delta {
            graph.writer()?.apply(&delta)?;
        }
        if let Some(out) = out {
            out.put(became);
        }
        Ok(())
    })
}

/// The same, where nothing was verified: checks the signatures, the chain (`chain_hash`: 32 bytes, null for Bitcoin's
/// main chain) and that a channel_update is newer than the published policy. A message of a channel that is not published
/// is FG_UNKNOWN_CHANNEL. That the channel is on the chain, with that capacity, is still the caller's to find out. Takes
/// some 40 microseconds a signature, for which nobody waits. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_graph_verify_gossip(
    graph: *const fg_graph,
    message: *const u8,
    size: usize,
    chain_hash: *const u8,
    capacity_msat: u64,
    gossip: *mut fg_gossip,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { told(gossip) }?;
        // SAFETY: the rules of the header.
        let graph = unsafe { hold::<Graph>(graph) }?;
        // SAFETY: the rules of the header.
        let message = unsafe { list("message", message, size) }?;
        let chain = match chain_hash.is_null() {
            true => ChainHash::BITCOIN,
            // SAFETY: the rules of the header, for 32 bytes.
            false => ChainHash::from(*unsafe { reference("chain_hash", chain_hash.cast::<[u8; 32]>()) }?),
        };
        let Some(candidate) = Candidate::parse(message, chain) else { return Ok(()) };
        let verified = verify(candidate?, &graph.router.graph().snapshot())?;
        let mut writer = graph.writer()?;
        let became = if is_stale(&verified, writer.snapshot())? {
            fg_gossip::FG_GOSSIP_STALE
        } else {
            let delta = delta_of(verified, msat(capacity_msat));
            writer.apply(&delta)?;
            became(Some(&delta))
        };
        if let Some(out) = out {
            out.put(became);
        }
        Ok(())
    })
}

/// # Safety
/// By the rules of the header, `gossip` is null or may be written to.
unsafe fn told(gossip: *mut fg_gossip) -> Result<Option<Out<fg_gossip>>, Failure> {
    if gossip.is_null() {
        return Ok(None);
    }
    // SAFETY: this function's own promise.
    unsafe { Out::new("gossip", gossip, fg_gossip::FG_GOSSIP_SKIPPED) }.map(Some)
}

fn read_trusted(message: &[u8], capacity: Option<Msat>) -> Result<Option<GraphDelta>, WireError> {
    let Some((_, payload)) = message.split_first_chunk::<2>().filter(|_| message.len() <= MESSAGE_SIZE_MAX)
    else {
        return Err(WireError::Size { size: message.len() });
    };
    Ok(match message_type(message) {
        Some(ChannelAnnouncement::TYPE) => {
            let announced = ChannelAnnouncement::decode(payload)?;
            Some(GraphDelta::ChannelOpened {
                short_channel_id: announced.short_channel_id,
                node_id_1: announced.node_id_1,
                node_id_2: announced.node_id_2,
                capacity,
                features: Features::from_be_bytes(announced.features),
            })
        }
        Some(NodeAnnouncement::TYPE) => {
            let node = NodeAnnouncement::decode(payload)?;
            let features = Features::from_be_bytes(node.features);
            Some(GraphDelta::NodeSeen { node_id: node.node_id, features })
        }
        Some(ChannelUpdate::TYPE) => {
            let update = ChannelUpdate::decode(payload)?;
            let (short_channel_id, direction) = (update.short_channel_id, update.direction());
            let updated = |policy| GraphDelta::PolicyUpdated { short_channel_id, direction, policy };
            update.policy().map(updated)
        }
        _ => None,
    })
}

/// Checks the signatures; those of an update are the business of the channel's node in the graph.
fn verify(candidate: Candidate, snapshot: &Snapshot) -> Result<VerifiedGossip, Failure> {
    let job = match candidate.subject() {
        Subject::Update(update) => {
            let short_channel_id = update.short_channel_id;
            let unknown = Failure::Apply(ApplyError::UnknownChannel { short_channel_id });
            let channel = snapshot.channel(short_channel_id).ok_or(unknown)?;
            let signer = snapshot.node_id(snapshot.tail(channel.arc(update.direction)));
            VerifyJob::update(candidate, signer)
        }
        Subject::Channel(_) | Subject::Node(_) => VerifyJob::announcement(candidate),
    };
    let job = job.expect("the job fits the candidate's subject");
    let mut results = VerifyJob::run_all(curve(), &KeyRing::default(), vec![job]);
    Ok(results.pop().expect("one job, one result")?)
}

fn is_stale(verified: &VerifiedGossip, snapshot: &Snapshot) -> Result<bool, Failure> {
    let VerifiedGossip::Update(update) = verified else { return Ok(false) };
    let fact = update.fact();
    let Some(channel) = snapshot.channel(fact.short_channel_id) else { return Ok(false) };
    let arc = channel.arc(fact.direction);
    let known = snapshot.read_consistent(|| snapshot.policy(arc));
    let known = known.map_err(|_| Failure::Route(RouteError::Contended))?;
    Ok(known.is_some_and(|known| fact.policy.last_update <= known.last_update))
}

fn delta_of(verified: VerifiedGossip, capacity: Option<Msat>) -> GraphDelta {
    match verified {
        VerifiedGossip::Channel(channel) => {
            let fact = channel.into_parts().0;
            GraphDelta::ChannelOpened {
                short_channel_id: fact.short_channel_id,
                node_id_1: fact.node_id_1,
                node_id_2: fact.node_id_2,
                capacity,
                features: fact.features,
            }
        }
        VerifiedGossip::Update(update) => {
            let fact = update.fact();
            let (short_channel_id, direction) = (fact.short_channel_id, fact.direction);
            GraphDelta::PolicyUpdated { short_channel_id, direction, policy: fact.policy }
        }
        VerifiedGossip::Node(node) => {
            let fact = node.into_parts().0;
            GraphDelta::NodeSeen { node_id: fact.node_id, features: fact.features }
        }
    }
}

fn became(delta: Option<&GraphDelta>) -> fg_gossip {
    match delta {
        None => fg_gossip::FG_GOSSIP_SKIPPED,
        Some(GraphDelta::ChannelOpened { .. }) => fg_gossip::FG_GOSSIP_CHANNEL_ANNOUNCEMENT,
        Some(GraphDelta::NodeSeen { .. }) => fg_gossip::FG_GOSSIP_NODE_ANNOUNCEMENT,
        Some(GraphDelta::PolicyUpdated { .. } | GraphDelta::ChannelClosed { .. }) => {
            fg_gossip::FG_GOSSIP_CHANNEL_UPDATE
        }
    }
}

/// The curve's context is dear to make and cheap to share.
fn curve() -> &'static Secp256k1<VerifyOnly> {
    static CURVE: OnceLock<Secp256k1<VerifyOnly>> = OnceLock::new();
    CURVE.get_or_init(Secp256k1::verification_only)
}
