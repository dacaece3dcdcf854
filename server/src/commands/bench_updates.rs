//! `fulgurite bench --updates-per-second`: queries on one thread while another one changes the graph.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use engine::query::RouteQuery;
use engine::router::RouteWorkspace;
use engine::snapshot::{ChannelGraph, GraphWriter, Snapshot};
use engine::synthetic::Churn;

use crate::commands::bench_sample::{Sample, ask};
use crate::exit::Failure;
use crate::graph_file::lay_out;

/// Asks all queries, at least once and for `time`, beside `rate` policy updates a second; returns the samples, the time
/// they took and how many updates were applied meanwhile.
pub(super) fn beside_updates(
    snapshot: &Snapshot,
    queries: &[RouteQuery],
    rate: u32,
    time: Duration,
) -> Result<(Vec<Sample>, Duration, u64), Failure> {
    let network = snapshot.topology().to_builder();
    let churn = Churn::new(&network, CHURN_SEED);
    let (graph, mut writer) = ChannelGraph::new(lay_out(network)?);
    let mut reader = graph.reader();
    let (mut space, is_done) = (RouteWorkspace::default(), AtomicBool::new(false));
    for query in queries {
        ask(reader.snapshot(), query, &mut space);
    }
    Ok(thread::scope(|scope| {
        let writing = scope.spawn(|| write(&mut writer, churn, rate, &is_done));
        let (started, mut samples) = (Instant::now(), Vec::new());
        while samples.is_empty() || started.elapsed() < time {
            samples.extend(queries.iter().map(|query| ask(reader.snapshot(), query, &mut space)));
        }
        let elapsed = started.elapsed();
        is_done.store(true, Relaxed);
        (samples, elapsed, writing.join().unwrap_or_default())
    }))
}

/// Applies updates at a steady rate until told to stop, and publishes now and then; returns how many there were.
fn write(writer: &mut GraphWriter, mut churn: Churn, rate: u32, is_done: &AtomicBool) -> u64 {
    let (started, mut published, mut count) = (Instant::now(), Instant::now(), 0u64);
    while !is_done.load(Relaxed) {
        let due = started.elapsed().as_micros() * u128::from(rate) / 1_000_000;
        let missing = u64::try_from(due).unwrap_or(u64::MAX).saturating_sub(count);
        for update in churn.by_ref().take(usize::try_from(missing).unwrap_or(usize::MAX)) {
            writer.apply(&update).expect("a policy of the graph itself");
        }
        count += missing;
        if published.elapsed() >= PUBLISH_INTERVAL {
            writer.publish();
            published = Instant::now();
        }
        thread::sleep(PACE);
    }
    count
}

/// The same updates in every run.
const CHURN_SEED: u64 = 1;
/// How often the writer publishes.
const PUBLISH_INTERVAL: Duration = Duration::from_millis(5);
/// The writer sleeps between bursts, as one does that reads from sockets.
const PACE: Duration = Duration::from_micros(50);
