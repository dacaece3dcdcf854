//! The graph as one query sees it.

use std::sync::atomic::{AtomicU64, Ordering::Acquire};
use std::sync::{Arc, Weak};

use crossbeam::utils::CachePadded;
use primitives::{ChannelPolicy, Direction, Features, Msat, NodeId, ShortChannelId};

use super::sequence::{Contended, Sequence};
use crate::graph::{ArcIdx, ChannelIdx, NodeIdx, Topology};
use crate::overlay::{Overlay, OverlayChannel};

/// A generation of the graph, the channels that opened since it was built, and the means to read policies of one
/// moment.
///
/// Nodes and arcs are numbered through both: first those of the generation, then those of the overlay. Numbers hold
/// for one snapshot; names hold for all.
#[derive(Debug)]
pub struct Snapshot {
    pub(super) generation: Arc<Generation>,
    pub(super) overlay: Arc<Overlay>,
    pub(super) version: u64,
    pub(super) latest: Arc<LatestVersion>,
}

/// A topology and the sequence of the changes that are made to it in place.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) topology: Topology,
    pub(super) sequence: Sequence,
}

/// Tells generations apart: all numbers of two snapshots of one generation are the same, but for those of overlays.
#[derive(Debug, Clone)]
pub(crate) struct GenerationKey(Weak<Generation>);

impl PartialEq for GenerationKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }
}

/// Tells snapshots apart, those of other graphs included: all numbers of two snapshots with equal keys are the same.
#[derive(Debug, Clone)]
pub(crate) struct SnapshotKey {
    latest: Arc<LatestVersion>,
    version: u64,
}

impl PartialEq for SnapshotKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.latest, &other.latest) && self.version == other.version
    }
}

/// The version that was published last, on cache lines of its own: every query reads it.
pub(super) type LatestVersion = CachePadded<AtomicU64>;

impl Snapshot {
    /// A snapshot that nobody will change. See `ChannelGraph` for one that goes with the gossip.
    pub fn from_topology(topology: Topology) -> Self {
        let overlay = Arc::new(empty_overlay(&topology));
        let generation = Arc::new(Generation::new(topology));
        Snapshot { generation, overlay, version: 0, latest: Arc::default() }
    }

    /// The generation.
    #[inline(always)]
    pub fn topology(&self) -> &Topology {
        &self.generation.topology
    }

    /// The channels that opened since the generation was built. They and their new nodes are sorted by name.
    #[inline(always)]
    pub(crate) fn overlay(&self) -> &Overlay {
        &self.overlay
    }

    /// Counts the publications up to this one. Later snapshots of one graph have greater numbers.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// What numbers that were looked up in this snapshot are good for.
    pub(crate) fn key(&self) -> SnapshotKey {
        SnapshotKey { latest: Arc::clone(&self.latest), version: self.version }
    }

    /// What numbers of the generation's own channels are good for.
    pub(crate) fn generation_key(&self) -> GenerationKey {
        GenerationKey(Arc::downgrade(&self.generation))
    }

    /// Whether no newer snapshot is published. Policies may have changed in place nevertheless: a current snapshot
    /// shows them all, a former one may stay behind.
    #[inline]
    pub fn is_current(&self) -> bool {
        self.latest.load(Acquire) == self.version
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        self.overlay.node_end() as usize
    }

    /// How many channels are numbered, closed ones included.
    pub fn channel_count(&self) -> usize {
        self.overlay.arc_end() as usize / 2
    }

