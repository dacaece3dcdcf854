//! Gossip that comes in: to the inbox, to the threads, to the chain, into the view.

use primitives::{GraphDelta, Msat, ShortChannelId, UnixTime};

use super::gossip::Gossip;
use super::io::{DisconnectReason, Output, Stored};
use super::limits::{COST_WASTE, ORPHAN_BYTES_MAX, WORK_FUNDING, WORK_SIGNATURE, work_of};
use super::peer::Asked;
use crate::admit::PeerId;
use crate::funding::{FundingAnswer, FundingCheck, FundingError, FundingQuestion};
use crate::verify::{
    Candidate, ChannelFact, CheckedPiece, NodeFact, Subject, UpdateFact, Verified, VerifiedGossip, VerifyJob,
};
use crate::view::{MessageKey, Refusal, Standing};

/// What a message is good for, as far as is known before its signatures are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    /// It says something new.
    News,
    /// It is known, or nobody can tell yet.
    Nothing,
    /// An honest and attentive peer would not have sent it.
    Less,
}

impl Gossip {
    /// A message of another type than those of queries, and be it none of gossip's. What teaches nothing is paid for; what is
    /// wrong costs patience, too.
    pub(super) fn take_gossip(
        &mut self,
        peer: PeerId,
        message: &[u8],
        now: UnixTime,
    ) -> Result<(), DisconnectReason> {
        let worth = match Candidate::parse(message, self.config.chain_hash) {
            None => Worth::Nothing,
            Some(Err(error)) if error.is_breach() => return Err(DisconnectReason::Parse(error)),
            Some(Err(_)) => Worth::Less,
            Some(Ok(candidate)) => self.take_candidate(peer, candidate, now),
        };
        if worth != Worth::News {
            self.owe_for(peer, message, now);
        }
        self.move_gate(peer, now);
        if worth == Worth::Less { self.charge(peer, COST_WASTE, now) } else { Ok(()) }
    }

    fn take_candidate(&mut self, peer: PeerId, candidate: Candidate, now: UnixTime) -> Worth {
        let has_room = match self.standing(candidate.subject(), now) {
            Err(refusal) if self.is_waste(refusal) => return Worth::Less,
            Err(_) => return Worth::Nothing,
            Ok(Standing::NeedsChannel(id)) => self.waiting.wait_for_channel(id, peer, candidate, now),
            Ok(Standing::NeedsNode(id)) => self.waiting.wait_for_node(id, peer, candidate, now),
            Ok(Standing::News { signer }) => {
                if self.is_answer(peer, candidate.subject()) {
                    self.answered(peer, now);
                }
                let job = match signer {
                    Some(signer) => VerifyJob::update(candidate, signer),
                    None => VerifyJob::announcement(candidate),
                };
                self.enqueue(peer, job);
                return Worth::News;
            }
        };
        // Whether it is worth anything is known when its channel comes.
        if has_room { Worth::Nothing } else { Worth::Less }
    }

    /// Whether an honest and attentive peer would not have sent it. Where nobody asks the chain, one peer may have invented
    /// what another one contradicts, or what the view is full of.
    fn is_waste(&self, refusal: Refusal) -> bool {
        let may_be_invented = matches!(refusal, Refusal::Conflict { .. } | Refusal::Full);
        refusal.is_waste() && !(may_be_invented && self.config.funding == FundingCheck::Nobody)
    }

    /// Whether a message is worth the check of its signatures, by what was verified and what the chain has said.
    pub(super) fn standing(&self, subject: &Subject, now: UnixTime) -> Result<Standing, Refusal> {
        let standing = self.view.standing(subject, now)?;
        if let (Subject::Channel(channel), FundingCheck::Chain) = (subject, self.config.funding) {
            self.funding.admits(channel, self.view.height())?;
        }
        Ok(standing)
    }

    /// Whether it is about a channel that the peer was asked for, or a channel that it will be asked for: some tell all that
    /// they have instead of an answer, in an order of their own.
    fn is_answer(&self, peer: PeerId, subject: &Subject) -> bool {
        let Some(state) = self.peers.get(&peer) else { return false };
        let is_asked = |id| matches!(&state.asked, Some(Asked::Ids(ids)) if ids.contains(id));
        match subject {
            Subject::Channel(channel) => {
                let id = &channel.short_channel_id;
                is_asked(id) || state.wanted.contains_key(id)
            }
            Subject::Update(update) => is_asked(&update.short_channel_id),
            Subject::Node(_) => false,
        }
    }

    fn enqueue(&mut self, peer: PeerId, job: Option<VerifyJob>) {
        let Some(job) = job else { return };
        let size = job.candidate().size();
        let Some(state) = self.peers.get_mut(&peer) else {
            // It waited for its channel when its sender left. Others who told it meanwhile were sent away because it
            // waited already, so it must not be lost.
            if self.orphan_bytes + size <= ORPHAN_BYTES_MAX {
                self.orphan_bytes += size;
                self.orphans.push_back((peer, job));
            }
            return;
        };
        state.inbox_bytes += size;
        state.inbox.push_back(job);
        if !std::mem::replace(&mut state.is_in_line, true) {
            self.checks.line.push_back(peer);
        }
    }

    pub(super) fn take_verified(&mut self, piece: CheckedPiece, now: UnixTime) {
        let (number, results) = piece.into_parts();
        let senders = self.checks.finish(number);
        for ((peer, name), result) in senders.into_iter().zip(results) {
            match result {
                Err(_) if self.is_disputed(&name) => self.take_disputed(peer, now),
                Err(error) => self.disconnect(peer, DisconnectReason::Signature(error)),
                Ok(VerifiedGossip::Channel(channel)) => self.look_for_funding(peer, channel, now),
                Ok(VerifiedGossip::Update(update)) => self.admit_update(peer, update, now),
                Ok(VerifiedGossip::Node(node)) => {
                    let change = self.view.apply_node(&node, now);
                    let (NodeFact { node_id, .. }, message) = node.into_parts();
                    if self.has_changed(change, Stored::Node(message)) {
                        self.news.insert(MessageKey::Node(node_id), peer);
                    }
                }
            }
        }
    }

