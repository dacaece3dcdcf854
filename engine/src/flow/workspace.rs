//! Memory of plans.

use super::channels::Solved;
use super::decompose::Paths;
use super::fit::Draft;
use super::query::PlanQuery;
use super::residual::FlowWorkspace;
use super::tolls::Overlong;
use crate::router::RouteWorkspace;

/// What one thread needs to make plans.
#[derive(Debug, Default)]
pub struct PlanWorkspace {
    pub(super) flow: FlowWorkspace,
    /// What `flow` holds the cheapest flow of, where it does.
    pub(super) solved: Option<Solved>,
    pub(super) route: RouteWorkspace,
    pub(super) paths: Paths,
    pub(super) draft: Draft,
    /// A draft that another one has yet to beat.
    pub(super) rival: Draft,
    /// Limits because of which parts of a flow did not deliver the amount.
    pub(super) overlong: Overlong,
}

impl PlanWorkspace {
    /// Nodes that the searches in this memory have settled since the last call, those without a plan included.
    pub fn take_settled(&mut self) -> u64 {
        let settled = self.settled();
        (self.flow.settled, self.route.search.settled) = (0, 0);
        settled
    }

    /// The same, without beginning to count anew.
    pub fn settled(&self) -> u64 {
        self.flow.settled + self.route.search.settled
    }

    /// Forgets what it knows of another query.
    pub(super) fn begin(&mut self, query: &PlanQuery) {
        self.flow.stop.clone_from(&query.route.stop);
        self.flow.settled_end = Some(self.flow.settled.saturating_add(query.route.work_max));
        self.solved = None;
    }
}
