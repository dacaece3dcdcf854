//! The one hand that changes the graph.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::Ordering::Release;

use primitives::{ChannelPolicy, Direction, Features, GraphDelta, Msat, NodeId, ShortChannelId};

use super::merge::Merge;
use super::pending::{Pending, PendingChannel, PendingNode};
use super::publish::Published;
use super::retired::Retired;
use super::view::{Generation, Snapshot};
use crate::graph::{CHANNEL_COUNT_MAX, NODE_COUNT_MAX, Topology};

/// Applies deltas to the graph and publishes its snapshots. There is one for each graph, and it wants to be told of
/// time passing: whoever owns it calls [`GraphWriter::publish`] regularly, after each batch of deltas or some times a
/// second.
#[derive(Debug)]
pub struct GraphWriter {
    published: Arc<Published<Snapshot>>,
    latest: Arc<Snapshot>,
    pending: Pending,
    merge: Option<Merge>,
    retired: Retired,
    wear: Wear,
    /// Whether anything changed since the last publication.
    is_changed: bool,
    /// Whether what changed is, among others, the overlay.
    is_overlay_changed: bool,
}

/// What a generation has suffered since it was built.
#[derive(Debug, Default)]
struct Wear {
    closed_count: usize,
    repriced_count: usize,
}

impl GraphWriter {
    pub(super) fn new(published: Arc<Published<Snapshot>>, latest: Arc<Snapshot>) -> Self {
        GraphWriter {
            published,
            latest,
            pending: Pending::default(),
            merge: None,
            retired: Retired::default(),
            wear: Wear::default(),
            is_changed: false,
            is_overlay_changed: false,
        }
    }

    /// Applies one change. The module's page says when readers see it. Never waits: O(log m), and where the first
    /// inbound fee of a generation appears, once O(m).
    ///
    /// Whether a policy is newer than the one it replaces is for the gossip to know; here the last one told holds.
    ///
    /// # Errors
    /// Where the change does not fit the graph; the graph is then as it was.
    pub fn apply(&mut self, delta: &GraphDelta) -> Result<(), ApplyError> {
        match delta {
            GraphDelta::ChannelOpened { short_channel_id, node_id_1, node_id_2, capacity, features } => {
                self.open(*short_channel_id, [*node_id_1, *node_id_2], *capacity, features)
            }
            GraphDelta::ChannelClosed { short_channel_id } => self.close(*short_channel_id),
            GraphDelta::PolicyUpdated { short_channel_id, direction, policy } => {
                self.set_policy(*short_channel_id, *direction, policy)
            }
            GraphDelta::NodeSeen { node_id, features } => self.see_node(*node_id, features),
        }
    }

    /// Publishes what changed since the last time, as a snapshot with a version of its own, and returns the newest
    /// version. Starts a merge where one is due, and ends one that is done.
    ///
    /// O(channels of the overlay), where a merge ends also O(changes since it began).
    pub fn publish(&mut self) -> u64 {
        if let Some(next) = self.merge.as_ref().and_then(Merge::poll) {
            self.end_merge(next);
        }
        if self.is_merge_due() {
            self.begin_merge();
        }
        self.publish_snapshot();
        self.latest.version
    }

    /// Starts to build the next generation in the background, unless that is going on already; `publish` does so by
    /// itself where it must be.
    pub fn begin_merge(&mut self) {
        if self.merge.is_none() {
            self.merge = Some(Merge::begin(&self.latest.generation, &mut self.pending));
        }
    }

    /// Waits for the merge that is going on, if any, and publishes its generation. For tests and tools: a writer that
    /// must not wait calls [`GraphWriter::publish`].
    pub fn finish_merge(&mut self) {
        if let Some(merge) = &self.merge {
            let next = merge.wait();
            self.end_merge(next);
            self.publish_snapshot();
        }
    }

    /// Channels that were opened since the generation was built: beliefs have no place for them until the next one.
    pub fn opened_count(&self) -> usize {
        self.pending.channels.len()
    }

    /// Whether a generation is being built.
    pub fn is_merging(&self) -> bool {
        self.merge.is_some()
    }

