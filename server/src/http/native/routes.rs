//! `POST /api/v1/routes`: one route, the next-best ones, or ones that share no channel.

use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use engine::NoRoute;
use engine::alternatives::alternatives;
use engine::answer::encode_routes_served;
use engine::diverse::diverse;
use engine::query::RouteQuery;
use engine::route::Route;
use engine::router::{RouteError, route, widest};

use super::format::{Format, Formed};
use super::query_body::QueryBody;
use super::timing::{Timed, served};
use crate::http::app::App;
use crate::http::problem::Problem;
use crate::http::refusal::route_problem;
use crate::http::tenant::Caller;
use crate::http::work::{Lane, Worker};
use crate::json::{QueryJson, RouteJson};

pub(super) fn router() -> Router<App> {
    Router::new().route("/api/v1/routes", post(find_routes))
}

/// Find a route
///
/// The cheapest one, and with `alternatives` the next-best ones in order, or with `diverse` ones that share no channel.
#[utoipa::path(
    post, path = "/api/v1/routes", tag = "routes", operation_id = "find_routes",
    request_body(content(
        (QueryJson = "application/json"),
        (Vec<u8> = "application/vnd.fulgurite+flatbuffers"),
    )),
    responses(
        (status = 200, description = "The route", content(
            (Timed<RouteJson> = "application/json"),
            (Vec<u8> = "application/vnd.fulgurite+flatbuffers"),
        )),
        (status = "default", description = "Why there is none", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn find_routes(
    State(app): State<App>,
    caller: Caller,
    format: Format,
    QueryBody(json): QueryBody<QueryJson>,
) -> Result<Formed<Timed<RouteJson>>, Problem> {
    let asked = Instant::now();
    let further = check_further(&app, &json)?;
    let mut query = app.query(&caller, &json)?;
    let (query, routes) = match further {
        None => {
            let route = single(&app, &caller, &mut query).await?;
            (query, vec![route])
        }
        Some(count) => several(&app, &caller, query, count, json.diverse).await?,
    };
    let (best, rest) = routes.split_first().expect("where there is not even one, that is an error");
    Ok(match format {
        Format::FlatBuffers => Formed::FlatBuffers(encode_routes_served(&routes, served(&app, asked))),
        Format::Json => {
            let answer = RouteJson::new(&query, best);
            let answer = if further.is_some() { answer.with_alternatives(&query, rest) } else { answer };
            Formed::Json(Timed::new(answer, &app, asked))
        }
    })
}

/// How many further routes are wanted.
pub(super) fn check_further(app: &App, json: &QueryJson) -> Result<Option<u16>, Problem> {
    let most = app.limits().alternative_count_max;
    match json.alternatives {
        None if json.diverse => Err(Problem::bad_field("diverse", "it asks for no further route")
            .with_hint("say how many with alternatives")),
        Some(count) if count > most => Err(Problem::bad_field("alternatives", "that many are not told")
            .with_hint(format!("ask for at most {most}"))),
        further => Ok(further),
    }
}

/// The cheapest route: where few steps suffice, found at once, else on a thread for it.
async fn single(app: &App, caller: &Caller, query: &mut RouteQuery) -> Result<Route, Problem> {
    let work_max = query.work_max;
    query.work_max = work_max.min(BRIEF_WORK_MAX);
    let found = app.search_here(caller, |worker| find(query, worker));
    query.work_max = work_max;
    let found = found?;
    let is_unfinished =
        matches!(found, Err(RouteError::WorkLimit { .. } | RouteError::NoRoute(NoRoute::NotConnected)));
    if is_unfinished && BRIEF_WORK_MAX < work_max {
        let query = query.clone();
        app.search(caller, Lane::Quick, move |worker| find_or_explain(&query, worker)).await?
    } else {
        found.map_err(|error| route_problem(&error))
    }
}

pub(super) fn find(query: &RouteQuery, worker: &mut Worker) -> Result<Route, RouteError> {
    let (snapshot, space) = worker.route_parts();
    let found = route(snapshot, query, space);
    worker.settled += settled(&found);
    found
}

/// The same, and where there is no path what a single one could carry.
fn find_or_explain(query: &RouteQuery, worker: &mut Worker) -> Result<Route, Problem> {
    let query = RouteQuery { stop: worker.stop.clone(), ..query.clone() };
    find(&query, worker).map_err(|error| {
        let mut problem = route_problem(&error);
        if problem.code == "no_route" {
            let widest = widest(&worker.snapshot(), &query).ok();
            problem.widest_msat = widest.map(primitives::Msat::to_msat);
        }
        problem
    })
}

async fn several(
    app: &App,
    caller: &Caller,
    query: RouteQuery,
    count: u16,
    is_diverse: bool,
) -> Result<(RouteQuery, Vec<Route>), Problem> {
    let find = if is_diverse { diverse } else { alternatives };
    let found = app.search(caller, Lane::Heavy, move |worker| {
        let query = RouteQuery { stop: worker.stop.clone(), ..query };
        let found = find(&worker.snapshot(), &query, 1 + usize::from(count), &mut worker.routes);
        worker.settled += found.iter().flatten().map(|route| route.counts.settled).sum::<u64>();
        found.map(|routes| (query, routes))
    });
    found.await?.map_err(|error| route_problem(&error))
}

/// The work of a search, as far as it is told.
pub(super) fn settled(found: &Result<Route, RouteError>) -> u64 {
    match found {
        Ok(route) => route.counts.settled,
        Err(RouteError::WorkLimit { settled }) => *settled,
        Err(_) => 1,
    }
}

/// Steps of a search that a handler does itself. Of 1,000 payments on the real network, with inbound fees, 990 take at most
/// 405 steps and one takes more than 750, which takes 5,749: what is begun anew is rare, and what is lost small beside it.
const BRIEF_WORK_MAX: u64 = 1000;
