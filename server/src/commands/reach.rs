//! `fulgurite reach`: which nodes a payer may pay, and what that costs at least.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use engine::reach::{ReachEntry, reach};
use engine::router::RouteError;
use engine::snapshot::Snapshot;
use indicatif::HumanCount;
use primitives::Msat;
use serde::Serialize;

use crate::commands::route::load;
use crate::exit::{Failure, Outcome};
use crate::flag_values;
use crate::node_names;
use crate::output::table;
use crate::query_flags::{QueryFlags, check_reach, with_ends};

/// Arguments of the command.
#[derive(Debug, Args)]
pub(crate) struct ReachArgs {
    /// Who pays: a node id
    payer: String,
    /// What a payee gets, in msat; or in sat, as 100sat
    #[arg(value_name = "AMOUNT_MSAT", value_parser = flag_values::amount)]
    amount: Msat,
    /// The graph, in any format that is read; without it a synthetic one
    #[arg(long, value_name = "FILE")]
    graph: Option<PathBuf>,
    /// Print JSON: src, amount_msat, nodes (how many the graph has) and reached, cheapest first
    ///
    /// Of each node that is reached: node_id, least_cost_msat, hops.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    query: QueryFlags,
}

#[derive(Debug, Serialize)]
struct ReachJson {
    src: String,
    amount_msat: u64,
    nodes: usize,
    reached: Vec<NodeJson>,
}

#[derive(Debug, Serialize)]
struct NodeJson {
    node_id: String,
    least_cost_msat: u64,
    hops: u32,
}

/// Searches forward from the payer.
pub(crate) fn run(args: &ReachArgs, out: &mut impl Write) -> Result<Outcome, Failure> {
    check_reach(&args.query)?;
    let template = args.query.to_template()?;
    let graph = load(args.graph.as_deref())?;
    let snapshot = &graph.snapshot;
    let payer = node_names::read(snapshot, "payer", &args.payer)?;
    let query = with_ends(&template, payer, payer, args.amount);
    let mut entries = reach(snapshot, &query).map_err(|error| refused(snapshot, &error))?;
    // Nodes that only an --extra-arc leads to are not in the graph.
    entries.retain(|entry| entry.node.to_usize() < snapshot.node_count());
    if args.json {
        let json = |entry: &ReachEntry| NodeJson {
            node_id: snapshot.node_id(entry.node).to_string(),
            least_cost_msat: entry.least_cost,
            hops: entry.hop_count,
        };
        let report = ReachJson {
            src: payer.to_string(),
            amount_msat: args.amount.to_msat(),
            nodes: snapshot.node_count(),
            reached: entries.iter().map(json).collect(),
        };
        serde_json::to_writer(&mut *out, &report)?;
        writeln!(out)?;
        return Ok(Outcome::Done);
    }
    writeln!(
        out,
        "{} of {} other nodes may be paid {} sat; to the rest there is no route",
        HumanCount(entries.len() as u64),
        HumanCount(snapshot.node_count().saturating_sub(1) as u64),
        table::sat(args.amount),
    )?;
    if !entries.is_empty() {
        writeln!(out, "\n{}", table::trimmed(&by_hops(&entries)))?;
    }
    Ok(Outcome::Done)
}

fn refused(snapshot: &Snapshot, error: &RouteError) -> Failure {
    Failure::usage(node_names::explain(snapshot, error), "see `fulgurite reach --help`")
}

/// A row for each number of hops: how many nodes, and their least costs. `entries` are sorted by cost.
fn by_hops(entries: &[ReachEntry]) -> comfy_table::Table {
    let hop_count_max = entries.iter().map(|entry| entry.hop_count).max().unwrap_or(0);
    let rows = (1..=hop_count_max).filter_map(|hops| {
        let costs: Vec<u64> =
            entries.iter().filter(|entry| entry.hop_count == hops).map(|entry| entry.least_cost).collect();
        let (least, most) = (costs.first()?, costs.last()?);
        let sat = |cost: &u64| table::sat(Msat::from_msat(*cost));
        let count = HumanCount(costs.len() as u64).to_string();
        Some([hops.to_string(), count, sat(least), sat(&costs[costs.len() / 2]), sat(most)])
    });
    table::plain(["hops", "nodes", "least cost sat", "half", "most"], [true; 5], rows)
}
