//! `POST /api/v1/routes`: one route, the next-best ones, or ones that share no channel.

use std::time::Instant;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use engine::alternatives::alternatives;
use engine::diverse::diverse;
use engine::query::RouteQuery;
use engine::route::Route;
use engine::router::{RouteError, route};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::app::{App, ran_out};
use crate::http::body::JsonBody;
use crate::http::problem::Problem;
use crate::http::refusal::route_problem;
use crate::http::tenant::Caller;
use crate::http::work::{Lane, Worker};
use crate::json::{QueryJson, RouteJson};

pub(super) fn router() -> Router<App> {
    Router::new().route("/api/v1/routes", post(routes))
}

/// A route, and how it was found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RouteAnswer {
    #[serde(flatten)]
    route: RouteJson,
    /// Seconds since the newest policy of the graph was signed.
    graph_age_s: u32,
    /// From the request's last byte to the answer.
    elapsed_us: u64,
}

async fn routes(
    State(app): State<App>,
    caller: Caller,
    JsonBody(json): JsonBody<QueryJson>,
) -> Result<Json<RouteAnswer>, Problem> {
    let asked = Instant::now();
    let query = app.query(caller, &json)?;
    let route = match json.alternatives {
        None if json.diverse => {
            return Err(Problem::bad_field("diverse", "it asks for no further route")
                .with_hint("say how many with alternatives"));
        }
        None => {
            let found = single(&app, caller, &query).await?;
            RouteJson::new(&query, &found.map_err(|error| route_problem(&error))?)
        }
        Some(count) => further(&app, caller, query, count, json.diverse).await?,
    };
    let elapsed_us = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
    Ok(Json(RouteAnswer { route, graph_age_s: app.graph_age_s(), elapsed_us }))
}

/// The cheapest route: where few steps suffice, found at once, else on a thread for it.
async fn single(app: &App, caller: Caller, query: &RouteQuery) -> Result<Result<Route, RouteError>, Problem> {
    let brief = RouteQuery { work_max: query.work_max.min(BRIEF_WORK_MAX), ..query.clone() };
    let found = app.pool().run_here(|worker| find(&brief, worker));
    match found {
        Err(error) if ran_out(&error) && brief.work_max < query.work_max => {
            let query = query.clone();
            Ok(app.search(caller, Lane::Quick, move |worker| find(&query, worker)).await?)
        }
        found => Ok(found),
    }
}

fn find(query: &RouteQuery, worker: &mut Worker) -> Result<Route, RouteError> {
    let snapshot = worker.snapshot();
    route(&snapshot, query, &mut worker.routes)
}

async fn further(
    app: &App,
    caller: Caller,
    query: RouteQuery,
    count: u16,
    is_diverse: bool,
) -> Result<RouteJson, Problem> {
    if count > app.limits().alternative_count_max {
        return Err(Problem::bad_field("alternatives", "that many are not told")
            .with_hint(format!("ask for at most {}", app.limits().alternative_count_max)));
    }
    let find = if is_diverse { diverse } else { alternatives };
    let answer = app.search(caller, Lane::Heavy, move |worker| {
        let snapshot = worker.snapshot();
        let routes = find(&snapshot, &query, 1 + usize::from(count), &mut worker.routes)?;
        let (best, further) = routes.split_first().expect("where there is not even one, that is an error");
        Ok(RouteJson::new(&query, best).with_alternatives(&query, further))
    });
    answer.await?.map_err(|error: RouteError| route_problem(&error))
}

/// Steps of a search that a handler does itself: some 100 µs. Nearly all single routes take less.
const BRIEF_WORK_MAX: u64 = 1000;
