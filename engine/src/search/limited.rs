//! The cheapest route within limits on blocks, hops and onion bytes, and where amounts may not be lifted.
//!
//! A search that only knows costs is made to look for routes within the limits by tolls on each hop and block. Whatever
//! the tolls, a route within the limits pays no more of them than the limits allow; so if no route at all costs less
//! *with* tolls than the best known one without, plus what is allowed in tolls, that one is the best (docs/search.md,
//! lemma 7). Some quick searches find good tolls and good routes (`multipliers`); often one of them closes the gap. Else
//! the label search enumerates what lies in the gap, within the ball that one more quick search has grown.
//!
//! All of these keep to the labels' table: nothing is as large as the graph.

use super::Counts;
use super::answer::{Answer, Method, Outcome};
use super::bidirectional::End;
use super::certificate::Verdict;
use super::circular::over_splits;
use super::exact::{adopt, answer, count};
use super::multipliers::{CUT_COUNT_MAX, Multipliers, Weighed};
use super::pareto::{Search, Seed, Task};
use super::potentials::Ball;
use super::problem::{COST_MAX, Problem};
use super::resources::{Limits, Used};
use super::run::Run;
use super::workspace::Workspace;
use crate::cost::{HopCost, Tolled, Tolls};
use crate::onion_size::forward_payload_size;

/// The rules of one search.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// What the part behind the searched one uses up.
    pub(crate) start: Used,
    /// What the route must keep to.
    pub(crate) limits: Limits,
    /// All limits of the query: routes beyond these are of no use, but may be found.
    pub(crate) all: Limits,
    /// No route costs less than this.
    pub(crate) least: u64,
}

/// What a quick search came to; a route's arcs are in `space.best`.
struct Probe {
    /// Whether it found a route below its bound.
    has_route: bool,
    /// Whether it is proven that there is none.
    is_empty: bool,
    /// What any way costs to a node that it has not settled.
    frontier: u64,
    /// Whether a minimum is known to lift an amount.
    may_lift: bool,
    counts: Counts,
}

/// What is known so far.
struct Known {
    /// The cost that a route has to beat: of the one in `space.kept`, what was given, or what none can reach.
    best: u64,
    has_route: bool,
    counts: Counts,
}

/// Labels that the work which is left allows.
fn labels_max<C: HopCost>(problem: &Problem<'_, C>, done: Counts) -> usize {
    let left = problem.after(done).settled_max;
    usize::try_from(if problem.strict { left / STRICT_LABEL_WORK } else { left }).unwrap_or(usize::MAX)
}

/// What a label costs where amounts must not be lifted: to reach a minimum by fees alone is a knapsack's problem, each
/// label is held against all others of its node and the nodes behind them, and most such queries have no answer.
const STRICT_LABEL_WORK: u64 = 100;

/// The cheapest route within the limits. `space.best` may hold a route that breaks them, to learn from. `NoRoute` says
/// that there is none within all limits.
pub(crate) fn solve_within<C: HopCost>(
    problem: Problem<'_, C>,
    space: &mut Workspace,
    rules: &Rules,
) -> Answer {
    let mut seen = std::mem::take(&mut space.seen);
    seen.clone_from(&space.best);
    let answer =
        over_splits(problem, space, |part, space, bound| solve_part(part, space, rules, &seen, bound));
    space.seen = seen;
    space.settled += answer.counts.settled;
    answer
}

/// The same among routes that cost less than `bound`, of one that is not circular or of a split.
fn solve_part<C: HopCost>(
    problem: Problem<'_, C>,
    space: &mut Workspace,
    rules: &Rules,
    seen: &[u32],
    bound: u64,
) -> Answer {
    // A route counts if it costs less by the tolerance.
    let end = rules.most(&problem).saturating_add(problem.tolerance).saturating_add(1);
    let mut multipliers = rules.multipliers(problem.amount, end);
    let mut known = Known { best: bound.min(end).min(COST_MAX), has_route: false, counts: Counts::default() };
    if let Some((route, used, is_simple)) = rules.weigh(&problem, seen) {
        multipliers.add(route);
        if is_simple && rules.limits.allow(&used) && route.cost < known.best {
            // Without its loops, the last answer is a route that only may be dearer than others.
            (known.best, known.has_route) = (route.cost, true);
            space.kept.clear();
            space.kept.extend_from_slice(seen);
        }
    }
    if known.has_route && rules.limits == Limits::default() && !problem.strict {
        return keep_loops_out(problem, space, rules, known, &multipliers);
    }
    for _ in 0..CUT_COUNT_MAX {
        let goal = goal(&problem, &known, &multipliers);
        let found = probe(goal.problem.after(known.counts), space, goal.bound, false);
        known.counts = known.counts.plus(found.counts);
        if found.is_empty && goal.is_whole {
            return known.answer(space, known.best.saturating_sub(problem.tolerance), Method::Tolls);
        }
        let weighed = found.has_route.then(|| rules.weigh(&problem, &space.best)).flatten();
        let Some((route, used, is_simple)) = weighed else { break };
        if is_simple && rules.limits.allow(&used) && route.cost < known.best {
            (known.best, known.has_route) = (route.cost, true);
            space.kept.clone_from(&space.best);
        }
        if problem.strict && rules.limits == Limits::default() {
            // The tolls stay what they are, and so do the balls.
            return enumerate(problem, space, rules, known, &multipliers, Some(found));
        }
        if known.counts.settled >= problem.settled_max || !multipliers.add(route) {
            break;
        }
    }
    enumerate(problem, space, rules, known, &multipliers, None)
}

