//! One query, and how long it took.

use std::time::{Duration, Instant};

use engine::query::RouteQuery;
use engine::router::{RouteError, RouteWorkspace, route};
use engine::snapshot::Snapshot;

/// One answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) time: Duration,
    pub(super) found: Found,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Found {
    Route { settled: u64, relaxed: u64 },
    NoRoute,
    GivenUp,
    Wrong,
}

pub(super) fn ask(snapshot: &Snapshot, query: &RouteQuery, space: &mut RouteWorkspace) -> Sample {
    let started = Instant::now();
    let answer = route(snapshot, query, space);
    let time = started.elapsed();
    let found = match answer {
        Ok(route) => Found::Route { settled: route.counts.settled, relaxed: route.counts.relaxed },
        Err(RouteError::NoRoute(_)) => Found::NoRoute,
        Err(RouteError::WorkLimit { .. } | RouteError::Contended) => Found::GivenUp,
        Err(_) => Found::Wrong,
    };
    Sample { time, found }
}
