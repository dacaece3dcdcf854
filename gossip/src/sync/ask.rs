//! Our questions: which channels a peer knows, and all about those of which it knows more than we do.

use std::collections::BTreeSet;

use primitives::wire::{
    GossipTimestampFilter, QueryChannelRange, QueryFlags, QueryShortChannelIds, RangeEntry,
    ReplyChannelRange, ReplyShortChannelIdsEnd, ShortIds, WANT_CHECKSUMS, WANT_TIMESTAMPS, WireMessage,
};
use primitives::{Direction, ShortChannelId, UnixTime};

use super::gossip::{Gossip, after};
use super::io::DisconnectReason;
use super::limits::{
    ANSWER_SECS_MAX, ASKED_COUNT_MAX, BACKLOG_PEER_COUNT, COMPARED_PER_MICROSECOND, FILTER_BACK_SECS,
    LOOK_COUNT_MAX, NEWS_PATIENCE_SECS, RESYNC_SECS, work_of,
};
use super::peer::{Asked, Look, NewsSince, Peer, RangeParts};
use crate::admit::PeerId;
use crate::view::{FUTURE_SECS_MAX, NetworkView, STALE_SECS};

impl Gossip {
    /// Wants all news of a peer from now on, and those of the last hours. Some answer no queries for channels, and send
    /// the graph only when they are asked for old news at once (LDK does where they are six hours old): so a few peers
    /// that we chose and that do not answer shall tell all since the log ended. So shall those that answer without the times
    /// of updates: nobody can see which of a channel that is known are news. Who tells times is not asked to tell everything twice.
    pub(super) fn ask_for_news(&mut self, peer: PeerId, news: NewsSince, now: UnixTime) {
        let teller_count = self.peers.values().filter(|state| state.tells_backlog).count();
        let Some(state) = self.peers.get_mut(&peer) else { return };
        state.news_due_at = None;
        let mut since = now.to_secs();
        if news == NewsSince::LogEnd && state.is_outbound && teller_count < BACKLOG_PEER_COUNT {
            state.tells_backlog = true;
            since = since.min(self.restored_until.to_secs()).max(since.saturating_sub(STALE_SECS));
        }
        let first_timestamp = UnixTime::from_secs(since.saturating_sub(FILTER_BACK_SECS));
        let chain_hash = self.config.chain_hash;
        self.send(peer, &GossipTimestampFilter { chain_hash, first_timestamp, timestamp_range: u32::MAX });
    }

    /// Wants nothing of a peer that offers no `gossip_queries` but what it says of itself, which no filter keeps back: it does
    /// not have the whole graph, or has it from us alone (BOLT 7, Query Messages).
    pub(super) fn ask_for_its_own(&mut self, peer: PeerId) {
        let chain_hash = self.config.chain_hash;
        let first_timestamp = UnixTime::from_secs(u32::MAX);
        self.send(peer, &GossipTimestampFilter { chain_hash, first_timestamp, timestamp_range: 0 });
    }

    /// Leaves peers that do not answer, and asks the others what there is to ask.
    pub(super) fn ask(&mut self, now: UnixTime) {
        let is_silent = |peer: &&PeerId| {
            self.peers
                .get(peer)
                .is_some_and(|state| state.asked.is_some() && !state.is_full && now >= state.due_at)
        };
        let silent: Vec<PeerId> = self.peers.keys().filter(is_silent).copied().collect();
        for peer in silent {
            if !self.spare_silence(peer) {
                self.disconnect(peer, DisconnectReason::Silence);
            }
        }
        self.ask_the_patient(now);
        let last = self.peers.values().filter_map(|state| state.comparison.began_at()).max();
        let is_due = last.is_none_or(|last| now >= after(last, RESYNC_SECS));
        let mut oldest: Option<(Option<UnixTime>, PeerId)> = None;
        let mut looks_left = LOOK_COUNT_MAX;
        for peer in self.idle() {
            let had_looks = looks_left > 0;
            let is_asked = self.ask_for_channels(peer, &mut looks_left, now);
            if had_looks && looks_left == 0 {
                self.looked_at_last = Some(peer);
            }
            // What it has told so far comes first.
            if is_asked || !self.has_looked_through(peer) {
                continue;
            }
            let Some(comparison) = self.peers.get(&peer).map(|state| state.comparison) else { continue };
            let compared_at = comparison.began_at();
            match compared_at {
                // Every new peer until nothing is left to find, afterwards one an hour.
                None => self.ask_for_range(peer, now),
                Some(_) if comparison.wants_another() => {
                    if self.has_taken_all_of(peer) {
                        self.ask_for_range(peer, now);
                    }
                }
                Some(_) if is_due && oldest.is_none_or(|oldest| (compared_at, peer) < oldest) => {
                    oldest = Some((compared_at, peer));
                }
                Some(_) => {}
            }
        }
        if let Some((_, peer)) = oldest {
            self.ask_for_range(peer, now);
        }
    }