    /// The snapshot that was published last.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.latest
    }

    fn open(
        &mut self,
        short_channel_id: ShortChannelId,
        node_ids: [NodeId; 2],
        capacity: Option<Msat>,
        features: &Features,
    ) -> Result<(), ApplyError> {
        let topology = &self.latest.generation.topology;
        if node_ids[0] >= node_ids[1] {
            return Err(ApplyError::NodesOutOfOrder { short_channel_id });
        }
        if topology.open_channel(short_channel_id).is_some()
            || self.pending.channels.contains_key(&short_channel_id)
        {
            return Err(ApplyError::DuplicateChannel { short_channel_id });
        }
        if topology.channel_count() + self.pending.channels.len() >= CHANNEL_COUNT_MAX {
            return Err(ApplyError::TooLarge { max: CHANNEL_COUNT_MAX });
        }
        self.check_node_room()?;
        let channel = PendingChannel {
            node_ids,
            nodes: node_ids.map(|node_id| topology.node(&node_id).map(|node| node.to_u32())),
            capacity,
            features: features.clone(),
            policies: [None; 2],
            is_merging: false,
            is_newer: [false; 2],
        };
        self.pending.channels.insert(short_channel_id, channel);
        self.note_overlay_change();
        Ok(())
    }

    fn close(&mut self, short_channel_id: ShortChannelId) -> Result<(), ApplyError> {
        let Generation { topology, sequence } = &*self.latest.generation;
        if let Some(channel) = topology.open_channel(short_channel_id) {
            sequence.write(|| topology.close(channel));
            for direction in Direction::BOTH {
                self.pending.policies.remove(&(short_channel_id, direction));
            }
            self.wear.closed_count += 1;
            self.is_changed = true;
        } else if self.pending.channels.remove(&short_channel_id).is_some() {
            self.note_overlay_change();
        } else {
            return Err(ApplyError::UnknownChannel { short_channel_id });
        }
        if let Some(merge) = &mut self.merge {
            merge.note_closed(short_channel_id);
        }
        Ok(())
    }

    fn set_policy(
        &mut self,
        short_channel_id: ShortChannelId,
        direction: Direction,
        policy: &ChannelPolicy,
    ) -> Result<(), ApplyError> {
        let Generation { topology, sequence } = &*self.latest.generation;
        let Some(channel) = topology.open_channel(short_channel_id) else {
            return self.set_pending_policy(short_channel_id, direction, policy);
        };
        self.is_changed = true;
        let Some(plan) = topology.plan_policy(channel, direction, policy) else {
            self.pending.policies.insert((short_channel_id, direction), *policy);
            return Ok(());
        };
        sequence.write(|| topology.store_policy(&plan));
        self.wear.repriced_count += usize::from(plan.is_repriced());
        if !self.pending.policies.is_empty() {
            self.pending.policies.remove(&(short_channel_id, direction));
        }
        if let Some(merge) = &mut self.merge {
            merge.note_written(channel.arc(direction));
        }
        Ok(())
    }

    fn set_pending_policy(
        &mut self,
        short_channel_id: ShortChannelId,
        direction: Direction,
        policy: &ChannelPolicy,
    ) -> Result<(), ApplyError> {
        let channel = self.pending.channels.get_mut(&short_channel_id);
        let channel = channel.ok_or(ApplyError::UnknownChannel { short_channel_id })?;
        channel.policies[direction.as_usize()] = Some(*policy);
        channel.is_newer[direction.as_usize()] = true;
        self.note_overlay_change();
        Ok(())
    }

    fn see_node(&mut self, node_id: NodeId, features: &Features) -> Result<(), ApplyError> {
        let topology = &self.latest.generation.topology;
        let is_known =
            || topology.node(&node_id).is_some_and(|node| topology.node_features(node) == features);
        // A pending announcement must be replaced even by what the generation says: a merge may have it already.
        if !self.pending.nodes.contains_key(&node_id) && is_known() {
            return Ok(());
        }
        self.check_node_room()?;
        // A node that demands what is not known is left alone at once; one that no longer does, from the next generation on.
        if features.unknown_demand().is_some() {
            let Generation { topology, sequence } = &*self.latest.generation;
            if let Some(node) = topology.node(&node_id) {
                sequence.write(|| topology.refuse(node));
            }
            self.note_overlay_change();
        }
        self.pending.nodes.insert(node_id, PendingNode { features: features.clone(), is_merging: false });
        Ok(())
    }

    /// Whether two more nodes fit, if all that is pending brings new ones.
    fn check_node_room(&self) -> Result<(), ApplyError> {
        let pending = &self.pending;
        let count = self.latest.topology().node_count() + pending.nodes.len() + 2 * pending.channels.len();
        if count + 2 <= NODE_COUNT_MAX { Ok(()) } else { Err(ApplyError::TooLarge { max: NODE_COUNT_MAX }) }
    }

    fn note_overlay_change(&mut self) {
        self.is_changed = true;
        self.is_overlay_changed = true;
    }

    fn is_merge_due(&self) -> bool {
        let arc_count = self.latest.topology().channel_count() * 2;
        self.pending.channels.len() + self.wear.closed_count >= CHANGED_CHANNEL_COUNT_MAX
            || self.pending.nodes.len() >= PENDING_NODE_COUNT_MAX
            || !self.pending.policies.is_empty()
            || self.wear.repriced_count >= arc_count.max(REPRICED_COUNT_MIN)
    }

    /// Makes the next generation the current one; it must be published before anything is written to it.
    fn end_merge(&mut self, mut next: Topology) {
        if let Some(merge) = self.merge.take() {
            merge.catch_up(self.latest.topology(), &mut next, &mut self.pending);
        }
        self.wear = Wear::default();
        let overlay = Arc::new(self.pending.overlay(&next));
        self.replace(Snapshot {
            generation: Arc::new(Generation::new(next)),
            overlay,
            version: self.latest.version + 1,
            latest: Arc::clone(&self.latest.latest),
        });
    }

    fn publish_snapshot(&mut self) {
        if self.is_changed {
            let overlay = match self.is_overlay_changed {
                true => Arc::new(self.pending.overlay(self.latest.topology())),
                false => Arc::clone(&self.latest.overlay),
            };
            self.replace(Snapshot {
                generation: Arc::clone(&self.latest.generation),
                overlay,
                version: self.latest.version + 1,
                latest: Arc::clone(&self.latest.latest),
            });
        }
        self.retired.sweep(&self.latest.generation);
    }

    fn replace(&mut self, snapshot: Snapshot) {
        let snapshot = Arc::new(snapshot);
        self.published.replace(Arc::clone(&snapshot));
        snapshot.latest.store(snapshot.version, Release);
        self.retired.push(mem::replace(&mut self.latest, snapshot));
        (self.is_changed, self.is_overlay_changed) = (false, false);
    }
}

/// Why a delta does not fit the graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// A policy or a closing came for a channel that is not open.
    #[error("channel {short_channel_id} is not in the graph")]
    UnknownChannel {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// A channel was opened twice.
    #[error("channel {short_channel_id} is in the graph already")]
    DuplicateChannel {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// BOLT 7: `node_id_1` is the lesser of the two, and a node opens no channel with itself.
    #[error("channel {short_channel_id}: node_id_1 must be less than node_id_2")]
    NodesOutOfOrder {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// A number would not fit its index.
    #[error("the graph is full: at most {max} entries fit")]
    TooLarge {
        /// The limit that was reached.
        max: usize,
    },
}

/// Channels opened or closed since the generation was built, before the next one is due: a publication of that many
/// takes a third of a millisecond. Mainnet needs days to get there.
const CHANGED_CHANNEL_COUNT_MAX: usize = 1024;
/// Announcements with news that wait for the next generation, before it is due.
const PENDING_NODE_COUNT_MAX: usize = 4096;
/// Arcs whose fees changed before the next generation is due: as many as there are, since lists that are that far out
/// of order make a search about twice as long; but on a small graph not every few seconds.
const REPRICED_COUNT_MIN: usize = 1 << 16;

#[cfg(test)]
mod tests;
