//! `fulgurite` alone: shows at once what this is, on a graph that needs no download.

use std::io::Write;
use std::time::{Duration, Instant};

use engine::query::RouteQuery;
use engine::route::Route;
use engine::router::{RouteWorkspace, route};
use engine::snapshot::Snapshot;
use engine::synthetic::{AmountRange, random_queries};
use indicatif::{HumanBytes, HumanCount};
use primitives::{Msat, NodeId};

use crate::exit::{Failure, Outcome};
use crate::output::table;
use crate::{default_graph, node_names};

/// Loads, asks, shows.
pub(crate) fn run(out: &mut impl Write) -> Result<Outcome, Failure> {
    let graph = default_graph::load()?;
    let snapshot = &graph.snapshot;
    writeln!(out, "Fulgurite {}: finds routes for Lightning payments.\n", env!("CARGO_PKG_VERSION"))?;
    writeln!(
        out,
        "graph: {} nodes, {} channels, {} in memory, ready after {}\n       {}\n",
        HumanCount(snapshot.node_count() as u64),
        HumanCount(snapshot.channel_count() as u64),
        HumanBytes(snapshot.topology().size_bytes() as u64),
        table::time(graph.source.load_time),
        graph.source.name,
    )?;
    let Some(sample) = sample(snapshot) else {
        return Ok(Outcome::Done);
    };
    let query = &sample.query;
    writeln!(
        out,
        "query: {} sat\n  from {}\n  to   {}\n",
        table::sat(query.amount),
        query.payer,
        query.payee
    )?;
    writeln!(out, "{}\n", table::route(&sample.route))?;
    writeln!(
        out,
        "{} queries with a route, between random nodes: half of them took at most {}, the slowest {}\n",
        HumanCount(sample.route_count as u64),
        table::time(sample.median),
        table::time(sample.slowest),
    )?;
    // As it was called, so that the lines below can be pasted.
    let name = std::env::args().next().unwrap_or_else(|| "fulgurite".to_owned());
    writeln!(out, "next:")?;
    let ends = format!("{} {} {}", query.payer, query.payee, query.amount.to_msat());
    writeln!(out, "  {name} route {ends} --json")?;
    writeln!(
        out,
        "  {name} import describegraph.json -o graph.fgs    # your own graph, in any known format"
    )?;
    writeln!(out, "  {name} route --graph graph.fgs --queries queries.csv")?;
    writeln!(out, "  {name} bench --graph graph.fgs    # how fast it is on this machine")?;
    writeln!(out, "  {name} --help")?;
    Ok(Outcome::Done)
}

struct Sample {
    query: RouteQuery,
    route: Route,
    route_count: usize,
    median: Duration,
    slowest: Duration,
}

/// Asks many queries, and keeps the one with the most telling route.
fn sample(snapshot: &Snapshot) -> Option<Sample> {
    let nodes: Vec<NodeId> = node_names::all(snapshot).collect();
    let asked = random_queries(&nodes, SAMPLE_COUNT, SAMPLE_SEED, AmountRange::default());
    let mut space = RouteWorkspace::default();
    let mut times = Vec::with_capacity(asked.len());
    let mut best: Option<(RouteQuery, Route)> = None;
    for (payer, payee, amount) in asked {
        let amount = Msat::from_msat(amount.to_msat() / 1000 * 1000);
        let query = RouteQuery::new(payer, payee, amount);
        let started = Instant::now();
        let answer = route(snapshot, &query, &mut space);
        let time = started.elapsed();
        let Ok(route) = answer else { continue };
        times.push(time);
        if best.as_ref().is_none_or(|(_, known)| is_more_telling(&route, known)) {
            best = Some((query, route));
        }
    }
    times.sort_unstable();
    let (query, route) = best?;
    let (route_count, median, slowest) = (times.len(), *times.get(times.len() / 2)?, *times.last()?);
    Some(Sample { query, route, route_count, median, slowest })
}

/// Four hops show fees and expiries best; among those, the amount nearest to 100,000 sat.
fn is_more_telling(route: &Route, known: &Route) -> bool {
    let key = |route: &Route| {
        let from_four = route.hops.len().abs_diff(4);
        (from_four, route.amount.to_msat().abs_diff(SAMPLE_AMOUNT_MSAT))
    };
    key(route) < key(known)
}

/// Some milliseconds of work.
const SAMPLE_COUNT: usize = 1000;
const SAMPLE_SEED: u64 = 1;
const SAMPLE_AMOUNT_MSAT: u64 = 100_000_000;
