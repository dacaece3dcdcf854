//! News for peers who asked for them, once a minute, and for new ones what was news of late.

use primitives::wire::GossipTimestampFilter;
use primitives::{Direction, NodeId, ShortChannelId, UnixTime};

use super::gossip::Gossip;
use super::io::{DisconnectReason, Output};
use super::limits::{COST_FILTER, OUTGOING_COUNT_MAX, READ_COUNT_MAX, SCANNED_PER_MICROSECOND};
use super::peer::Backlog;
use crate::admit::PeerId;
use crate::view::{ChannelEntry, MessageKey};

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

    /// Hands the news to all peers whose filter wants them, but not to who told them. O(news) for each peer.
    pub(super) fn flush(&mut self) {
        let news = self.news.take();
        for (peer, state) in &mut self.peers {
            let Some(filter) = state.filter else { continue };
            for (key, _) in news.iter().filter(|(_, teller)| *teller != peer) {
                let is_wanted = match key {
                    MessageKey::Channel(id) => {
                        self.view.channel(*id).is_some_and(|channel| wants_channel(&filter, channel))
                    }
                    MessageKey::Update(id, direction) => self
                        .view
                        .channel(*id)
                        .and_then(|channel| channel.updates[direction.as_usize()])
                        .is_some_and(|update| filter.wants(update.revision.timestamp)),
                    MessageKey::Node(id) => self
                        .view
                        .node(*id)
                        .and_then(|node| node.announced.as_ref())
                        .is_some_and(|known| filter.wants(known.revision.timestamp)),
                };
                if is_wanted && state.outgoing.len() < OUTGOING_COUNT_MAX {
                    state.outgoing.insert(*key);
                }
            }
        }
    }

    pub(super) fn serve_news(&mut self, peer: PeerId) -> bool {
        let Some(state) = self.peers.get_mut(&peer) else { return false };
        // Channels come before their updates and nodes: so are the names ordered.
        let mut keys = Vec::new();
        while keys.len() < READ_COUNT_MAX {
            let Some(key) = state.outgoing.pop_first() else { break };
            keys.push(key);
        }
        self.read(peer, keys)
    }

    /// The next of what a new filter wants and we knew before. O(channels) for each filter, whatever it finds; who has not
    /// paid for the last search waits for the next one.
    pub(super) fn serve_backlog(&mut self, peer: PeerId, now: UnixTime) -> bool {
        let Some(state) = self.peers.get(&peer) else { return false };
        let (Some(mut backlog), Some(filter)) = (state.backlog, state.filter) else { return false };
        if state.work.is_in_debt(now) {
            return false;
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
        self.read(peer, keys)
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

    fn read(&mut self, peer: PeerId, keys: Vec<MessageKey>) -> bool {
        if keys.is_empty() {
            return false;
        }
        self.outputs.push_back(Output::Read { peer, keys });
        true
    }
}

/// A channel's time is that of any of its updates.
fn wants_channel(filter: &GossipTimestampFilter, channel: &ChannelEntry) -> bool {
    channel.updates.iter().flatten().any(|update| filter.wants(update.revision.timestamp))
}
