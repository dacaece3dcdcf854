//! Answers queries on a snapshot.
//!
//! A query is compiled into the snapshot's numbers, searched, and the answer priced again from one consistent state
//! of the graph; where that differs from what the search saw, because a policy changed meanwhile, the search is
//! repeated. A `Route` is made in one place, `finish`, and only of arcs whose price obeys every limit.

use primitives::{Msat, NodeId, ShortChannelId};

use crate::compile::{Compiled, compile};
use crate::cost::{CostModel, FeeOnly, HopCost, Probable, Risky};
use crate::explain::{NoRoute, explain, widest_path};
use crate::query::RouteQuery;
use crate::route::{Price, PricedHop, Proof, Route, limits_of, payee_used, price};
use crate::search::problem::Problem;
use crate::search::{Answer, Limits, Outcome, Used, Workspace, solve, solve_within};
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

/// The largest HTLC that any single path could carry if every channel's funds were on the right side: what to tell
/// somebody whose payment is not connected. Costs a search of the whole graph.
///
/// # Errors
/// As [`route`] for a query that names what is not there.
pub fn widest(snapshot: &Snapshot, query: &RouteQuery) -> Result<Msat, RouteError> {
    let compiled = compile(snapshot, query)?;
    Ok(Msat::from_msat(widest_path(&compiled.problem(snapshot, query, FeeOnly))))
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
        return unfound(query, problem, answer, false, space);
    };
    let start = payee_used(&query.limits, query.amount);
    let Some(mut found) = reprice(snapshot, problem, start, space)? else { return Ok(None) };
    if found.suffix.cost > cost {
        return Ok(None);
    }
    let all = limits_of(&query.limits);
    let mut limits = Limits::default();
    let mut strict = problem;
    // Each round limits what the last answer violated; there are four kinds of limit.
    for _ in 0..4 {
        let binding = Limits {
            cltv: all.cltv.filter(|&max| limits.cltv.is_some() || found.used.cltv > max),
            hops: all.hops.filter(|&max| limits.hops.is_some() || found.used.hops > max),
            payload: all.payload.filter(|&max| limits.payload.is_some() || found.used.payload > max),
        };
        let must_be_strict = strict.strict || found.is_lifted && !query.may_overpay;
        if binding == limits && must_be_strict == strict.strict {
            return Ok(Some(finish(snapshot, query, problem, answer, found, space)));
        }
        (limits, strict.strict) = (binding, must_be_strict);
        let labels_max = usize::try_from(query.work_max).unwrap_or(usize::MAX);
        let counts = answer.counts;
        answer = solve_within(strict, &mut space.search, start, limits, labels_max);
        answer.counts = counts.plus(answer.counts);
        let Outcome::Route { cost } = answer.outcome else {
            return unfound(query, strict, answer, true, space);
        };
        let Some(next) = reprice(snapshot, strict, start, space)? else { return Ok(None) };
        if next.suffix.cost > cost {
            return Ok(None);
        }
        found = next;
    }
    Ok(None)
}

fn unfound<C: HopCost>(
    query: &RouteQuery,
    problem: Problem<'_, C>,
    answer: Answer,
    is_limited: bool,
    space: &mut RouteWorkspace,
) -> Result<Option<Route>, RouteError> {
    match answer.outcome {
        Outcome::WorkLimit => Err(RouteError::WorkLimit { settled: answer.counts.settled }),
        _ => Err(RouteError::NoRoute(explain(query, problem, is_limited, &mut space.search))),
    }
}

/// Prices the workspace's best arcs in one consistent state of the graph; `None` where they no longer make a route.
fn reprice<C: HopCost>(
    snapshot: &Snapshot,
    problem: Problem<'_, C>,
    start: Used,
    space: &mut RouteWorkspace,
) -> Result<Option<Price>, RouteError> {
    space.arcs.clear();
    space.arcs.extend_from_slice(&space.search.best);
    cut_loops(&problem, &mut space.arcs);
    let (arcs, hops) = (&space.arcs, &mut space.hops);
    snapshot.read_consistent(|| price(&problem, start, arcs, hops)).map_err(|_| RouteError::Contended)
}

/// Cuts out loops, which can only appear where they cost nothing.
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

/// Searches of one query before the graph is called too restless.
const TRY_COUNT_MAX: usize = 8;
