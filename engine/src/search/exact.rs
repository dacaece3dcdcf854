//! The searches in order: fast, proof, label search where the proof leaves something open.

use super::Counts;
use super::answer::{Answer, Method, Outcome};
use super::bidirectional::End;
use super::certificate::Verdict;
use super::circular::over_splits;
use super::discount::node_of;
use super::labels::{NO_ARC, UNREACHED};
use super::meeting::head_door;
use super::pareto::{Completion, Found, Search, Seed, Task};
use super::potentials::Ball;
use super::problem::{COST_MAX, Problem};
use super::resources::{Limits, Used};
use super::run::Run;
use super::workspace::Workspace;
use crate::cost::{FeeOnly, HopCost};

/// The cheapest route that obeys all limits on amounts; blocks, hops and payload are not looked at, and amounts below
/// a minimum are lifted to it. The arcs are left in `space.best`, payer first.
pub(crate) fn solve<C: HopCost>(problem: Problem<'_, C>, space: &mut Workspace) -> Answer {
    let answer = over_splits(problem, space, solve_below);
    space.settled += answer.counts.settled;
    answer
}

/// The same among the routes that cost less than `bound`. Nearly all routes cost far less, so a search of those comes
/// first: it does not look at arcs with minima that only dear routes reach. If it finds nothing, it has told nothing.
fn solve_below<C: HopCost>(problem: Problem<'_, C>, space: &mut Workspace, bound: u64) -> Answer {
    let likely = likely_cost(&problem);
    if likely >= bound {
        return solve_any(problem, space, bound, false);
    }
    let tried = match guess(problem, space, likely) {
        Ok(found) => return found,
        Err(tried) => tried,
    };
    let problem = problem.after(tried);
    if C::HAS_TWO_LABELS
        && tried.settled > SEARCH_LONG
        && problem.largest_sent() < problem.largest_below(likely)
    {
        return solve_from_least_fee(problem, space, tried);
    }
    // Where the payer can send nothing, there is nothing to foresee.
    let whole = if tried.labelled == 0 {
        solve_any(problem, space, bound, false)
    } else {
        solve_unlikely(problem, space, bound, likely)
    };
    Answer { counts: whole.counts.plus(tried), ..whole }
}

/// The same where no route costs less than `least`. If a dear last hop is the reason, the likely routes over that come
/// first.
fn solve_unlikely<C: HopCost>(
    problem: Problem<'_, C>,
    space: &mut Workspace,
    bound: u64,
    least: u64,
) -> Answer {
    let Some(last) = problem.last_hop() else { return solve_any(problem, space, bound, false) };
    let problem = problem.carrying(last.received);
    let likely = last.cost.saturating_add(likely_beyond(last.received));
    if last.cost < least || likely >= bound {
        return solve_any(problem, space, bound, false);
    }
    let tried = match guess(problem, space, likely) {
        Ok(found) => return found,
        Err(tried) => tried,
    };
    let whole = solve_any(problem.after(tried), space, bound, false);
    Answer { counts: whole.counts.plus(tried), ..whole }
}

/// A search of the routes that cost less than `likely`. If there is none, nothing else is proven, and only what was done for
/// it is told.
fn guess<C: HopCost>(problem: Problem<'_, C>, space: &mut Workspace, likely: u64) -> Result<Answer, Counts> {
    let amount_max = problem.largest_below(likely);
    let near = solve_any(Problem { amount_max, ..problem }, space, likely, true);
    if near.outcome == Outcome::NoRoute { Err(near.counts) } else { Ok(near) }
}

/// Whether no channel of the payer takes an HTLC as small as nearly all routes need, so that the cheapest way is to lift
/// the amount there.
pub(crate) fn lifts_surely<C: HopCost>(problem: &Problem<'_, C>) -> bool {
    let growth = problem.growth(likely_cost(problem));
    problem.must_send_more_than(problem.amount.saturating_add(growth))
        && problem
            .last_hop()
            .is_none_or(|last| problem.must_send_more_than(last.received.saturating_add(growth)))
}

/// What nearly all routes cost less than.
fn likely_cost<C: HopCost>(problem: &Problem<'_, C>) -> u64 {
    problem.root().cost.saturating_add(likely_beyond(problem.amount))
}

/// What nearly all ways cost less than that carry `amount`.
fn likely_beyond(amount: u64) -> u64 {
    amount / LIKELY_SHARE + LIKELY_MSAT
}

