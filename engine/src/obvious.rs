//! The obvious searches with names for their answers: what tests and benches hold `route` against.

use primitives::{Msat, ShortChannelIdDir};

use crate::compile::{Compiled, CompiledCost, compile};
use crate::cost::HopCost;
use crate::query::RouteQuery;
use crate::route::{limits_of, payee_used, price};
use crate::router::RouteError;
use crate::search::reference;
use crate::snapshot::Snapshot;

/// The obvious searches, to hold `route` against.
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
    match compiled.cost(query) {
        CompiledCost::Fee(cost) => reference_by(snapshot, query, &compiled, cost, by),
        CompiledCost::Risk(cost) => reference_by(snapshot, query, &compiled, cost, by),
        CompiledCost::Probability(cost) => reference_by(snapshot, query, &compiled, cost, by),
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
            problem.amount_max =
                problem.amount_max.min(problem.amount.saturating_add(problem.growth(known.cost)));
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
