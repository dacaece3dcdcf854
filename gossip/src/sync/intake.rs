//! Gossip that comes in: to the inbox, to the threads, to the chain, into the view.

use std::collections::{HashMap, HashSet};

use primitives::{GraphDelta, Msat, ShortChannelId, UnixTime};

use super::gossip::{Gossip, after};
use super::io::{DisconnectReason, Output, Stored};
use super::limits::{
    ANSWER_SECS_MAX, COST_WASTE, FUNDING_COUNT_MAX, INBOX_BYTES_MAX, ORPHAN_BYTES_MAX, VERIFY_BATCH_MAX,
};
use super::peer::Asked;
use crate::admit::PeerId;
use crate::funding::{FundingAnswer, FundingCheck, FundingError, FundingQuestion};
use crate::verify::{Candidate, ChannelFact, SignatureError, Subject, Verified, VerifiedGossip, VerifyJob};
use crate::view::{MessageKey, Refusal, Standing};

impl Gossip {
    /// A message of another type than those of queries.
    pub(super) fn take_gossip(
        &mut self,
        peer: PeerId,
        message: &[u8],
        now: UnixTime,
    ) -> Result<(), DisconnectReason> {
        match Candidate::parse(message, self.config.chain_hash) {
            None => Ok(()),
            Some(Err(error)) if error.is_breach() => Err(DisconnectReason::Parse(error)),
            Some(Err(_)) => self.charge(peer, COST_WASTE, now),
            Some(Ok(candidate)) => self.take_candidate(peer, candidate, now),
        }
    }

