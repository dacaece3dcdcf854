//! The label search: exact under every limit, by keeping all states of a node that are not beaten in every respect.
//!
//! It goes backwards from the payee, or from the states at which the fast search could not prove its answer, ordered
//! by cost so far plus a lower bound on the rest, and stops when that reaches the best route. One state *dominates*
//! another at the same node if it is no worse in cost, amount and every limited resource; what a dominated state
//! can become, the other can become for less. Where a route may not overpay and an `htlc_minimum_msat` lies ahead, a
//! smaller amount is not better: then states must agree in the amount, and in the nodes behind them.
//!
//! The number of labels is bounded; where it runs out, the least key still open bounds what was missed.

use super::problem::{Problem, Suffix};
use super::resources::{Limits, Potentials, Used};
use super::workspace::{AVOIDED, LabelTable, NO_ARC};
use crate::cost::HopCost;
use crate::graph::{BLOCK_SIZE, GridPlace};
use crate::search::heap::Heap;

/// The label search's memory.
#[derive(Debug, Default)]
pub(crate) struct ParetoSpace {
    labels: Vec<ParetoLabel>,
    queue: Heap,
    /// The payer's arcs by the node they enter.
    first_arcs: Vec<(u32, u32)>,
    /// The distinct minima above the payment's amount, where they matter.
    minima: Vec<u64>,
    /// The arcs of the best route, payer first, up to the state it started from.
    best: Vec<u32>,
    /// Where the best route started.
    best_start: u32,
}

#[derive(Debug, Clone, Copy)]
struct ParetoLabel {
    node: u32,
    key: u64,
    suffix: Suffix,
    used: Used,
    arc: u32,
    parent: u32,
    next: u32,
    /// The channel that enters the payee; matters where the payer pays itself and must not leave over it.
    last_channel: u32,
    /// Which of the nodes that must not be visited twice have been.
    visited: u64,
}

/// What to search for.
pub(super) struct Task<'a> {
    /// What no route may exceed.
    pub(super) limits: Limits,
    /// Lower bounds on what is left.
    pub(super) potentials: Potentials<'a>,
    /// Routes must be cheaper than this.
    pub(super) bound: u64,
    /// Labels before the search gives up.
    pub(super) labels_max: usize,
    /// What the fast search left, where this completes it.
    pub(super) completes: Option<Completion<'a>>,
    /// Whether the smallest amount is not always the best: no overpaying and minima ahead.
    pub(super) strict: bool,
    /// Whether a minimum may lift an amount.
    pub(super) may_lift: bool,
}

/// What the fast search left to be completed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Completion<'a> {
    /// The least key that its backward search had not settled.
    pub(super) backward_frontier: u64,
    /// The arcs that its forward search labelled over: head, arc, cost of the label.
    pub(super) explored: &'a [(u32, u32, u64)],
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// The cost of the best route, `None` where none is below the bound.
    pub(super) cost: Option<u64>,
    /// No route below the bound costs less than this, found or not.
    pub(super) least: u64,
    /// Whether the labels ran out.
    pub(super) is_cut: bool,
    /// Labels expanded.
    pub(super) settled: u64,
    /// Arcs looked at.
    pub(super) relaxed: u64,
}

/// The label search over one problem.
pub(super) struct Search<'a, 's, C> {
    problem: Problem<'a, C>,
    nodes: &'s mut LabelTable,
    space: &'s mut ParetoSpace,
    task: Task<'a>,
    place: GridPlace,
    /// Whether loops are kept out, because one may pay for itself over favoured hops.
    no_loops: bool,
    best: Option<u64>,
    settled: u64,
    relaxed: u64,
}

