//! The core: one way in, one way out, one clock.

use std::collections::{BTreeMap, VecDeque};

use primitives::wire::{
    GossipTimestampFilter, QueryChannelRange, QueryShortChannelIds, ReplyChannelRange,
    ReplyShortChannelIdsEnd, Warning, WireMessage, message_type,
};
use primitives::{ChainHash, GraphDelta, Msat, ShortChannelId, UnixTime};

use super::checks::Checks;
use super::funding::FundingRoom;
use super::in_flight::InFlight;
use super::io::{DisconnectReason, Input, Output, Stored};
use super::limits::{
    FLUSH_SECS, NEWS_PATIENCE_SECS, PEER_COUNT_MAX, PRUNE_SECS, RESYNC_SECS, WORK_OF_ALL_PER_SECOND,
    WORK_PER_SECOND, work_of,
};
use super::news::News;
use super::peer::{Asked, Peer, Piece, answer_bytes};
use crate::admit::{Credit, PeerId, WaitingRoom};
use crate::funding::FundingCheck;
use crate::record::Restored;
use crate::verify::{VerifiedGossip, VerifyJob};
use crate::view::{NetworkView, Refusal};

/// What the core must know before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// The chain.
    pub chain_hash: ChainHash,
    /// Whether funding outputs are looked at.
    pub funding: FundingCheck,
    /// Threads that check signatures, at least one.
    pub verify_thread_count: usize,
}

/// How far the graph is that of the peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncProgress {
    /// Channels of which a peer knows more than we do, counted for each peer.
    pub wanted_count: usize,
    /// Whether every peer that we chose was asked, as far as it can be, and nothing that it told is under way. Asking once
    /// more found nothing, or no less than before: that is what the peer claims and cannot tell, or what the chain refuses.
    /// Where we chose none, those count who came.
    pub is_synced: bool,
}

/// Learns and tells gossip.
#[derive(Debug)]
pub struct Gossip {
    pub(super) config: Config,
    pub(super) view: NetworkView,
    pub(super) waiting: WaitingRoom,
    pub(super) peers: BTreeMap<PeerId, Peer>,
    pub(super) outputs: VecDeque<Output>,
    /// Messages whose sender has left while they waited for their channel, and their bytes.
    pub(super) orphans: VecDeque<(PeerId, VerifyJob)>,
    pub(super) orphan_bytes: usize,
    /// Bytes of answers that all peers together may have which we did not choose, and which of them had the last piece.
    pub(super) stranger_bytes: Credit,
    pub(super) answered_last: Option<PeerId>,
    /// Channels that some peer was asked for.
    pub(super) in_flight: InFlight,
    /// For whom the looks for a question ran out: others come before.
    pub(super) looked_at_last: Option<PeerId>,
    /// Messages whose signatures are being checked, and whose turn is next.
    pub(super) checks: Checks,
    /// Channels that wait for their funding output.
    pub(super) funding: FundingRoom,
    /// News since the last flush.
    pub(super) news: News,
    /// When the last message of the log was taken; zero without any.
    pub(super) restored_until: UnixTime,
    flush_at: UnixTime,
    prune_at: UnixTime,
    /// When all that was due was done.
    woken_at: UnixTime,
}

impl Gossip {
    /// A core that knows nothing.
    pub fn new(config: Config, now: UnixTime) -> Self {
        Gossip {
            config,
            view: NetworkView::default(),
            waiting: WaitingRoom::default(),
            peers: BTreeMap::new(),
            outputs: VecDeque::new(),
            orphans: VecDeque::new(),
            orphan_bytes: 0,
            stranger_bytes: answer_bytes(now),
            answered_last: None,
            in_flight: InFlight::default(),
            looked_at_last: None,
            checks: Checks::default(),
            funding: FundingRoom::default(),
            news: News::default(),
            restored_until: UnixTime::from_secs(0),
            flush_at: after(now, FLUSH_SECS),
            prune_at: now,
            woken_at: UnixTime::from_secs(0),
        }
    }

