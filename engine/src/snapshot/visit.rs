//! petgraph's `visit` traits on a snapshot, so that its algorithms run on the channel graph as it is.
//!
//! Nodes and edges go by the snapshot's own numbers. An edge is a direction of an open channel that takes HTLCs now,
//! of whatever size: weights and amounts are the caller's. The weight of a node is its id, that of an edge its number,
//! with which [`Snapshot::policy`] tells the rest. There may be parallel edges.
//!
//! The traits see policies change in place like every reader does: an algorithm that runs beside a writer may meet an
//! edge that it did not meet before. Nothing here is fast: our own searches read the lists themselves.

use std::slice::Iter;
use std::vec::IntoIter;

use petgraph::Directed;
use petgraph::Direction::{self, Incoming, Outgoing};
use petgraph::visit::{
    Data, EdgeRef, GraphBase, GraphProp, IntoEdgeReferences, IntoEdges, IntoEdgesDirected, IntoNeighbors,
    IntoNeighborsDirected, IntoNodeIdentifiers, NodeCompactIndexable, NodeCount, NodeIndexable, Visitable,
};
use primitives::NodeId;

use super::view::Snapshot;
use crate::graph::{ArcIdx, NodeIdx};

/// An arc as petgraph sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    arc: ArcIdx,
    tail: NodeIdx,
    head: NodeIdx,
}

impl EdgeRef for Edge {
    type NodeId = NodeIdx;
    type EdgeId = ArcIdx;
    type Weight = ArcIdx;

    fn source(&self) -> NodeIdx {
        self.tail
    }

    fn target(&self) -> NodeIdx {
        self.head
    }

    fn weight(&self) -> &ArcIdx {
        &self.arc
    }

    fn id(&self) -> ArcIdx {
        self.arc
    }
}

/// The arcs of one node.
#[derive(Debug, Clone)]
pub struct Edges<'a> {
    snapshot: &'a Snapshot,
    list: Iter<'a, u32>,
    opened: IntoIter<u32>,
}

impl<'a> Edges<'a> {
    fn new(snapshot: &'a Snapshot, node: NodeIdx, direction: Direction) -> Self {
        let (topology, overlay, node) = (snapshot.topology(), snapshot.overlay(), node.to_u32());
        let (lists, opened) = match direction {
            Outgoing => (topology.out_lists(), overlay.outgoing(node).map(|arc| arc.arc).collect::<Vec<_>>()),
            Incoming => (topology.in_lists(), overlay.incoming(node).map(|arc| arc.arc).collect()),
        };
        Edges { snapshot, list: lists.arcs_of(node).iter(), opened: opened.into_iter() }
    }
}

impl Iterator for Edges<'_> {
    type Item = Edge;

    fn next(&mut self) -> Option<Edge> {
        loop {
            let arc = self.list.next().copied().or_else(|| self.opened.next())?;
            if let Some(edge) = edge(self.snapshot, arc) {
                return Some(edge);
            }
        }
    }
}

/// All arcs.
#[derive(Debug, Clone)]
pub struct AllEdges<'a> {
    snapshot: &'a Snapshot,
    next: u32,
}

impl Iterator for AllEdges<'_> {
    type Item = Edge;

    fn next(&mut self) -> Option<Edge> {
        while self.next < self.snapshot.overlay().arc_end() {
            self.next += 1;
            if let Some(edge) = edge(self.snapshot, self.next - 1) {
                return Some(edge);
            }
        }
        None
    }
}

/// The nodes at the other ends of a node's arcs, one an arc.
#[derive(Debug, Clone)]
pub struct Neighbors<'a> {
    edges: Edges<'a>,
    direction: Direction,
}

impl Iterator for Neighbors<'_> {
    type Item = NodeIdx;

    fn next(&mut self) -> Option<NodeIdx> {
        let edge = self.edges.next()?;
        Some(if self.direction == Outgoing { edge.head } else { edge.tail })
    }
}

/// All nodes.
#[derive(Debug, Clone)]
pub struct Nodes(std::ops::Range<u32>);