    fn take_candidate(
        &mut self,
        peer: PeerId,
        candidate: Candidate,
        now: UnixTime,
    ) -> Result<(), DisconnectReason> {
        let has_room = match self.view.standing(candidate.subject(), now) {
            Err(refusal) if refusal.is_waste() => return self.charge(peer, COST_WASTE, now),
            Err(_) => return Ok(()),
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
                true
            }
        };
        if has_room { Ok(()) } else { self.charge(peer, COST_WASTE, now) }
    }

    /// Whether it is about a channel that the peer was asked for.
    fn is_answer(&self, peer: PeerId, subject: &Subject) -> bool {
        let id = match subject {
            Subject::Channel(channel) => channel.short_channel_id,
            Subject::Update(update) => update.short_channel_id,
            Subject::Node(_) => return false,
        };
        let asked = self.peers.get(&peer).and_then(|state| state.asked.as_ref());
        matches!(asked, Some(Asked::Ids(ids)) if ids.contains(&id))
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
        if state.inbox_bytes > INBOX_BYTES_MAX && !state.is_paused {
            state.is_paused = true;
            self.outputs.push_back(Output::PauseReading { peer });
        }
    }

    /// Gives the threads work, where they have none: of each peer in turn one message, so that a peer with many takes
    /// no more than its share.
    pub(super) fn start_verify(&mut self, now: UnixTime) {
        self.start_verify_beside(&HashSet::new(), now);
    }

    /// The same while messages of these names wait for being taken: what the view says of others of these names does not
    /// hold any more, so the first such ends the piece of work.
    fn start_verify_beside(&mut self, fresh: &HashSet<MessageKey>, now: UnixTime) {
        if self.in_flight.is_some() {
            return;
        }
        let (mut jobs, mut senders, mut places) = (Vec::<VerifyJob>::new(), Vec::new(), HashMap::new());
        while jobs.len() < VERIFY_BATCH_MAX {
            let Some((peer, job)) = self.next_job(fresh, now) else { break };
            let candidate = job.candidate();
            // Another peer may have told it meanwhile, in this batch or before. One that is signed otherwise is another
            // message: a wrong signature keeps the right one not out.
            let is_news = self.view.standing(candidate.subject(), now).is_ok();
            let told = places.get(candidate.digest()).map(|&at: &usize| jobs[at].candidate().message());
            if is_news && told != Some(candidate.message()) {
                places.insert(*candidate.digest(), jobs.len());
                senders.push(peer);
                jobs.push(job);
            }
        }
        if !jobs.is_empty() {
            self.in_flight = Some(senders);
            self.outputs.push_back(Output::Verify(jobs));
        }
    }

    fn next_job(&mut self, fresh: &HashSet<MessageKey>, now: UnixTime) -> Option<(PeerId, VerifyJob)> {
        let is_free = |job: &VerifyJob| !fresh.contains(&MessageKey::of_subject(job.candidate().subject()));
        if let Some((_, job)) = self.orphans.front() {
            if !is_free(job) {
                return None;
            }
            let (peer, job) = self.orphans.pop_front()?;
            self.orphan_bytes -= job.candidate().size();
            return Some((peer, job));
        }
        let has_mail = |peer: &PeerId| self.peers.get(peer).is_some_and(|state| !state.inbox.is_empty());
        let behind = self.peers.keys().find(|&&peer| Some(peer) > self.last_served && has_mail(&peer));
        let peer = behind.or_else(|| self.peers.keys().find(|peer| has_mail(peer))).copied()?;
        let state = self.peers.get_mut(&peer)?;
        if !state.inbox.front().is_some_and(is_free) {
            return None;
        }
        let job = state.inbox.pop_front()?;
        state.inbox_bytes = state.inbox_bytes.saturating_sub(job.candidate().size());
        if state.is_paused && state.inbox_bytes < INBOX_BYTES_MAX / 2 {
            state.is_paused = false;
            // Whatever it said meanwhile waits to be read.
            state.due_at = state.due_at.max(after(now, ANSWER_SECS_MAX));
            self.outputs.push_back(Output::ResumeReading { peer });
        }
        self.last_served = Some(peer);
        Some((peer, job))
    }

    pub(super) fn take_verified(
        &mut self,
        results: Vec<Result<VerifiedGossip, SignatureError>>,
        now: UnixTime,
    ) {
        let senders = self.in_flight.take().unwrap_or_default();
        // The threads go on while these results are taken.
        let fresh = results.iter().flatten().map(MessageKey::of).collect();
        self.start_verify_beside(&fresh, now);
        for (peer, result) in senders.into_iter().zip(results) {
            match result {
                Err(error) => self.disconnect(peer, DisconnectReason::Signature(error)),
                Ok(VerifiedGossip::Channel(channel)) => self.look_for_funding(peer, channel, now),
                Ok(VerifiedGossip::Update(update)) => {
                    let key = MessageKey::Update(update.fact().short_channel_id, update.fact().direction);
                    let change = self.view.apply_update(&update, now);
                    self.changed(peer, change, key, Stored::Update(update.into_parts().1));
                }
                Ok(VerifiedGossip::Node(node)) => {
                    let key = MessageKey::Node(node.fact().node_id);
                    let change = self.view.apply_node(&node, now);
                    self.changed(peer, change, key, Stored::Node(node.into_parts().1));
                }
            }
        }
    }

    fn look_for_funding(&mut self, peer: PeerId, channel: Verified<ChannelFact>, now: UnixTime) {
        match self.config.funding {
            FundingCheck::Nobody => self.admit_channel(peer, channel, None, now),
            // The next comparison with a peer finds the channel again.
            FundingCheck::Chain if self.funding.len() >= FUNDING_COUNT_MAX => {}
            FundingCheck::Chain => {
                let question = FundingQuestion::of(channel.fact());
                if let std::collections::btree_map::Entry::Vacant(entry) =
                    self.funding.entry(question.short_channel_id)
                {
                    entry.insert((peer, channel));
                    self.outputs.push_back(Output::CheckFunding(question));
                }
            }
        }
    }

    pub(super) fn take_funding(&mut self, id: ShortChannelId, answer: &FundingAnswer, now: UnixTime) {
        let Some((peer, channel)) = self.funding.remove(&id) else { return };
        match FundingQuestion::of(channel.fact()).judge(answer, None) {
            Ok(capacity) => self.admit_channel(peer, channel, Some(capacity), now),
            // The chain was not asked, so nobody is to blame.
            Err(FundingError::Unknown { .. } | FundingError::NoHeaders) => {}
            Err(_) => {
                if let Err(reason) = self.charge(peer, COST_WASTE, now) {
                    self.disconnect(peer, reason);
                }
            }
        }
    }

    fn admit_channel(
        &mut self,
        peer: PeerId,
        channel: Verified<ChannelFact>,
        capacity: Option<Msat>,
        now: UnixTime,
    ) {
        let change = self.view.apply_channel(&channel, capacity, now);
        let (fact, message) = channel.into_parts();
        let id = fact.short_channel_id;
        if let Ok(GraphDelta::ChannelClosed { .. }) = change {
            self.leave(change.into_iter().collect());
            return;
        }
        let is_new = change.is_ok();
        self.changed(peer, change, MessageKey::Channel(id), Stored::Channel { capacity, message });
        if is_new {
            let mut guests = self.waiting.channel_came(id);
            for node_id in [fact.node_id_1, fact.node_id_2] {
                guests.extend(self.waiting.node_came(node_id));
            }
            for (sender, candidate) in guests {
                if let Err(reason) = self.take_candidate(sender, candidate, now) {
                    self.disconnect(sender, reason);
                }
            }
        }
    }

    /// Writes down and tells what changed the view.
    fn changed(
        &mut self,
        peer: PeerId,
        change: Result<GraphDelta, Refusal>,
        key: MessageKey,
        stored: Stored,
    ) {
        if let Ok(delta) = change {
            self.outputs.push_back(Output::Store(stored));
            self.outputs.push_back(Output::Delta(delta));
            self.news.insert(key, peer);
        }
    }
}
