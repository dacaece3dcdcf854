//! The view itself: what is asked of it before signatures are checked, and how verified gossip changes it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use primitives::{BlockHeight, Direction, Features, GraphDelta, Msat, NodeId, ShortChannelId, UnixTime};

use super::entry::{Allowance, AnnouncedNode, ChannelEntry, NodeEntry, UpdateEntry};
use super::limits::{BARRED_COUNT_MAX, CHANNEL_COUNT_MAX, FEATURE_BYTES_MAX, FUTURE_SECS_MAX, STALE_SECS};
use super::refusal::{Refusal, Standing};
use crate::verify::{ChannelFact, NodeFact, Revision, Subject, UpdateFact, Verified};

/// Channels and nodes that were verified, in order, so that ranges of them can be told.
#[derive(Debug, Clone, Default)]
pub struct NetworkView {
    pub(super) channels: BTreeMap<ShortChannelId, ChannelEntry>,
    /// By keyed hashes: each channel asks for two nodes, and ids are long to compare.
    nodes: HashMap<NodeId, NodeEntry>,
    /// All of `nodes`.
    node_order: BTreeSet<NodeId>,
    barred: BTreeSet<ShortChannelId>,
    /// Bytes of all features, which are as long as their authors like.
    feature_bytes: usize,
    pub(super) height: BlockHeight,
}

/// Two views are equal where they hold the same channels and nodes; when these were first seen is no content.
impl PartialEq for NetworkView {
    fn eq(&self, other: &Self) -> bool {
        let same = |(one, other): ((&ShortChannelId, &ChannelEntry), (&ShortChannelId, &ChannelEntry))| {
            let (id, entry) = one;
            *id == *other.0 && *entry == ChannelEntry { seen_at: entry.seen_at, ..other.1.clone() }
        };
        self.channels.len() == other.channels.len()
            && self.nodes == other.nodes
            && self.channels.iter().zip(&other.channels).all(same)
    }
}

impl Eq for NetworkView {}

impl NetworkView {
    /// A channel. O(log channels).
    pub fn channel(&self, short_channel_id: ShortChannelId) -> Option<&ChannelEntry> {
        self.channels.get(&short_channel_id)
    }

    /// A node that has a channel. O(1).
    pub fn node(&self, node_id: NodeId) -> Option<&NodeEntry> {
        self.nodes.get(&node_id)
    }

    /// Channels from `first` on, in order.
    pub fn channels_from(
        &self,
        first: ShortChannelId,
    ) -> impl Iterator<Item = (ShortChannelId, &ChannelEntry)> {
        self.channels.range(first..).map(|(id, entry)| (*id, entry))
    }

