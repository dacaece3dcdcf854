//! A flow as paths, the widest first.
//!
//! A path takes the narrowest of its arcs' flow, so each path empties an arc: there are at most as many as arcs with
//! flow, and few as long as the widest is taken each time. Flow in circles, which a cheapest flow has only where it costs
//! nothing, is left over.

use super::residual::FlowWorkspace;
use crate::sparse::SparseIndex;

/// Paths in one list, and the memory to find them.
#[derive(Debug, Default)]
pub(super) struct Paths {
    /// The arcs of all paths, payer first.
    pub(super) arcs: Vec<u32>,
    /// Where each path's arcs end, and its units.
    pub(super) list: Vec<(usize, u64)>,
    /// Arcs whose flow no path has yet.
    rest: Vec<RestArc>,
    /// Numbers for nodes with flow, in the order of their arcs: the payer's is 0, the payee's 1.
    nodes: SparseIndex,
    /// The widest way from the payer to each node, and the place in `rest` that it came over.
    widths: Vec<(u64, usize)>,
}

/// An arc between two nodes by their numbers.
#[derive(Debug, Clone, Copy)]
struct RestArc {
    tail: u32,
    head: u32,
    arc: u32,
    flow: u64,
}

impl Paths {
    /// The arcs of a path.
    pub(super) fn arcs_of(&self, path: usize) -> &[u32] {
        let start = if path == 0 { 0 } else { self.list[path - 1].0 };
        &self.arcs[start..self.list[path].0]
    }

    /// Takes a workspace's flow apart into at most `count_max` paths. O(paths * hops * arcs with flow).
    pub(super) fn take_apart(&mut self, space: &FlowWorkspace, payer: u32, payee: u32, count_max: usize) {
        self.arcs.clear();
        self.list.clear();
        self.rest.clear();
        self.nodes.reset();
        let mut number = |node| self.nodes.place(node).0;
        let mut node_count = 1 + number(payer).max(number(payee));
        for flow in space.flows.iter().filter(|flow| flow.flow > 0) {
            let (tail, head) = (number(flow.tail), number(flow.head));
            node_count = node_count.max(1 + tail.max(head));
            self.rest.push(RestArc { tail, head, arc: flow.arc, flow: flow.flow });
        }
        self.widths.resize(node_count as usize, (0, 0));
        while self.list.len() < count_max && self.take_widest() {}
    }

    fn take_widest(&mut self) -> bool {
        let Paths { arcs, list, rest, widths, .. } = self;
        widths.fill((0, usize::MAX));
        widths[PAYER].0 = u64::MAX;
        let mut is_settled = false;
        while !is_settled {
            is_settled = true;
            for (at, arc) in rest.iter().enumerate() {
                let width = widths[arc.tail as usize].0.min(arc.flow);
                let known = &mut widths[arc.head as usize];
                if width > known.0 {
                    (*known, is_settled) = ((width, at), false);
                }
            }
        }
        let width = widths[PAYEE].0;
        if width == 0 {
            return false;
        }
        let (start, mut node) = (arcs.len(), PAYEE);
        while node != PAYER {
            let arc = &mut rest[widths[node].1];
            arc.flow -= width;
            arcs.push(arc.arc);
            node = arc.tail as usize;
        }
        arcs[start..].reverse();
        list.push((arcs.len(), width));
        rest.retain(|arc| arc.flow > 0);
        true
    }
}

const PAYER: usize = 0;
const PAYEE: usize = 1;