    /// Whether it is an update of a channel that the chain has not confirmed: somebody may have invented the channel's nodes,
    /// and the signature be that of the true ones. A capacity alone confirms nothing, for a file may have told it when nobody
    /// asked the chain; what the chain does not have now is said to be spent.
    fn is_disputed(&self, name: &MessageKey) -> bool {
        let MessageKey::Update(id, _) = name else { return false };
        self.view.channel(*id).is_some_and(|channel| match self.config.funding {
            FundingCheck::Nobody => true,
            FundingCheck::Chain => channel.capacity.is_none() || channel.spent_at.is_some(),
        })
    }

    /// It costs what such things cost, and nobody is left for it.
    fn take_disputed(&mut self, peer: PeerId, now: UnixTime) {
        self.owe(peer, WORK_SIGNATURE, now);
        self.move_gate(peer, now);
    }

    /// Takes the cost of a useless message from our patience with a peer, or leaves it.
    fn charge_waste(&mut self, peer: PeerId, now: UnixTime) {
        if let Err(reason) = self.charge(peer, COST_WASTE, now) {
            self.disconnect(peer, reason);
        }
    }

    fn look_for_funding(&mut self, peer: PeerId, channel: Verified<ChannelFact>, now: UnixTime) {
        match self.config.funding {
            FundingCheck::Nobody => self.admit_channel(channel, None, now),
            FundingCheck::Chain => {
                let (question, is_outbound) = (FundingQuestion::of(channel.fact()), self.has_chosen(peer));
                if self.funding.enter(peer, is_outbound, channel) {
                    self.outputs.push_back(Output::CheckFunding(question));
                } else {
                    self.owe(peer, WORK_FUNDING, now);
                }
            }
        }
    }

    pub(super) fn take_funding(&mut self, id: ShortChannelId, answer: &FundingAnswer, now: UnixTime) {
        let Some((peer, channel)) = self.funding.leave(id) else { return };
        let question = FundingQuestion::of(channel.fact());
        let error = match question.judge(answer, None) {
            Ok(capacity) => {
                self.funding.set_failing(false);
                self.set_refused(peer, false);
                return self.admit_channel(channel, Some(capacity), now);
            }
            Err(error) => error,
        };
        self.owe(peer, WORK_FUNDING, now);
        self.set_refused(peer, true);
        self.move_gate(peer, now);
        if let FundingError::Unknown { .. } | FundingError::NoHeaders = error {
            // Nobody is to blame. A block that is not there yet says nothing of the chain.
            let height = self.view.height().to_u32();
            self.funding.set_failing(height == 0 || id.block() <= height);
            return;
        }
        self.funding.set_failing(false);
        self.funding.refuse(question);
        self.charge_waste(peer, now);
    }

    fn set_refused(&mut self, peer: PeerId, was_refused: bool) {
        if let Some(state) = self.peers.get_mut(&peer) {
            state.was_refused = was_refused;
        }
    }

    fn admit_channel(&mut self, channel: Verified<ChannelFact>, capacity: Option<Msat>, now: UnixTime) {
        let change = self.view.apply_channel(&channel, capacity, now);
        let (fact, message) = channel.into_parts();
        let id = fact.short_channel_id;
        if let Ok(GraphDelta::ChannelClosed { .. }) = change {
            self.leave(change.into_iter().collect());
            return;
        }
        // Its first update makes it news.
        if self.has_changed(change, Stored::Channel { capacity, message }) {
            let mut guests = self.waiting.channel_came(id);
            for node_id in [fact.node_id_1, fact.node_id_2] {
                guests.extend(self.waiting.node_came(node_id));
            }
            for (sender, candidate) in guests {
                self.welcome(sender, candidate, now);
            }
        }
    }

    /// Takes a message that waited for its channel or node; if that was worth it, its sender has not to pay for it.
    fn welcome(&mut self, sender: PeerId, candidate: Candidate, now: UnixTime) {
        let work = work_of(candidate.message());
        let worth = self.take_candidate(sender, candidate, now);
        if worth == Worth::News
            && let Some(state) = self.peers.get_mut(&sender)
        {
            state.work.give_back(work);
        }
        self.move_gate(sender, now);
        if worth == Worth::Less {
            self.charge_waste(sender, now);
        }
    }

    fn admit_update(&mut self, peer: PeerId, update: Verified<UpdateFact>, now: UnixTime) {
        let UpdateFact { short_channel_id, direction, .. } = *update.fact();
        let channel = self.view.channel(short_channel_id);
        let is_first = channel.is_some_and(|channel| channel.updates == [None, None]);
        let change = self.view.apply_update(&update, now);
        if self.has_changed(change, Stored::Update(update.into_parts().1)) {
            if is_first {
                self.news.insert(MessageKey::Channel(short_channel_id), peer);
            }
            self.news.insert(MessageKey::Update(short_channel_id, direction), peer);
        }
    }

    /// Writes down what changed the view, and hands it to the graph; whether it did.
    fn has_changed(&mut self, change: Result<GraphDelta, Refusal>, stored: Stored) -> bool {
        let Ok(delta) = change else { return false };
        self.outputs.push_back(Output::Store(stored));
        self.outputs.push_back(Output::Delta(delta));
        true
    }
}