    /// Takes back what the log holds, before anything else, by the rules of [`Restored::apply`]; returns the change of the
    /// graph.
    ///
    /// # Errors
    /// Where it did not hold when it was stored, which the core would not have stored.
    pub fn restore(&mut self, restored: &Restored) -> Result<Option<GraphDelta>, Refusal> {
        if let Restored::Gossip { stored_at, .. } = restored {
            self.restored_until = self.restored_until.max(*stored_at);
        }
        restored.apply(&mut self.view)
    }

    /// Takes gossip that no peer told, such as what a file held, as if it had come at `now`; returns what is to be stored.
    /// Peers hear of it when they ask.
    ///
    /// # Errors
    /// Where it changes nothing.
    pub fn admit(
        &mut self,
        gossip: VerifiedGossip,
        capacity: Option<Msat>,
        now: UnixTime,
    ) -> Result<Stored, Refusal> {
        match gossip {
            VerifiedGossip::Channel(channel) => {
                let change = self.view.apply_channel(&channel, capacity, now)?;
                if let GraphDelta::ChannelClosed { short_channel_id } = change {
                    return Ok(Stored::Removed(short_channel_id));
                }
                Ok(Stored::Channel { capacity, message: channel.into_parts().1 })
            }
            VerifiedGossip::Update(update) => {
                self.view.apply_update(&update, now)?;
                Ok(Stored::Update(update.into_parts().1))
            }
            VerifiedGossip::Node(node) => {
                self.view.apply_node(&node, now)?;
                Ok(Stored::Node(node.into_parts().1))
            }
        }
    }

    /// Takes note of what the chain says that a channel holds, by the rules of [`NetworkView::correct_capacity`].
    pub fn correct_capacity(&mut self, short_channel_id: ShortChannelId, capacity: Msat) -> Vec<GraphDelta> {
        self.view.correct_capacity(short_channel_id, capacity)
    }

    /// What the network looks like.
    pub const fn view(&self) -> &NetworkView {
        &self.view
    }

    /// Takes note of what happened at `now`. Never panics, whatever a peer sends.
    pub fn handle(&mut self, now: UnixTime, input: Input<'_>) {
        match input {
            Input::PeerConnected { peer, is_outbound, has_queries } => {
                self.connect(peer, Peer::new(is_outbound, has_queries, now), now);
            }
            Input::PeerDisconnected { peer } => {
                self.forget(peer);
                self.share_work(now);
            }
            Input::Message { peer, message } if self.peers.contains_key(&peer) => {
                let taken = self.message(peer, message, now);
                // What is no query is most of what comes, and gives work to nobody but the threads: the O(peers) of all else can
                // wait for the next second.
                if taken.is_ok() && !is_of_queries(message) && now == self.woken_at {
                    self.start_verify(now);
                    return;
                }
                if let Err(reason) = taken {
                    self.disconnect(peer, reason);
                }
            }
            Input::Message { .. } => {}
            Input::Writable { peer } => {
                if let Some(state) = self.peers.get_mut(&peer) {
                    state.on_its_way = state.on_its_way.filter(|piece| *piece != Piece::Sent);
                }
            }
            Input::Verified(piece) => self.take_verified(piece, now),
            Input::FundingAnswered { short_channel_id, answer } => {
                self.take_funding(short_channel_id, &answer, now);
            }
            Input::Read { peer, messages } => self.send_read(peer, messages, now),
            Input::Block { height } => {
                self.funding.new_block();
                let closed = self.view.advance(height);
                self.leave(closed);
            }
            Input::FundingSpent { short_channel_id, spent_at } => {
                if self.view.set_spent(short_channel_id, spent_at) {
                    self.outputs.push_back(Output::Store(Stored::Spent { short_channel_id, spent_at }));
                }
            }
            Input::Tick => {}
        }
        self.wake(now);
    }

