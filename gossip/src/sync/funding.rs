//! Channels that wait for their funding output, and outputs that the chain does not have.
//!
//! Each peer has a share of the room. A channel that finds no room waits in its peer's inbox with all that is behind it,
//! which closes the peer's gate: nothing is lost, and whoever invents channels keeps nobody else's out. Strangers, who may come
//! with any number of names, share a small part of it, so that peers that we chose always find room, and little before them
//! that waits for the chain. A question stays in the room until it is answered, whatever becomes of who caused it: so many
//! are under way, and not more. What the chain has refused is known until its next block, so that it is not looked at again
//! when it is told again.

use std::collections::{BTreeMap, HashMap};

use bitcoin::ScriptBuf;
use primitives::{BlockHeight, ShortChannelId};

use super::limits::{
    EARLY_BLOCKS_MAX, FUNDING_COUNT_MAX, FUNDING_INBOUND_COUNT_MAX, FUNDING_PEER_COUNT_MAX, REFUSED_COUNT_MAX,
};
use crate::admit::PeerId;
use crate::funding::FundingQuestion;
use crate::verify::{ChannelFact, Verified};
use crate::view::Refusal;

/// What the chain was asked, and what it has refused.
#[derive(Debug, Default)]
pub(super) struct FundingRoom {
    waiting: BTreeMap<ShortChannelId, Waiting>,
    /// How many of them each peer told.
    counts: BTreeMap<PeerId, usize>,
    /// How many of them were told by peers that we did not choose.
    inbound_count: usize,
    /// Scripts that the outputs of these channels do not pay to, as of the last block.
    refused: HashMap<ShortChannelId, ScriptBuf>,
    /// Whether the chain's last answer was none. Nobody waits for such a chain: what finds no room is lost then, and found by a
    /// later comparison.
    is_failing: bool,
}

/// A channel whose output is asked for.
#[derive(Debug)]
struct Waiting {
    peer: PeerId,
    /// Whether we had chosen the peer when it told.
    is_outbound: bool,
    channel: Verified<ChannelFact>,
}

impl FundingRoom {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether the signatures of a channel that `peer` tells should wait: the chain is busy with it, with others of the peer, or
    /// with those of all peers of its kind.
    pub(super) fn holds_up(&self, peer: PeerId, is_outbound: bool, id: ShortChannelId) -> bool {
        let has_its_share = self.counts.get(&peer).is_some_and(|count| *count >= FUNDING_PEER_COUNT_MAX);
        !self.is_failing && (has_its_share || self.is_full(is_outbound) || self.waiting.contains_key(&id))
    }

    fn is_full(&self, is_outbound: bool) -> bool {
        let is_inbound_full = !is_outbound && self.inbound_count >= FUNDING_INBOUND_COUNT_MAX;
        is_inbound_full || self.waiting.len() >= FUNDING_COUNT_MAX
    }

    /// Whether a channel is worth a question, where the chain is `height` blocks high; zero where nobody knows.
    pub(super) fn admits(&self, channel: &ChannelFact, height: BlockHeight) -> Result<(), Refusal> {
        let short_channel_id = channel.short_channel_id;
        let latest = height.to_u32().saturating_add(EARLY_BLOCKS_MAX);
        if height.to_u32() > 0 && short_channel_id.block() > latest {
            return Err(Refusal::Early { short_channel_id });
        }
        match self.refused.get(&short_channel_id) {
            Some(script) if *script == FundingQuestion::of(channel).script_pubkey => {
                Err(Refusal::NoOutput { short_channel_id })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Takes a channel whose signatures are right; `false` where there is no room or it waits already. Those whose signatures
    /// were under way when the room became full find room.
    pub(super) fn enter(&mut self, peer: PeerId, is_outbound: bool, channel: Verified<ChannelFact>) -> bool {
        let id = channel.fact().short_channel_id;
        if self.waiting.contains_key(&id) || (self.is_failing && self.is_full(is_outbound)) {
            return false;
        }
        self.waiting.insert(id, Waiting { peer, is_outbound, channel });
        *self.counts.entry(peer).or_default() += 1;
        self.inbound_count += usize::from(!is_outbound);
        true
    }

    /// The chain has answered.
    pub(super) fn leave(&mut self, id: ShortChannelId) -> Option<(PeerId, Verified<ChannelFact>)> {
        let Waiting { peer, is_outbound, channel } = self.waiting.remove(&id)?;
        self.inbound_count -= usize::from(!is_outbound);
        if let Some(count) = self.counts.get_mut(&peer) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&peer);
            }
        }
        Some((peer, channel))
    }

    /// The chain does not have this output.
    pub(super) fn refuse(&mut self, question: FundingQuestion) {
        // A full memory is emptied: whoever fills it pays for each.
        if self.refused.len() >= REFUSED_COUNT_MAX {
            self.refused.clear();
        }
        self.refused.insert(question.short_channel_id, question.script_pubkey);
    }

    /// The chain has another block, which may have what the others have not.
    pub(super) fn new_block(&mut self) {
        self.refused.clear();
    }

    pub(super) fn set_failing(&mut self, is_failing: bool) {
        self.is_failing = is_failing;
    }
}
