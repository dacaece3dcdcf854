//! `fulgurite reach`: which nodes a payer can pay, and what that costs.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;

use clap::Args;
use engine::query::RouteQuery;
use engine::reach::{ReachEntry, reach, reach_exactly};
use engine::router::RouteError;
use engine::snapshot::Snapshot;
use indicatif::HumanCount;
use primitives::Msat;
use serde::Serialize;

use crate::commands::route::load;
use crate::exit::{Failure, Outcome, outcome_of};
use crate::flag_values;
use crate::node_names;
use crate::output::reached::{BoundJson, PaidJson, bound_rows, bounds_by_hops, paid_by_hops, paid_rows};
use crate::output::table;
use crate::progress::{Progress, Unit};
use crate::query_flags::{QueryFlags, check_bounds, with_ends};

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
    /// Print JSON: src, amount_msat, nodes (how many the graph has), reached, cheapest first, and given_up
    ///
    /// Of each node that is reached: node_id, cost_msat (what was minimised), gap_msat (0 where no route costs less),
    /// fee_msat, hops (how many), cltv (blocks, the final delta included), probability. given_up lists the nodes for which
    /// the work ran out. With --bounds, of each node: node_id, least_cost_msat, hops; and no given_up.
    #[arg(long)]
    json: bool,
    /// Print a row for each node, cheapest first, and not only one for each number of hops
    #[arg(long)]
    list: bool,
    /// Tell lower bounds in place of costs, by one search of the graph
    ///
    /// Otherwise a route is searched for every node, so that the answer is what `fulgurite route` says of each; that takes
    /// part of a second on a graph of mainnet's size, and more the larger the graph. With --bounds, some of the nodes may have
    /// no route; --tolerance-msat, --last-hop and all limits but --headroom-ppm are not looked at then, and refused.
    #[arg(long)]
    bounds: bool,
    #[command(flatten)]
    query: QueryFlags,
}

#[derive(Debug, Serialize)]
struct ReachJson<T> {
    src: String,
    amount_msat: u64,
    nodes: usize,
    reached: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_up: Option<Vec<String>>,
}

/// Searches forward from the payer, then a route for each node that was reached.
pub(crate) fn run(args: &ReachArgs, out: &mut impl Write) -> Result<Outcome, Failure> {
    if args.bounds {
        check_bounds(&args.query)?;
    }
    let template = args.query.to_template()?;
    let graph = load(args.graph.as_deref())?;
    let snapshot = &graph.snapshot;
    let payer = node_names::read(snapshot, "payer", &args.payer)?;
    let query = with_ends(&template, payer, payer, args.amount);
    let mut entries = reach(snapshot, &query).map_err(|error| refused(snapshot, &error))?;
    // Nodes that only an --extra-arc leads to are not in the graph.
    entries.retain(|entry| entry.node.to_usize() < snapshot.node_count());
    let others = HumanCount(snapshot.node_count().saturating_sub(1) as u64);
    let amount = table::sat(args.amount);
    if args.bounds {
        let reached: Vec<BoundJson> = entries.iter().map(|entry| BoundJson::new(snapshot, entry)).collect();
        if args.json {
            return print_json(&query, snapshot, reached, None, out);
        }
        let count = HumanCount(reached.len() as u64);
        writeln!(
            out,
            "at most {count} of {others} other nodes can be paid {amount} sat, the rest cannot; costs are lower bounds"
        )?;
        return print_table(if args.list { bound_rows(&reached) } else { bounds_by_hops(&reached) }, out);
    }
    let (paid, given_up) = find_all(snapshot, &query, &entries)?;
    let outcome = if given_up.is_empty() { Outcome::Done } else { Outcome::WorkLimit };
    if args.json {
        print_json(&query, snapshot, paid, Some(given_up), out)?;
        return Ok(outcome);
    }
    let count = HumanCount(paid.len() as u64);
    write!(out, "{count} of {others} other nodes can be paid {amount} sat, ")?;
    if given_up.is_empty() {
        writeln!(out, "the rest cannot")?;
    } else {
        writeln!(out, "{} were given up, the rest cannot", HumanCount(given_up.len() as u64))?;
    }
    print_table(if args.list { paid_rows(&paid) } else { paid_by_hops(&paid) }, out)?;
    Ok(outcome)
}

/// The nodes that have a route, cheapest first, and those whose search was given up.
fn find_all(
    snapshot: &Snapshot,
    query: &RouteQuery,
    entries: &[ReachEntry],
) -> Result<(Vec<PaidJson>, Vec<String>), Failure> {
    let bar = Mutex::new((0, Progress::new(Unit::Nodes, Some(entries.len() as u64), "searching")));
    let answers = reach_exactly(snapshot, query, entries, |entry, answer| {
        if let Ok(mut bar) = bar.lock() {
            bar.0 += 1;
            let done = bar.0;
            bar.1.set(done);
        }
        let node_id = snapshot.node_id(entry.node).to_string();
        match answer {
            Ok(route) => Ok(PaidJson::new(node_id, &route)),
            Err(error) => Err((node_id, error)),
        }
    });
    let (mut paid, mut given_up) = (Vec::with_capacity(answers.len()), Vec::new());
    for answer in answers {
        match answer {
            Ok(node) => paid.push(node),
            Err((node_id, error)) => match outcome_of(&error) {
                Outcome::WorkLimit => given_up.push(node_id),
                Outcome::BadInput => return Err(refused(snapshot, &error)),
                Outcome::Done | Outcome::NoRoute => {}
            },
        }
    }
    paid.sort_by_key(|node: &PaidJson| node.cost_msat);
    Ok((paid, given_up))
}

fn refused(snapshot: &Snapshot, error: &RouteError) -> Failure {
    Failure::usage(node_names::explain(snapshot, error), "see `fulgurite reach --help`")
}

fn print_json<T: Serialize>(
    query: &RouteQuery,
    snapshot: &Snapshot,
    reached: Vec<T>,
    given_up: Option<Vec<String>>,
    out: &mut impl Write,
) -> Result<Outcome, Failure> {
    let (src, nodes) = (query.payer.to_string(), snapshot.node_count());
    let report = ReachJson { src, amount_msat: query.amount.to_msat(), nodes, reached, given_up };
    serde_json::to_writer(&mut *out, &report)?;
    writeln!(out)?;
    Ok(Outcome::Done)
}

fn print_table(table: comfy_table::Table, out: &mut impl Write) -> Result<Outcome, Failure> {
    if table.row_count() > 0 {
        writeln!(out, "\n{}", table::trimmed(&table))?;
    }
    Ok(Outcome::Done)
}
