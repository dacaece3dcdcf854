//! Peers' questions, answered from the view and the log piece by piece, as fast as the peer reads.

use std::collections::BTreeSet;

use primitives::wire::{
    QueryChannelRange, QueryFlags, QueryShortChannelIds, ReplyChannelRange, ReplyShortChannelIdsEnd,
    ShortIds, WANT_CHECKSUMS, WANT_TIMESTAMPS,
};
use primitives::{Direction, ShortChannelId, UnixTime};

use super::gossip::Gossip;
use super::io::{DisconnectReason, Output};
use super::limits::{
    ANSWER_NODE_COUNT_MAX, COMPARED_PER_MICROSECOND, COST_IDS, COST_RANGE, READ_COUNT_MAX, REPLY_COUNT_MAX,
};
use super::peer::{IdsAnswer, RangeAnswer};
use crate::admit::PeerId;
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
        state.work.owe(count / COMPARED_PER_MICROSECOND, now);
        let full_information = query.chain_hash == self.config.chain_hash;
        let mut flags = query.query_flags.map(|flags| flags.iter());
        let mut wants = |id| (id, flags.as_mut().and_then(Iterator::next).unwrap_or(QueryFlags::ALL) as u8);
        let ids = query.short_channel_ids.iter().filter(|_| full_information).map(&mut wants).collect();
        let end = ReplyShortChannelIdsEnd { chain_hash: query.chain_hash, full_information };
        state.ids_answer = Some(IdsAnswer { ids, nodes: BTreeSet::new(), end });
        self.move_gate(peer, now);
        Ok(())
    }

    /// Gives everybody the next piece who is ready for one: of his answers first, then of what we knew before he came,
    /// then of the news.
    pub(super) fn serve(&mut self, now: UnixTime) {
        let ready: Vec<PeerId> =
            self.peers.iter().filter(|(_, state)| !state.is_busy).map(|(peer, _)| *peer).collect();
        for peer in ready {
            let is_busy = self.serve_answer(peer) || self.serve_backlog(peer, now) || self.serve_news(peer);
            if let Some(state) = self.peers.get_mut(&peer) {
                state.is_busy = is_busy;
            }
        }
    }

    fn serve_answer(&mut self, peer: PeerId) -> bool {
        let Some(state) = self.peers.get_mut(&peer) else { return false };
        if let Some(answer) = state.range_answer.take() {
            let rest = self.tell_range(peer, answer);
            if let Some(state) = self.peers.get_mut(&peer) {
                state.range_answer = rest;
            }
            return true;
        }
        let Some(answer) = &mut state.ids_answer else { return false };
        let keys = answer.next_keys(&self.view);
        if keys.is_empty() {
            let end = answer.end;
            state.ids_answer = None;
            self.send(peer, &end);
        } else {
            self.outputs.push_back(Output::Read { peer, keys });
        }
        true
    }

    /// One part of the answer to a range; returns the rest.
    fn tell_range(&mut self, peer: PeerId, answer: RangeAnswer) -> Option<RangeAnswer> {
        let RangeAnswer { query, next, is_first } = answer;
        let end = query.first_blocknum.saturating_add(query.number_of_blocks);
        let is_ours = query.chain_hash == self.config.chain_hash;
        let within = |id: ShortChannelId| is_ours && id.block() < end;
        let mut channels = self.view.channels_from(next).take_while(|(id, _)| within(*id));
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
        let reply = primitives::wire::WireMessage::to_bytes(&reply);
        self.outputs.push_back(Output::Send { peer, message: reply });
        let next = ShortChannelId::from_u64(last?.to_u64().saturating_add(1));
        (!is_last).then_some(RangeAnswer { query, next, is_first: false })
    }

    /// The log has read a piece.
    pub(super) fn send_read(&mut self, peer: PeerId, messages: Vec<Box<[u8]>>) {
        let Some(state) = self.peers.get_mut(&peer) else { return };
        // Where nothing was found, nothing leaves, and nobody would say that there is room again.
        state.is_busy = !messages.is_empty();
        for message in messages {
            self.outputs.push_back(Output::Send { peer, message: message.into_vec() });
        }
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
