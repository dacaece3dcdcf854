//! What the solver asks of a graph.
//!
//! Arcs are looked at as the route search does: a node's list in blocks, cheapest first, with a bound for what is still
//! to come, so that a hub's list can be left in the middle. `FORWARD` lists are those of arcs that leave a node, with
//! heads at their other ends; the others enter it.

use super::pieces::{Piece, Pieces};

/// A directed graph whose arcs have convex, piecewise linear costs.
pub(super) trait Network {
    /// Where the flow comes from.
    fn payer(&self) -> u32;
    /// Where it goes.
    fn payee(&self) -> u32;
    /// Nodes have numbers below it.
    fn node_count(&self) -> u32;
    /// Whether flow may pass a node, or start or end there. Arcs from and to others are not in the network.
    fn is_passable(&self, node: u32) -> bool;
    /// Blocks of a node's list.
    fn block_count<const FORWARD: bool>(&self, node: u32) -> usize;
    /// A lower bound on the slope of any arc in this block or a later one.
    fn bound<const FORWARD: bool>(&self, node: u32, block: usize) -> u64;
    /// Tells of each arc in a block that can carry something: the node at its other end, its number, its first piece.
    fn visit<const FORWARD: bool>(&self, node: u32, block: usize, visit: impl FnMut(u32, u32, Piece));
    /// The same of all blocks from the `first` on, but only of arcs to nodes that are `wanted`.
    fn visit_wanted<const FORWARD: bool>(
        &self,
        node: u32,
        first: usize,
        wanted: impl FnMut(u32) -> bool,
        visit: impl FnMut(u32, u32, Piece),
    );
    /// The same of arcs that are in no block.
    fn visit_beside<const FORWARD: bool>(&self, node: u32, visit: impl FnMut(u32, u32, Piece));
    /// The whole cost of an arc by number.
    fn pieces(&self, arc: u32) -> Pieces;
}
