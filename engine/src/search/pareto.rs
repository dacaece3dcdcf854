//! The label search: exact under every limit, by keeping all states of a node that are not beaten in every respect.
//!
//! It goes backwards from the payee, or from the states at which the fast search could not prove its answer, ordered
//! by cost so far plus a lower bound on the rest, and stops when that reaches the best route. Which states are beaten is
//! told in `dominance`.
//!
//! Whether minima matter is not known beforehand: the search first takes the smaller amount for the better one, notes
//! where a minimum stood in the way of a smaller amount, and if any did, begins again and minds those.
//!
//! Where costs hold tolls (`limited`), states are ordered and bounded by cost with tolls and compared without.
//!
//! The number of labels is bounded; where it runs out, the least key still open bounds what was missed.

use super::discount::{SIDE, is_side, node_of};
use super::labels::{AVOIDED, Explored, LabelTable, NO_ARC, UNREACHED};
use super::potentials::Ball;
use super::problem::{Problem, Suffix};
use super::resources::{Limits, Used};
use super::shortlist::{self, Listed, Shortlists, Step};
use crate::cost::HopCost;
use crate::graph::{BLOCK_SIZE, GridPlace};
use crate::search::heap::Heap;
use crate::stop::Stop;

/// The label search's memory.
#[derive(Debug, Default)]
pub(crate) struct ParetoSpace {
    pub(super) labels: Vec<ParetoLabel>,
    queue: Heap,
    shortlists: Shortlists,
    /// The payer's arcs by the node they enter.
    first_arcs: Vec<(u32, u32)>,
    /// The minima that smaller amounts did not reach where amounts may not be lifted, sorted by amount.
    pub(super) minima: Vec<Minimum>,
    /// The arcs of the best route, payer first, up to the state it started from.
    best: Vec<u32>,
    /// Where the best route started.
    best_start: u32,
    /// The query's.
    pub(crate) stop: Stop,
}

/// A state of a node.
#[derive(Debug, Clone, Copy)]
pub(super) struct ParetoLabel {
    pub(super) node: u32,
    pub(super) key: u64,
    pub(super) suffix: Suffix,
    pub(super) used: Used,
    pub(super) arc: u32,
    /// The label behind it.
    pub(super) parent: u32,
    /// The next label of the same node.
    next: u32,
    /// What of its cost is tolls.
    pub(super) toll: u64,
    /// Which of the nodes that must not be visited twice have been.
    pub(super) visited: u64,
}

/// A minimum that states are compared by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Minimum {
    pub(super) amount: u64,
    /// Whether this pass was the first to meet it: states may have been dropped before.
    pub(super) is_new: bool,
}

/// What to search for.
pub(super) struct Task<'a> {
    /// What no route may exceed.
    pub(super) limits: Limits,
    /// Lower bounds on what is left.
    pub(super) ball: Ball,
    /// Routes must be cheaper than this, tolls not counted.
    pub(super) bound: u64,
    /// What a route within the limits pays in tolls at most.
    pub(super) tolls_max: u64,
    /// Labels before the search gives up.
    pub(super) labels_max: usize,
    /// What the fast search left, where this completes it.
    pub(super) completes: Option<Completion<'a>>,
    /// Whether a minimum is known to lift an amount.
    pub(super) lifts: bool,
}

/// What the fast search left to be completed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Completion<'a> {
    /// The least key that its backward search had not settled.
    pub(super) backward_frontier: u64,
    /// The arcs that its forward search labelled over, a chain for each door.
    pub(super) explored: &'a [Explored],
    /// The lower bounds for a search that does not only complete it.
    pub(super) ball: Ball,
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

/// A state to start from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seed {
    pub(super) node: u32,
    pub(super) suffix: Suffix,
    pub(super) used: Used,
    /// The arc behind it that the fast search's labels do not tell, or [`NO_ARC`].
    pub(super) arc: u32,
}

impl Seed {
    /// The payee's own state.
    pub(super) fn whole<C: HopCost>(problem: &Problem<'_, C>, used: Used) -> Self {
        Seed { node: problem.payee, suffix: problem.root(), used, arc: NO_ARC }
    }
}

/// The label search over one problem.
pub(super) struct Search<'a, 's, C> {
    pub(super) problem: Problem<'a, C>,
    pub(super) nodes: &'s mut LabelTable,
    pub(super) space: &'s mut ParetoSpace,
    pub(super) task: Task<'a>,
    place: GridPlace,
    /// The cost of the best route, tolls not counted.
    best: Option<u64>,
    /// The least cost of a route that was lost because a minimum stood in the way of a smaller amount.
    pub(super) least_lost: u64,
    settled: u64,
    pub(super) relaxed: u64,
}