    /// The next thing to do; to be called until there is none, after every [`Gossip::handle`].
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to come back at the latest, with [`Input::Tick`] where nothing else happened.
    pub fn next_wakeup(&self) -> UnixTime {
        // Who is not read from has no time to keep.
        let is_due = |peer: &&Peer| peer.asked.is_some() && !peer.is_full;
        let due = self.peers.values().filter(is_due).map(|peer| peer.due_at);
        let news = self.peers.values().filter(|peer| !peer.is_full).filter_map(|peer| peer.news_due_at);
        let paid = self.peers.values().filter(|peer| peer.work.is_in_debt(self.woken_at));
        let paid = paid.map(|peer| peer.work.paid_at());
        let awaits = |(peer, state): &(&PeerId, &Peer)| {
            let may_be_told = state.awaits_answer() && state.on_its_way.is_none();
            may_be_told && self.answer_bytes_of(**peer).is_in_debt(self.woken_at)
        };
        let told = self.peers.iter().filter(awaits).map(|(peer, _)| self.answer_bytes_of(*peer).paid_at());
        // Where everybody is busy with a question, its answer or silence comes first.
        let has_idle = self.peers.values().any(|peer| peer.has_queries && peer.asked.is_none());
        let compared = self.peers.values().filter_map(|peer| peer.comparison.began_at()).max();
        let compare = compared.filter(|_| has_idle).map(|last| after(last, RESYNC_SECS));
        due.chain(news)
            .chain(paid)
            .chain(told)
            .chain(compare)
            .fold(self.flush_at.min(self.prune_at), UnixTime::min)
    }

    /// How far we are behind the peers, as far as they told. O(peers).
    pub fn progress(&self) -> SyncProgress {
        let wanted_count = self.peers.values().map(|peer| peer.wanted.len()).sum();
        let has_chosen = self.peers.values().any(|peer| peer.is_outbound);
        let counts = |peer: &&Peer| peer.is_outbound || !has_chosen;
        let is_idle = |peer: &Peer| peer.asked.is_none() && peer.wanted.is_empty() && peer.inbox.is_empty();
        let is_done = |peer: &Peer| (!peer.has_queries || peer.comparison.is_over()) && is_idle(peer);
        let is_synced = self.checks.is_idle()
            && self.orphans.is_empty()
            && self.funding.is_empty()
            && self.peers.values().filter(counts).any(|peer| peer.comparison.began_at().is_some())
            && self.peers.values().filter(counts).all(is_done);
        SyncProgress { wanted_count, is_synced }
    }

    /// Everything that is due at `now`, and the next piece for everybody who waits for one.
    fn wake(&mut self, now: UnixTime) {
        self.woken_at = now;
        if now >= self.prune_at {
            self.prune_at = after(now, PRUNE_SECS);
            self.waiting.expire(now);
            let closed = self.view.prune(now);
            self.leave(closed);
        }
        if now >= self.flush_at {
            self.flush_at = after(now, FLUSH_SECS);
            self.flush();
        }
        self.open_gates(now);
        self.ask(now);
        self.start_verify(now);
        self.serve(now);
    }

    fn connect(&mut self, peer: PeerId, mut state: Peer, now: UnixTime) {
        if self.peers.len() >= PEER_COUNT_MAX {
            self.outputs.push_back(Output::Disconnect { peer, reason: DisconnectReason::TooManyPeers });
            return;
        }
        let has_queries = state.has_queries;
        state.news_due_at = has_queries.then(|| after(now, NEWS_PATIENCE_SECS));
        self.peers.insert(peer, state);
        self.share_work(now);
        if !has_queries {
            self.ask_for_its_own(peer);
        }
    }

