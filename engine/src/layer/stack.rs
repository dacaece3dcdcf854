//! Layers in the order in which a query wants them, and what they come to in the numbers of a snapshot.

use std::sync::Arc;

use super::adjustments::Adjustments;
use super::edit::Layer;
use crate::snapshot::{Published, Snapshot, SnapshotKey};

/// Versions of layers, in order. Clones are the same stack; a stack that is kept is compiled once for each publication
/// of the graph, whichever thread comes first.
#[derive(Debug, Clone)]
pub struct LayerStack(Arc<Stack>);

#[derive(Debug)]
struct Stack {
    layers: Vec<Arc<Layer>>,
    compiled: Published<Option<(SnapshotKey, Arc<Adjustments>)>>,
}

impl LayerStack {
    /// These layers. [`Layers::stack`](super::Layers::stack) gives the same stack for the same layers.
    pub fn new(layers: Vec<Arc<Layer>>) -> Self {
        LayerStack(Arc::new(Stack { layers, compiled: Published::new(Arc::new(None)) }))
    }

    /// The layers.
    pub fn layers(&self) -> &[Arc<Layer>] {
        &self.0.layers
    }

    /// Whether it is of these versions, in this order.
    pub(super) fn is_of(&self, layers: &[Arc<Layer>]) -> bool {
        let own = &self.0.layers;
        own.len() == layers.len() && own.iter().zip(layers).all(|(own, layer)| Arc::ptr_eq(own, layer))
    }

    /// Entries that the next call of [`adjustments`](Self::adjustments) looks up: none where it has been called with this
    /// publication of the graph.
    pub fn uncompiled_count(&self, snapshot: &Snapshot) -> usize {
        let compiled = self.0.compiled.load();
        if compiled.as_ref().as_ref().is_some_and(|(known, _)| *known == snapshot.key()) {
            return 0;
        }
        self.0.layers.iter().map(|layer| layer.entry_count()).sum()
    }

    /// What the layers come to in a snapshot. Lock-free; O(1) but for the first call with each publication.
    pub fn adjustments(&self, snapshot: &Snapshot) -> Arc<Adjustments> {
        let key = snapshot.key();
        if let Some((known, adjustments)) = &*self.0.compiled.load()
            && *known == key
        {
            return Arc::clone(adjustments);
        }
        let adjustments = Arc::new(Adjustments::compile(snapshot, &self.0.layers));
        self.0.compiled.replace(Arc::new(Some((key, Arc::clone(&adjustments)))));
        adjustments
    }
}

/// Two stacks are equal if they are of the same versions of the same layers.
impl PartialEq for LayerStack {
    fn eq(&self, other: &Self) -> bool {
        self.is_of(&other.0.layers)
    }
}
