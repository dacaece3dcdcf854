//! What a thread needs to search.

use std::sync::Arc;

use engine::flow::PlanWorkspace;
use engine::router::RouteWorkspace;
use engine::snapshot::{ChannelGraph, GraphReader, Snapshot};
use engine::stop::Stop;

/// The memory of searches, and the way to the newest graph.
#[derive(Debug)]
pub struct Worker {
    reader: GraphReader,
    /// Of single routes.
    pub routes: RouteWorkspace,
    /// Of plans.
    pub plans: PlanWorkspace,
    /// Raised when the job's client leaves; for queries to carry.
    pub stop: Stop,
    /// Nodes that the job has settled so far; whoever searches adds to it, and the job's owner is charged.
    pub settled: u64,
}

impl Worker {
    pub(super) fn new(graph: &ChannelGraph) -> Self {
        Worker {
            reader: graph.reader(),
            routes: RouteWorkspace::default(),
            plans: PlanWorkspace::default(),
            stop: Stop::default(),
            settled: 0,
        }
    }

    /// The newest snapshot.
    pub fn snapshot(&mut self) -> Arc<Snapshot> {
        Arc::clone(self.reader.snapshot())
    }

    /// The same, without a count of its holders that all threads write to, and what single routes need.
    pub fn route_parts(&mut self) -> (&Snapshot, &mut RouteWorkspace) {
        (self.reader.snapshot(), &mut self.routes)
    }
}
