//! What every answer carries beside what was asked.

use std::time::Instant;

use engine::answer::Served;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::app::App;
use crate::json::WriteJson;

/// An answer, how old the graph is that it was found in, and how long it took.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Timed<T> {
    #[serde(flatten)]
    answer: T,
    /// Seconds since the newest policy of the graph was signed.
    graph_age_s: u32,
    /// From the request's last byte to the answer.
    elapsed_us: u64,
}

impl<T> Timed<T> {
    /// An answer to what came in at `asked`.
    pub(super) fn new(answer: T, app: &App, asked: Instant) -> Self {
        let Served { graph_age_s, elapsed_us } = served(app, asked);
        Timed { answer, graph_age_s, elapsed_us }
    }
}

/// The same as text, of an answer that is an object and writes itself.
pub(super) fn write_timed(answer: &impl WriteJson, app: &App, asked: Instant) -> Vec<u8> {
    let mut text = Vec::with_capacity(TEXT_SIZE);
    answer.write_json(&mut text);
    let brace = text.pop();
    debug_assert_eq!(brace, Some(b'}'), "it is an object");
    let Served { graph_age_s, elapsed_us } = served(app, asked);
    text.extend_from_slice(b",\"graph_age_s\":");
    graph_age_s.write_json(&mut text);
    text.extend_from_slice(b",\"elapsed_us\":");
    elapsed_us.write_json(&mut text);
    text.push(b'}');
    text
}

/// The same for an answer in FlatBuffers.
pub(super) fn served(app: &App, asked: Instant) -> Served {
    let elapsed_us = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
    Served { graph_age_s: app.graph_age_s(), elapsed_us }
}

/// Room for a route of eight hops; longer ones make room.
const TEXT_SIZE: usize = 2048;
