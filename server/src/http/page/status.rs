//! `GET /api/v1/status`: how the server is doing.

use std::time::Instant;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::app::App;
use crate::http::problem::Problem;
use crate::http::pulse::Beat;
use crate::http::tenant::Caller;
use crate::http::timed::Timed;

/// How the server is doing.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Status {
    /// The graph's version.
    graph_version: u64,
    /// Seconds since the server started.
    up_s: u64,
    /// Single routes that wait for a thread.
    waiting_quick: usize,
    /// All else that waits for one.
    waiting_heavy: usize,
    /// The last minute.
    last_minute: Beat,
    /// Its seconds, the newest last; fewer where the server is younger.
    seconds: Vec<Beat>,
}

pub(super) fn router() -> Router<App> {
    Router::new().route(PATH, get(status))
}

/// Tell how many answers there were in the last minute, and how long they took
#[utoipa::path(
    get, path = "/api/v1/status", tag = "graph", operation_id = "status",
    responses(
        (status = 200, description = "The last minute", body = Timed<Status>),
        (status = "default", description = "Why nothing is told", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn status(State(app): State<App>, _: Caller) -> Json<Timed<Status>> {
    let asked = Instant::now();
    let pulse = app.pulse();
    let (seconds, last_minute) = pulse.last_minute();
    let [waiting_quick, waiting_heavy] = app.pool().waiting();
    let status = Status {
        graph_version: app.graph().snapshot().version(),
        up_s: pulse.age().as_secs(),
        waiting_quick,
        waiting_heavy,
        last_minute,
        seconds,
    };
    Json(Timed::new(status, &app, asked))
}

/// Where it is asked for.
pub(super) const PATH: &str = "/api/v1/status";
