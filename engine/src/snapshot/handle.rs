//! How the threads that search get the newest snapshot.

use std::sync::Arc;

use super::publish::Published;
use super::view::Snapshot;
use super::writer::GraphWriter;
use crate::graph::Topology;

/// A graph that changes while it is searched. Clones are handles to the same graph.
#[derive(Debug, Clone)]
pub struct ChannelGraph {
    published: Arc<Published<Snapshot>>,
}

/// One thread's way to the newest snapshot; made once a thread, asked once a query.
#[derive(Debug, Clone)]
pub struct GraphReader {
    published: Arc<Published<Snapshot>>,
    latest: Arc<Snapshot>,
}

impl ChannelGraph {
    /// Publishes a graph, and returns the only hand that can change it.
    pub fn new(topology: Topology) -> (ChannelGraph, GraphWriter) {
        let first = Arc::new(Snapshot::from_topology(topology));
        let published = Arc::new(Published::new(Arc::clone(&first)));
        (ChannelGraph { published: Arc::clone(&published) }, GraphWriter::new(published, first))
    }

    /// A reader for one thread.
    pub fn reader(&self) -> GraphReader {
        GraphReader { published: Arc::clone(&self.published), latest: self.snapshot() }
    }

    /// The newest snapshot. Lock-free; a thread with many queries is better off with a reader.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.published.load()
    }
}

impl GraphReader {
    /// The newest snapshot: one load where it is still the one of the last call, which it is for nearly all queries.
    /// Lock-free. The reader keeps its last snapshot, and the memory of its generation, until the next call.
    #[inline]
    pub fn snapshot(&mut self) -> &Arc<Snapshot> {
        if !self.latest.is_current() {
            self.latest = self.published.load();
        }
        &self.latest
    }
}
