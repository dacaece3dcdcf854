//! Whether the server lives, and whether it answers.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use super::app::App;
use super::problem::Problem;

/// `/healthz` and `/readyz`.
pub(super) fn router() -> Router<App> {
    Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz))
}

async fn healthz() -> &'static str {
    "ok\n"
}

async fn readyz(State(app): State<App>) -> Result<&'static str, Problem> {
    let problem = |detail| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", "The server does not answer now", detail)
            .with_hint("ask another server meanwhile, or try again later")
            .with_retry_after(1)
    };
    if app.is_stopping() {
        return Err(problem("it is stopping"));
    }
    if app.gossip().is_some_and(|gossip| gossip.ended().is_some()) {
        return Err(problem("gossip has ended, so that its graph ages; the log says why"));
    }
    if app.graph().snapshot().channel_count() == 0 {
        return Err(problem("its graph is empty"));
    }
    Ok("ready\n")
}
