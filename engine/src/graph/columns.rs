//! A generation's columns as they lie in memory, for those who store them.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use primitives::{Features, NodeId};

use super::csr::Adjacency;
use super::topology::Topology;

/// All columns of a generation that cannot be computed from one another faster than they are read.
pub(crate) struct Columns<'a> {
    /// By node.
    pub(crate) node_ids: &'a [NodeId],
    /// By node: places in `feature_sets`.
    pub(crate) node_features: &'a [u16],
    /// The distinct feature vectors.
    pub(crate) feature_sets: &'a [Features],
    /// How many nodes, the first ones, have two neighbours or more.
    pub(crate) forwarder_count: u32,
    /// By channel.
    pub(crate) short_channel_ids: &'a [u64],
    /// By channel: places in `feature_sets`.
    pub(crate) channel_features: &'a [u16],
    /// By arc.
    pub(crate) last_update: &'a [AtomicU32],
    /// By arc, where any arc has one.
    pub(crate) inbound_fees: Option<&'a [AtomicU64]>,
    /// The values too wide for a record, those in use.
    pub(crate) wide: &'a [AtomicU64],
    /// The lists by tail.
    pub(crate) outgoing: ListColumns<'a>,
    /// The lists by head.
    pub(crate) incoming: ListColumns<'a>,
}

/// The arcs of all nodes, one list after the other.
#[derive(Clone, Copy)]
pub(crate) struct ListColumns<'a> {
    /// By node: where its list begins; one entry more than nodes.
    pub(crate) offsets: &'a [u32],
    /// By position: the arc.
    pub(crate) arcs: &'a [u32],
    /// By position: the node at the other end.
    pub(crate) ends: &'a [u32],
}

impl Topology {
    /// The columns; records are asked for one by one.
    pub(crate) fn columns(&self) -> Columns<'_> {
        let used = self.wide.used.load(Relaxed) as usize;
        Columns {
            node_ids: &self.node_ids,
            node_features: &self.node_features,
            feature_sets: &self.feature_sets,
            forwarder_count: self.forwarder_count,
            short_channel_ids: &self.short_channel_ids,
            channel_features: &self.channel_features,
            last_update: &self.last_update,
            inbound_fees: self.inbound_fees.get().map(|fees| &**fees),
            wide: &self.wide.values[..used],
            outgoing: self.outgoing.columns(),
            incoming: self.incoming.columns(),
        }
    }
}

impl Adjacency {
    fn columns(&self) -> ListColumns<'_> {
        ListColumns { offsets: &self.offsets, arcs: &self.arcs, ends: &self.ends }
    }
}
