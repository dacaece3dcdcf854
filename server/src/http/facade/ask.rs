//! The way from a facade to searches and to the applier.

use std::sync::Arc;

use engine::belief::HeldBeliefs;
use engine::flow::{Plan, PlanQuery, plan};
use engine::query::RouteQuery;
use engine::route::Route;
use engine::router::route;
use engine::snapshot::Snapshot;

use super::unanswered::Unanswered;
use crate::clock::unix_now;
use crate::http::app::{App, stack};
use crate::http::applier::{Applied, Change};
use crate::http::tenant::Caller;
use crate::http::work::Lane;

/// A query within the server's limits, beside what its caller has in flight, on the caller's layers; with
/// `with_feedback` also on what its reports taught.
///
/// # Errors
/// Where a layer is unknown.
pub(in crate::http) fn prepare(
    app: &App,
    caller: &Caller,
    query: RouteQuery,
    layers: &[String],
    with_feedback: bool,
) -> Result<RouteQuery, Unanswered> {
    app.note_read(caller);
    let beliefs = caller.view.beliefs.load_full().filter(|_| with_feedback);
    Ok(RouteQuery {
        beliefs: beliefs.map(|beliefs| HeldBeliefs::new(beliefs, unix_now())),
        work_max: query.work_max.min(app.limits().work_max),
        reservations: Some(caller.view.reservations.clone()),
        layers: stack(caller, layers)?,
        ..query
    })
}

/// The newest graph, for an answer that tells so many things of it; they are charged.
///
/// # Errors
/// Where the caller's budget is used up.
pub(in crate::http) fn graph_to_tell(
    app: &App,
    caller: &Caller,
    count: impl FnOnce(&Snapshot) -> usize,
) -> Result<Arc<Snapshot>, Unanswered> {
    let taken = app.search_here(caller, |worker| {
        let snapshot = worker.snapshot();
        worker.scan(count(&snapshot));
        snapshot
    });
    Ok(taken?)
}

/// The cheapest route, on the live graph or on the one that is given.
///
/// # Errors
/// Where there is none, or no thread to look for it.
pub(in crate::http) async fn find_route(
    app: &App,
    caller: &Caller,
    mut query: RouteQuery,
    graph: Option<Arc<Snapshot>>,
) -> Result<Route, Unanswered> {
    let found = app.search(caller, Lane::Quick, move |worker| {
        worker.take_up(&mut query);
        let snapshot = graph.unwrap_or_else(|| worker.snapshot());
        let found = route(&snapshot, &query, &mut worker.routes);
        found.map_err(|error| Unanswered::of_route(error, &query))
    });
    found.await?
}

/// The payment in parts.
///
/// # Errors
/// Where there is no plan, or no thread to look for it.
pub(in crate::http) async fn find_plan(
    app: &App,
    caller: &Caller,
    mut query: PlanQuery,
) -> Result<Plan, Unanswered> {
    let found = app.search(caller, Lane::Heavy, move |worker| {
        worker.take_up(&mut query.route);
        let found = plan(&worker.snapshot(), &query, &mut worker.plans);
        found.map_err(|error| Unanswered::of_plan(error, &query.route))
    });
    found.await?
}

/// Makes a change; returns once readers see it.
///
/// # Errors
/// Where it is refused.
pub(in crate::http) async fn apply(app: &App, change: Change) -> Result<Applied, Unanswered> {
    Ok(app.change(change).await?)
}
