//! News for peers who asked for them, once a minute, and for new ones what was news of late.

use primitives::wire::GossipTimestampFilter;
use primitives::{Direction, NodeId, ShortChannelId, UnixTime};

use super::gossip::Gossip;
use super::io::DisconnectReason;
use super::limits::{COST_FILTER, OUTGOING_COUNT_MAX, READ_COUNT_MAX, SCANNED_PER_MICROSECOND};
use super::peer::{Backlog, Piece};
use crate::admit::PeerId;
use crate::view::{ChannelEntry, MessageKey, NetworkView};

impl Gossip {
    pub(super) fn take_filter(
        &mut self,
        peer: PeerId,
        filter: GossipTimestampFilter,
        now: UnixTime,
    ) -> Result<(), DisconnectReason> {
        self.charge(peer, COST_FILTER, now)?;
        if filter.chain_hash == self.config.chain_hash
            && let Some(state) = self.peers.get_mut(&peer)
        {
            state.has_refiltered |= state.filter.replace(filter).is_some();
            state.backlog = Some(Backlog::Channels(ShortChannelId::from_u64(0)));
            state.outgoing.clear();
        }
        Ok(())
    }

    /// Hands the news to all peers whose filter wants them, but not to who told them. O(news) for each peer that has room.
    pub(super) fn flush(&mut self) {
        let news = self.news.take();
        let news: Vec<_> = news.iter().map(|(key, teller)| (key, teller, times(&self.view, key))).collect();
        for (peer, state) in &mut self.peers {
            let Some(filter) = state.filter else { continue };
            for (key, teller, times) in &news {
                if state.outgoing.len() >= OUTGOING_COUNT_MAX {
                    break;
                }
                if *teller != peer && times.iter().flatten().any(|time| filter.wants(*time)) {
                    state.outgoing.insert(**key);
                }
            }
        }
    }

    pub(super) fn serve_news(&mut self, peer: PeerId) -> Option<Piece> {
        let state = self.peers.get_mut(&peer)?;
        // Channels come before their updates and nodes: so are the names ordered.
        let mut keys = Vec::new();
        while keys.len() < READ_COUNT_MAX {
            let Some(key) = state.outgoing.pop_first() else { break };
            keys.push(key);
        }
        self.read(peer, keys, false)
    }

    /// The next of what a new filter wants and we knew before. O(channels) for each filter, whatever it finds; who has not
    /// paid for the last search waits for the next one.
    pub(super) fn serve_backlog(&mut self, peer: PeerId, now: UnixTime) -> Option<Piece> {
        let state = self.peers.get(&peer)?;
        let (mut backlog, filter) = (state.backlog?, state.filter?);
        if state.work.is_in_debt(now) {
            return None;
        }
        let mut keys = Vec::new();
        let mut scanned_count = 0;
        let rest = loop {
            let next = match backlog {
                Backlog::Channels(from) => self.next_channel(from, &filter, &mut keys, &mut scanned_count),
                Backlog::Nodes(from) => self.next_node(from, &filter, &mut keys, &mut scanned_count),
            };
            match next {
                None => break None,
                Some(next) if keys.len() >= READ_COUNT_MAX => break Some(next),
                Some(next) => backlog = next,
            }
        };
        if let Some(state) = self.peers.get_mut(&peer) {
            state.backlog = rest;
            // Everybody may have one search: strangers come ten a second.
            if state.has_refiltered {
                state.work.owe(scanned_count / SCANNED_PER_MICROSECOND, now);
            }
        }
        self.move_gate(peer, now);
        self.read(peer, keys, true)
    }

    fn next_channel(
        &self,
        from: ShortChannelId,
        filter: &GossipTimestampFilter,
        keys: &mut Vec<MessageKey>,
        scanned_count: &mut u32,
    ) -> Option<Backlog> {
        let mut counted = self.view.channels_from(from).inspect(|_| *scanned_count += 1);
        let found = counted.find(|(_, channel)| wants_channel(filter, channel));
        let Some((id, channel)) = found else { return Some(Backlog::Nodes(None)) };
        keys.push(MessageKey::Channel(id));
        for direction in Direction::BOTH {
            let update = channel.updates[direction.as_usize()];
            if update.is_some_and(|update| filter.wants(update.revision.timestamp)) {
                keys.push(MessageKey::Update(id, direction));
            }
        }
        Some(Backlog::Channels(ShortChannelId::from_u64(id.to_u64().saturating_add(1))))
    }

    fn next_node(
        &self,
        from: Option<NodeId>,
        filter: &GossipTimestampFilter,
        keys: &mut Vec<MessageKey>,
        scanned_count: &mut u32,
    ) -> Option<Backlog> {
        let wanted = |node: &crate::view::NodeEntry| {
            node.announced.as_ref().is_some_and(|known| filter.wants(known.revision.timestamp))
        };
        let behind = self.view.nodes_from(from).filter(|(id, _)| Some(*id) != from);
        let (id, _) = behind.inspect(|_| *scanned_count += 1).find(|(_, node)| wanted(node))?;
        keys.push(MessageKey::Node(id));
        Some(Backlog::Nodes(Some(id)))
    }
}

/// The times of a message that is in the view. A channel's are those of its updates (BOLT 7, gossip_timestamp_filter).
fn times(view: &NetworkView, key: &MessageKey) -> [Option<UnixTime>; 2] {
    match key {
        MessageKey::Channel(id) => view.channel(*id).map_or([None; 2], channel_times),
        MessageKey::Update(id, direction) => {
            let times = view.channel(*id).map_or([None; 2], channel_times);
            [times[direction.as_usize()], None]
        }
        MessageKey::Node(id) => {
            let announced = view.node(*id).and_then(|node| node.announced.as_ref());
            [announced.map(|known| known.revision.timestamp), None]
        }
    }
}

fn channel_times(channel: &ChannelEntry) -> [Option<UnixTime>; 2] {
    channel.updates.map(|update| update.map(|update| update.revision.timestamp))
}

fn wants_channel(filter: &GossipTimestampFilter, channel: &ChannelEntry) -> bool {
    channel_times(channel).into_iter().flatten().any(|time| filter.wants(time))
}
