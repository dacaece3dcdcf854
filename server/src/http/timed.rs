//! What every answer carries beside what was asked.

use std::time::Instant;

use engine::answer::Served;
use serde::Serialize;
use utoipa::ToSchema;

use super::app::App;
use super::problem::Problem;

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

/// The same for why a search found nothing; other problems stay as they are.
pub(super) fn timed(problem: Problem, app: &App, asked: Instant) -> Problem {
    if problem.graph_version.is_none() {
        return problem;
    }
    let Served { graph_age_s, elapsed_us } = served(app, asked);
    Problem { graph_age_s: Some(graph_age_s), elapsed_us: Some(elapsed_us), ..problem }
}

/// The same for an answer in FlatBuffers.
pub(super) fn served(app: &App, asked: Instant) -> Served {
    let elapsed_us = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
    Served { graph_age_s: app.graph_age_s(), elapsed_us }
}