impl<'a, 's, C: HopCost> Search<'a, 's, C> {
    /// Prepares a search. `nodes` is the fast search's table: its avoided marks count.
    pub(super) fn new(
        problem: Problem<'a, C>,
        nodes: &'s mut LabelTable,
        space: &'s mut ParetoSpace,
        task: Task<'a>,
    ) -> Self {
        space.best.clear();
        space.minima.clear();
        space.first_arcs.clear();
        let own = problem.topology.out_lists().arcs_of(problem.payer);
        space.first_arcs.extend(own.iter().map(|&arc| (problem.head(arc), arc)));
        for layer in problem.layers {
            space.first_arcs.extend(layer.outgoing(problem.payer).map(|arc| (arc.head, arc.arc)));
        }
        space.first_arcs.sort_unstable();
        // Arcs that a layer moved are in both.
        space.first_arcs.dedup();
        let place = GridPlace::of(problem.amount);
        let (best, least_lost, settled, relaxed) = (None, UNREACHED, 0, 0);
        Search { problem, nodes, space, task, place, best, least_lost, settled, relaxed }
    }

    /// Searches from some states; where minima turn out to matter, again from `whole`, the payee's own state.
    pub(super) fn run(mut self, seeds: impl Iterator<Item = Seed>, whole: Seed) -> Found {
        self.clear();
        seeds.for_each(|seed| self.seed(seed));
        let mut found = self.pass();
        for _ in 1..PASS_COUNT_MAX {
            if self.is_hopeless(self.least_lost, 0) {
                return found;
            }
            if let Some(completion) = self.task.completes.take() {
                self.task.ball = completion.ball;
            }
            self.task.lifts = !self.problem.strict;
            self.clear();
            self.seed(whole);
            found = self.pass();
        }
        let is_lost = !self.is_hopeless(self.least_lost, 0);
        Found { is_cut: found.is_cut || is_lost, ..found }
    }

    /// Forgets all labels.
    fn clear(&mut self) {
        for label in self.space.labels.drain(..) {
            self.nodes.entry(label.node).first_pareto = NO_ARC;
        }
        self.space.queue.clear();
        self.space.shortlists.clear();
        self.space.minima.iter_mut().for_each(|minimum| minimum.is_new = false);
        self.least_lost = UNREACHED;
    }

    fn seed(&mut self, seed: Seed) {
        let Seed { node, suffix, used, arc } = seed;
        // What is fixed behind the payee may be entered by both its doors.
        let side = (node == self.problem.payee && self.problem.gives(node)).then_some(node | SIDE);
        for node in [Some(node), side].into_iter().flatten() {
            let key = self.problem.key_at(node, &suffix);
            let (parent, next, toll, visited) = (NO_ARC, NO_ARC, 0, 0);
            self.add(ParetoLabel { node, key, suffix, used, arc, parent, next, toll, visited });
        }
    }

    /// Expands labels until nothing better can follow.
    fn pass(&mut self) -> Found {
        let mut open = UNREACHED;
        while let Some(entry) = self.space.queue.pop() {
            if self.is_hopeless(entry.key, 0) {
                break;
            }
            if self.space.labels.len() >= self.task.labels_max || self.space.stop.is_set() {
                open = entry.key;
                break;
            }
            self.settled += 1;
            self.expand(entry.item);
        }
        let least = self.bound().saturating_sub(self.problem.tolerance).min(open).min(self.least_lost);
        let least = least.saturating_sub(self.task.tolls_max);
        let is_cut = open != UNREACHED;
        Found { cost: self.best, least, is_cut, settled: self.settled, relaxed: self.relaxed }
    }

    /// What no route of interest costs with its tolls.
    pub(super) fn bound(&self) -> u64 {
        self.best.unwrap_or(self.task.bound).saturating_add(self.task.tolls_max)
    }

    fn expand(&mut self, place: u32) {
        let label = self.space.labels[place as usize];
        self.finish(place, label);
        if let Some(completion) = self.completion_for(&label) {
            self.complete(place, &label, completion);
            return;
        }
        match self.space.shortlists.find(label.node, label.key) {
            shortlist::Found::List { start, end } => self.expand_list(place, &label, start, end),
            shortlist::Found::Nothing => {
                self.for_each_incoming(&label, |search, step| search.relax(place, &label, step));
            }
            shortlist::Found::Worthwhile => {
                let start = self.space.shortlists.start();
                self.for_each_incoming(&label, |search, step| search.enlist(&label, step));
                self.space.shortlists.finish(label.node, label.key, start);
                let end = self.space.shortlists.start();
                self.expand_list(place, &label, start, end);
            }
        }
    }

