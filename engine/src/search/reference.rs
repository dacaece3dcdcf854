//! The obvious search, for tests and benches: too simple to be wrong, too slow to be used.
//!
//! [`dijkstra`] goes backwards from the payee with one label a node and stops at the payer. Its route is a route, but
//! where costs are more than fees, or discounts take fees back, a label that was dropped may have led to a better one.
//! [`labels`] keeps every state that is not beaten in every respect, and every state that went through other nodes where
//! that may matter: exact under every limit, exponential in the worst case, so its labels are bounded.
//!
//! Both only know [`Problem::extend`]: no lower bounds, no order of lists, no second direction.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::problem::{Problem, Suffix};
use super::resources::{Limits, Used};
use crate::cost::HopCost;
use crate::graph::NodeIdx;

/// A route: its cost and its arcs, payer first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) cost: u64,
    pub(crate) arcs: Vec<u32>,
}

/// The labels ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutOfLabels;

/// The textbook search with one label a node. Limits on blocks, hops and payload are not looked at. O(m log n).
pub(crate) fn dijkstra<C: HopCost>(problem: &Problem<'_, C>) -> Option<Found> {
    let mut best: Vec<Option<(Suffix, u32)>> = vec![None; node_count(problem)];
    let mut is_settled = vec![false; best.len()];
    let mut queue = BinaryHeap::from([Reverse((0, problem.payee))]);
    best[problem.payee as usize] = Some((problem.root(), u32::MAX));
    while let Some(Reverse((cost, node))) = queue.pop() {
        if std::mem::replace(&mut is_settled[node as usize], true) {
            continue;
        }
        if node == problem.payer && node != problem.payee {
            let mut arcs = Vec::new();
            let mut at = node;
            while let Some((_, arc)) = best[at as usize].filter(|_| at != problem.payee) {
                arcs.push(arc);
                at = problem.head(arc);
            }
            return Some(Found { cost, arcs });
        }
        let Some((suffix, _)) = best[node as usize] else { continue };
        for_each_incoming(problem, node, |tail, arc| {
            let Some(next) = problem.extend(arc, &suffix) else { return };
            let known = &mut best[tail as usize];
            // With discounts, costs may fall along a route; what is settled stays, or routes would run in circles.
            if !is_settled[tail as usize] && known.is_none_or(|(known, _)| next.cost < known.cost) {
                *known = Some((next, arc));
                queue.push(Reverse((next.cost, tail)));
            }
        });
    }
    None
}

/// A state of the search with many labels a node.
#[derive(Debug, Clone, Copy)]
struct Label {
    node: u32,
    suffix: Suffix,
    used: Used,
    arc: u32,
    parent: usize,
}

/// All labels that were made, and those of each node.
struct Labels {
    all: Vec<Label>,
    of_node: Vec<Vec<usize>>,
    limits: Limits,
    /// Whether a smaller amount is not always better: a minimum may be ahead.
    by_amount: bool,
    /// Whether loops are kept out, and a state is only better if it visits no more nodes.
    by_visits: bool,
    /// Whether a state is only better if it enters the payee over the same channel.
    by_last_channel: bool,
}

/// The best simple route under all limits, or the certainty that there is none. `known` is a route to improve on.
pub(crate) fn labels<C: HopCost>(
    problem: &Problem<'_, C>,
    start: Used,
    limits: Limits,
    labels_max: usize,
    known: Option<Found>,
) -> Result<Option<Found>, OutOfLabels> {
    let walk = |by_visits| walk(problem, start, limits, labels_max, known.clone(), by_visits);
    // Where a larger amount may be the better one, loops that make it larger would have no end.
    if has_minimum_ahead(problem) {
        return walk(true);
    }
    let found = walk(false)?;
    let heads = |found: &Found| found.arcs.iter().map(|&arc| problem.head(arc)).collect::<Vec<_>>();
    let has_loop = found.as_ref().map(heads).is_some_and(|heads| {
        heads
            .iter()
            .enumerate()
            .any(|(at, head)| heads[..at].contains(head) || *head == problem.payer && at + 1 < heads.len())
    });
    if has_loop { walk(true) } else { Ok(found) }
}

