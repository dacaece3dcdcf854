//! What a query writes: one table of labels for both directions of the search, two queues, a few lists.
//!
//! Made once a thread and reset in O(1); in the steady state nothing is allocated.

use super::frontier::Frontier;
use super::labels::{AVOIDED, Dropped, Explored, LabelTable};
use super::pareto::ParetoSpace;
use super::problem::Suffix;
use crate::stop::Stop;

/// A thread's memory for searches.
#[derive(Debug, Default)]
pub struct Workspace {
    pub(crate) labels: LabelTable,
    pub(crate) forward: Frontier,
    pub(crate) backward: Frontier,
    /// Nodes that both searches have reached, as long as they looked better than the best route.
    pub(crate) met: Vec<u32>,
    /// Backward labels that were dropped although their amount was smaller than the one that was kept.
    pub(crate) dropped: Vec<Dropped>,
    /// Arcs that the forward search labelled a node over, or could have.
    pub(crate) explored: Vec<Explored>,
    /// The states that the label search starts from: node, arc behind it, state.
    pub(crate) seeds: Vec<(u32, u32, Suffix)>,
    /// The arcs of the best route, payer first.
    pub(crate) best: Vec<u32>,
    /// The arcs of the best route of several searches.
    pub(crate) kept: Vec<u32>,
    /// The arcs of a route that breaks a limit.
    pub(crate) seen: Vec<u32>,
    /// The arcs of the best route over the splits of a circular query.
    pub(crate) circle: Vec<u32>,
    /// The payer's channels, where it pays itself.
    pub(crate) own_channels: Vec<u32>,
    /// The arcs of the route that is being looked at.
    pub(crate) trial: Vec<u32>,
    /// The label-correcting search's own memory.
    pub(crate) pareto: ParetoSpace,
    /// The query's.
    pub(crate) stop: Stop,
    /// Nodes and labels that all searches have expanded so far, whatever came of them.
    pub(crate) settled: u64,
}

impl Workspace {
    /// Memory for one thread: 12 KB to begin with, and what the largest query so far has needed.
    pub fn new() -> Self {
        Workspace::default()
    }

    /// Has the searches of a query end with its flag.
    pub(crate) fn stop_with(&mut self, stop: &Stop) {
        self.stop.clone_from(stop);
        self.pareto.stop.clone_from(stop);
    }

    /// Forgets the last query; marks the nodes that the next one avoids.
    pub(crate) fn reset(&mut self, avoided_nodes: &[u32]) {
        self.labels.reset();
        for &node in avoided_nodes {
            self.labels.entry(node).flags |= AVOIDED;
        }
        self.forward.clear();
        self.backward.clear();
        self.met.clear();
        self.dropped.clear();
        self.explored.clear();
        self.best.clear();
    }
}