    /// The channels that are open now. O(m).
    pub fn channels(&self) -> impl Iterator<Item = ChannelIdx> + '_ {
        let all = (0..self.overlay.arc_end() / 2).map(ChannelIdx::from_u32);
        all.filter(|&channel| !self.is_closed(channel))
    }

    /// Finds a node. O(1) in the generation, O(log) in the overlay.
    pub fn node(&self, node_id: &NodeId) -> Option<NodeIdx> {
        if let Some(node) = self.topology().node(node_id) {
            return Some(node);
        }
        let place = self.overlay.node_ids().binary_search(node_id).ok()?;
        Some(NodeIdx::from_u32((self.topology().node_count() + place) as u32))
    }

    /// The id of a node.
    ///
    /// # Panics
    /// Where the number is not of this snapshot.
    pub fn node_id(&self, node: NodeIdx) -> NodeId {
        match self.overlay.node_id(node.to_u32()) {
            Some(node_id) => *node_id,
            None => self.topology().node_id(node),
        }
    }

    /// What a node announced of itself; `None` for a node of the overlay, whose features come with the next
    /// generation.
    pub fn node_features(&self, node: NodeIdx) -> Option<&Features> {
        (node.to_usize() < self.topology().node_count()).then(|| self.topology().node_features(node))
    }

    /// Finds a channel that is not closed. O(log m).
    pub fn channel(&self, short_channel_id: ShortChannelId) -> Option<ChannelIdx> {
        if let Some(channel) = self.topology().open_channel(short_channel_id) {
            return Some(channel);
        }
        let channels = self.overlay.channels();
        let place =
            channels.binary_search_by_key(&short_channel_id, |channel| channel.short_channel_id).ok()?;
        Some(ChannelIdx::from_u32((self.topology().channel_count() + place) as u32))
    }

    /// The name of a channel.
    ///
    /// # Panics
    /// Where the number is not of this snapshot.
    pub fn short_channel_id(&self, channel: ChannelIdx) -> ShortChannelId {
        match self.opened(channel) {
            Some(opened) => opened.short_channel_id,
            None => self.topology().short_channel_id(channel),
        }
    }

    /// The funding output's value, where it is known.
    ///
    /// # Panics
    /// Where the number is not of this snapshot.
    pub fn capacity(&self, channel: ChannelIdx) -> Option<Msat> {
        match self.opened(channel) {
            Some(opened) => opened.capacities[0],
            None => self.topology().capacity(channel),
        }
    }

    /// What the channel's announcement carried.
    ///
    /// # Panics
    /// Where the number is not of this snapshot.
    pub fn channel_features(&self, channel: ChannelIdx) -> &Features {
        match self.opened(channel) {
            Some(opened) => &opened.features,
            None => self.topology().channel_features(channel),
        }
    }

    /// Whether the channel is known to be closed.
    ///
    /// # Panics
    /// Where the number is not of this snapshot.
    pub fn is_closed(&self, channel: ChannelIdx) -> bool {
        self.opened(channel).is_none() && self.topology().is_closed(channel)
    }

    /// The node that an arc leaves.
    ///
    /// # Panics
    /// Where the number is not of this snapshot.
    pub fn tail(&self, arc: ArcIdx) -> NodeIdx {
        match self.overlay.arc(arc.to_u32()) {
            Some(opened) => NodeIdx::from_u32(opened.tail),
            None => self.topology().tail(arc),
        }
    }

    /// The node that an arc enters.
    ///
    /// # Panics
    /// Where the number is not of this snapshot.
    pub fn head(&self, arc: ArcIdx) -> NodeIdx {
        self.tail(arc.reversed())
    }

    /// The policy of an arc, `None` where none was told. Of several policies, or of all fields of one, only
    /// [`Snapshot::read_consistent`] gives those of one moment.
    ///
    /// # Panics
    /// Where the number is not of this snapshot.
    pub fn policy(&self, arc: ArcIdx) -> Option<ChannelPolicy> {
        match self.opened(arc.channel()) {
            Some(opened) => opened.policies[arc.direction().as_usize()],
            None => self.topology().policy(arc),
        }
    }

    /// Runs `read`, again where the writer changed anything meanwhile, and returns what it says of one moment: all
    /// policies it looked at were in force together. `read` may meet halves of two policies in the runs that do not
    /// count, so it must not panic on them, and it should be short: a change takes some 100 ns.
    ///
    /// # Errors
    /// [`Contended`] after [`READ_TRY_COUNT_MAX`](super::READ_TRY_COUNT_MAX) runs, which takes a writer that is
    /// suspended in the middle of a change or that never rests.
    #[inline]
    pub fn read_consistent<R>(&self, read: impl FnMut() -> R) -> Result<R, Contended> {
        self.generation.sequence.read(read)
    }

    /// Whether any policy has an inbound fee.
    pub(crate) fn has_inbound_fees(&self) -> bool {
        let has_fee = |channel: &OverlayChannel| {
            channel.policies.iter().flatten().any(|policy| !policy.inbound_fee.is_zero())
        };
        self.topology().has_inbound_fees() || self.overlay.channels().iter().any(has_fee)
    }

    fn opened(&self, channel: ChannelIdx) -> Option<&OverlayChannel> {
        self.overlay.channel_of(channel.arc(Direction::NodeOneToTwo).to_u32())
    }
}

impl Generation {
    pub(super) fn new(topology: Topology) -> Self {
        Generation { topology, sequence: Sequence::default() }
    }
}

/// The overlay of a generation that no channel was added to; it knows where the numbers go on.
pub(super) fn empty_overlay(topology: &Topology) -> Overlay {
    Overlay::new(topology.node_count() as u32, topology.channel_count() as u32 * 2, Vec::new(), Vec::new())
}
