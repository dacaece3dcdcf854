//! Where the changes of the graph go.

use engine::snapshot::GraphWriter;
use primitives::GraphDelta;

/// Takes the changes in their order, on the core's thread.
pub trait Feed: Send + 'static {
    /// Takes one change. Must not wait: no gossip is read meanwhile.
    fn apply(&mut self, delta: &GraphDelta);

    /// Shows readers what was applied, as far as it need not wait for that. Called some milliseconds after a change at the
    /// latest.
    fn publish(&mut self);

    /// Whether the last publication left something behind, and is to be called again soon.
    fn is_behind(&self) -> bool {
        false
    }

    /// Publishes all. May wait: where no gossip is read any more, or none is read yet.
    fn flush(&mut self) {
        self.publish();
    }
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
