//! Peers' questions, answered from the view and the log piece by piece, as fast as the peer reads.

use std::collections::BTreeSet;

use primitives::wire::{
    QueryChannelRange, QueryFlags, QueryShortChannelIds, ReplyChannelRange, ReplyShortChannelIdsEnd,
    ShortIds, WANT_CHECKSUMS, WANT_TIMESTAMPS, WireMessage as _,
};
use primitives::{ChainHash, Direction, ShortChannelId, UnixTime};

use super::gossip::Gossip;
use super::io::{DisconnectReason, Output};
use super::limits::{
    ANSWER_NODE_COUNT_MAX, COMPARED_PER_MICROSECOND, COST_IDS, COST_RANGE, READ_COUNT_MAX, REPLY_COUNT_MAX,
};
use super::peer::{IdsAnswer, Peer, Piece, RangeAnswer};
use crate::admit::{Credit, PeerId};
use crate::view::{ChannelEntry, MessageKey, NetworkView};

impl Gossip {
    pub(super) fn take_range_query(
        &mut self,
        peer: PeerId,
        query: QueryChannelRange,
        now: UnixTime,
    ) -> Result<(), DisconnectReason> {
        self.charge(peer, COST_RANGE, now)?;
        let Some(state) = self.peers.get_mut(&peer) else { return Ok(()) };
        if state.range_answer.is_some() {
            return Err(DisconnectReason::OutOfTurn);
        }
        let next = ShortChannelId::from_parts(query.first_blocknum.min(BLOCK_MAX), 0, 0);
        state.range_answer = next.map(|next| RangeAnswer { query, next, is_first: true });
        Ok(())
    }

    pub(super) fn take_ids_query(
        &mut self,
        peer: PeerId,
        query: &QueryShortChannelIds<'_>,
        now: UnixTime,
    ) -> Result<(), DisconnectReason> {
        let count = u32::try_from(query.short_channel_ids.len()).unwrap_or(u32::MAX);
        self.charge(peer, COST_IDS.saturating_add(count / 100), now)?;
        let Some(state) = self.peers.get_mut(&peer) else { return Ok(()) };
        if state.ids_answer.is_some() {
            return Err(DisconnectReason::OutOfTurn);
        }
        let full_information = query.chain_hash == self.config.chain_hash;
        let mut flags = query.query_flags.map(|flags| flags.iter());
        let mut wants = |id| (id, flags.as_mut().and_then(Iterator::next).unwrap_or(QueryFlags::ALL) as u8);
        let ids = query.short_channel_ids.iter().filter(|_| full_information).map(&mut wants).collect();
        let end = ReplyShortChannelIdsEnd { chain_hash: query.chain_hash, full_information };
        state.ids_answer = Some(IdsAnswer { ids, nodes: BTreeSet::new(), end });
        Ok(())
    }

    /// Gives everybody the next piece who is ready for one: of his answers first, then of what we knew before he came,
    /// then of the news. Answers wait where their budget is used up; of strangers, who have one together, those come first
    /// who did not have the last piece.
    pub(super) fn serve(&mut self, now: UnixTime) {
        let is_ready = |state: &Peer| state.on_its_way.is_none();
        let ready = self.peers.iter().filter(|(_, state)| is_ready(state)).map(|(peer, _)| *peer);
        let mut ready: Vec<PeerId> = ready.collect();
        let had_a_turn = ready.partition_point(|peer| Some(*peer) <= self.answered_last);
        ready.rotate_left(had_a_turn);
        for peer in ready {
            let may_be_told = !self.answer_bytes_of(peer).is_in_debt(now);
            let answer = if may_be_told {
                self.serve_answer(peer, now).or_else(|| self.serve_backlog(peer, now))
            } else {
                None
            };
            if answer.is_some() && !self.has_chosen(peer) {
                self.answered_last = Some(peer);
            }
            let piece = answer.or_else(|| self.serve_news(peer));
            if let Some(state) = self.peers.get_mut(&peer) {
                state.on_its_way = piece;
            }
        }
    }

    /// The budget that the answers to a peer are taken from.
    pub(super) fn answer_bytes_of(&self, peer: PeerId) -> &Credit {
        let chosen = self.peers.get(&peer).filter(|state| state.is_outbound);
        chosen.map_or(&self.stranger_bytes, |state| &state.answer_bytes)
    }

    fn owe_answer(&mut self, peer: PeerId, size: usize, now: UnixTime) {
        let chosen = self.peers.get_mut(&peer).filter(|state| state.is_outbound);
        let budget = chosen.map_or(&mut self.stranger_bytes, |state| &mut state.answer_bytes);
        budget.owe(u32::try_from(size).unwrap_or(u32::MAX), now);
    }

    fn serve_answer(&mut self, peer: PeerId, now: UnixTime) -> Option<Piece> {
        let state = self.peers.get_mut(&peer)?;
        if let Some(answer) = state.range_answer.take() {
            let (message, rest) = answer.next_part(&self.view, self.config.chain_hash);
            state.range_answer = rest;
            self.owe_answer(peer, message.len(), now);
            self.outputs.push_back(Output::Send { peer, message });
            return Some(Piece::Sent);
        }
        let answer = state.ids_answer.as_mut()?;
        let (end, id_count) = (answer.end, answer.ids.len());
        let keys = answer.next_keys(&self.view);
        // What is told has its own budget.
        let fruitless_count = (id_count - answer.ids.len()).saturating_sub(keys.len());
        let work = u32::try_from(fruitless_count).unwrap_or(u32::MAX) / COMPARED_PER_MICROSECOND;
        state.work.owe(work, now);
        if keys.is_empty() {
            state.ids_answer = None;
            self.send(peer, &end);
        }
        self.move_gate(peer, now);
        self.read(peer, keys, true).or(Some(Piece::Sent))
    }

