//! `fulgurite` alone: shows at once what this is, on a graph that needs no download.

use std::io::Write;

use indicatif::{HumanBytes, HumanCount};

use crate::default_graph;
use crate::exit::{Failure, Outcome};
use crate::output::table;
use crate::sample::Sample;

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
    let Some(sample) = Sample::of(snapshot) else {
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
