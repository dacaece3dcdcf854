//! What a search keeps off.

/// Nodes and arcs that a search keeps off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Banned<'a> {
    /// Nodes of the query, sorted.
    pub(super) avoided: &'a [u32],
    /// Nodes before the one that the search begins at.
    pub(super) nodes: &'a [u32],
    /// Arcs that leave that node.
    pub(super) arcs: &'a [u32],
}

impl Banned<'_> {
    pub(super) fn holds(&self, node: u32) -> bool {
        self.nodes.contains(&node) || self.avoided.binary_search(&node).is_ok()
    }
}
