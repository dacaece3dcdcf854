//! Queries on one thread while another one changes the graph.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use engine::graph::{GraphBuilder, Topology};
use engine::query::RouteQuery;
use engine::router::{RouteWorkspace, route};
use engine::snapshot::{ChannelGraph, GraphReader, GraphWriter};
use engine::synthetic::Churn;
use primitives::GraphDelta;

use crate::BuildError;
use crate::summary::Summary;

/// What both sides saw.
#[derive(Debug, Clone, Copy)]
pub struct Beside {
    /// Wall time of whole queries.
    pub queries: Summary,
    /// Changes applied a second.
    pub updates_per_second: u64,
    /// From the call that applies a change to the first snapshot, taken by the querying thread, that shows it.
    pub visible: Summary,
}

/// Asks all queries again and again for `time` while a second thread applies `rate` policy updates a second and
/// publishes every [`PUBLISH_INTERVAL`].
///
/// # Errors
/// Where the graph is too large to be laid out.
pub fn beside_a_writer(
    draft: &GraphBuilder,
    queries: &[RouteQuery],
    rate: u64,
    time: Duration,
) -> Result<Beside, BuildError> {
    let churn = Churn::new(draft, 1);
    let topology = Topology::build(draft.clone()).map_err(|_| BuildError::Unavailable)?;
    let (graph, mut writer) = ChannelGraph::new(topology);
    let mut reader = graph.reader();
    let is_done = AtomicBool::new(false);
    let (timings, updates_per_second) = thread::scope(|scope| {
        let writing = scope.spawn(|| write(&mut writer, churn.clone(), rate, &is_done));
        let timings = ask(&mut reader, queries, time);
        is_done.store(true, Relaxed);
        (timings, writing.join().unwrap_or_default())
    });
    let visible = visible(&mut writer, &mut reader, churn);
    Ok(Beside { queries: Summary::of(timings), updates_per_second, visible: Summary::of(visible) })
}

fn ask(reader: &mut GraphReader, queries: &[RouteQuery], time: Duration) -> Vec<Duration> {
    let mut space = RouteWorkspace::default();
    let mut timings = Vec::new();
    let start = Instant::now();
    // The first round warms the caches up.
    for round in 0.. {
        for query in queries {
            let began = Instant::now();
            let _ = black_box(route(reader.snapshot(), query, &mut space));
            if round > 0 {
                timings.push(began.elapsed());
            }
        }
        if round > 0 && start.elapsed() >= time {
            break;
        }
    }
    timings
}

/// Applies changes at a steady rate until told to stop; returns how many it made a second.
fn write(writer: &mut GraphWriter, churn: Churn, rate: u64, is_done: &AtomicBool) -> u64 {
    let (start, mut published) = (Instant::now(), Instant::now());
    let (mut count, mut updates) = (0u64, churn);
    while !is_done.load(Relaxed) {
        let due = start.elapsed().as_nanos() * u128::from(rate) / 1_000_000_000;
        let missing = u64::try_from(due).unwrap_or(u64::MAX).saturating_sub(count);
        for update in updates.by_ref().take(missing as usize) {
            writer.apply(&update).expect("a policy of the graph itself");
        }
        count += missing;
        if published.elapsed() >= PUBLISH_INTERVAL {
            writer.publish();
            published = Instant::now();
        }
        thread::sleep(PACE);
    }
    (u128::from(count) * 1_000_000_000 / start.elapsed().as_nanos().max(1)) as u64
}

/// How long until a change can be read from a snapshot taken after it.
fn visible(writer: &mut GraphWriter, reader: &mut GraphReader, churn: Churn) -> Vec<Duration> {
    let mut delays = Vec::new();
    for update in churn.take(VISIBLE_ROUNDS) {
        let GraphDelta::PolicyUpdated { short_channel_id, direction, policy } = update else { continue };
        let began = Instant::now();
        writer.apply(&update).expect("a policy of the graph itself");
        while began.elapsed() < Duration::from_secs(1) {
            let snapshot = reader.snapshot();
            let channel = snapshot.channel(short_channel_id);
            let seen = channel.and_then(|channel| snapshot.policy(channel.arc(direction)));
            if seen.is_some_and(|seen| seen.last_update == policy.last_update) {
                break;
            }
        }
        delays.push(began.elapsed());
    }
    delays
}

/// How often a writer publishes: a snapshot of the generation costs it less than a microsecond.
pub const PUBLISH_INTERVAL: Duration = Duration::from_millis(5);
/// The writer sleeps between bursts, as a node does that reads from sockets.
const PACE: Duration = Duration::from_micros(50);
/// Changes that are looked for.
const VISIBLE_ROUNDS: usize = 1000;
