//! `POST /api/v1/batch`: one query a line in, one answer a line out, in order, while they still arrive.
//!
//! ```text
//! body --lines--> chunks --at most some at a time--> threads --in order--> body
//! ```
//! What is not read is not searched: a client that reads slowly is answered slowly, and holds a few chunks at most.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;
use tokio::time::timeout;

use super::routes::{check_further, find};
use crate::http::app::App;
use crate::http::body::read_json;
use crate::http::problem::Problem;
use crate::http::refusal::route_problem;
use crate::http::tenant::Caller;
use crate::http::timed::Timed;
use crate::http::work::Worker;
use crate::json::{QueryJson, RouteJson};

pub(super) fn router() -> Router<App> {
    Router::new().route("/api/v1/batch", post(answer_batch))
}

/// A line that has no route.
#[derive(Debug, Serialize)]
struct LineProblem {
    /// Its number, from 1.
    line: u64,
    problem: Problem,
}

/// Answer a stream of queries
///
/// One query a line in (NDJSON), one answer a line out in the same order, as soon as it is found: a route, or an object
/// with `line` and `problem`. Queries ask for single routes.
#[utoipa::path(
    post, path = "/api/v1/batch", tag = "routes", operation_id = "answer_batch",
    request_body(content = String, content_type = "application/x-ndjson"),
    responses(
        (status = 200, description = "An answer a line", body = String, content_type = "application/x-ndjson"),
        (status = "default", description = "Why there is none", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn answer_batch(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    // Later there is no status to say it with: then the stream waits for its budget.
    caller.check_work()?;
    let limits = app.limits();
    let lines = Lines::new(request.into_body(), limits.body_size_max, limits.request_timeout);
    let at_a_time = 2 * app.pool().thread_count();
    let answers = lines.chunks().map(move |chunk| answer_chunk(app.clone(), caller.clone(), chunk));
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
                Ok(answer) => write_line(&mut out, &answer),
                Err(problem) => write_line(&mut out, &LineProblem { line, problem }),
            }
        }
        out
    });
    match answers.await {
        Ok(out) => out.into(),
        Err(problem) => {
            let mut out = Vec::new();
            for line in first_line..first_line + count {
                write_line(&mut out, &LineProblem { line, problem: problem.clone() });
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
    let json: QueryJson = read_json(text)?;
    if check_further(app, &json)?.is_some() {
        let hint = "leave it out, or ask /api/v1/routes";
        return Err(Problem::bad_field("alternatives", "a batch answers with single routes", hint));
    }
    let mut query = app.query(caller, &json)?;
    query.stop = worker.stop.clone();
    let found = find(&query, worker).map_err(|error| route_problem(&error, &query))?;
    Ok(Timed::new(RouteJson::new(&query, &found), app, asked))
}

fn write_line(out: &mut Vec<u8>, answer: &impl Serialize) {
    serde_json::to_writer(&mut *out, answer).expect("plain structs have a JSON form");
    out.push(b'\n');
}

/// Some lines that came together.
struct Chunk {
    first_line: u64,
    lines: Vec<Result<Bytes, Problem>>,
}

/// The lines of a body that is still arriving.
struct Lines {
    body: BodyDataStream,
    rest: BytesMut,
    ready: VecDeque<Result<Bytes, Problem>>,
    next_line: u64,
    line_size_max: usize,
    idle_max: Duration,
    is_over: bool,
}

impl Lines {
    fn new(body: Body, line_size_max: usize, idle_max: Duration) -> Self {
        Lines {
            body: body.into_data_stream(),
            rest: BytesMut::new(),
            ready: VecDeque::new(),
            next_line: 1,
            line_size_max,
            idle_max,
            is_over: false,
        }
    }

    fn chunks(self) -> impl Stream<Item = Chunk> {
        stream::unfold(self, |mut lines| async move { Some((lines.next_chunk().await?, lines)) })
    }

    /// Waits for a line, then takes what is there.
    async fn next_chunk(&mut self) -> Option<Chunk> {
        while self.ready.is_empty() && !self.is_over {
            match timeout(self.idle_max, self.body.next()).await {
                Ok(Some(Ok(bytes))) => self.take(&bytes),
                Ok(None) => self.end(),
                Ok(Some(Err(_))) => {
                    self.fail("bad_body", "the body did not arrive whole", "send the rest once more");
                }
                Err(_) => self.fail(
                    "timeout",
                    "no line came for too long",
                    "send an empty line now and then, and the rest once more",
                ),
            }
        }
        // As many lines as one of the largest size takes room, so that long ones do not add up.
        let sizes = self.ready.iter().map(|line| line.as_ref().map_or(0, Bytes::len));
        let ends = sizes.scan(0, |end, size| {
            *end += size;
            Some(*end)
        });
        let fitting = ends.take(CHUNK_LINES).take_while(|&end| end <= self.line_size_max).count();
        let count = fitting.max(1).min(self.ready.len());
        if count == 0 {
            return None;
        }
        let first_line = self.next_line;
        self.next_line += count as u64;
        Some(Chunk { first_line, lines: self.ready.drain(..count).collect() })
    }

    fn take(&mut self, bytes: &[u8]) {
        let mut pieces = bytes.split_inclusive(|&byte| byte == b'\n');
        while let Some(piece) = pieces.next().filter(|_| !self.is_over) {
            self.rest.extend_from_slice(&piece[..piece.len().min(self.line_size_max + 1)]);
            if self.rest.len() > self.line_size_max {
                self.fail(
                    "body_too_large",
                    "the line exceeds the server's limit",
                    "write one query a line, and shorter lists in it",
                );
            } else if piece.ends_with(b"\n") {
                self.push();
            }
        }
    }

    fn push(&mut self) {
        let line = self.rest.split().freeze();
        // Empty lines keep a connection alive, and are not answered.
        if !line.trim_ascii().is_empty() {
            self.ready.push_back(Ok(line));
        }
    }

    fn end(&mut self) {
        self.push();
        self.is_over = true;
    }

    fn fail(&mut self, code: &'static str, detail: &str, hint: &'static str) {
        let title = "The body cannot be read";
        let problem = Problem::new(axum::http::StatusCode::BAD_REQUEST, code, title, detail);
        self.ready.push_back(Err(problem.with_hint(hint)));
        self.is_over = true;
    }
}

/// Lines that one thread answers together: a millisecond of searches.
const CHUNK_LINES: usize = 64;
/// Of an answer, roughly.
const LINE_SIZE: usize = 1500;

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as they come out, `None` for one that was refused.
    async fn split(text: &'static [u8], piece: usize, line_size_max: usize) -> Vec<(u64, Option<Bytes>)> {
        let pieces = text.chunks(piece).map(|piece| Ok::<_, Infallible>(Bytes::from_static(piece)));
        let body = Body::from_stream(stream::iter(pieces.collect::<Vec<_>>()));
        let mut lines = Lines::new(body, line_size_max, Duration::from_secs(5));
        let mut out = Vec::new();
        while let Some(chunk) = lines.next_chunk().await {
            assert!((1..=CHUNK_LINES).contains(&chunk.lines.len()));
            out.extend((chunk.first_line..).zip(chunk.lines.into_iter().map(Result::ok)));
        }
        out
    }

    #[tokio::test]
    async fn lines_are_those_of_the_text_however_it_comes() {
        let text = b"one\n\n  \ntwo two\r\nthree\n4";
        for piece in 1..text.len() + 1 {
            let lines = split(text, piece, 100).await;
            let trimmed: Vec<_> =
                lines.iter().map(|(at, line)| (*at, line.as_deref().map(<[u8]>::trim_ascii))).collect();
            let expected: [(u64, Option<&[u8]>); 4] =
                [(1, Some(b"one")), (2, Some(b"two two")), (3, Some(b"three")), (4, Some(b"4"))];
            assert_eq!(trimmed, expected, "pieces of {piece}");
        }
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_ends_the_batch() {
        let text = b"short\nmuch too long for the limit\nshort\n";
        for piece in 1..text.len() + 1 {
            let lines = split(text, piece, 10).await;
            assert_eq!(lines.len(), 2, "pieces of {piece}");
            assert_eq!(lines[1], (2, None));
        }
        assert_eq!(split(b"0123456789\n", 3, 11).await.len(), 1);
    }

    #[tokio::test]
    async fn many_lines_make_many_chunks() {
        let text: &'static [u8] = "a\n".repeat(2 * CHUNK_LINES + 1).leak().as_bytes();
        let lines = split(text, text.len(), 10).await;
        assert_eq!(lines.len(), 2 * CHUNK_LINES + 1);
        assert!(lines.iter().zip(1..).all(|((at, _), line)| *at == line));
    }
}
