//! What a flow touches: nodes with a potential or a label, arcs with flow.
//!
//! A node that is in no table has the potential 0 and no label, an arc that is in none has no flow. A search labels
//! nodes anew, so labels count only if they carry its round.

use super::network::Network;
use super::pieces::{Piece, Pieces};
use super::sorted::SortedLists;
use crate::search::frontier::Frontier;
use crate::sparse::SparseIndex;
use crate::stop::Stop;

/// A thread's memory for flows. Reset in O(1); allocates nothing once it has grown to the working size.
#[derive(Debug, Default)]
pub struct FlowWorkspace {
    nodes: SparseIndex,
    pub(super) states: Vec<NodeState>,
    arcs: SparseIndex,
    pub(super) flows: Vec<FlowArc>,
    round: u32,
    /// Places of the nodes that have labels of this round.
    pub(super) labelled: Vec<u32>,
    /// The queues of the search from the payer and of the one from the payee.
    pub(super) frontiers: [Frontier; 2],
    /// Nodes whose potential may be above 0, and those where it may be below.
    pub(super) marks: [Marks; 2],
    /// No potential is higher, and none is further below 0.
    pub(super) highest: [i64; 2],
    /// Nodes that each side looks for in what it leaves of a list: its marks, and what the other side has labelled.
    pub(super) wanted: [Marks; 2],
    /// Lists that were made anew.
    pub(super) sorted: SortedLists,
    /// Arcs to marked nodes of the list that is being looked through, and the cost of their first units.
    pub(super) found: Vec<(u32, u32, u64)>,
    /// The steps of the path that was found last.
    pub(super) path: Vec<PathStep>,
    /// The query's.
    pub(super) stop: Stop,
    /// Nodes that all searches have settled so far, whatever came of them.
    pub(super) settled: u64,
    /// How many there may be before the query's work has run out, where it has any end.
    pub(super) settled_end: Option<u64>,
}

/// A node.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct NodeState {
    pub(super) node: u32,
    round: u32,
    /// Its dual price: no residual arc costs less than its head's potential exceeds its tail's.
    pub(super) potential: i64,
    /// Reduced distance from the payer, and to the payee.
    pub(super) distance: [u64; 2],
    /// The residual arc over which each came.
    pub(super) step: [Step; 2],
    /// Bits of the sides that have settled the node.
    pub(super) settled: u8,
    /// How many blocks of its list each side has read in all rounds of a flow, as far as is counted.
    pub(super) read: [u16; 2],
    /// The first flow that enters it, and the first that leaves it, in [`FlowWorkspace::flows`].
    first_in: u32,
    first_out: u32,
}

/// A residual arc: an arc, or one that gives flow back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    packed: u32,
    /// The node at the other end, seen from the labelled one.
    pub(super) from: u32,
}

/// A residual arc of a path.
#[derive(Debug, Clone, Copy)]
pub(super) struct PathStep {
    pub(super) arc: u32,
    pub(super) is_back: bool,
    pub(super) tail: u32,
    pub(super) head: u32,
}

/// An arc that has, or had, flow.
#[derive(Debug, Clone, Copy)]
pub(super) struct FlowArc {
    pub(super) arc: u32,
    pub(super) tail: u32,
    pub(super) head: u32,
    pub(super) flow: u64,
    /// Read once, so that a policy that changes meanwhile does not change the cost of what was sent.
    pub(super) pieces: Pieces,
    next_in: u32,
    next_out: u32,
}

/// A set of nodes that may say yes to others, too.
#[derive(Debug, Clone)]
pub(super) struct Marks {
    words: [u64; MARK_WORDS],
}

impl Default for Marks {
    fn default() -> Self {
        Marks { words: [0; MARK_WORDS] }
    }
}

impl Marks {
    #[inline(always)]
    pub(super) fn may_hold(&self, node: u32) -> bool {
        self.words[(node / 64) as usize % MARK_WORDS] >> (node % 64) & 1 != 0
    }

    #[inline(always)]
    pub(super) fn add(&mut self, node: u32) {
        self.words[(node / 64) as usize % MARK_WORDS] |= 1 << (node % 64);
    }
}

impl Step {
    const NONE: Step = Step { packed: NONE, from: NONE };

    pub(super) fn new(arc: u32, is_back: bool, from: u32) -> Self {
        // Graphs have fewer than 2^31 arcs.
        Step { packed: arc << 1 | u32::from(is_back), from }
    }

    pub(super) fn arc(self) -> u32 {
        self.packed >> 1
    }

    pub(super) fn is_back(self) -> bool {
        self.packed & 1 != 0
    }
}

