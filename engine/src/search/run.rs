//! One run of the fast search: what its steps share (`bidirectional`).

use std::sync::atomic::AtomicU64;

use super::Counts;
use super::labels::UNREACHED;
use super::problem::Problem;
use super::workspace::Workspace;
use crate::cost::HopCost;
use crate::graph::GridPlace;

/// One run of the search on a workspace.
pub(super) struct Run<'a, 'w, C, const INBOUND: bool, const RESTRICTED: bool> {
    pub(super) problem: Problem<'a, C>,
    pub(super) space: &'w mut Workspace,
    pub(super) counts: Counts,
    /// What a route must cost less than: the cost of the best so far; in the beginning, what none may cost. With a
    /// budget, what it cost when the budget was set.
    pub(super) best: u64,
    /// The cost of the best route so far, with a budget as well.
    pub(super) found: u64,
    /// What the payer sends less than for a better route, less one, where the forward search's labels tell what is spent of
    /// that (`restart`).
    pub(super) budget: Option<u64>,
    /// Arcs of the way to a label that is given now.
    pub(super) hops: u32,
    /// Whether the arcs that are looked at now are those of a side door (`discount`).
    pub(super) is_at_side: bool,
    /// The door that a forward label which is given now comes from.
    pub(super) origin: u32,
    /// Whether a route was not what the budget promised, because the graph changed.
    pub(super) is_contradicted: bool,
    /// What the payee gets: less than the problem's amount where the end of the route is fixed.
    pub(super) payment: u64,
    /// Whether routes that are found do not lower `best`: the balls are wanted, not a route.
    pub(super) keeps_bound: bool,
    /// The largest HTLC that fits one of the payer's channels.
    pub(super) largest_sent: u64,
    pub(super) place: GridPlace,
    pub(super) least_hop: u64,
    pub(super) wide: &'a [AtomicU64],
    /// What a route over an arc whose minimum is above the payment's amount costs at least.
    pub(super) least_lifted: u64,
    /// Whether the rests of all lists have been looked at (`closing`).
    pub(super) is_closed: bool,
    /// Nodes from here on have one neighbour and forward nothing.
    pub(super) leaves_from: u32,
    /// The backward frontier when the forward search began.
    pub(super) begun_behind: u64,
    /// So many settled nodes, and the forward search begins anew.
    pub(super) restart_at: u64,
    /// How many of the problem's layers there are to read: all or none.
    pub(super) layer_count: usize,
}

impl<'a, 'w, C: HopCost, const INBOUND: bool, const RESTRICTED: bool> Run<'a, 'w, C, INBOUND, RESTRICTED> {
    /// Prepares the workspace. No route that costs `bound` or more will be looked for.
    pub(super) fn new(problem: Problem<'a, C>, space: &'w mut Workspace, bound: u64) -> Self {
        space.reset(&problem.restrictions.avoided_nodes);
        let root = problem.root();
        // A leaf with two channels to its neighbour is a way back for that neighbour.
        let has_no_leaves = problem.has_layers() || problem.payer == problem.payee;
        let leaves_from = if has_no_leaves { u32::MAX } else { problem.topology.forwarder_count() };
        let mut run = Run {
            space,
            counts: Counts::default(),
            best: bound,
            found: bound,
            budget: None,
            hops: 0,
            is_at_side: false,
            origin: problem.payer,
            is_contradicted: false,
            payment: root.received.saturating_sub(root.cost),
            keeps_bound: false,
            largest_sent: 0,
            place: GridPlace::of(problem.amount),
            least_hop: problem.cost.least(),
            wide: problem.topology.wide(),
            least_lifted: UNREACHED,
            is_closed: false,
            leaves_from,
            begun_behind: 0,
            restart_at: RESTART_AT,
            layer_count: if RESTRICTED || problem.has_layers() { problem.layers.len() } else { 0 },
            problem,
        };
        run.avoid_side_doors();
        run
    }
}

/// Nodes that most searches do not settle.
pub(super) const RESTART_AT: u64 = 128;