impl Iterator for Nodes {
    type Item = NodeIdx;

    fn next(&mut self) -> Option<NodeIdx> {
        self.0.next().map(NodeIdx::from_u32)
    }
}

/// The nodes that an algorithm has been to, a flag each.
#[derive(Debug, Clone, Default)]
pub struct Visited(Vec<bool>);

impl petgraph::visit::VisitMap<NodeIdx> for Visited {
    fn visit(&mut self, node: NodeIdx) -> bool {
        !std::mem::replace(&mut self.0[node.to_usize()], true)
    }

    fn is_visited(&self, node: &NodeIdx) -> bool {
        self.0.get(node.to_usize()).copied().unwrap_or(false)
    }

    fn unvisit(&mut self, node: NodeIdx) -> bool {
        std::mem::replace(&mut self.0[node.to_usize()], false)
    }
}

impl GraphBase for Snapshot {
    type NodeId = NodeIdx;
    type EdgeId = ArcIdx;
}

impl GraphProp for Snapshot {
    type EdgeType = Directed;
}

impl Data for Snapshot {
    type NodeWeight = NodeId;
    type EdgeWeight = ArcIdx;
}

impl NodeIndexable for Snapshot {
    fn node_bound(&self) -> usize {
        Snapshot::node_count(self)
    }

    fn to_index(&self, node: NodeIdx) -> usize {
        node.to_usize()
    }

    fn from_index(&self, place: usize) -> NodeIdx {
        NodeIdx::from_u32(u32::try_from(place).expect("petgraph hands back what `to_index` gave it"))
    }
}

impl NodeCompactIndexable for Snapshot {}

impl NodeCount for Snapshot {
    fn node_count(&self) -> usize {
        Snapshot::node_count(self)
    }
}

impl Visitable for Snapshot {
    type Map = Visited;

    fn visit_map(&self) -> Visited {
        Visited(vec![false; Snapshot::node_count(self)])
    }

    fn reset_map(&self, map: &mut Visited) {
        map.0.clear();
        map.0.resize(Snapshot::node_count(self), false);
    }
}

impl IntoNodeIdentifiers for &Snapshot {
    type NodeIdentifiers = Nodes;

    fn node_identifiers(self) -> Nodes {
        Nodes(0..self.overlay().node_end())
    }
}

impl<'a> IntoNeighbors for &'a Snapshot {
    type Neighbors = Neighbors<'a>;

    fn neighbors(self, node: NodeIdx) -> Neighbors<'a> {
        self.neighbors_directed(node, Outgoing)
    }
}

impl<'a> IntoNeighborsDirected for &'a Snapshot {
    type NeighborsDirected = Neighbors<'a>;

    fn neighbors_directed(self, node: NodeIdx, direction: Direction) -> Neighbors<'a> {
        Neighbors { edges: Edges::new(self, node, direction), direction }
    }
}

impl<'a> IntoEdgeReferences for &'a Snapshot {
    type EdgeRef = Edge;
    type EdgeReferences = AllEdges<'a>;

    fn edge_references(self) -> AllEdges<'a> {
        AllEdges { snapshot: self, next: 0 }
    }
}

impl<'a> IntoEdges for &'a Snapshot {
    type Edges = Edges<'a>;

    fn edges(self, node: NodeIdx) -> Edges<'a> {
        Edges::new(self, node, Outgoing)
    }
}

impl<'a> IntoEdgesDirected for &'a Snapshot {
    type EdgesDirected = Edges<'a>;

    fn edges_directed(self, node: NodeIdx, direction: Direction) -> Edges<'a> {
        Edges::new(self, node, direction)
    }
}

/// The arc of a number, `None` where it takes no HTLC.
fn edge(snapshot: &Snapshot, number: u32) -> Option<Edge> {
    let record = match snapshot.overlay().arc(number) {
        Some(opened) => opened.record,
        None => snapshot.topology().in_lists().record(number),
    };
    let arc = ArcIdx::from_u32(number);
    record.is_enabled().then(|| Edge { arc, tail: snapshot.tail(arc), head: snapshot.head(arc) })
}
