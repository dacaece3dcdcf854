//! What happens to every request before and after its handler.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tokio::time::timeout;

use super::app::App;
use super::arrival::Arrived;
use super::facades::Words;
use super::host::{check_host, check_host_header};
use super::leftover::{Lent, Returned};
use super::page;
use super::parameters::check_parameters;
use super::problem::Problem;
use super::stages::Stage;
use super::tenant::{Caller, presented_key, too_many};
use super::untaken::Untaken;
use super::work::Refused;

/// Refuses what has waited for too long; finds out who asks, lets in what the budget allows, ends what takes too long,
/// refuses answers that there is no room for, and counts. What a refusal leaves of a body is read, and it is said in the
/// words that its client knows.
pub(super) async fn front(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let mut arrived = request.extensions_mut().remove::<Arrived>();
    let untaken = request.extensions_mut().remove::<Arc<Untaken>>();
    let wait = arrived.as_mut().map_or(Duration::ZERO, |arrived| arrived.begin(began));
    let endpoint = request.extensions().get::<MatchedPath>().cloned();
    let path = request.uri().path();
    let (words, is_api) = (Words::of(path), is_api(path));
    let limits = app.limits();
    let (mut request, lent) = Lent::lend(request, app.body_room());
    DefaultBodyLimit::max(limits.body_size_max).apply(&mut request);
    // Whoever watches the server is told how it is, however busy it is.
    let admitted = if is_api { check_wait(&app, wait, began) } else { Ok(()) };
    if is_api {
        app.metrics().note_stage(Stage::Wait, wait);
    }
    let response = match admitted.and_then(|()| admit(&app, &mut request, began)) {
        Ok(()) => {
            let answering = AssertUnwindSafe(next.run(request)).catch_unwind();
            let answered = timeout(limits.request_timeout, answering).await;
            answered.map_or_else(
                |_| late(),
                |answer| answer.unwrap_or_else(|_| Problem::internal().into_response()),
            )
        }
        Err(problem) => {
            drop(request);
            problem.into_response()
        }
    };
    let returned = lent.and_then(Lent::take_back);
    let is_crowded = returned.as_ref().is_some_and(Returned::is_refused);
    let response = if is_crowded { shed(&app).into_response() } else { response };
    let housed = if is_api { app.body_room().house(response) } else { Ok(response) };
    let response = housed.unwrap_or_else(|_| shed(&app).into_response());
    let endpoint = endpoint.as_ref().map_or("none", MatchedPath::as_str);
    count(&app, endpoint, is_api, response.status(), began.elapsed());
    if is_refusal(response.status()) {
        slow_down(&app).await;
    } else if app.pressure().waiting() == 0 {
        app.brake().let_go();
    }
    if let Some(returned) = returned {
        returned.discard().await;
    }
    if let Some(arrived) = arrived {
        arrived.end(Instant::now());
    }
    let answer = challenge(words.say(response).await);
    match untaken {
        Some(untaken) => untaken.note(answer),
        None => answer,
    }
}

/// Whether a path is of the API that others use; the page's own questions are not.
fn is_api(path: &str) -> bool {
    ["/api/v1/", "/lnd/", "/cln/"].iter().any(|api| path.starts_with(api)) && !page::asks_for(path)
}

fn check_wait(app: &App, wait: Duration, now: Instant) -> Result<(), Problem> {
    if app.pressure().admits(wait, now) {
        return Ok(());
    }
    Err(shed(app))
}

fn shed(app: &App) -> Problem {
    app.metrics().note_shed(Refused::Busy);
    Refused::Busy.into()
}

/// Handlers that need no key take no [`Caller`], so a request without one goes on.
fn admit(app: &App, request: &mut Request, now: Instant) -> Result<(), Problem> {
    check_host_header(request)?;
    let accounts = app.accounts();
    if accounts.is_open() {
        check_host(request, &app.hosts())?;
    }
    let Some(account) = accounts.find(presented_key(request.headers()).as_deref()) else { return Ok(()) };
    account.take_requests(1, now).map_err(|wait| too_many("requests", wait))?;
    check_parameters(request)?;
    request.extensions_mut().insert(Caller::new(account.clone(), now));
    Ok(())
}

fn count(app: &App, endpoint: &str, is_api: bool, status: StatusCode, took: Duration) {
    app.metrics().note_request(endpoint, status, took);
    if is_api {
        app.pulse().count(took, is_refusal(status));
    }
    if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
        tracing::error!(endpoint, status = status.as_u16(), "a request failed");
    } else {
        let elapsed_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(endpoint, status = status.as_u16(), elapsed_us, "a request was answered");
    }
}

fn is_refusal(status: StatusCode) -> bool {
    matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS)
}

/// Waits for a refusal's turn to be told.
async fn slow_down(app: &App) {
    let now = Instant::now();
    let pause = app.brake().pause(now);
    if !pause.is_zero() {
        app.pressure().note_excess(now);
        app.brake().hold(pause).await;
    }
}

/// Whoever is refused for want of a key is told how keys are sent, in the words of any API (RFC 9110, section 11.6.1).
fn challenge(mut answer: Response) -> Response {
    if answer.status() == StatusCode::UNAUTHORIZED {
        answer.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
    }
    answer
}

fn late() -> Response {
    let title = "The request took too long";
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "timeout",
        title,
        "the request did not arrive, or not end, in time",
    )
    .with_hint("send the body at once, or ask for less at a time")
    .into_response()
}

/// A challenge has a realm at least (RFC 6750, section 3).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"fulgurite\"");