impl NodeState {
    /// The first flow that enters the node (for the search from the payer to give back), or leaves it.
    #[inline(always)]
    pub(super) fn first<const INTO: bool>(&self) -> u32 {
        if INTO { self.first_in } else { self.first_out }
    }
}

impl FlowArc {
    /// The next flow into the same node, or out of it.
    pub(super) fn next<const INTO: bool>(&self) -> u32 {
        if INTO { self.next_in } else { self.next_out }
    }
}

impl FlowWorkspace {
    /// Forgets flow and potentials.
    pub(super) fn reset(&mut self) {
        self.nodes.reset();
        self.states.clear();
        self.arcs.reset();
        self.flows.clear();
        self.path.clear();
        self.marks = Default::default();
        self.highest = [0; 2];
        self.sorted.reset();
        self.start_round();
    }

    /// Forgets the labels.
    pub(super) fn start_round(&mut self) {
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.states.iter_mut().for_each(|state| state.round = 0);
            self.round = 1;
        }
        self.labelled.clear();
        self.frontiers.iter_mut().for_each(Frontier::clear);
        self.wanted.clone_from(&self.marks);
    }

    /// A node with its labels of this round.
    #[inline(always)]
    pub(super) fn node(&mut self, node: u32) -> &mut NodeState {
        let (place, is_new) = self.nodes.place(node);
        if is_new {
            self.states.push(NodeState { node, ..UNTOUCHED });
        }
        let state = &mut self.states[place as usize];
        if state.round != self.round {
            (state.round, state.settled) = (self.round, 0);
            state.distance = [FAR; 2];
            state.step = [Step::NONE; 2];
            self.labelled.push(place);
        }
        state
    }

    /// The potential of a node.
    #[inline(always)]
    pub(super) fn potential(&self, node: u32) -> i64 {
        self.nodes.find(node).map_or(0, |place| self.states[place as usize].potential)
    }

    /// The potential of a node and its labels of this round.
    #[inline(always)]
    pub(super) fn peek(&self, node: u32) -> (i64, [u64; 2]) {
        let Some(place) = self.nodes.find(node) else { return (0, [FAR; 2]) };
        let state = &self.states[place as usize];
        (state.potential, if state.round == self.round { state.distance } else { [FAR; 2] })
    }

    /// A side's label of a node in this round, [`FAR`] where there is none.
    pub(super) fn distance(&self, node: u32, side: usize) -> u64 {
        let state = self.nodes.find(node).map(|place| &self.states[place as usize]);
        state.filter(|state| state.round == self.round).map_or(FAR, |state| state.distance[side])
    }

    /// Whether a side has labelled a node in this round.
    pub(super) fn is_labelled(&self, node: u32, side: usize) -> bool {
        self.distance(node, side) != FAR
    }

    /// The flow on an arc, if it ever had any.
    #[inline(always)]
    pub(super) fn flow_arc(&self, arc: u32) -> Option<&FlowArc> {
        self.arcs.find(arc).map(|place| &self.flows[place as usize])
    }

    /// What a residual arc still takes, and at which slope.
    pub(super) fn residual<N: Network>(&self, network: &N, step: &PathStep) -> Option<Piece> {
        match self.flow_arc(step.arc) {
            Some(flow) if step.is_back => flow.pieces.back(flow.flow),
            Some(flow) => flow.pieces.ahead(flow.flow),
            None => network.pieces(step.arc).ahead(0),
        }
    }

    /// Adds flow along a residual arc.
    pub(super) fn push<N: Network>(&mut self, network: &N, step: &PathStep, units: u64) {
        let (place, is_new) = self.arcs.place(step.arc);
        if is_new {
            let pieces = network.pieces(step.arc);
            let &PathStep { arc, tail, head, .. } = step;
            let next_out = std::mem::replace(&mut self.node(tail).first_out, place);
            let next_in = std::mem::replace(&mut self.node(head).first_in, place);
            self.flows.push(FlowArc { arc, tail, head, flow: 0, pieces, next_in, next_out });
        }
        let flow = &mut self.flows[place as usize].flow;
        *flow = if step.is_back { flow.saturating_sub(units) } else { flow.saturating_add(units) };
    }
}

const UNTOUCHED: NodeState = NodeState {
    node: NONE,
    round: 0,
    potential: 0,
    distance: [FAR; 2],
    step: [Step::NONE; 2],
    settled: 0,
    read: [0; 2],
    first_in: NONE,
    first_out: NONE,
};

/// No distance is this large.
pub(super) const FAR: u64 = 1 << 62;
/// No node, arc or flow.
pub(super) const NONE: u32 = u32::MAX;
/// 16,384 bits: the real network's nodes all have one of their own, and a large payment touches a few thousand.
const MARK_WORDS: usize = 256;