/// Where only loops are to be kept out, probes would find them again. A route without them rarely costs much more, while
/// the known one may: so its cost is approached from below, with larger and larger balls.
fn keep_loops_out<C: HopCost>(
    problem: Problem<'_, C>,
    space: &mut Workspace,
    rules: &Rules,
    mut known: Known,
    multipliers: &Multipliers,
) -> Answer {
    let mut more = rules.least / FIRST_SHARE + FIRST_MSAT;
    loop {
        let end = rules.least.saturating_add(more).saturating_add(problem.tolerance);
        if end >= known.best {
            return enumerate(problem, space, rules, known, multipliers, None);
        }
        let near = Known { best: end, has_route: false, counts: known.counts };
        let near = enumerate(problem, space, rules, near, multipliers, None);
        known.counts = near.counts;
        match near.outcome {
            Outcome::Route { .. } => return near,
            Outcome::NoRoute => more = more.saturating_mul(GROWTH),
            Outcome::WorkLimit | Outcome::Changed => return known.answer(space, near.least, Method::Labels),
        }
    }
}

/// A problem with tolls, and what routes must not reach in it.
struct Goal<'a, C> {
    problem: Problem<'a, Tolled<C>>,
    bound: u64,
    /// Tolls that a route within the limits pays at most.
    tolls_max: u64,
    /// Whether every route that is better than the best known one costs less than `bound` with its tolls.
    is_whole: bool,
}

/// The next problem with tolls.
fn goal<'a, C: HopCost>(problem: &Problem<'a, C>, known: &Known, multipliers: &Multipliers) -> Goal<'a, C> {
    let best = known.best;
    let tolls = multipliers.tolls();
    let whole = multipliers.most(tolls).and_then(|most| Some((most, best.checked_add(most)?)));
    let is_whole = whole.is_some_and(|(_, bound)| bound <= COST_MAX);
    let (tolls_max, bound) = whole.unwrap_or((0, COST_MAX));
    Goal { problem: problem.tolled(tolls, best), bound: bound.min(COST_MAX), tolls_max, is_whole }
}

/// Looks at every route that may be better than the best known one, within the balls that the last probe has left where
/// its problem is the same.
fn enumerate<C: HopCost>(
    problem: Problem<'_, C>,
    space: &mut Workspace,
    rules: &Rules,
    mut known: Known,
    multipliers: &Multipliers,
    ball: Option<Probe>,
) -> Answer {
    let mut goal = goal(&problem, &known, multipliers);
    if !goal.is_whole {
        let tolled = problem.tolled(Tolls::default(), known.best);
        goal = Goal { problem: tolled, bound: known.best, tolls_max: 0, is_whole: true };
    }
    let ball = ball.unwrap_or_else(|| {
        let ball = probe(goal.problem.after(known.counts), space, goal.bound, true);
        known.counts = known.counts.plus(ball.counts);
        ball
    });
    let task = Task {
        limits: rules.limits,
        ball: Ball { frontier: ball.frontier },
        bound: goal.bound - goal.tolls_max,
        tolls_max: goal.tolls_max,
        labels_max: labels_max(&problem, known.counts),
        completes: None,
        lifts: !problem.strict && (!C::HAS_TWO_LABELS || ball.may_lift),
    };
    let whole = Seed::whole(&goal.problem, rules.start);
    let search = Search::new(goal.problem, &mut space.labels, &mut space.pareto, task);
    let found = search.run([whole].into_iter(), whole);
    count(&mut known.counts, &found);
    if let Some(cost) = found.cost {
        adopt(&problem, space);
        return answer(found, cost, found.least, true, Method::Labels, known.counts);
    }
    if known.has_route || !found.is_cut {
        return known.answer(space, found.least.min(known.best), Method::Labels);
    }
    answer(found, COST_MAX, found.least, false, Method::Labels, known.counts)
}

