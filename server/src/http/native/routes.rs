//! `POST /api/v1/routes`: one route, the next-best ones, or ones that share no channel.

use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use engine::NoRoute;
use engine::alternatives::alternatives;
use engine::answer::encode_routes;
use engine::diverse::diverse;
use engine::query::RouteQuery;
use engine::route::Route;
use engine::router::{RouteError, route, widest};

use super::format::{Format, Formed};
use super::query_body::QueryBody;
use crate::http::app::App;
use crate::http::problem::Problem;
use crate::http::tenant::Caller;
use crate::http::timed::{Timed, served, timed};
use crate::http::unfound::Unfound;
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
    let asked = app.note_read(&caller);
    let further = check_further(&app, &json)?;
    let mut query = app.query(&caller, &json)?;
    let found = match further {
        None => single(&app, &caller, &mut query).await.map(|route| (query, vec![route])),
        Some(count) => several(&app, &caller, query, count, json.diverse).await,
    };
    let (query, routes) = found.map_err(|problem| timed(problem, &app, asked))?;
    let found = Instant::now();
    let (best, rest) = routes.split_first().expect("where there is not even one, that is an error");
    Ok(match format {
        Format::FlatBuffers => {
            let bytes = encode_routes(&routes, served(&app, asked));
            Formed::flatbuffers(bytes, app, found)
        }
        Format::Json => {
            let answer = RouteJson::new(&query, best);
            let answer = if further.is_some() { answer.with_alternatives(&query, rest) } else { answer };
            Formed::json(Timed::new(answer, &app, asked), app, found)
        }
    })
}

/// How many further routes are wanted.
pub(super) fn check_further(app: &App, json: &QueryJson) -> Result<Option<u16>, Problem> {
    let most = app.limits().alternative_count_max;
    match json.alternatives {
        None if json.diverse => Err(Problem::bad_field(
            "diverse",
            "it asks for no further route",
            "say how many with alternatives",
        )),
        Some(count) if count > most => Err(Problem::bad_field(
            "alternatives",
            "that many are not told",
            format!("ask for at most {most}"),
        )),
        further => Ok(further),
    }
}

/// The cheapest route: where few steps suffice, found at once, else on a thread for it.
async fn single(app: &App, caller: &Caller, query: &mut RouteQuery) -> Result<Route, Problem> {
    let work_max = query.work_max;
    query.work_max = work_max.min(BRIEF_WORK_MAX);
    let found =
        app.search_here(caller, |worker| worker.is_brief(query.layers.as_ref()).then(|| find(query, worker)));
    query.work_max = work_max;
    match found? {
        Some(found) if BRIEF_WORK_MAX >= work_max || !is_unfinished(&found) => {
            found.map_err(|unfound| unfound.of_route(query))
        }
        _ => {
            let query = query.clone();
            app.search(caller, Lane::Quick, move |worker| find_or_explain(&query, worker)).await?
        }
    }
}

fn is_unfinished(found: &Result<Route, Unfound<RouteError>>) -> bool {
    let error = found.as_ref().err().map(|unfound| &unfound.error);
    matches!(
        error,
        Some(
            RouteError::WorkLimit { .. }
                | RouteError::NoRoute(NoRoute::NotConnected | NoRoute::Closed { .. })
        )
    )
}

pub(super) fn find(query: &RouteQuery, worker: &mut Worker) -> Result<Route, Unfound<RouteError>> {
    worker.look_up(query.layers.as_ref());
    // What the job settled before is none of this query's.
    worker.note_settled();
    let (snapshot, space) = worker.route_parts();
    let (found, graph_version) = (route(snapshot, query, space), snapshot.version());
    found.map_err(|error| Unfound { error, graph_version, settled: worker.note_settled() })
}

/// The same, and where there is no path what a single one could carry.
fn find_or_explain(query: &RouteQuery, worker: &mut Worker) -> Result<Route, Problem> {
    let query = RouteQuery { stop: worker.stop.clone(), ..query.clone() };
    find(&query, worker).map_err(|unfound| {
        let mut problem = unfound.of_route(&query);
        if problem.code == "no_route" {
            let snapshot = worker.snapshot();
            worker.settle(snapshot.node_count());
            let widest = widest(&snapshot, &query).ok();
            problem.widest_msat = widest.map(primitives::Msat::to_msat);
        }
        problem
    })
}

async fn several(
    app: &App,
    caller: &Caller,
    mut query: RouteQuery,
    count: u16,
    is_diverse: bool,
) -> Result<(RouteQuery, Vec<Route>), Problem> {
    let find = if is_diverse { diverse } else { alternatives };
    let found = app.search(caller, Lane::Heavy, move |worker| {
        worker.take_up(&mut query);
        let snapshot = worker.snapshot();
        match find(&snapshot, &query, 1 + usize::from(count), &mut worker.routes) {
            Ok(routes) => Ok((query, routes)),
            Err(error) => {
                let (graph_version, settled) = (snapshot.version(), worker.note_settled());
                Err(Unfound { error, graph_version, settled }.of_route(&query))
            }
        }
    });
    found.await?
}

/// Steps of a search that a handler does itself. Of 1,000 payments on the real network, with inbound fees, 990 take at most
/// 405 steps and one takes more than 750, which takes 5,749: what is begun anew is rare, and what is lost small beside it.
const BRIEF_WORK_MAX: u64 = 1000;