    /// Visits the arcs into a label's node that do not leave the payer, until the list cannot lead to a better route.
    fn for_each_incoming(&mut self, label: &ParetoLabel, mut visit: impl FnMut(&mut Self, Step)) {
        let lists = self.problem.topology.in_lists();
        let node = node_of(label.node);
        let list = lists.list(node);
        let hop = self.problem.cost.least();
        let payer = self.problem.payer;
        for at in 0..list.ends.len() {
            if at % BLOCK_SIZE == 0 {
                let fee = list.bounds.get(at / BLOCK_SIZE).map_or(0, |bound| bound.at(self.place));
                // The arc's own hop and at least the payer's before it.
                if label.key.saturating_add(fee).saturating_add(2 * hop) >= self.bound() {
                    break;
                }
            }
            self.relaxed += 1;
            let tail = list.ends[at];
            if tail != payer {
                let arc = lists.arc_at(list.start + at as u32);
                self.visit_listed(label, Step { tail, arc, record: list.records[at].load() }, &mut visit);
            }
        }
        // What leads from side doors has no bound, because a discount may take any fee back.
        let problem = self.problem;
        problem.for_each_giver_into(node, &mut |tail, position| {
            self.relaxed += 1;
            if tail != payer {
                let (arc, record) = (lists.arc_at(position), lists.record_at(position));
                self.visit_listed(label, Step { tail: tail | SIDE, arc, record }, &mut visit);
            }
        });
        for layer in problem.layers {
            for arc in layer.incoming(node).filter(|arc| arc.tail != payer) {
                let record = problem.adjusted(arc.record, arc.arc);
                if problem.door(node, || arc.arc) == label.node {
                    self.for_each_door(Step { tail: arc.tail, arc: arc.arc, record }, &mut visit);
                }
            }
        }
    }

    fn visit_listed(&mut self, label: &ParetoLabel, step: Step, visit: &mut impl FnMut(&mut Self, Step)) {
        let (problem, Step { tail, arc, record }) = (self.problem, step);
        if problem.door(node_of(label.node), || arc) != label.node {
            return;
        }
        if !problem.is_restricted {
            visit(self, step);
        } else if !problem.restrictions.is_moved(arc) {
            visit(self, Step { tail, arc, record: problem.adjusted(record, arc) });
        }
    }

    /// Visits an arc from each door of its tail.
    fn for_each_door(&mut self, step: Step, visit: &mut impl FnMut(&mut Self, Step)) {
        visit(self, step);
        if self.problem.gives(step.tail) {
            visit(self, Step { tail: step.tail | SIDE, ..step });
        }
    }

    /// Puts an arc on the node's shortlist, if it can lead to a better route from a label of this key.
    fn enlist(&mut self, label: &ParetoLabel, step: Step) {
        if node_of(step.tail) == self.problem.payee || !step.record.is_enabled() {
            return;
        }
        let least = self.least_over(&step, self.problem.amount);
        if !self.is_hopeless(label.key, least) {
            self.space.shortlists.push(Listed { step, least });
        }
    }

    /// What a state that needs `amount` pays at least for an arc and for what lies before it.
    #[inline]
    fn least_over(&self, step: &Step, amount: u64) -> u64 {
        // A discount may take all of it back.
        let fee = if is_side(step.tail) {
            0
        } else {
            self.problem.fee_weight(step.arc).of(step.record.fee(amount))
        };
        let hop = self.problem.cost.least().max(self.problem.cost.toll(step.record));
        self.task.ball.least(self.nodes, step.tail).saturating_add(fee).saturating_add(hop)
    }

    /// Expands a label over its node's shortlist.
    fn expand_list(&mut self, place: u32, label: &ParetoLabel, start: u32, end: u32) {
        for at in start..end {
            let Listed { step, least } = self.space.shortlists.get(at);
            if self.is_hopeless(label.key, least) {
                break;
            }
            self.relaxed += 1;
            self.relax(place, label, step);
        }
    }