    /// Nodes from `first` on, in order.
    pub fn nodes_from(&self, first: Option<NodeId>) -> impl Iterator<Item = (NodeId, &NodeEntry)> {
        let from = first.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Included);
        let ids = self.node_order.range((from, std::ops::Bound::Unbounded));
        ids.filter_map(|id| Some((*id, self.nodes.get(id)?)))
    }

    /// How many channels there are.
    pub fn channel_count(&self) -> usize {
        self.channels.len()
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// Height of the chain, as far as it was told.
    pub const fn height(&self) -> BlockHeight {
        self.height
    }

    /// Whether a message is worth the check of its signatures. O(log channels), so it comes first.
    ///
    /// # Errors
    /// Where it would change nothing, whoever signed it.
    pub fn standing(&self, subject: &Subject, now: UnixTime) -> Result<Standing, Refusal> {
        match subject {
            Subject::Channel(channel) => {
                match self.admits_channel(channel) {
                    // If both are signed, keys have leaked, which is news.
                    Err(Refusal::Conflict { .. }) if self.is_leak(channel) => {}
                    admitted => admitted?,
                }
                Ok(Standing::News { signer: None })
            }
            Subject::Update(update) => {
                let UpdateFact { short_channel_id, direction, revision, .. } = *update;
                timely(revision, now)?;
                recent(revision, now)?;
                let Some(channel) = self.channels.get(&short_channel_id) else {
                    return Ok(Standing::NeedsChannel(short_channel_id));
                };
                allowance(channel, update, now, Source::Others)?;
                Ok(Standing::News { signer: Some(channel.tail(direction)) })
            }
            Subject::Node(node) => {
                timely(node.revision, now)?;
                match self.nodes.get(&node.node_id) {
                    None => Ok(Standing::NeedsNode(node.node_id)),
                    Some(_) if !self.has_room_for(&node.features) => Err(Refusal::Full),
                    Some(entry) => node_allowance(entry, node, now, Source::Others)
                        .map(|_| Standing::News { signer: None }),
                }
            }
        }
    }

    /// Takes a channel whose funding output was looked at, with the capacity that was found. Two announcements of one
    /// funding output by different nodes show that keys leaked: the channel closes and stays barred.
    ///
    /// # Errors
    /// Where it is known, or in conflict with one of other funding keys, or barred.
    pub fn apply_channel<M>(
        &mut self,
        channel: &Verified<ChannelFact, M>,
        capacity: Option<Msat>,
        now: UnixTime,
    ) -> Result<GraphDelta, Refusal> {
        let fact = channel.fact();
        let short_channel_id = fact.short_channel_id;
        let has_room = self.channels.len() < CHANNEL_COUNT_MAX && self.has_room_for(&fact.features);
        let has_room = has_room && !self.barred.contains(&short_channel_id);
        let Entry::Vacant(place) = self.channels.entry(short_channel_id) else { return self.refuse(fact) };
        if !has_room {
            return self.refuse(fact);
        }
        let entry = ChannelEntry {
            node_ids: [fact.node_id_1, fact.node_id_2],
            bitcoin_keys: sorted_keys(fact),
            capacity,
            features: fact.features.clone(),
            updates: [None, None],
            seen_at: now,
            spent_at: None,
        };
        for node_id in entry.node_ids {
            let node = self.nodes.entry(node_id).or_insert_with(|| {
                self.node_order.insert(node_id);
                NodeEntry::default()
            });
            node.channel_count = node.channel_count.saturating_add(1);
        }
        place.insert(entry);
        self.feature_bytes += size(&fact.features);
        Ok(GraphDelta::ChannelOpened {
            short_channel_id,
            node_id_1: fact.node_id_1,
            node_id_2: fact.node_id_2,
            capacity,
            features: fact.features.clone(),
        })
    }

    /// Takes an update, which was signed by the node that [`NetworkView::standing`] named.
    ///
    /// # Errors
    /// Where it is not newer than what is known, out of time, or one too many.
    pub fn apply_update<M>(
        &mut self,
        update: &Verified<UpdateFact, M>,
        now: UnixTime,
    ) -> Result<GraphDelta, Refusal> {
        timely(update.fact().revision, now)?;
        recent(update.fact().revision, now)?;
        self.put_update(update.fact(), now, Source::Others)
    }

    /// Takes back an update that was admitted some time before `stored_at`, however close to the limits it was.
    ///
    /// # Errors
    /// Where its channel is not known, or something newer is.
    pub fn restore_update<M>(
        &mut self,
        update: &Verified<UpdateFact, M>,
        stored_at: UnixTime,
    ) -> Result<GraphDelta, Refusal> {
        self.put_update(update.fact(), stored_at, Source::Log)
    }

    /// Takes an announcement of a node.
    ///
    /// # Errors
    /// Where the node has no channel, or the announcement is not newer than what is known, or one too many.
    pub fn apply_node<M>(
        &mut self,
        node: &Verified<NodeFact, M>,
        now: UnixTime,
    ) -> Result<GraphDelta, Refusal> {
        timely(node.fact().revision, now)?;
        self.put_node(node.fact(), now, Source::Others)
    }

    /// Takes back an announcement of a node that was admitted some time before `stored_at`, however close to the limits it
    /// was.
    ///
    /// # Errors
    /// Where the node has no channel, or something newer is known.
    pub fn restore_node<M>(
        &mut self,
        node: &Verified<NodeFact, M>,
        stored_at: UnixTime,
    ) -> Result<GraphDelta, Refusal> {
        self.put_node(node.fact(), stored_at, Source::Log)
    }

    fn put_update(
        &mut self,
        update: &UpdateFact,
        now: UnixTime,
        source: Source,
    ) -> Result<GraphDelta, Refusal> {
        let UpdateFact { short_channel_id, direction, policy, revision, checksum } = *update;
        let channel =
            self.channels.get_mut(&short_channel_id).ok_or(Refusal::NoChannel { short_channel_id })?;
        let allowance = allowance(channel, update, now, source)?;
        channel.updates[direction.as_usize()] = Some(UpdateEntry { revision, checksum, policy, allowance });
        Ok(GraphDelta::PolicyUpdated { short_channel_id, direction, policy })
    }

    fn put_node(&mut self, node: &NodeFact, now: UnixTime, source: Source) -> Result<GraphDelta, Refusal> {
        let NodeFact { node_id, features, revision } = node;
        let has_room = self.has_room_for(features);
        let entry = self.nodes.get_mut(node_id).ok_or(Refusal::NoNode { node_id: *node_id })?;
        let allowance = node_allowance(entry, node, now, source)?;
        if !has_room {
            return Err(Refusal::Full);
        }
        let new = AnnouncedNode { revision: *revision, features: features.clone(), allowance };
        let old = entry.announced.replace(new);
        self.feature_bytes += size(features);
        self.feature_bytes -= old.map_or(0, |old| size(&old.features));
        Ok(GraphDelta::NodeSeen { node_id: *node_id, features: features.clone() })
    }

    /// Takes note of what the chain says that a channel holds, where nobody had asked it before; returns the changes of the graph,
    /// none where that is known. A graph learns a capacity when a channel opens: so this one closes and opens again, with all
    /// that is known of it and of its nodes, as it is to be stored again.
    pub fn correct_capacity(&mut self, short_channel_id: ShortChannelId, capacity: Msat) -> Vec<GraphDelta> {
        let Some(entry) = self.channels.get_mut(&short_channel_id) else { return Vec::new() };
        let capacity = Some(capacity);
        if std::mem::replace(&mut entry.capacity, capacity) == capacity {
            return Vec::new();
        }
        let ([node_id_1, node_id_2], features) = (entry.node_ids, entry.features.clone());
        let mut changes = vec![
            GraphDelta::ChannelClosed { short_channel_id },
            GraphDelta::ChannelOpened { short_channel_id, node_id_1, node_id_2, capacity, features },
        ];
        for direction in Direction::BOTH {
            let policy = entry.updates[direction.as_usize()].map(|update| update.policy);
            changes.extend(policy.map(|policy| GraphDelta::PolicyUpdated {
                short_channel_id,
                direction,
                policy,
            }));
        }
        for node_id in entry.node_ids {
            let announced = self.nodes.get(&node_id).and_then(|node| node.announced.as_ref());
            let features = announced.map(|known| known.features.clone());
            changes.extend(features.map(|features| GraphDelta::NodeSeen { node_id, features }));
        }
        changes
    }

    /// Removes a channel, and its nodes where it was their last one.
    pub fn remove(&mut self, short_channel_id: ShortChannelId) -> Option<GraphDelta> {
        let entry = self.channels.remove(&short_channel_id)?;
        self.feature_bytes -= size(&entry.features);
        for node_id in entry.node_ids {
            if let Some(node) = self.nodes.get_mut(&node_id) {
                node.channel_count = node.channel_count.saturating_sub(1);
                if node.channel_count == 0 {
                    self.feature_bytes -= node.announced.as_ref().map_or(0, |known| size(&known.features));
                    self.nodes.remove(&node_id);
                    self.node_order.remove(&node_id);
                }
            }
        }
        Some(GraphDelta::ChannelClosed { short_channel_id })
    }

    /// What becomes of a channel that is not admitted.
    fn refuse(&mut self, fact: &ChannelFact) -> Result<GraphDelta, Refusal> {
        let refusal = self.admits_channel(fact).err().unwrap_or(Refusal::Known);
        if self.is_leak(fact) {
            self.bar(fact.short_channel_id);
            return self.remove(fact.short_channel_id).ok_or(refusal);
        }
        Err(refusal)
    }

    fn admits_channel(&self, fact: &ChannelFact) -> Result<(), Refusal> {
        let short_channel_id = fact.short_channel_id;
        if self.barred.contains(&short_channel_id) {
            return Err(Refusal::Conflict { short_channel_id });
        }
        match self.channels.get(&short_channel_id) {
            Some(entry) if entry.node_ids == [fact.node_id_1, fact.node_id_2] => Err(Refusal::Known),
            Some(_) => Err(Refusal::Conflict { short_channel_id }),
            None if self.channels.len() >= CHANNEL_COUNT_MAX => Err(Refusal::Full),
            None if !self.has_room_for(&fact.features) => Err(Refusal::Full),
            None => Ok(()),
        }
    }

    fn has_room_for(&self, features: &Features) -> bool {
        self.feature_bytes + size(features) <= FEATURE_BYTES_MAX
    }

    /// Whether the same funding keys already signed for other nodes.
    fn is_leak(&self, fact: &ChannelFact) -> bool {
        self.channels.get(&fact.short_channel_id).is_some_and(|entry| {
            entry.bitcoin_keys == sorted_keys(fact) && entry.node_ids != [fact.node_id_1, fact.node_id_2]
        })
    }

    fn bar(&mut self, short_channel_id: ShortChannelId) {
        if self.barred.len() >= BARRED_COUNT_MAX {
            self.barred.pop_first();
        }
        self.barred.insert(short_channel_id);
    }
}

