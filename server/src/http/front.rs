//! What happens to every request before and after its handler.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::{sleep, timeout};

use super::app::App;
use super::host::check_host;
use super::problem::Problem;
use super::tenant::{Caller, presented_key, too_many};

/// Finds out who asks, lets in what the budget allows, ends what takes too long, and counts.
pub(super) async fn front(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let endpoint = request.extensions().get::<MatchedPath>().cloned();
    let response = match admit(&app, &mut request, began) {
        Ok(()) => timeout(app.limits().request_timeout, next.run(request)).await.unwrap_or_else(|_| late()),
        Err(problem) => problem.into_response(),
    };
    let endpoint = endpoint.as_ref().map_or("none", MatchedPath::as_str);
    app.metrics().note_request(endpoint, response.status(), began.elapsed());
    if response.status().is_server_error() && response.status() != StatusCode::SERVICE_UNAVAILABLE {
        tracing::error!(endpoint, status = response.status().as_u16(), "a request failed");
    } else {
        let elapsed_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(endpoint, status = response.status().as_u16(), elapsed_us, "a request was answered");
    }
    if matches!(response.status(), StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        let pause = app.brake().pause(Instant::now());
        if !pause.is_zero() {
            sleep(pause).await;
        }
    }
    response
}

/// Handlers that need no key take no [`Caller`], so a request without one goes on.
fn admit(app: &App, request: &mut Request, now: Instant) -> Result<(), Problem> {
    let accounts = app.accounts();
    if accounts.is_open() {
        check_host(request, app.hosts())?;
    }
    let Some(account) = accounts.find(presented_key(request.headers()).as_deref()) else { return Ok(()) };
    account.take_request(now).map_err(|wait| too_many("requests", wait))?;
    request.extensions_mut().insert(Caller::new(account.clone()));
    Ok(())
}

fn late() -> Response {
    let title = "The request took too long";
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "timeout",
        title,
        "the request did not arrive, or not end, in time",
    )
    .into_response()
}