impl Known {
    /// The best known route, proven to be within what `least` says.
    fn answer(&self, space: &mut Workspace, least: u64, method: Method) -> Answer {
        space.best.clear();
        if self.has_route {
            space.best.extend_from_slice(&space.kept);
        }
        let outcome = if self.has_route { Outcome::Route { cost: self.best } } else { Outcome::NoRoute };
        Answer { outcome, least, method, counts: self.counts }
    }
}

impl Rules {
    fn multipliers(&self, amount: u64, cost_end: u64) -> Multipliers {
        let left = |max: u32, used: u32| u64::from(max.saturating_sub(used));
        let hops = self.limits.hops.map(|max| left(max, self.start.hops));
        // Bytes limit hops as well: each but the payer's takes as many as one that forwards the payment's amount.
        let bytes = self.limits.payload.map(|max| left(max, self.start.payload));
        let by_bytes = bytes.map(|bytes| bytes / u64::from(forward_payload_size(amount)) + 1);
        let hops = hops.into_iter().chain(by_bytes).min();
        Multipliers::new(hops, self.limits.cltv.map(|max| left(max, self.start.cltv)), amount, cost_end)
    }

    /// What a route within the limits can cost at most: its payer's channel carries all that it sends.
    fn most<C: HopCost>(&self, problem: &Problem<'_, C>) -> u64 {
        let sent = problem.largest_sent();
        let hops = self.all.hops.unwrap_or(u32::MAX);
        let blocks = self.all.cltv.unwrap_or(u32::MAX);
        let beyond_fee = problem.cost.most(sent, hops, blocks);
        let fee = sent.saturating_sub(problem.amount);
        let most = problem.most_weighed(sent, fee, beyond_fee, hops);
        most.saturating_add(problem.root().cost)
    }

    /// What a route costs and uses up, and whether it visits no node twice; `None` for none, and where it is no route.
    fn weigh<C: HopCost>(&self, problem: &Problem<'_, C>, arcs: &[u32]) -> Option<(Weighed, Used, bool)> {
        let mut used = self.start;
        let mut suffix = problem.root();
        let mut is_simple = !arcs.is_empty();
        for (at, &arc) in arcs.iter().enumerate().rev() {
            suffix = problem.extend(arc, &suffix)?;
            used = if at == 0 { used.sent() } else { used.extended(problem.record(arc), &suffix) };
            let head = problem.head(arc);
            is_simple &= arcs[..at].iter().all(|&before| problem.head(before) != head);
        }
        let (hops, blocks) = (used.hops - self.start.hops, used.cltv - self.start.cltv);
        let route = Weighed { cost: suffix.cost, hops: u64::from(hops), blocks: u64::from(blocks) };
        (!arcs.is_empty()).then_some((route, used, is_simple))
    }
}

impl<'a, C: HopCost> Problem<'a, C> {
    /// The problem with tolls, of routes that cost less than `best` without.
    fn tolled(&self, tolls: Tolls, best: u64) -> Problem<'a, Tolled<C>> {
        let amount_max = self.largest_below(best);
        Problem { amount_max, ..self.with_cost(Tolled { cost: self.cost, tolls }) }
    }
}

fn probe<C: HopCost>(problem: Problem<'_, C>, space: &mut Workspace, bound: u64, is_ball: bool) -> Probe {
    match (problem.with_inbound_fees, problem.is_restricted) {
        (false, false) => probe_as::<C, false, false>(problem, space, bound, is_ball),
        (false, true) => probe_as::<C, false, true>(problem, space, bound, is_ball),
        (true, false) => probe_as::<C, true, false>(problem, space, bound, is_ball),
        (true, true) => probe_as::<C, true, true>(problem, space, bound, is_ball),
    }
}

/// The fast search below a bound: for a route and perhaps the proof that there is none, or for its balls alone.
fn probe_as<C: HopCost, const INBOUND: bool, const RESTRICTED: bool>(
    problem: Problem<'_, C>,
    space: &mut Workspace,
    bound: u64,
    is_ball: bool,
) -> Probe {
    let mut run = Run::<C, INBOUND, RESTRICTED>::new(problem, space, bound);
    run.keeps_bound = is_ball;
    let end = run.search();
    let has_route = !run.space.best.is_empty();
    // Where amounts may not be lifted, the label that was kept may be stopped where a dearer one is not.
    let may_prove = !is_ball && !has_route && end == End::Met && !problem.strict;
    Probe {
        has_route,
        is_empty: may_prove && run.certify() == Verdict::Optimal,
        frontier: run.frontier(),
        may_lift: run.may_lift(),
        counts: run.counts,
    }
}

/// How much dearer than all routes the first ones without loops may be.
const FIRST_SHARE: u64 = 32;
const FIRST_MSAT: u64 = 100;
/// How much larger the next balls are.
const GROWTH: u64 = 4;