/// Whose word a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// That of others, who may say it too often.
    Others,
    /// That of our log. It was admitted before it was stored, in a second that may have been another one, so that the limits of
    /// rates and times must not be looked at again. What it has used up is counted all the same.
    Log,
}

fn sorted_keys(fact: &ChannelFact) -> [[u8; 33]; 2] {
    let mut keys = [fact.bitcoin_key_1, fact.bitcoin_key_2];
    keys.sort_unstable();
    keys
}

fn size(features: &Features) -> usize {
    features.as_be_bytes().len()
}

/// Not too far ahead of the clock.
fn timely(revision: Revision, now: UnixTime) -> Result<(), Refusal> {
    let latest = now.to_secs().saturating_add(FUTURE_SECS_MAX);
    if revision.timestamp.to_secs() > latest { Err(Refusal::Future) } else { Ok(()) }
}

/// Not so old that the channel would be pruned for it.
fn recent(revision: Revision, now: UnixTime) -> Result<(), Refusal> {
    let oldest = now.to_secs().saturating_sub(STALE_SECS);
    if revision.timestamp.to_secs() < oldest { Err(Refusal::Stale) } else { Ok(()) }
}

/// What is allowed after this update.
fn allowance(
    channel: &ChannelEntry,
    update: &UpdateFact,
    now: UnixTime,
    source: Source,
) -> Result<Allowance, Refusal> {
    let direction: Direction = update.direction;
    let known = channel.updates[direction.as_usize()].map(|known| (known.revision, known.allowance));
    allowance_after(known, update.revision, now, source)
}

fn node_allowance(
    entry: &NodeEntry,
    node: &NodeFact,
    now: UnixTime,
    source: Source,
) -> Result<Allowance, Refusal> {
    let known = entry.announced.as_ref().map(|known| (known.revision, known.allowance));
    allowance_after(known, node.revision, now, source)
}

fn allowance_after(
    known: Option<(Revision, Allowance)>,
    revision: Revision,
    now: UnixTime,
    source: Source,
) -> Result<Allowance, Refusal> {
    let left = match known {
        Some((known, _)) if revision <= known => return Err(Refusal::Known),
        Some((_, allowance)) => allowance.at(now),
        None => Allowance::full(now),
    };
    match source {
        Source::Others => left.spend().ok_or(Refusal::TooOften),
        Source::Log => Ok(left.spend().unwrap_or(left)),
    }
}