impl<'a, 's, C: HopCost> Search<'a, 's, C> {
    /// Prepares a search. `nodes` is the fast search's table: its avoided marks count.
    pub(super) fn new(
        problem: Problem<'a, C>,
        nodes: &'s mut LabelTable,
        space: &'s mut ParetoSpace,
        task: Task<'a>,
    ) -> Self {
        for label in space.labels.drain(..) {
            nodes.entry(label.node).first_pareto = NO_ARC;
        }
        space.queue.clear();
        space.best.clear();
        space.first_arcs.clear();
        space.first_arcs.extend(
            problem
                .topology
                .outgoing(crate::graph::NodeIdx::from_u32(problem.payer))
                .map(|arc| arc.to_u32())
                .map(|arc| (problem.head(arc), arc)),
        );
        for layer in problem.layers {
            space.first_arcs.extend(layer.outgoing(problem.payer).map(|arc| (arc.head, arc.arc)));
        }
        space.first_arcs.sort_unstable();
        space.minima.clear();
        if task.strict || task.may_lift {
            collect_minima(&problem, &mut space.minima);
        }
        let place = GridPlace::of(problem.amount);
        let no_loops = task.may_lift && problem.has_favour();
        Search { problem, nodes, space, task, place, no_loops, best: None, settled: 0, relaxed: 0 }
    }

    /// Adds a state to start from; `arc` is the one behind it that the fast search's labels do not tell.
    pub(super) fn seed(&mut self, node: u32, suffix: Suffix, used: Used, arc: u32) {
        let key = self.problem.key_of(node, &suffix);
        let (parent, next, last_channel, visited) = (NO_ARC, NO_ARC, NO_ARC, 0);
        self.add(ParetoLabel { node, key, suffix, used, arc, parent, next, last_channel, visited });
    }

    /// Runs to the end.
    pub(super) fn run(mut self) -> Found {
        let mut least = u64::MAX;
        let mut is_cut = false;
        while let Some(entry) = self.space.queue.pop() {
            if entry.key.saturating_add(self.problem.tolerance) >= self.bound() {
                break;
            }
            if self.space.labels.len() >= self.task.labels_max {
                (least, is_cut) = (entry.key, true);
                break;
            }
            self.settled += 1;
            self.expand(entry.item);
        }
        let least = if is_cut { least } else { self.bound().saturating_sub(self.problem.tolerance) };
        Found { cost: self.best, least, is_cut, settled: self.settled, relaxed: self.relaxed }
    }

    fn bound(&self) -> u64 {
        self.best.unwrap_or(self.task.bound)
    }

    fn expand(&mut self, place: u32) {
        let label = self.space.labels[place as usize];
        self.finish(place, label);
        if let Some(completion) = self.completion_for(&label) {
            let left = self.bound().saturating_sub(self.problem.tolerance).saturating_sub(label.key);
            for &(head, arc, cost) in completion.explored {
                if head == label.node && cost < left {
                    self.relaxed += 1;
                    let tail = self.problem.tail(arc);
                    if tail != self.problem.payer {
                        self.relax(place, &label, tail, arc);
                    }
                }
            }
            return;
        }
        let lists = self.problem.topology.in_lists();
        let list = lists.list(label.node);
        let hop = self.problem.cost.least();
        for at in 0..list.ends.len() {
            if at % BLOCK_SIZE == 0 && !self.problem.with_inbound_fees {
                let fee = list.bounds.get(at / BLOCK_SIZE).map_or(0, |bound| bound.at(self.place));
                // The arc's own hop and at least the payer's before it.
                if label.key.saturating_add(fee).saturating_add(2 * hop) >= self.bound() {
                    break;
                }
            }
            self.relaxed += 1;
            let tail = list.ends[at];
            if tail != self.problem.payer {
                self.relax(place, &label, tail, lists.arc_at(list.start + at as u32));
            }
        }
        let payer = self.problem.payer;
        for layer in self.problem.layers {
            for arc in layer.incoming(label.node).filter(|arc| arc.tail != payer) {
                self.relax(place, &label, arc.tail, arc.arc);
            }
        }
    }

