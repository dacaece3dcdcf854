//! A flow as paths, the widest first.
//!
//! A path takes the narrowest of its arcs' flow, so each path empties an arc: there are at most as many as arcs with
//! flow, and few as long as the widest is taken each time. Flow in circles, which a cheapest flow has only where it costs
//! nothing, is left over.

use super::residual::FlowWorkspace;

/// Paths in one list, and the memory to find them.
#[derive(Debug, Default)]
pub(super) struct Paths {
    /// The arcs of all paths, payer first.
    pub(super) arcs: Vec<u32>,
    /// Where each path's arcs end, and its units.
    pub(super) list: Vec<(usize, u64)>,
    /// Tail, head, arc and flow that no path has yet.
    rest: Vec<(u32, u32, u32, u64)>,
    /// Node, widest way to it, the place in `rest` that it came over.
    widths: Vec<(u32, u64, usize)>,
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
        let used = space.flows.iter().filter(|flow| flow.flow > 0);
        self.rest.extend(used.map(|flow| (flow.tail, flow.head, flow.arc, flow.flow)));
        while self.list.len() < count_max && self.take_widest(payer, payee) {}
    }

    fn take_widest(&mut self, payer: u32, payee: u32) -> bool {
        let Paths { arcs, list, rest, widths } = self;
        widths.clear();
        widths.push((payer, u64::MAX, usize::MAX));
        let mut is_settled = false;
        while !is_settled {
            is_settled = true;
            for (at, &(tail, head, _, flow)) in rest.iter().enumerate() {
                let Some(&(_, known, _)) = widths.iter().find(|entry| entry.0 == tail) else { continue };
                let width = known.min(flow);
                match widths.iter_mut().find(|entry| entry.0 == head) {
                    Some(entry) if entry.1 < width => (entry.1, entry.2, is_settled) = (width, at, false),
                    Some(_) => {}
                    None => {
                        widths.push((head, width, at));
                        is_settled = false;
                    }
                }
            }
        }
        let found = |node: u32| widths.iter().find(|entry| entry.0 == node).map(|entry| (entry.1, entry.2));
        let Some((width, mut came)) = found(payee) else { return false };
        let start = arcs.len();
        loop {
            let (tail, _, arc, flow) = &mut rest[came];
            *flow -= width;
            arcs.push(*arc);
            match found(*tail) {
                Some((_, before)) if before != usize::MAX => came = before,
                _ => break,
            }
        }
        arcs[start..].reverse();
        list.push((arcs.len(), width));
        rest.retain(|entry| entry.3 > 0);
        true
    }
}