    fn message(&mut self, peer: PeerId, message: &[u8], now: UnixTime) -> Result<(), DisconnectReason> {
        let Some(kind) = message_type(message) else { return Ok(()) };
        let payload = &message[2..];
        let wire = DisconnectReason::Wire;
        match kind {
            QueryChannelRange::TYPE => {
                self.take_range_query(peer, QueryChannelRange::decode(payload).map_err(wire)?, now)
            }
            ReplyChannelRange::TYPE => self.take_range_reply(peer, message, now),
            QueryShortChannelIds::TYPE => {
                self.take_ids_query(peer, &QueryShortChannelIds::decode(payload).map_err(wire)?, now)
            }
            ReplyShortChannelIdsEnd::TYPE => {
                let end = ReplyShortChannelIdsEnd::decode(payload).map_err(wire)?;
                self.take_ids_end(peer, end, now)
            }
            GossipTimestampFilter::TYPE => {
                self.take_filter(peer, GossipTimestampFilter::decode(payload).map_err(wire)?, now)
            }
            _ => self.take_gossip(peer, message, now),
        }
    }

    pub(super) fn send<'a>(&mut self, peer: PeerId, message: &impl WireMessage<'a>) {
        self.outputs.push_back(Output::Send { peer, message: message.to_bytes() });
    }

    /// Says why in a `warning` that nobody need be ashamed of, and leaves.
    pub(super) fn disconnect(&mut self, peer: PeerId, reason: DisconnectReason) {
        if self.peers.contains_key(&peer) {
            let text = reason.to_string();
            self.send(peer, &Warning { channel_id: [0; 32], data: text.as_bytes() });
            self.outputs.push_back(Output::Disconnect { peer, reason });
            self.forget(peer);
        }
    }

    /// Whether we chose a peer; one that has left is a stranger.
    pub(super) fn has_chosen(&self, peer: PeerId) -> bool {
        self.peers.get(&peer).is_some_and(|state| state.is_outbound)
    }

    /// Notes what a message that taught nothing has cost us.
    pub(super) fn owe_for(&mut self, peer: PeerId, message: &[u8], now: UnixTime) {
        self.owe(peer, work_of(message), now);
    }

    pub(super) fn owe(&mut self, peer: PeerId, work: u32, now: UnixTime) {
        if let Some(state) = self.peers.get_mut(&peer) {
            state.work.owe(work, now);
        }
    }

    /// Takes `cost` from our patience with a peer.
    pub(super) fn charge(&mut self, peer: PeerId, cost: u32, now: UnixTime) -> Result<(), DisconnectReason> {
        let is_paid = self.peers.get_mut(&peer).is_none_or(|state| state.patience.spend(cost, now));
        if is_paid { Ok(()) } else { Err(DisconnectReason::Waste) }
    }

    /// Channels left the view.
    pub(super) fn leave(&mut self, closed: Vec<GraphDelta>) {
        for delta in closed {
            if let GraphDelta::ChannelClosed { short_channel_id } = delta {
                self.outputs.push_back(Output::Store(Stored::Removed(short_channel_id)));
            }
            self.outputs.push_back(Output::Delta(delta));
        }
    }

    fn forget(&mut self, peer: PeerId) {
        let Some(state) = self.peers.remove(&peer) else { return };
        if let Some(Asked::Ids(ids)) = state.asked {
            self.in_flight.end(&ids, state.is_outbound);
        }
    }

    /// However many peers there are, what they may cost us for nothing has one bound. O(peers).
    fn share_work(&mut self, now: UnixTime) {
        let peer_count = u32::try_from(self.peers.len()).unwrap_or(u32::MAX).max(1);
        let per_second = WORK_PER_SECOND.min(WORK_OF_ALL_PER_SECOND / peer_count);
        for state in self.peers.values_mut() {
            state.work.set_rate(per_second, now);
        }
    }
}

fn is_of_queries(message: &[u8]) -> bool {
    // BOLT 7 numbers queries, their answers and the filter in a row.
    matches!(message_type(message), Some(QueryShortChannelIds::TYPE..=GossipTimestampFilter::TYPE))
}

pub(super) fn after(time: UnixTime, secs: u32) -> UnixTime {
    UnixTime::from_secs(time.to_secs().saturating_add(secs))
}
