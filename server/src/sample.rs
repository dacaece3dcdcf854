//! A query that shows something, on any graph.

use std::time::{Duration, Instant};

use engine::query::RouteQuery;
use engine::route::Route;
use engine::router::{RouteWorkspace, route};
use engine::snapshot::Snapshot;
use engine::synthetic::{AmountRange, random_queries};
use primitives::{Msat, NodeId};

use crate::node_names;

/// A query with a route, and what it was chosen from.
pub(crate) struct Sample {
    /// The query.
    pub(crate) query: RouteQuery,
    /// Its answer.
    pub(crate) route: Route,
    /// How many of the queries had a route.
    pub(crate) route_count: usize,
    /// The time that half of these took at most.
    pub(crate) median: Duration,
    /// The time of the slowest.
    pub(crate) slowest: Duration,
}

impl Sample {
    /// Asks many queries, and keeps the one with the most telling route.
    pub(crate) fn of(snapshot: &Snapshot) -> Option<Self> {
        let nodes: Vec<NodeId> = node_names::all(snapshot).collect();
        let asked = random_queries(&nodes, SAMPLE_COUNT, SAMPLE_SEED, AmountRange::default());
        let mut space = RouteWorkspace::default();
        let mut times = Vec::with_capacity(asked.len());
        let mut best: Option<(RouteQuery, Route)> = None;
        for (payer, payee, amount) in asked {
            let amount = Msat::from_msat(amount.to_msat() / 1000 * 1000);
            let query = RouteQuery::new(payer, payee, amount);
            let started = Instant::now();
            let answer = route(snapshot, &query, &mut space);
            let time = started.elapsed();
            let Ok(route) = answer else { continue };
            times.push(time);
            if best.as_ref().is_none_or(|(_, known)| is_more_telling(&route, known)) {
                best = Some((query, route));
            }
        }
        times.sort_unstable();
        let (query, route) = best?;
        let (route_count, median, slowest) = (times.len(), *times.get(times.len() / 2)?, *times.last()?);
        Some(Sample { query, route, route_count, median, slowest })
    }
}

/// Four hops show fees and expiries best; among those, the amount nearest to 100,000 sat.
fn is_more_telling(route: &Route, known: &Route) -> bool {
    let key = |route: &Route| {
        let from_four = route.hops.len().abs_diff(4);
        (from_four, route.amount.to_msat().abs_diff(SAMPLE_AMOUNT_MSAT))
    };
    key(route) < key(known)
}

/// Some milliseconds of work.
const SAMPLE_COUNT: usize = 1000;
const SAMPLE_SEED: u64 = 1;
const SAMPLE_AMOUNT_MSAT: u64 = 100_000_000;