    /// Peers that can be asked, those last for whom looks were used up.
    fn idle(&mut self) -> Vec<PeerId> {
        let is_idle = |state: &Peer| state.has_queries && state.asked.is_none();
        let idle = self.peers.iter().filter(|(_, state)| is_idle(state)).map(|(peer, _)| *peer);
        let mut idle: Vec<PeerId> = idle.collect();
        let last = self.looked_at_last.take();
        let had_a_turn = idle.partition_point(|peer| Some(*peer) <= last);
        idle.rotate_left(had_a_turn);
        idle
    }

    /// Asks those for news whose first answers do not go on.
    fn ask_the_patient(&mut self, now: UnixTime) {
        let is_due = |due_at: Option<UnixTime>| due_at.is_some_and(|due_at| now >= due_at);
        let due = self.peers.iter().filter(|(_, state)| !state.is_full && is_due(state.news_due_at));
        for peer in due.map(|(peer, _)| *peer).collect::<Vec<_>>() {
            self.ask_for_news(peer, NewsSince::LogEnd, now);
        }
    }

    /// A peer's answer goes on.
    pub(super) fn answered(&mut self, peer: PeerId, now: UnixTime) {
        if let Some(state) = self.peers.get_mut(&peer) {
            state.due_at = after(now, ANSWER_SECS_MAX);
            if let Some(due_at) = &mut state.news_due_at {
                *due_at = after(now, NEWS_PATIENCE_SECS);
            }
        }
    }

    /// Whether nothing that this peer told is under way any more.
    fn has_taken_all_of(&self, peer: PeerId) -> bool {
        self.checks.is_idle()
            && self.funding.is_empty()
            && self.orphans.is_empty()
            && self.peers.get(&peer).is_some_and(|state| state.inbox.is_empty())
    }

    /// Some nodes say which channels they know and answer no question for them (LDK does): these are not asked again, and
    /// go on to tell news. Who does not even say what there is, is left.
    fn spare_silence(&mut self, peer: PeerId) -> bool {
        match self.peers.get_mut(&peer) {
            Some(state) if matches!(state.asked, Some(Asked::Ids(_))) && !state.answers_ids => {
                if let Some(Asked::Ids(ids)) = state.asked.take() {
                    self.in_flight.end(&ids, state.is_outbound);
                }
                state.wanted.clear();
                state.has_queries = false;
                true
            }
            Some(_) | None => false,
        }
    }

    fn ask_for_range(&mut self, peer: PeerId, now: UnixTime) {
        let query = QueryChannelRange {
            chain_hash: self.config.chain_hash,
            first_blocknum: 0,
            number_of_blocks: BLOCK_END,
            query_option_flags: Some(WANT_TIMESTAMPS | WANT_CHECKSUMS),
        };
        self.send(peer, &query);
        if let Some(state) = self.peers.get_mut(&peer) {
            state.asked = Some(Asked::Range { end: BLOCK_END.into(), told: RangeParts::default() });
            state.due_at = after(now, ANSWER_SECS_MAX);
            state.comparison.begin(now);
        }
    }