    /// Has messages read, if there are any.
    pub(super) fn read(&mut self, peer: PeerId, keys: Vec<MessageKey>, is_answer: bool) -> Option<Piece> {
        if keys.is_empty() {
            return None;
        }
        self.outputs.push_back(Output::Read { peer, keys });
        Some(Piece::Read { is_answer })
    }

    /// The log has read a piece.
    pub(super) fn send_read(&mut self, peer: PeerId, messages: Vec<Box<[u8]>>, now: UnixTime) {
        let Some(state) = self.peers.get_mut(&peer) else { return };
        let is_answer = state.on_its_way == Some(Piece::Read { is_answer: true });
        // Where nothing was found, nothing leaves, and nobody would say that there is room again.
        state.on_its_way = (!messages.is_empty()).then_some(Piece::Sent);
        for message in messages {
            if is_answer {
                self.owe_answer(peer, message.len(), now);
            }
            self.outputs.push_back(Output::Send { peer, message: message.into_vec() });
        }
    }
}

impl RangeAnswer {
    /// One part of the answer to a range, and the rest.
    fn next_part(self, view: &NetworkView, chain_hash: ChainHash) -> (Vec<u8>, Option<RangeAnswer>) {
        let RangeAnswer { query, next, is_first } = self;
        let end = query.first_blocknum.saturating_add(query.number_of_blocks);
        let is_ours = query.chain_hash == chain_hash;
        let within = |id: ShortChannelId| is_ours && id.block() < end;
        let mut channels = view.channels_from(next).take_while(|(id, _)| within(*id));
        let part: Vec<(ShortChannelId, &ChannelEntry)> = channels.by_ref().take(REPLY_COUNT_MAX).collect();
        let is_last = channels.next().is_none();
        let wants = query.query_option_flags.unwrap_or(0);
        let pack = |pair: fn(&ChannelEntry) -> [u32; 2]| -> Vec<u8> {
            part.iter().flat_map(|(_, entry)| ReplyChannelRange::pack_pair(pair(entry))).collect()
        };
        let (times, sums) = (pack(ChannelEntry::timestamps), pack(ChannelEntry::checksums));
        let packed = ShortIds::pack(part.iter().map(|(id, _)| *id));
        let first_blocknum = if is_first { query.first_blocknum } else { next.block() };
        let last = part.last().map(|(id, _)| *id);
        let covered = last.filter(|_| !is_last).map_or(end, |last| last.block() + 1);
        let reply = ReplyChannelRange {
            chain_hash: query.chain_hash,
            first_blocknum,
            number_of_blocks: covered.saturating_sub(first_blocknum),
            sync_complete: is_last,
            short_channel_ids: ShortIds::from_packed(&packed).expect("the view is in order"),
            timestamps: (wants & WANT_TIMESTAMPS != 0).then_some(&times),
            checksums: (wants & WANT_CHECKSUMS != 0).then_some(&sums),
        };
        let rest = last.filter(|_| !is_last).map(|last| {
            let next = ShortChannelId::from_u64(last.to_u64().saturating_add(1));
            RangeAnswer { query, next, is_first: false }
        });
        (reply.to_bytes(), rest)
    }
}

impl IdsAnswer {
    /// Names of the next messages: of channels and their updates, and then of each node once.
    fn next_keys(&mut self, view: &NetworkView) -> Vec<MessageKey> {
        let mut keys = Vec::new();
        while keys.len() < READ_COUNT_MAX {
            let has_room = self.nodes.len() < ANSWER_NODE_COUNT_MAX;
            if let Some((id, wants)) = has_room.then(|| self.ids.pop_front()).flatten() {
                self.take_channel(view, id, wants.into(), &mut keys);
            } else if let Some(node_id) = self.nodes.pop_first() {
                keys.push(MessageKey::Node(node_id));
            } else {
                break;
            }
        }
        keys
    }

    fn take_channel(
        &mut self,
        view: &NetworkView,
        id: ShortChannelId,
        wants: u64,
        keys: &mut Vec<MessageKey>,
    ) {
        let Some(channel) = view.channel(id) else { return };
        if wants & QueryFlags::ANNOUNCEMENT != 0 {
            keys.push(MessageKey::Channel(id));
        }
        for (direction, update, node) in [
            (Direction::NodeOneToTwo, QueryFlags::UPDATE_1, QueryFlags::NODE_1),
            (Direction::NodeTwoToOne, QueryFlags::UPDATE_2, QueryFlags::NODE_2),
        ] {
            if wants & update != 0 && channel.updates[direction.as_usize()].is_some() {
                keys.push(MessageKey::Update(id, direction));
            }
            if wants & node != 0 {
                self.nodes.insert(channel.tail(direction));
            }
        }
    }
}

const BLOCK_MAX: u32 = (1 << 24) - 1;