/// One search below `bound`; a guess that finds nothing is told at once.
fn solve_any<C: HopCost>(
    problem: Problem<'_, C>,
    space: &mut Workspace,
    bound: u64,
    is_guess: bool,
) -> Answer {
    match (problem.with_inbound_fees, problem.is_restricted) {
        (false, false) => solve_as::<C, false, false>(problem, space, bound, is_guess),
        (false, true) => solve_as::<C, false, true>(problem, space, bound, is_guess),
        (true, false) => solve_as::<C, true, false>(problem, space, bound, is_guess),
        (true, true) => solve_as::<C, true, true>(problem, space, bound, is_guess),
    }
}

/// Where amounts hardly fit, the fast search may find no route and prove nothing. Whether there is any depends on the
/// amounts alone, and the route of the least fee has the least amounts: if even that does not exist, none does; if it
/// does, its cost bounds the search for the best.
fn solve_from_least_fee<C: HopCost>(
    problem: Problem<'_, C>,
    space: &mut Workspace,
    counts: Counts,
) -> Answer {
    let mut least_fee = solve_below(problem.with_cost(FeeOnly), space, COST_MAX);
    least_fee.counts = counts.plus(least_fee.counts);
    let Outcome::Route { .. } = least_fee.outcome else { return Answer { least: 0, ..least_fee } };
    space.kept.clone_from(&space.best);
    let Some(cost) = cost_of(&problem, &space.kept) else {
        return Answer { outcome: Outcome::Changed, ..least_fee };
    };
    // Likely routes have been looked for by now, or this would not have been asked.
    let mut answer = solve_any(problem, space, cost, false);
    answer.counts = answer.counts.plus(least_fee.counts);
    if answer.outcome == Outcome::NoRoute {
        std::mem::swap(&mut space.best, &mut space.kept);
        answer.outcome = Outcome::Route { cost };
        answer.least = cost.saturating_sub(problem.tolerance);
    }
    answer
}

fn cost_of<C: HopCost>(problem: &Problem<'_, C>, arcs: &[u32]) -> Option<u64> {
    let route = arcs.iter().rev().try_fold(problem.root(), |suffix, &arc| problem.extend(arc, &suffix))?;
    Some(route.cost)
}

/// Whether a minimum lifts an amount on a route; not on none.
fn is_lifted<C: HopCost>(problem: &Problem<'_, C>, arcs: &[u32]) -> bool {
    cost_of(&Problem { strict: true, ..*problem }, arcs).is_none()
}

fn solve_as<C: HopCost, const INBOUND: bool, const RESTRICTED: bool>(
    problem: Problem<'_, C>,
    space: &mut Workspace,
    bound: u64,
    is_guess: bool,
) -> Answer {
    let mut run = Run::<C, INBOUND, RESTRICTED>::new(problem, space, bound);
    let end = run.search();
    let (best, counts) = (run.best, run.counts);
    if is_guess && run.space.best.is_empty() {
        return Answer { outcome: Outcome::NoRoute, least: 0, method: Method::Bidirectional, counts };
    }
    if end == End::WorkLimit {
        let least = run.least_open();
        let found = !run.space.best.is_empty();
        let outcome = if found { Outcome::Route { cost: best } } else { Outcome::WorkLimit };
        return Answer { outcome, least, method: Method::Bidirectional, counts };
    }
    let verdict = run.certify();
    if verdict == Verdict::Optimal {
        let found = !run.space.best.is_empty();
        let outcome = if found { Outcome::Route { cost: best } } else { Outcome::NoRoute };
        let least = best.saturating_sub(problem.tolerance);
        return Answer { outcome, least, method: Method::Bidirectional, counts };
    }
    // Of a circular route's splits, another may have a better one that is not lifted.
    if problem.refuses_lifts && problem.split.is_none() && is_lifted(&problem, &run.space.best) {
        let (outcome, least) = (Outcome::Route { cost: best }, run.least_open());
        return Answer { outcome, least, method: Method::Bidirectional, counts };
    }
    if C::HAS_TWO_LABELS && best == COST_MAX {
        return solve_from_least_fee(problem, space, counts);
    }
    close(run)
}