    /// Asks for the next channels that the peer has and nobody else was asked for; where we chose the peer and there are none,
    /// for those that strangers were asked for. `false` where there are none, or where no looks are left.
    fn ask_for_channels(&mut self, peer: PeerId, looks_left: &mut usize, now: UnixTime) -> bool {
        let (version, view) = (self.in_flight.version(), &self.view);
        let Some(state) = self.peers.get_mut(&peer) else { return false };
        if state.wanted.is_empty() || state.look.fruitless_at == Some(version) {
            return false;
        }
        let look = match state.look.from {
            Some(_) => state.look,
            None => Look { began_at: version, ..Look::default() },
        };
        let from = look.from.unwrap_or(ShortChannelId::from_u64(0));
        let (mut ids, mut flags, mut known, mut stopped_at) = (Vec::new(), Vec::new(), Vec::new(), None);
        for (&id, &wants) in state.wanted.range(from..) {
            if ids.len() == ASKED_COUNT_MAX || *looks_left == 0 {
                stopped_at = Some(id);
                break;
            }
            *looks_left -= 1;
            let wants = still_wanted(view, id, wants);
            if wants == 0 {
                known.push(id);
            } else if !self.in_flight.contains(id, !look.is_second) {
                ids.push(id);
                flags.push(u8::try_from(wants & QueryFlags::ALL).unwrap_or(u8::MAX));
            }
        }
        for id in known.iter().chain(&ids) {
            state.wanted.remove(id);
        }
        let has_found = look.has_found || !ids.is_empty();
        let is_fruitless = stopped_at.is_none() && !has_found;
        if is_fruitless && state.is_outbound && !look.is_second {
            let from = Some(ShortChannelId::from_u64(0));
            state.look = Look { from, is_second: true, began_at: version, ..Look::default() };
            return self.ask_for_channels(peer, looks_left, now);
        }
        let fruitless_at = is_fruitless.then_some(look.began_at);
        state.look = Look { from: stopped_at, has_found, fruitless_at, ..look };
        if ids.is_empty() {
            // What this look has passed may be there for the next one, which finds something or is fruitless.
            let is_over = stopped_at.is_none();
            return is_over && has_found && self.ask_for_channels(peer, looks_left, now);
        }
        let packed = ShortIds::pack(ids.iter().copied());
        let asked: BTreeSet<ShortChannelId> = ids.into_iter().collect();
        self.in_flight.begin(&asked, state.is_outbound);
        state.asked = Some(Asked::Ids(asked));
        state.due_at = after(now, ANSWER_SECS_MAX);
        let short_channel_ids = ShortIds::from_packed(&packed).expect("a map's keys ascend");
        let query_flags = QueryFlags::from_packed(&flags);
        let chain_hash = self.config.chain_hash;
        self.send(peer, &QueryShortChannelIds { chain_hash, short_channel_ids, query_flags });
        true
    }

    /// Whether nothing that the peer has claimed can be asked of it now.
    fn has_looked_through(&self, peer: PeerId) -> bool {
        let version = self.in_flight.version();
        let is_done = |state: &Peer| state.wanted.is_empty() || state.look.fruitless_at == Some(version);
        self.peers.get(&peer).is_none_or(is_done)
    }

    /// A part of the answer to a range. One that teaches nothing is paid for.
    pub(super) fn take_range_reply(
        &mut self,
        peer: PeerId,
        message: &[u8],
        now: UnixTime,
    ) -> Result<(), DisconnectReason> {
        let reply = ReplyChannelRange::decode(&message[2..]).map_err(DisconnectReason::Wire)?;
        let Some(state) = self.peers.get_mut(&peer) else { return Ok(()) };
        let Some(Asked::Range { end, told }) = &mut state.asked else {
            return Err(DisconnectReason::OutOfTurn);
        };
        let end = *end;
        if !told.take(reply.first_blocknum) {
            return Err(DisconnectReason::OutOfTurn);
        }
        let wanted_count = state.wanted.len();
        let (mut compared_count, mut found_count) = (0, 0);
        for entry in reply.entries() {
            compared_count += 1;
            state.hides_news |=
                entry.timestamps.is_none() && self.view.channel(entry.short_channel_id).is_some();
            let wants = wants(&self.view, &entry, now);
            if wants == 0 {
                continue;
            }
            state.comparison.found();
            found_count += 1;
            if state.wanted.len() < state.wanted_count_max() {
                state.wanted.insert(entry.short_channel_id, wants);
            }
        }
        state.look = Look::default();
        // What we know already is paid for, however much comes along that we do not.
        state.work.owe((compared_count - found_count) / COMPARED_PER_MICROSECOND, now);
        if state.wanted.len() == wanted_count {
            state.work.owe(work_of(message) + found_count / COMPARED_PER_MICROSECOND, now);
        }
        let covered = u64::from(reply.first_blocknum) + u64::from(reply.number_of_blocks);
        // Nodes of before 2021 set the byte always, so it does not say enough alone.
        if reply.chain_hash != self.config.chain_hash || (covered >= end && reply.sync_complete) {
            state.asked = None;
            let since = state.news_since();
            if state.wanted.is_empty() && state.news_due_at.is_some() {
                self.ask_for_news(peer, since, now);
            }
        }
        self.answered(peer, now);
        self.move_gate(peer, now);
        Ok(())
    }

