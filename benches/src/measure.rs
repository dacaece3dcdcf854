//! Asks one contender all queries and times each.
//!
//! The *first* timing of a query is taken the first time it is asked, in file order: caches hold whatever the queries
//! before left there. The *best* is the least over all passes, the first one included, and tells what the algorithm
//! costs when its data is at hand. Report both; they answer different questions. Payments without a route are summarised
//! apart: most of them end at once, at an end that has no way out, and say nothing of a search.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::clock::ThreadClock;
use crate::summary::Summary;
use crate::{Answer, Contender, Mode, NoRoute, Query};

/// How hard to measure.
#[derive(Debug, Clone)]
pub struct Effort {
    /// Passes over all queries, the first one included.
    pub pass_count_max: u32,
    /// No further pass begins that would exceed this in all.
    pub pass_time_max: Duration,
    /// Numbers of threads of separate throughput runs.
    pub threads: Vec<usize>,
}

/// What one contender did with all queries in one mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What was asked.
    pub mode: Mode,
    /// The answers in the order of the queries, `None` where there is no route.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Option<Answer>>,
    /// The reasons for having none, and how often each was given.
    pub refusals: BTreeMap<String, u64>,
    /// Timings of first passes, of the queries that got a route.
    pub first: Summary,
    /// Timings of each query's best pass, of the same.
    pub best: Summary,
    /// Timings of first passes, of the queries that got none.
    pub without: Summary,
    /// Passes made.
    pub passes: u32,
    /// Queries per second of wall time over all threads, for each throughput run that was asked for.
    pub per_second: Vec<u64>,
}

/// Measures one contender in one mode.
pub fn measure<C: Contender>(contender: &C, mode: Mode, queries: &[Query], effort: &Effort) -> Outcome {
    let clock = ThreadClock::calibrate();
    let requests: Vec<_> = queries.iter().map(|query| contender.request(query, mode)).collect();
    let mut scratch = contender.scratch();
    let mut ask = |request: &Result<C::Request, NoRoute>| match request {
        Ok(request) => clock.time(|| contender.route(&mut scratch, request)),
        Err(reason) => (Err(*reason), Duration::ZERO),
    };
    let (results, first): (Vec<_>, Vec<_>) = requests.iter().map(&mut ask).unzip();
    let mut best = first.clone();
    let (mut passes, mut spent, mut longest) = (1, total(&first), total(&first));
    while passes < effort.pass_count_max && spent + longest <= effort.pass_time_max {
        let pass: Vec<Duration> = requests.iter().map(|request| ask(request).1).collect();
        best.iter_mut().zip(&pass).for_each(|(best, &time)| *best = (*best).min(time));
        passes += 1;
        spent += total(&pass);
        longest = longest.max(total(&pass));
    }
    let mut refusals = BTreeMap::new();
    for NoRoute(reason) in results.iter().filter_map(|result| result.err()) {
        *refusals.entry(reason.to_owned()).or_default() += 1;
    }
    let per_second =
        effort.threads.iter().map(|&threads| throughput(contender, &requests, threads)).collect();
    let of = |times: &[Duration], has_route: bool| {
        let times = results.iter().zip(times).filter(|(result, _)| result.is_ok() == has_route);
        Summary::of(times.map(|(_, &time)| time))
    };
    Outcome {
        mode,
        refusals,
        first: of(&first, true),
        best: of(&best, true),
        without: of(&first, false),
        answers: results.into_iter().map(Result::ok).collect(),
        passes,
        per_second,
    }
}

/// Queries per second of wall time, with `threads` threads that take the next query as soon as they are free.
fn throughput<C: Contender>(contender: &C, requests: &[Result<C::Request, NoRoute>], threads: usize) -> u64 {
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    let mut rounds = 0;
    while rounds == 0 || start.elapsed() < THROUGHPUT_TIME_MIN {
        next.store(0, Ordering::Relaxed);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let mut scratch = contender.scratch();
                    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if let Ok(request) = request {
                            let _ = std::hint::black_box(contender.route(&mut scratch, request));
                        }
                    }
                });
            }
        });
        rounds += 1;
    }
    let queries = (requests.len() * rounds) as u128;
    u64::try_from(queries * 1_000_000_000 / start.elapsed().as_nanos().max(1)).unwrap_or(u64::MAX)
}

fn total(times: &[Duration]) -> Duration {
    times.iter().sum()
}

/// A throughput run asks all queries again until this much time has passed.
const THROUGHPUT_TIME_MIN: Duration = Duration::from_secs(1);