    /// In a search that completes the fast one: whether only arcs that its forward search has labelled over can lead
    /// to a better route (docs/search.md, lemma 5).
    fn completion_for(&self, label: &ParetoLabel) -> Option<Completion<'a>> {
        let completion = self.task.completes?;
        let is_meeting = label.parent == NO_ARC && label.arc == NO_ARC;
        (is_meeting || label.key >= completion.backward_frontier).then_some(completion)
    }

    fn relax(&mut self, place: u32, label: &ParetoLabel, tail: u32, arc: u32) {
        if tail == self.problem.payee {
            return;
        }
        let least = self.task.potentials.cost(self.nodes, tail);
        if label.key.saturating_add(least).saturating_add(self.problem.tolerance) >= self.bound() {
            return;
        }
        let Some(suffix) = self.problem.extend(arc, &label.suffix) else { return };
        let key = self.problem.key_of(tail, &suffix);
        let used = label.used.extended(&self.problem, arc, &suffix);
        let no_loops = self.task.strict || self.no_loops;
        if self.is_hopeless(tail, key, &used) || no_loops && self.visits(place, tail) {
            return;
        }
        if self.nodes.find(tail).is_some_and(|known| known.flags & AVOIDED != 0) {
            return;
        }
        let mark = self.mark(tail);
        if label.visited & mark != 0 {
            return;
        }
        let last_channel = if label.arc == NO_ARC { arc >> 1 } else { label.last_channel };
        let (parent, next) = (place, NO_ARC);
        let visited = label.visited | mark;
        self.add(ParetoLabel { node: tail, key, suffix, used, arc, parent, next, last_channel, visited });
    }

    /// Whether a state cannot become a route within the limits that beats the best.
    fn is_hopeless(&self, node: u32, key: u64, used: &Used) -> bool {
        let potentials = &self.task.potentials;
        let least =
            key.saturating_add(potentials.cost(self.nodes, node)).saturating_add(self.problem.tolerance);
        least >= self.bound() || !self.task.limits.allow(&used.plus(&potentials.resources(node)))
    }

    /// Completes routes over the payer's arcs into the label's node.
    fn finish(&mut self, place: u32, label: ParetoLabel) {
        let from = self.space.first_arcs.partition_point(|&(head, _)| head < label.node);
        for at in from..self.space.first_arcs.len() {
            let (head, arc) = self.space.first_arcs[at];
            if head != label.node {
                break;
            }
            self.relaxed += 1;
            let uses_channel = self.problem.payer == self.problem.payee && label.last_channel == arc >> 1;
            let Some(suffix) = self.problem.extend(arc, &label.suffix) else { continue };
            if suffix.cost.saturating_add(self.problem.tolerance) >= self.bound() && self.best.is_some()
                || suffix.cost >= self.bound()
                || uses_channel
                || !self.task.limits.allow(&label.used.sent())
            {
                continue;
            }
            self.best = Some(suffix.cost);
            self.space.best.clear();
            self.space.best.push(arc);
            let mut at = place;
            loop {
                let step = self.space.labels[at as usize];
                if step.arc != NO_ARC {
                    self.space.best.push(step.arc);
                }
                if step.parent == NO_ARC {
                    let has_arc = step.arc != NO_ARC;
                    self.space.best_start = if has_arc { self.problem.head(step.arc) } else { step.node };
                    break;
                }
                at = step.parent;
            }
        }
    }

    fn add(&mut self, mut label: ParetoLabel) {
        let first = self.nodes.entry(label.node).first_pareto;
        let mut at = first;
        let mut dominating_channel = None;
        while at != NO_ARC {
            let known = self.space.labels[at as usize];
            if self.dominates(at, &known, &label) {
                // A circular route may leave over any channel but its last one: of two better labels with different
                // ones, one can go wherever this one can.
                let channel = *dominating_channel.get_or_insert(known.last_channel);
                let is_circular = self.problem.payer == self.problem.payee;
                if !is_circular || known.last_channel == label.last_channel || known.last_channel != channel {
                    return;
                }
            }
            at = known.next;
        }
        let least = label.key.saturating_add(self.task.potentials.cost(self.nodes, label.node));
        label.next = first;
        let place = self.space.labels.len() as u32;
        self.space.labels.push(label);
        self.nodes.entry(label.node).first_pareto = place;
        self.space.queue.push(least, place);
    }

    /// Whether whatever `new` can become, `known` can become for no more.
    fn dominates(&self, place: u32, known: &ParetoLabel, new: &ParetoLabel) -> bool {
        let (a, b) = (&known.suffix, &new.suffix);
        // A minimum lifts both to the same amount, and a discount takes from both what it may: then the smaller amount's
        // lead in cost shrinks, but what both cost beyond their amounts stays.
        let may_lift = self.task.may_lift && !self.no_minimum_between(self.problem.amount);
        let no_worse_beyond = if may_lift || self.problem.with_inbound_fees {
            a.cost.saturating_add(b.received) <= b.cost.saturating_add(a.received)
        } else {
            a.cost <= b.cost
        };
        let no_worse = no_worse_beyond
            && a.received <= b.received
            && a.forwarded <= b.forwarded
            && known.used.no_more_than(&new.used, &self.task.limits);
        if !no_worse || known.visited & !new.visited != 0 {
            return false;
        }
        // Over favoured hops, the larger of two amounts gains more than it costs as long as a minimum lies ahead.
        let may_gain = self.no_loops && may_lift || self.task.strict;
        if !may_gain || self.no_minimum_between(self.problem.amount) {
            return true;
        }
        let same_amount = a.received == b.received && a.forwarded == b.forwarded;
        (same_amount || self.no_minimum_between(a.forwarded)) && self.visits_no_more(place, new)
    }

    /// Whether no arc demands a minimum above `amount` that this payment could reach.
    fn no_minimum_between(&self, amount: u64) -> bool {
        let reach = self.problem.amount_max.min(self.problem.largest_amount(self.bound()));
        let above = self.space.minima.partition_point(|&minimum| minimum <= amount);
        self.space.minima.get(above).is_none_or(|&minimum| minimum > reach)
    }

    /// The bit of a node that must not be visited twice; 0 for others.
    fn mark(&self, node: u32) -> u64 {
        self.problem.once.iter().position(|&once| once == node).map_or(0, |place| 1 << place)
    }

    fn visits(&self, mut place: u32, node: u32) -> bool {
        while place != NO_ARC {
            let label = &self.space.labels[place as usize];
            if label.node == node {
                return true;
            }
            place = label.parent;
        }
        false
    }

    fn visits_no_more(&self, mut place: u32, new: &ParetoLabel) -> bool {
        while place != NO_ARC {
            let label = &self.space.labels[place as usize];
            if label.node != new.node && !self.visits(new.parent, label.node) {
                return false;
            }
            place = label.parent;
        }
        true
    }
}

impl ParetoSpace {
    /// The best route's arcs, payer first, and the node at which it joined a state that was given.
    pub(super) fn best(&self) -> (&[u32], u32) {
        (&self.best, self.best_start)
    }
}

/// All minima above the payment's amount, sorted. O(m), for the rare query that needs it.
fn collect_minima<C: HopCost>(problem: &Problem<'_, C>, minima: &mut Vec<u64>) {
    let arcs = problem.topology.channel_count() as u32 * 2;
    let ends = problem.layers.iter().map(|layer| layer.arc_end()).max().unwrap_or(0).max(arcs);
    for arc in 0..ends {
        let minimum = problem.minimum(arc);
        if minimum > problem.amount && minimum <= problem.amount_max {
            minima.push(minimum);
            if minima.len() > 1 << 16 {
                minima.sort_unstable();
                minima.dedup();
            }
        }
    }
    minima.sort_unstable();
    minima.dedup();
}