    pub(super) fn relax(&mut self, place: u32, label: &ParetoLabel, step: Step) {
        let Step { tail, arc, record } = step;
        let (problem, node) = (self.problem, node_of(tail));
        // A discount may be taken off what the state receives.
        let amount = if is_side(label.node) { problem.amount } else { label.suffix.received };
        if node == problem.payee || self.is_hopeless(label.key, self.least_over(&step, amount)) {
            return;
        }
        if node_of(label.node) == problem.payee && !problem.may_be_last(arc, node) {
            return;
        }
        let least = self.task.ball.least(self.nodes, tail);
        let next = problem.cross(node, arc, record, &label.suffix);
        // At a main door, nothing takes back what is charged.
        let next = next.filter(|next| is_side(tail) || next.received <= problem.amount_max);
        self.note_minimum(label, &step, next.as_ref(), least);
        let Some(suffix) = next else { return };
        let key = problem.key_at(tail, &suffix);
        if self.is_hopeless(key, least) {
            return;
        }
        let used = label.used.extended(record, &suffix);
        // At least the payer's hop is still to come.
        let is_within = self.task.limits.allow(&used.sent());
        if !is_within
            || self.keeps_loops_out() && self.visits(place, node)
            || self.nodes.find(node).is_some_and(|known| known.flags & AVOIDED != 0)
        {
            return;
        }
        let mark = self.mark(node);
        if label.visited & mark != 0 {
            return;
        }
        let toll = label.toll + problem.cost.toll(record);
        let (parent, next, visited) = (place, NO_ARC, label.visited | mark);
        self.add(ParetoLabel { node: tail, key, suffix, used, arc, parent, next, toll, visited });
    }

    /// Whether a state cannot become a route that beats the best: what it costs so far, and what lies before it at least.
    #[inline]
    pub(super) fn is_hopeless(&self, key: u64, least: u64) -> bool {
        key.saturating_add(least).saturating_add(self.problem.tolerance) >= self.bound()
    }

    /// Completes routes over the payer's arcs into the label's node.
    fn finish(&mut self, place: u32, label: ParetoLabel) {
        let node = node_of(label.node);
        let from = self.space.first_arcs.partition_point(|&(head, _)| head < node);
        for at in from..self.space.first_arcs.len() {
            let (head, arc) = self.space.first_arcs[at];
            if head != node {
                break;
            }
            self.relaxed += 1;
            let step = Step { tail: self.problem.payer, arc, record: self.problem.record(arc) };
            let is_barred = node == self.problem.payee && !self.problem.may_be_last(arc, step.tail);
            if is_barred || self.problem.door(node, || arc) != label.node {
                continue;
            }
            let next = self.problem.cross(step.tail, arc, step.record, &label.suffix);
            self.note_minimum(&label, &step, next.as_ref(), self.problem.cost.least());
            let Some(suffix) = next else { continue };
            let cost = suffix.cost - label.toll - self.problem.cost.first_toll();
            let is_better = match self.best {
                Some(best) => cost.saturating_add(self.problem.tolerance) < best,
                None => cost < self.task.bound,
            };
            if is_better && self.task.limits.allow(&label.used.sent()) {
                self.best = Some(cost);
                self.keep_route(place, arc);
            }
        }
    }

    /// Makes the route that `arc` begins and the label at `place` goes on with the best one.
    fn keep_route(&mut self, mut place: u32, arc: u32) {
        self.space.best.clear();
        self.space.best.push(arc);
        loop {
            let step = self.space.labels[place as usize];
            if step.arc != NO_ARC {
                self.space.best.push(step.arc);
            }
            if step.parent == NO_ARC {
                let behind = |arc| self.problem.door(self.problem.head(arc), || arc);
                self.space.best_start = if step.arc == NO_ARC { step.node } else { behind(step.arc) };
                break;
            }
            place = step.parent;
        }
    }

    fn add(&mut self, mut label: ParetoLabel) {
        let first = self.nodes.entry(label.node).first_pareto;
        let mut at = first;
        while at != NO_ARC {
            let known = self.space.labels[at as usize];
            if self.dominates(at, &known, &label) {
                return;
            }
            at = known.next;
        }
        let least = label.key.saturating_add(self.task.ball.least(self.nodes, label.node));
        label.next = first;
        let place = self.space.labels.len() as u32;
        self.space.labels.push(label);
        self.nodes.entry(label.node).first_pareto = place;
        self.space.queue.push(least, place);
    }

    /// The bit of a node that must not be visited twice; 0 for others.
    fn mark(&self, node: u32) -> u64 {
        self.problem.once.iter().position(|&once| once == node).map_or(0, |place| 1 << place)
    }
}

impl ParetoSpace {
    /// The best route's arcs, payer first, and the node at which it joined a state that was given.
    pub(super) fn best(&self) -> (&[u32], u32) {
        (&self.best, self.best_start)
    }
}

/// Each pass but the last has met a minimum that those before had not.
const PASS_COUNT_MAX: usize = 16;
