//! Where the changes of the graph go.

use engine::snapshot::GraphWriter;
use primitives::GraphDelta;

/// Takes the changes in their order, on the core's thread.
pub trait Feed: Send + 'static {
    /// Takes one change. Must not wait: no gossip is read meanwhile.
    fn apply(&mut self, delta: &GraphDelta);

    /// Shows readers what was applied. Called some milliseconds after a change at the latest.
    fn publish(&mut self);
}

/// Changes that nobody wants, where the log alone is kept.
impl Feed for () {
    fn apply(&mut self, _: &GraphDelta) {}

    fn publish(&mut self) {}
}

impl Feed for GraphWriter {
    /// A change that does not fit is no error: a graph that began with another source's file may have the channel already.
    fn apply(&mut self, delta: &GraphDelta) {
        let _ = GraphWriter::apply(self, delta);
    }

    fn publish(&mut self) {
        GraphWriter::publish(self);
    }
}
