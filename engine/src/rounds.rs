//! Rounds of searches, until a route keeps to all that is asked of it.
//!
//! A search that knows costs alone is fast. Where its answer breaks a limit, lifts an amount that may not be lifted, or has a
//! loop that pays for itself, the next one keeps to that, too. Each answer is priced again from one consistent state of the
//! graph.

use crate::cost::HopCost;
use crate::route::{Price, PricedHop, price};
use crate::search::problem::{ONCE_COUNT_MAX, Problem};
use crate::search::{
    Answer, Counts, Limits, Outcome, Rules, Used, Workspace, lifts_surely, solve, solve_within,
};
use crate::snapshot::Snapshot;

/// What one thread needs to answer queries: the searches' memory and a little of its own.
#[derive(Debug, Default)]
pub struct RouteWorkspace {
    pub(crate) search: Workspace,
    /// The hops of the last route that was found, the payee's first.
    pub(crate) hops: Vec<PricedHop>,
    /// The nodes that the route's arcs lead to.
    heads: Vec<u32>,
    /// The arcs of the last route that was found.
    pub(crate) arcs: Vec<u32>,
}

impl RouteWorkspace {
    /// Nodes and labels that the searches in this memory have expanded since the last call, those without a route and
    /// those that explain why there is none included.
    pub fn take_settled(&mut self) -> u64 {
        std::mem::take(&mut self.search.settled)
    }
}

/// What a route must keep to beside what its problem says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// What the part behind the searched one uses up.
    pub(crate) start: Used,
    pub(crate) limits: Limits,
    pub(crate) may_overpay: bool,
}

/// Why no route was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfound {
    /// There is none.
    NoRoute {
        /// What was expanded.
        settled: u64,
        /// Whether a route was found that breaks a limit, or had to lift an amount.
        is_limited: bool,
    },
    /// The work ran out.
    WorkLimit {
        /// What was expanded.
        settled: u64,
    },
    /// The graph changed meanwhile: it may have a route now.
    Changed,
    /// The graph changes faster than a route can be priced.
    Contended,
}

/// The cheapest route without loops, from a state that has used up `asked.start`; its arcs and hops are left in the
/// workspace.
pub(crate) fn find<C: HopCost>(
    snapshot: &Snapshot,
    problem: Problem<'_, C>,
    asked: Asked,
    space: &mut RouteWorkspace,
) -> Result<(Answer, Price), Unfound> {
    let Asked { start, limits: all, may_overpay } = asked;
    let (mut limits, mut once) = (Limits::default(), Vec::new());
    // A search that might lift would only find that it must.
    let mut is_strict = !may_overpay && lifts_surely(&problem);
    space.search.best.clear();
    let (mut counts, mut least) = (Counts::default(), 0);
    // Each round limits what the last answer violated; there are four kinds of limit, and nodes to be visited once.
    for round in 0..=4 + ONCE_COUNT_MAX {
        let is_limited = round > 0 || is_strict;
        let part = Problem { strict: is_strict, once: &once, ..problem }.after(counts);
        let mut answer = if is_limited {
            solve_within(part, &mut space.search, &Rules { start, limits, all, least })
        } else {
            solve(part, &mut space.search)
        };
        counts = counts.plus(answer.counts);
        // Each round searches some of the routes of the one before.
        least = answer.least.max(least);
        (answer.counts, answer.least) = (counts, least);
        let settled = counts.settled;
        let cost = match answer.outcome {
            Outcome::Route { cost } => cost,
            Outcome::NoRoute => return Err(Unfound::NoRoute { settled, is_limited }),
            Outcome::WorkLimit => return Err(Unfound::WorkLimit { settled }),
            Outcome::Changed => return Err(Unfound::Changed),
        };
        let mut loops = Vec::new();
        let found = reprice(snapshot, part, start, cost, space, &mut loops)?;
        let binding = Limits {
            cltv: all.cltv.filter(|&max| limits.cltv.is_some() || found.used.cltv > max),
            hops: all.hops.filter(|&max| limits.hops.is_some() || found.used.hops > max),
            payload: all.payload.filter(|&max| limits.payload.is_some() || found.used.payload > max),
        };
        let must_be_strict = is_strict || found.is_lifted && !may_overpay;
        if binding == limits && must_be_strict == is_strict && loops.is_empty() {
            return Ok((answer, found));
        }
        if !loops.is_empty() && once.len() == ONCE_COUNT_MAX {
            return Err(Unfound::WorkLimit { settled });
        }
        (limits, is_strict) = (binding, must_be_strict);
        once.extend(loops);
        once.truncate(ONCE_COUNT_MAX);
    }
    Err(Unfound::Changed)
}

/// Prices the workspace's best arcs in one consistent state of the graph; they may no longer make a route of that
/// cost. Where it has loops that pay for themselves, adds their nodes to `once`.
fn reprice<C: HopCost>(
    snapshot: &Snapshot,
    problem: Problem<'_, C>,
    start: Used,
    cost: u64,
    space: &mut RouteWorkspace,
    once: &mut Vec<u32>,
) -> Result<Price, Unfound> {
    space.arcs.clear();
    space.arcs.extend_from_slice(&space.search.best);
    let RouteWorkspace { search, hops, arcs, heads } = space;
    cut_loops(&problem, arcs, heads);
    let is_cut = arcs.len() < search.best.len();
    let without = read(snapshot, &problem, start, arcs, hops)?;
    let is_as_good = |found: &Price| found.suffix.cost <= cost;
    if !is_cut || without.as_ref().is_some_and(is_as_good) {
        return without.filter(is_as_good).ok_or(Unfound::Changed);
    }
    let found =
        read(snapshot, &problem, start, &search.best, hops)?.filter(is_as_good).ok_or(Unfound::Changed);
    let heads = || search.best.iter().map(|&arc| problem.head(arc));
    for (at, head) in heads().enumerate() {
        if heads().skip(at + 1).any(|later| later == head) && !once.contains(&head) {
            once.push(head);
        }
    }
    if without.is_some() {
        // What a search that keeps the loops out has to beat.
        search.best.clone_from(arcs);
    }
    found
}

/// Prices arcs in one consistent state of the graph; `None` where they are no route.
pub(crate) fn read<C: HopCost>(
    snapshot: &Snapshot,
    problem: &Problem<'_, C>,
    start: Used,
    arcs: &[u32],
    hops: &mut Vec<PricedHop>,
) -> Result<Option<Price>, Unfound> {
    snapshot.read_consistent(|| price(problem, start, arcs, hops)).map_err(|_| Unfound::Contended)
}

/// Cuts out loops, which cost nothing or pay for themselves with inbound fees (bLIP-18) that are discounts.
fn cut_loops<C: HopCost>(problem: &Problem<'_, C>, arcs: &mut Vec<u32>, heads: &mut Vec<u32>) {
    // Each head is asked for once: on a large graph it lies in no cache.
    heads.clear();
    heads.extend(arcs.iter().map(|&arc| problem.head(arc)));
    let mut at = 0;
    while at < heads.len() {
        let later = heads.iter().rposition(|&head| head == heads[at]).unwrap_or(at);
        arcs.drain(at + 1..=later);
        heads.drain(at + 1..=later);
        at += 1;
    }
}
