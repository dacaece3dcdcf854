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

#[cfg(test)]
mod tests {
    use engine::graph::{GraphBuilder, Topology};

    use super::*;
    use crate::http::{Server, Settings};

    /// Nobody hears it over a new connection, but over one that is there.
    #[tokio::test]
    async fn a_server_that_stops_is_not_ready() {
        let settings = Settings { listen: ([127, 0, 0, 1], 0).into(), ..Settings::default() };
        let empty = Topology::build(GraphBuilder::new()).expect("small");
        let server = Server::bind(empty, &settings).await.expect("a free port");
        let app = server.app();
        let problem = async || readyz(State(app.clone())).await.expect_err("it does not answer").detail;
        assert_eq!(problem().await, "its graph is empty");
        app.stop();
        assert_eq!(problem().await, "it is stopping");
    }
}
