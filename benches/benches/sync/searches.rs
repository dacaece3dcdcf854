//! Routes that are searched on the second processor while gossip has the first one, as far as the system lets us choose.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

use benches::clock::ThreadClock;
use benches::summary::{Summary, median};
use engine::graph::Topology;
use engine::query::RouteQuery;
use engine::router::{RouteWorkspace, route};
use engine::snapshot::ChannelGraph;
use engine::synthetic::{AmountRange, SyntheticConfig, generate, random_queries};
use primitives::GraphDelta;
use server::http::GossipFeed;
use server::http::applier::Applier;

use super::world::size;

/// A network of mainnet's size and shape, and what is searched in it.
pub(super) struct Searches {
    pub(super) graph: ChannelGraph,
    queries: Vec<RouteQuery>,
}

/// What searches took in one turn, by the wall clock and by processor time.
pub(super) type Seen = [Summary; 2];

impl Searches {
    /// With channels that gossip tells of beside the network's own, and the way by which `fulgurite serve` takes gossip in.
    pub(super) fn new(beside: impl Iterator<Item = GraphDelta>) -> (Self, GossipFeed) {
        let draft = generate(&SyntheticConfig::new(3, size(44_000)), &mut |_| {}).expect("a network");
        let queries = random_queries(draft.nodes(), 1000, 1, AmountRange::default())
            .into_iter()
            .map(|(payer, payee, amount)| RouteQuery::new(payer, payee, amount))
            .collect();
        let (graph, mut writer) = ChannelGraph::new(Topology::build(draft).expect("it fits"));
        // Should one have the name of another, it is left as it is.
        beside.for_each(|delta| drop(writer.apply(&delta)));
        writer.publish();
        writer.begin_merge();
        writer.finish_merge();
        let (applier, _) = Applier::start(writer, 1, None).expect("a thread");
        (Searches { graph, queries }, GossipFeed::new(applier))
    }

    /// Searches until `is_over`.
    pub(super) fn run(&self, mut is_over: impl FnMut() -> bool) -> Seen {
        pin("1");
        let (clock, mut space) = (ThreadClock::calibrate(), RouteWorkspace::default());
        let (mut wall, mut processor) = (Vec::new(), Vec::new());
        for query in self.queries.iter().cycle() {
            if is_over() {
                break;
            }
            let snapshot = self.graph.snapshot();
            let began = Instant::now();
            let (_, time) = clock.time(|| route(&snapshot, query, &mut space).is_ok());
            wall.push(began.elapsed());
            processor.push(time);
        }
        [Summary::of(wall), Summary::of(processor)]
    }
}

/// Prints p99 of what was seen at rest and in turns with it, and the median of the turns' quotients.
pub(super) fn print_growth(what: &str, at_rest: &[Seen], beside: &[Seen]) {
    for (at, by) in ["the wall clock", "processor time"].into_iter().enumerate() {
        for (when, turns) in [("at rest", at_rest), (what, beside)] {
            let p99 = turns.iter().map(|turn| turn[at].p99_ns as f64 / 1000.0);
            println!("  p99 of routes {when} by {by}: {:.0} us", median(p99));
        }
        let quotient =
            |(rest, beside): (&Seen, &Seen)| beside[at].p99_ns as f64 / rest[at].p99_ns.max(1) as f64;
        let ratio = median(at_rest.iter().zip(beside).map(quotient));
        println!("ratio p99 of routes {what}: {ratio:.2} times by {by}");
    }
}

/// Lets the calling thread, and those that it starts, run on these processors alone; `false` where the system does not.
pub(super) fn pin(processors: &str) -> bool {
    let thread = fs::read_link("/proc/thread-self").ok();
    let thread = thread.as_deref().and_then(|path| path.file_name());
    let command = |thread| {
        Command::new("taskset")
            .args(["--pid", "--cpu-list", processors])
            .arg(thread)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
    };
    thread.is_some_and(|thread| command(thread).is_ok_and(|status| status.success()))
}

/// All of them.
pub(super) const EVERY_PROCESSOR: &str = "0-4095";