/// The best walk under all limits, which `by_visits` is simple.
fn walk<C: HopCost>(
    problem: &Problem<'_, C>,
    start: Used,
    limits: Limits,
    labels_max: usize,
    known: Option<Found>,
    by_visits: bool,
) -> Result<Option<Found>, OutOfLabels> {
    let mut labels = Labels {
        all: Vec::new(),
        of_node: vec![Vec::new(); node_count(problem)],
        limits,
        by_amount: has_minimum_ahead(problem),
        by_visits,
        by_last_channel: problem.payer == problem.payee,
    };
    let mut queue = BinaryHeap::new();
    let root = Label { node: problem.payee, suffix: problem.root(), used: start, arc: u32::MAX, parent: 0 };
    labels.all.push(root);
    queue.push(Reverse((0, 0)));
    let mut best = known;
    while let Some(Reverse((key, at))) = queue.pop() {
        if best.as_ref().is_some_and(|best| key >= best.cost) {
            break;
        }
        let from = labels.all[at];
        for_each_incoming(problem, from.node, |tail, arc| {
            let Some(suffix) = problem.extend(arc, &from.suffix) else { return };
            let is_whole = tail == problem.payer;
            let used =
                if is_whole { from.used.sent() } else { from.used.extended(problem.record(arc), &suffix) };
            let channel_of = |arc| problem.restrictions.channel_of(arc);
            let is_turned_back =
                is_whole && labels.by_last_channel && channel_of(labels.last_arc(from)) == channel_of(arc);
            let label = Label { node: tail, suffix, used, arc, parent: at };
            // A discount at the tail may still take back its whole fee.
            let key = problem.key_of(tail, &suffix);
            let is_hopeless = best.as_ref().is_some_and(|best| key >= best.cost) || !limits.allow(&used);
            if is_hopeless || is_turned_back || tail == problem.payee && !is_whole {
                return;
            }
            if by_visits && !is_whole && labels.visits(at, tail) {
                return;
            }
            if is_whole {
                if best.as_ref().is_none_or(|best| suffix.cost < best.cost) {
                    best = Some(Found { cost: suffix.cost, arcs: labels.arcs(label) });
                }
            } else if !labels.of_node[tail as usize].iter().any(|&known| labels.dominates(known, &label)) {
                labels.of_node[tail as usize].push(labels.all.len());
                queue.push(Reverse((key, labels.all.len())));
                labels.all.push(label);
            }
        });
        if labels.all.len() > labels_max {
            return Err(OutOfLabels);
        }
    }
    Ok(best)
}

impl Labels {
    /// Whether whatever `new` can become, the known one can become for no more.
    fn dominates(&self, known: usize, new: &Label) -> bool {
        let (a, b) = (&self.all[known].suffix, &new.suffix);
        a.cost.saturating_add(b.received) <= b.cost.saturating_add(a.received)
            && a.received <= b.received
            && a.forwarded <= b.forwarded
            && (!self.by_amount || a.received == b.received && a.forwarded == b.forwarded)
            && self.all[known].used.no_more_than(&new.used, &self.limits)
            && (!self.by_last_channel || self.last_arc(self.all[known]) >> 1 == self.last_arc(*new) >> 1)
            && (!self.by_visits || self.visits_no_more(known, new))
    }

    fn last_arc(&self, mut label: Label) -> u32 {
        while label.parent != 0 {
            label = self.all[label.parent];
        }
        label.arc
    }

    fn visits(&self, mut at: usize, node: u32) -> bool {
        loop {
            if self.all[at].node == node {
                return true;
            }
            if at == 0 {
                return false;
            }
            at = self.all[at].parent;
        }
    }

    fn visits_no_more(&self, known: usize, new: &Label) -> bool {
        let mut at = known;
        while at != 0 {
            let node = self.all[at].node;
            if node != new.node && !self.visits(new.parent, node) {
                return false;
            }
            at = self.all[at].parent;
        }
        true
    }

    fn arcs(&self, whole: Label) -> Vec<u32> {
        let mut arcs = vec![whole.arc];
        let mut at = whole.parent;
        while at != 0 {
            arcs.push(self.all[at].arc);
            at = self.all[at].parent;
        }
        arcs
    }
}

fn for_each_incoming<C: HopCost>(problem: &Problem<'_, C>, node: u32, mut visit: impl FnMut(u32, u32)) {
    let lists = problem.topology.incoming(NodeIdx::from_u32(node)).map(|arc| arc.to_u32());
    let in_lists = (node as usize) < problem.topology.node_count();
    let beside = problem.layers.iter().flat_map(|layer| layer.incoming(node)).map(|arc| arc.arc);
    for arc in lists.filter(|_| in_lists).chain(beside) {
        let tail = problem.tail(arc);
        if problem.restrictions.avoided_nodes.binary_search(&tail).is_err() {
            visit(tail, arc);
        }
    }
}

fn node_count<C>(problem: &Problem<'_, C>) -> usize {
    let ends = problem.layers.iter().map(|layer| layer.node_end() as usize);
    ends.max().unwrap_or(0).max(problem.topology.node_count())
}

/// Whether a larger amount may be the better one: a route that may not overpay is barred by some arc's minimum, or one
/// that may is lifted by it although its amount could have grown for less over favoured hops.
fn has_minimum_ahead<C: HopCost>(problem: &Problem<'_, C>) -> bool {
    let arc_end = problem.layers.iter().map(|layer| layer.arc_end()).max().unwrap_or(0);
    (problem.strict || problem.has_favour())
        && (0..arc_end).any(|arc| {
            let minimum = problem.minimum(arc);
            minimum > problem.amount && minimum <= problem.amount_max
        })
}