    pub(super) fn take_ids_end(
        &mut self,
        peer: PeerId,
        _: ReplyShortChannelIdsEnd,
        now: UnixTime,
    ) -> Result<(), DisconnectReason> {
        let Some(state) = self.peers.get_mut(&peer) else { return Ok(()) };
        let Some(Asked::Ids(ids)) = state.asked.take() else { return Err(DisconnectReason::OutOfTurn) };
        self.in_flight.end(&ids, state.is_outbound);
        state.answers_ids = true;
        // Others are looked at again for what did not come.
        let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        state.work.owe(count / COMPARED_PER_MICROSECOND, now);
        let since = state.news_since();
        if state.news_due_at.is_some() {
            self.ask_for_news(peer, since, now);
        }
        Ok(())
    }
}

/// Which messages about a channel a peer has that we have not, as flags of a query.
fn wants(view: &NetworkView, entry: &RangeEntry, now: UnixTime) -> u64 {
    let oldest = now.to_secs().saturating_sub(STALE_SECS);
    let latest = now.to_secs().saturating_add(FUTURE_SECS_MAX);
    let is_timely = |time: u32| time >= oldest && time <= latest;
    let Some(channel) = view.channel(entry.short_channel_id) else {
        // A channel that is stale by its own words would be pruned at once.
        let is_stale =
            |times: [UnixTime; 2]| times.iter().any(|time| !is_timely(time.to_secs()) && time.to_secs() != 0);
        return if entry.timestamps.is_some_and(is_stale) { 0 } else { QueryFlags::ALL };
    };
    let Some(timestamps) = entry.timestamps else { return 0 };
    let (our_times, our_sums) = (channel.timestamps(), channel.checksums());
    let mut wants = 0;
    for direction in Direction::BOTH.map(Direction::as_usize) {
        let (time, ours) = (timestamps[direction].to_secs(), our_times[direction]);
        let differs = entry.checksums.is_some_and(|sums| sums[direction] != our_sums[direction]);
        if is_timely(time) && (time > ours || (time == ours && differs)) {
            wants |= [QueryFlags::UPDATE_1, QueryFlags::UPDATE_2][direction];
        }
        let node = view.node(channel.node_ids[direction]);
        if node.is_some_and(|node| node.announced.is_none()) {
            wants |= [QueryFlags::NODE_1, QueryFlags::NODE_2][direction];
        }
    }
    wants
}

/// What of a channel is still to be asked for: it may have come from another peer meanwhile, and not all of it.
fn still_wanted(view: &NetworkView, id: ShortChannelId, wants: u64) -> u64 {
    let Some(channel) = view.channel(id).filter(|_| wants & QueryFlags::ANNOUNCEMENT != 0) else {
        return wants;
    };
    let mut missing = 0;
    for direction in Direction::BOTH.map(Direction::as_usize) {
        if channel.updates[direction].is_none() {
            missing |= [QueryFlags::UPDATE_1, QueryFlags::UPDATE_2][direction];
        }
        if view.node(channel.node_ids[direction]).is_some_and(|node| node.announced.is_none()) {
            missing |= [QueryFlags::NODE_1, QueryFlags::NODE_2][direction];
        }
    }
    wants & missing
}

/// Behind the last block that a short_channel_id can name.
const BLOCK_END: u32 = 1 << 24;
