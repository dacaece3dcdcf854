//! `POST /api/v1/batch`: one query a line in, one answer a line out, in order, while they still arrive.
//!
//! ```text
//! body --lines--> chunks --at most some at a time--> threads --in order--> body
//! ```
//! What is not read is not searched: a client that reads slowly is answered slowly, and holds a few chunks at most.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::lines::{Chunk, Lines};
use super::routes::{check_further, find};
use crate::http::app::App;
use crate::http::body::read_json;
use crate::http::media_type::check_json;
use crate::http::problem::Problem;
use crate::http::tenant::Caller;
use crate::http::timed::{Timed, timed};
use crate::http::work::Worker;
use crate::json::{QueryJson, RouteJson};

pub(super) fn router() -> Router<App> {
    Router::new().route("/api/v1/batch", post(answer_batch))
}

/// The answer to one line of a batch: a route, or why there is none.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum BatchLineJson {
    /// The route.
    Route(Timed<RouteJson>),
    /// Why there is none.
    Problem(LineProblemJson),
}

/// A line that has no route.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LineProblemJson {
    /// Its number, from 1; empty lines have none.
    line: u64,
    /// Why it has none.
    problem: Problem,
}

/// Answer a stream of queries
///
/// One query a line in (NDJSON), a QueryJson each, one answer a line out in the same order, as soon as it is found, a
/// BatchLineJson each: a route, or an object with `line` and `problem`. Queries ask for single routes.
#[utoipa::path(
    post, path = "/api/v1/batch", tag = "routes", operation_id = "answer_batch",
    request_body(content = String, content_type = "application/x-ndjson"),
    responses(
        (status = 200, description = "A BatchLineJson a line", body = String, content_type = "application/x-ndjson"),
        (status = "default", description = "Why there is none", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn answer_batch(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    check_json(request.headers())?;
    // Later there is no status to say it with: then the stream waits for its budget.
    caller.check_work()?;
    let limits = app.limits();
    let arriving = Arriving::new(request.into_body(), limits.body_size_max, limits.request_timeout);
    let at_a_time = 2 * app.pool().thread_count();
    let answers = arriving.chunks().map(move |chunk| answer_chunk(app.clone(), caller.clone(), chunk));
    let body = Body::from_stream(answers.buffered(at_a_time).map(Ok::<_, Infallible>));
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

async fn answer_chunk(app: App, caller: Caller, chunk: Chunk) -> Bytes {
    let first_line = chunk.first_line;
    let count = chunk.lines.len() as u64;
    let (asked, asker) = (app.clone(), caller.clone());
    let answers = app.search_patiently(&caller, chunk.lines.len(), move |worker| {
        // Whatever a line asks, it is read.
        worker.scan(chunk.lines.len());
        let mut out = Vec::with_capacity(LINE_SIZE * chunk.lines.len());
        for (line, text) in (chunk.first_line..).zip(&chunk.lines) {
            match text
                .as_ref()
                .map_err(Clone::clone)
                .and_then(|text| answer_line(&asked, &asker, text, worker))
            {
                Ok(answer) => write_line(&mut out, &BatchLineJson::Route(answer)),
                Err(problem) => write_line(&mut out, &refused(line, problem)),
            }
        }
        out
    });
    match answers.await {
        Ok(out) => out.into(),
        Err(problem) => {
            let mut out = Vec::new();
            for line in first_line..first_line + count {
                write_line(&mut out, &refused(line, problem.clone()));
            }
            out.into()
        }
    }
}

fn answer_line(
    app: &App,
    caller: &Caller,
    text: &[u8],
    worker: &mut Worker,
) -> Result<Timed<RouteJson>, Problem> {
    let asked = Instant::now();
    let found = find_line(app, caller, text, worker);
    let answer = found.map_err(|problem| timed(problem, app, asked))?;
    Ok(Timed::new(answer, app, asked))
}

fn find_line(app: &App, caller: &Caller, text: &[u8], worker: &mut Worker) -> Result<RouteJson, Problem> {
    let json: QueryJson = read_json(text)?;
    if check_further(app, &json)?.is_some() {
        let hint = "leave it out, or ask /api/v1/routes";
        return Err(Problem::bad_field("alternatives", "a batch answers with single routes", hint));
    }
    let mut query = app.query(caller, &json)?;
    query.stop = worker.stop.clone();
    let found = find(&query, worker).map_err(|unfound| unfound.of_route(&query))?;
    Ok(RouteJson::new(&query, &found))
}

fn refused(line: u64, problem: Problem) -> BatchLineJson {
    BatchLineJson::Problem(LineProblemJson { line, problem })
}

fn write_line(out: &mut Vec<u8>, answer: &BatchLineJson) {
    serde_json::to_writer(&mut *out, answer).expect("plain structs have a JSON form");
    out.push(b'\n');
}

/// The lines of a body that is still arriving.
struct Arriving {
    body: BodyDataStream,
    lines: Lines,
    idle_max: Duration,
}

impl Arriving {
    fn new(body: Body, line_size_max: usize, idle_max: Duration) -> Self {
        Arriving { body: body.into_data_stream(), lines: Lines::new(line_size_max), idle_max }
    }

    fn chunks(self) -> impl Stream<Item = Chunk> {
        stream::unfold(self, |mut arriving| async move { Some((arriving.next_chunk().await?, arriving)) })
    }

    /// Waits for a line, then takes what is there.
    async fn next_chunk(&mut self) -> Option<Chunk> {
        while self.lines.is_waiting() {
            match timeout(self.idle_max, self.body.next()).await {
                Ok(Some(Ok(bytes))) => self.lines.take(&bytes),
                Ok(None) => self.lines.end(),
                Ok(Some(Err(_))) => {
                    let kind = (StatusCode::BAD_REQUEST, "bad_body");
                    self.lines.fail(kind, "the body did not arrive whole", "send the rest once more");
                }
                Err(_) => self.lines.fail(
                    (StatusCode::REQUEST_TIMEOUT, "timeout"),
                    "no line came for too long",
                    "send an empty line now and then, and the rest once more",
                ),
            }
        }
        self.lines.next_chunk()
    }
}

/// Of an answer, roughly.
const LINE_SIZE: usize = 1500;

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a body that comes in pieces, `None` for one that was refused.
    async fn lines_of(pieces: Vec<Result<&'static str, std::io::Error>>) -> Vec<(u64, Option<Bytes>)> {
        let pieces = pieces.into_iter().map(|piece| piece.map(|text| Bytes::from_static(text.as_bytes())));
        let body = Body::from_stream(stream::iter(pieces.collect::<Vec<_>>()));
        let mut arriving = Arriving::new(body, 100, Duration::from_secs(5));
        let mut out = Vec::new();
        while let Some(chunk) = arriving.next_chunk().await {
            out.extend((chunk.first_line..).zip(chunk.lines.into_iter().map(Result::ok)));
        }
        out
    }

    #[tokio::test]
    async fn lines_are_counted_over_all_that_arrives() {
        let lines = lines_of(vec![Ok("one\ntw"), Ok("o\n"), Ok("three")]).await;
        let expected: [(u64, Option<&[u8]>); 3] =
            [(1, Some(b"one\n")), (2, Some(b"two\n")), (3, Some(b"three"))];
        let lines: Vec<_> = lines.iter().map(|(at, line)| (*at, line.as_deref())).collect();
        assert_eq!(lines, expected);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_ends_with_a_refusal() {
        let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let lines = lines_of(vec![Ok("one\ntw"), Err(broken), Ok("o\n")]).await;
        assert_eq!(lines, [(1, Some(Bytes::from_static(b"one\n"))), (2, None)]);
    }
}
