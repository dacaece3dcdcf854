//! What a thread needs to search.

use std::sync::Arc;

use engine::belief::Beliefs;
use engine::flow::PlanWorkspace;
use engine::layer::LayerStack;
use engine::query::RouteQuery;
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
    /// What the job took beside the searches in `routes` and `plans`.
    beside: Work,
}

/// What a job took; its owner is charged for it, whatever came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Nodes and labels that searches expanded.
    pub settled: u64,
    /// Channels, nodes and entries of layers that were looked at one by one.
    pub scanned: u64,
}

impl Worker {
    pub(super) fn new(graph: &ChannelGraph) -> Self {
        Worker {
            reader: graph.reader(),
            routes: RouteWorkspace::default(),
            plans: PlanWorkspace::default(),
            stop: Stop::default(),
            beside: Work::default(),
        }
    }

    /// Makes ready for another job.
    pub(super) fn begin(&mut self, stop: Stop) {
        self.stop = stop;
        self.take_work();
    }

    /// What the job took since it began, or since the last call.
    pub fn take_work(&mut self) -> Work {
        let Work { settled, scanned } = std::mem::take(&mut self.beside);
        Work { settled: settled + self.routes.take_settled() + self.plans.take_settled(), scanned }
    }

    /// What the searches in `routes` and `plans` settled since the last call; the job is charged for it all the same.
    pub fn note_settled(&mut self) -> u64 {
        let settled = self.routes.take_settled() + self.plans.take_settled();
        self.beside.settled += settled;
        settled
    }

    /// Notes nodes that a search settled which is none of single routes or plans.
    pub fn settle(&mut self, count: usize) {
        self.beside.settled += count as u64;
    }

    /// Notes what was looked at one by one.
    pub fn scan(&mut self, count: usize) {
        self.beside.scanned += count as u64;
    }

    /// Makes a query the job's: it ends when the client leaves, and the entries of layers that it has to look up are noted.
    pub fn take_up(&mut self, query: &mut RouteQuery) {
        query.stop = self.stop.clone();
        self.look_up(query.layers.as_ref());
    }

    /// Notes the entries of layers that a query in the newest snapshot has to look up first.
    pub fn look_up(&mut self, layers: Option<&LayerStack>) {
        if let Some(layers) = layers {
            self.beside.scanned += layers.uncompiled_count(self.reader.snapshot()) as u64;
        }
    }

    /// Whether that is so little that it may be done where it was asked.
    pub fn is_brief(&mut self, layers: Option<&LayerStack>) -> bool {
        layers.is_none_or(|layers| layers.uncompiled_count(self.reader.snapshot()) <= BRIEF_ENTRY_COUNT_MAX)
    }

    /// The newest snapshot.
    pub fn snapshot(&mut self) -> Arc<Snapshot> {
        Arc::clone(self.reader.snapshot())
    }

    /// Beliefs with the numbers that the newest snapshot gives channels. A table for them is made only where they have others.
    pub fn numbered(&mut self, beliefs: Arc<Beliefs>) -> Arc<Beliefs> {
        let snapshot = self.reader.snapshot();
        if beliefs.is_of(snapshot) {
            return beliefs;
        }
        self.beside.scanned += snapshot.channel_count() as u64;
        Arc::new(beliefs.for_generation(snapshot))
    }

    /// The newest snapshot, without a count of its holders that all threads write to, and what single routes need.
    pub fn route_parts(&mut self) -> (&Snapshot, &mut RouteWorkspace) {
        (self.reader.snapshot(), &mut self.routes)
    }
}

impl Work {
    /// What is taken from a budget.
    pub fn charge(self) -> u64 {
        self.settled.saturating_add(self.scanned)
    }
}

/// Entries of layers that are looked up where a route was asked for: some ten microseconds.
const BRIEF_ENTRY_COUNT_MAX: usize = 200;