/// The label search over what the fast search has left open.
fn close<C: HopCost, const INBOUND: bool, const RESTRICTED: bool>(
    run: Run<'_, '_, C, INBOUND, RESTRICTED>,
) -> Answer {
    // Its problem says what the payer can send at most, which it has learnt.
    let (problem, best, mut counts) = (run.problem, run.best, run.counts);
    // Where costs are fees, comparing them beyond the amount compares nothing less.
    let lifts = !C::HAS_TWO_LABELS || run.may_lift();
    let may_lift = run.may_lift();
    let mut seeds = std::mem::take(&mut run.space.seeds);
    seeds.clear();
    let mut from_labels = false;
    if may_lift {
        // Labels that a minimum would have made the better ones are gone: all begins anew at the payee.
        seeds.push((problem.payee, NO_ARC, problem.root()));
    } else {
        let open = run.space.met.iter().filter(|&&door| run.is_open_meeting(door));
        let states = open.filter_map(|&door| Some((run.ungraded(door), NO_ARC, run.suffix_at(door)?)));
        seeds.extend(states);
        let meeting_count = seeds.len();
        let open = run.space.dropped.iter().filter(|dropped| run.is_open_label(dropped));
        let open = open.filter(|dropped| dropped.smaller_by != UNREACHED);
        seeds.extend(open.map(|dropped| (dropped.node, dropped.arc, dropped.suffix)));
        from_labels = seeds.len() > meeting_count;
    }
    // From meeting points alone, nothing leads to what the forward search left out.
    let frontier = if may_lift || from_labels { run.frontier() } else { run.space.forward.least() };
    let whole = Ball { frontier: run.frontier() };
    let backward_frontier = run.space.backward.least();
    let space = run.space;
    let completion = Completion { backward_frontier, explored: &space.explored, ball: whole };
    let task = Task {
        limits: Limits::default(),
        ball: Ball { frontier },
        bound: best,
        tolls_max: 0,
        labels_max: labels_left(&problem, &counts),
        completes: (!may_lift).then_some(completion),
        lifts,
    };
    let search = Search::new(problem, &mut space.labels, &mut space.pareto, task);
    let used = Used::default();
    let from = seeds.iter().map(|&(node, arc, suffix)| Seed { node, suffix, used, arc });
    let found = search.run(from, Seed::whole(&problem, used));
    space.seeds = seeds;
    count(&mut counts, &found);
    if found.cost.is_some() {
        adopt(&problem, space);
    }
    let least = found.least.min(best);
    answer(found, best, least, !space.best.is_empty(), Method::Corridor, counts)
}

pub(super) fn answer(
    found: Found,
    best: u64,
    least: u64,
    has_route: bool,
    method: Method,
    counts: Counts,
) -> Answer {
    let cost = found.cost.unwrap_or(best);
    let outcome = match (has_route, found.is_cut) {
        (true, _) => Outcome::Route { cost },
        (false, true) => Outcome::WorkLimit,
        (false, false) => Outcome::NoRoute,
    };
    Answer { outcome, least, method, counts }
}

pub(super) fn count(counts: &mut Counts, found: &Found) {
    counts.settled += found.settled;
    counts.relaxed += found.relaxed;
}

pub(super) fn labels_left<C>(problem: &Problem<'_, C>, counts: &Counts) -> usize {
    usize::try_from(problem.settled_max.saturating_sub(counts.settled)).unwrap_or(usize::MAX).max(LABELS_MIN)
}

/// Makes the label search's route the best one: its own arcs, then the fast search's from where it started.
pub(super) fn adopt<C: HopCost>(problem: &Problem<'_, C>, space: &mut Workspace) {
    let (arcs, start) = space.pareto.best();
    space.best.clear();
    space.best.extend_from_slice(arcs);
    let is_whole = arcs.last().is_some_and(|&arc| problem.head(arc) == problem.payee);
    let mut at = start;
    while !is_whole && node_of(at) != problem.payee {
        let Some(label) = space.labels.find(at) else { return };
        space.best.push(label.backward_arc);
        at = head_door(problem, label);
    }
}

/// Nearly every route that anybody wants costs less than this share of the amount and that much.
const LIKELY_SHARE: u64 = 16;
const LIKELY_MSAT: u64 = 50_000;
/// A search that settles more nodes has met the other side often, and its routes may have failed for their amounts.
const SEARCH_LONG: u64 = 128;
/// What the fast search may look at in any case, for the label search that completes it.
const LABELS_MIN: usize = 10_000;
