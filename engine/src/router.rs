//! Answers queries on a snapshot.
//!
//! A query is compiled into the snapshot's numbers, searched, and the answer priced again from one consistent state
//! of the graph; where that differs from what the search saw, because a policy changed meanwhile, the search is
//! repeated. A `Route` is made in one place, `finish`, and only of arcs whose price obeys every limit.

use primitives::{Msat, NodeId, ShortChannelId, ShortChannelIdDir};

use crate::compile::{Compiled, compile};
use crate::cost::{CostModel, FeeOnly, HopCost, Probable, Risky};
use crate::explain::{NoRoute, explain};
use crate::query::RouteQuery;
use crate::route::{Price, PricedHop, Proof, Route, limits_of, payee_used, price};
use crate::search::problem::{ONCE_COUNT_MAX, Problem};
use crate::search::reference;
use crate::search::{Answer, Counts, Limits, Outcome, Used, Workspace, solve, solve_within};
use crate::snapshot::Snapshot;

/// What one thread needs to answer queries: the searches' memory and a little of its own.
#[derive(Debug, Default)]
pub struct RouteWorkspace {
    pub(crate) search: Workspace,
    hops: Vec<PricedHop>,
    arcs: Vec<u32>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RouteError {
    /// A node of the query is not in the graph.
    #[error("node {node_id} is not in the graph")]
    UnknownNode {
        /// The node.
        node_id: NodeId,
    },
    /// A channel of the query is not in the graph.
    #[error("channel {short_channel_id} is not in the graph")]
    UnknownChannel {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// The query contradicts itself.
    #[error("{reason}")]
    BadQuery {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No route obeys the limits; this is certain.
    #[error("no route: {0}")]
    NoRoute(NoRoute),
    /// The work ran out before a route was found; there may be one.
    #[error("gave up after {settled} steps without a route; there may be one, allow more work to look on")]
    WorkLimit {
        /// Nodes or labels that were expanded.
        settled: u64,
    },
    /// The graph changed faster than a route could be priced.
    #[error("the graph changed faster than the route could be priced; try again")]
    Contended,
}

/// Finds the cheapest route.
///
/// # Errors
/// See [`RouteError`].
pub fn route(
    snapshot: &Snapshot,
    query: &RouteQuery,
    space: &mut RouteWorkspace,
) -> Result<Route, RouteError> {
    let compiled = compile(snapshot, query)?;
    route_compiled(snapshot, query, &compiled, space)
}

/// The obvious searches, to hold [`route`] against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// Dijkstra's search from the payee, one label a node. Looks at no limit on blocks, hops or payload; its route may
    /// be dearer than the best one.
    Dijkstra,
    /// All states that are not beaten in every respect: exact, as long as the labels last.
    Labels {
        /// Labels before it gives up.
        labels_max: usize,
    },
}

/// A route as [`route_reference`] returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceRoute {
    /// What was minimised, in msat.
    pub cost: u64,
    /// What the payer pays beyond the amount.
    pub fee: Msat,
    /// The channels, the payer's own first.
    pub hops: Vec<ShortChannelIdDir>,
}

/// Finds a route in the obvious way, for tests and benches; `None` where there is none. The snapshot should be at rest.
///
/// # Errors
/// Where the query is wrong or the labels ran out.
pub fn route_reference(
    snapshot: &Snapshot,
    query: &RouteQuery,
    by: Reference,
) -> Result<Option<ReferenceRoute>, RouteError> {
    let compiled = compile(snapshot, query)?;
    match query.cost {
        CostModel::Fee => reference_by(snapshot, query, &compiled, FeeOnly, by),
        CostModel::Risk(weights) => {
            reference_by(snapshot, query, &compiled, Risky::new(weights, query.amount), by)
        }
        CostModel::Probability(weights) => {
            reference_by(snapshot, query, &compiled, Probable::new(weights, query.amount), by)
        }
    }
}

fn reference_by<C: HopCost>(
    snapshot: &Snapshot,
    query: &RouteQuery,
    compiled: &Compiled,
    cost: C,
    by: Reference,
) -> Result<Option<ReferenceRoute>, RouteError> {
    let mut problem = compiled.problem(snapshot, query, cost);
    problem.strict = !query.may_overpay;
    let (start, limits, mut hops) =
        (payee_used(&query.limits, query.amount), limits_of(&query.limits), Vec::new());
    let mut found = reference::dijkstra(&problem);
    if let Reference::Labels { labels_max } = by {
        let known = found.filter(|found| {
            let priced = price(&problem, start, &found.arcs, &mut hops);
            priced.is_some_and(|priced| limits.allow(&priced.used))
        });
        if let Some(known) = &known {
            // No better route has a larger fee than this one costs.
            problem.amount_max = problem.amount_max.min(problem.amount.saturating_add(known.cost));
        }
        found = reference::labels(&problem, start, limits, labels_max, known)
            .map_err(|_| RouteError::WorkLimit { settled: labels_max as u64 })?;
    }
    Ok(found.and_then(|found| {
        let priced = price(&problem, start, &found.arcs, &mut hops)?;
        let named = found.arcs.iter().map(|&arc| {
            let (short_channel_id, direction, _) = problem.names(snapshot, arc);
            ShortChannelIdDir { short_channel_id, direction }
        });
        let fee = Msat::from_msat(priced.suffix.received - problem.amount);
        Some(ReferenceRoute { cost: found.cost, fee, hops: named.collect() })
    }))
}

/// Finds the cheapest route of a query that is compiled already.
pub(crate) fn route_compiled(
    snapshot: &Snapshot,
    query: &RouteQuery,
    compiled: &Compiled,
    space: &mut RouteWorkspace,
) -> Result<Route, RouteError> {
    match query.cost {
        CostModel::Fee => route_by(snapshot, query, compiled, FeeOnly, space),
        CostModel::Risk(weights) => {
            route_by(snapshot, query, compiled, Risky::new(weights, query.amount), space)
        }
        CostModel::Probability(weights) => {
            route_by(snapshot, query, compiled, Probable::new(weights, query.amount), space)
        }
    }
}

fn route_by<C: HopCost>(
    snapshot: &Snapshot,
    query: &RouteQuery,
    compiled: &Compiled,
    cost: C,
    space: &mut RouteWorkspace,
) -> Result<Route, RouteError> {
    let problem = compiled.problem(snapshot, query, cost);
    for _ in 0..TRY_COUNT_MAX {
        match attempt(snapshot, query, problem, space)? {
            Some(route) => return Ok(route),
            // A policy changed under the search: look again.
            None => continue,
        }
    }
    Err(RouteError::Contended)
}

/// One search; `None` where the graph changed under it.
fn attempt<C: HopCost>(
    snapshot: &Snapshot,
    query: &RouteQuery,
    problem: Problem<'_, C>,
    space: &mut RouteWorkspace,
) -> Result<Option<Route>, RouteError> {
    let mut answer = solve(problem, &mut space.search);
    let Outcome::Route { cost } = answer.outcome else {
        return unfound(snapshot, query, problem, answer, space);
    };
    let start = payee_used(&query.limits, query.amount);
    let mut once = Vec::new();
    let Some(mut found) = reprice(snapshot, problem, start, cost, space, &mut once)? else {
        return Ok(None);
    };
    let all = limits_of(&query.limits);
    let (mut limits, mut is_strict, mut once_count) = (Limits::default(), false, 0);
    // Each round limits what the last answer violated; there are four kinds of limit, and nodes to be visited once.
    for _ in 0..4 + ONCE_COUNT_MAX {
        let binding = Limits {
            cltv: all.cltv.filter(|&max| limits.cltv.is_some() || found.used.cltv > max),
            hops: all.hops.filter(|&max| limits.hops.is_some() || found.used.hops > max),
            payload: all.payload.filter(|&max| limits.payload.is_some() || found.used.payload > max),
        };
        let must_be_strict = is_strict || found.is_lifted && !query.may_overpay;
        if binding == limits && must_be_strict == is_strict && once.len() == once_count {
            return Ok(Some(finish(snapshot, query, problem, answer, found, space)));
        }
        once.truncate(ONCE_COUNT_MAX);
        if once.len() == once_count && once_count == ONCE_COUNT_MAX {
            return Err(RouteError::WorkLimit { settled: answer.counts.settled });
        }
        (limits, is_strict, once_count) = (binding, must_be_strict, once.len());
        let strict = Problem { strict: is_strict, once: &once, ..problem };
        let work_max = if is_strict { query.work_max / STRICT_LABEL_WORK } else { query.work_max };
        let labels_max = usize::try_from(work_max).unwrap_or(usize::MAX);
        let counts = answer.counts;
        answer = solve_within(strict, &mut space.search, start, limits, labels_max);
        answer.counts = add(counts, answer.counts);
        let Outcome::Route { cost } = answer.outcome else {
            return unfound(snapshot, query, strict, answer, space);
        };
        let mut loops = Vec::new();
        let Some(next) = reprice(snapshot, strict, start, cost, space, &mut loops)? else { return Ok(None) };
        found = next;
        once.extend(loops);
    }
    Ok(None)
}

fn unfound<C: HopCost>(
    snapshot: &Snapshot,
    query: &RouteQuery,
    problem: Problem<'_, C>,
    answer: Answer,
    space: &mut RouteWorkspace,
) -> Result<Option<Route>, RouteError> {
    match answer.outcome {
        Outcome::WorkLimit => Err(RouteError::WorkLimit { settled: answer.counts.settled }),
        _ => Err(RouteError::NoRoute(explain(snapshot, query, problem, &mut space.search))),
    }
}

/// Prices the workspace's best arcs in one consistent state of the graph; `None` where they no longer make a route of
/// that cost. Where it has loops that pay for themselves, adds their nodes to `once`.
fn reprice<C: HopCost>(
    snapshot: &Snapshot,
    problem: Problem<'_, C>,
    start: Used,
    cost: u64,
    space: &mut RouteWorkspace,
    once: &mut Vec<u32>,
) -> Result<Option<Price>, RouteError> {
    space.arcs.clear();
    space.arcs.extend_from_slice(&space.search.best);
    let RouteWorkspace { search, hops, arcs } = space;
    cut_loops(&problem, arcs);
    let is_cut = arcs.len() < search.best.len();
    let mut price_of = |arcs: &[u32]| {
        let found = snapshot.read_consistent(|| price(&problem, start, arcs, hops));
        found.map(|found| found.filter(|found| found.suffix.cost <= cost)).map_err(|_| RouteError::Contended)
    };
    let found = price_of(arcs)?;
    if found.is_some() || !is_cut {
        return Ok(found);
    }
    let found = price_of(&search.best)?;
    let heads = || search.best.iter().map(|&arc| problem.head(arc));
    for (at, head) in heads().enumerate() {
        if heads().skip(at + 1).any(|later| later == head) && !once.contains(&head) {
            once.push(head);
        }
    }
    Ok(found)
}

/// Cuts out loops, which cost nothing or pay for themselves with inbound fees (bLIP-18) that are discounts.
fn cut_loops<C: HopCost>(problem: &Problem<'_, C>, arcs: &mut Vec<u32>) {
    let mut at = 0;
    while at < arcs.len() {
        let head = problem.head(arcs[at]);
        let later = (at + 1..arcs.len()).rev().find(|&later| problem.head(arcs[later]) == head);
        if let Some(later) = later {
            arcs.drain(at + 1..=later);
        }
        at += 1;
    }
}

/// Names the arcs: the only place where a `Route` is made.
fn finish<C: HopCost>(
    snapshot: &Snapshot,
    query: &RouteQuery,
    problem: Problem<'_, C>,
    answer: Answer,
    found: Price,
    space: &RouteWorkspace,
) -> Route {
    let mut hops = Vec::with_capacity(space.hops.len());
    let mut probability = 1.0;
    let mut forwarded = None;
    for (at, hop) in space.hops.iter().enumerate() {
        let is_first = at + 1 == space.hops.len();
        let is_known = is_first && query.first_channels.is_some();
        probability *= hop.probability(is_known);
        hops.push(hop.named(problem.names(snapshot, hop.arc), forwarded));
        forwarded = Some(Msat::from_msat(hop.amount()));
    }
    hops.reverse();
    let gap = found.suffix.cost.saturating_sub(answer.least);
    Route {
        payer: query.payer,
        amount: query.amount,
        fee: Msat::from_msat(found.suffix.received - query.amount.to_msat()),
        cltv: found.used.cltv,
        probability,
        cost: found.suffix.cost,
        proof: if gap == 0 { Proof::Optimal } else { Proof::Bounded { gap: Msat::from_msat(gap) } },
        version: snapshot.version(),
        method: answer.method,
        counts: answer.counts,
        hops,
    }
}

fn add(a: Counts, b: Counts) -> Counts {
    Counts { settled: a.settled + b.settled, relaxed: a.relaxed + b.relaxed, met: a.met + b.met }
}

/// What a label costs where amounts must not be lifted: to reach a minimum by fees alone is a knapsack's problem, each
/// label is held against all others of its node and the nodes behind them, and most such queries have no answer.
const STRICT_LABEL_WORK: u64 = 100;
/// Searches of one query before the graph is called too restless.
const TRY_COUNT_MAX: usize = 8;
