//! `fulgurite route`: answers one query, or a file of them.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use engine::NoRoute;
use engine::query::RouteQuery;
use engine::router::{RouteError, RouteWorkspace, widest};
use engine::snapshot::Snapshot;
use indicatif::HumanCount;
use primitives::Msat;
use server::json::RefusalJson;

use crate::exit::{Failure, Outcome, outcome_of};
use crate::graph_file::{self, LoadedGraph};
use crate::knowledge_flags::KnowledgeFlags;
use crate::output::table;
use crate::progress::{Progress, Unit};
use crate::query_flags::{QueryFlags, with_ends};
use crate::wanted::WantedFlags;
use crate::{batch, default_graph, flag_values, node_names, queries_file, threads};

/// Arguments of the command.
#[derive(Debug, Args)]
pub(crate) struct RouteArgs {
    /// Who pays: a node id
    #[arg(required_unless_present = "queries", conflicts_with = "queries", requires = "amount")]
    payer: Option<String>,
    /// Who is paid: a node id; the payer itself asks for a circular route
    #[arg(required_unless_present = "queries", conflicts_with = "queries")]
    payee: Option<String>,
    /// What the payee gets, in msat; or in sat, as 100sat
    #[arg(value_name = "AMOUNT_MSAT", value_parser = flag_values::amount)]
    #[arg(required_unless_present = "queries", conflicts_with = "queries")]
    amount: Option<Msat>,
    /// The graph, in any format that is read; without it a synthetic one
    #[arg(long, value_name = "FILE")]
    graph: Option<PathBuf>,
    /// Answer each row of a table with the columns src,dst,amount_msat; - is the input stream
    ///
    /// Prints one line of JSON for each row, in their order. A row that is wrong is answered with an error.
    #[arg(long, value_name = "FILE.csv")]
    queries: Option<PathBuf>,
    /// Print JSON, one object on one line
    ///
    /// Of a route: src, dst, amount_msat, fee_msat, hops (how many), cltv (blocks, the final delta included),
    /// probability, optimal, cost_msat (what was minimised), gap_msat (0 where optimal), method, settled, relaxed,
    /// graph_version, and route: for each hop short_channel_id, direction, node_id (where it leads), amount_msat,
    /// fee_msat (what that node keeps), cltv; with --alternatives also alternatives, a list of such routes. Otherwise
    /// src, dst, amount_msat and error: code, message, line of a bad row, and for no_route, except of --queries,
    /// widest_msat (the largest amount that a single path takes, fees included). Codes: no_route, payer_cannot_send, payee_cannot_receive, fee_limit, route_limits, htlc_minimum,
    /// work_limit, contended, unknown_node, unknown_channel, bad_query, bad_row.
    #[arg(long)]
    json: bool,
    /// Threads that answer --queries [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    #[command(flatten)]
    wanted: WantedFlags,
    #[command(flatten)]
    query: QueryFlags,
    #[command(flatten)]
    knowledge: KnowledgeFlags,
}

/// Answers.
pub(crate) fn run(args: &RouteArgs, out: &mut impl Write) -> Result<Outcome, Failure> {
    // What is wrong with the flags is told before a large graph is loaded.
    args.query.to_template()?;
    if let Some(queries) = &args.queries {
        return run_batch(args, queries, out);
    }
    if args.threads.is_some() {
        return Err(Failure::usage(
            "one route is found on one thread",
            "leave out --threads, or add --queries",
        ));
    }
    let graph = load(args.graph.as_deref())?;
    run_single(args, &graph.snapshot, out)
}

/// The graph of a file, or the default one.
pub(crate) fn load(path: Option<&Path>) -> Result<LoadedGraph, Failure> {
    path.map_or_else(default_graph::load, graph_file::load)
}

fn run_single(args: &RouteArgs, snapshot: &Snapshot, out: &mut impl Write) -> Result<Outcome, Failure> {
    let (Some(payer), Some(payee), Some(amount)) = (&args.payer, &args.payee, args.amount) else {
        return Err(Failure::usage(
            "a payer, a payee and an amount are needed",
            "see `fulgurite route --help`",
        ));
    };
    let payer = node_names::read(snapshot, "payer", payer)?;
    let payee = node_names::read(snapshot, "payee", payee)?;
    let mut query = with_ends(&args.query.to_template()?, payer, payee, amount);
    args.knowledge.add_to(&mut query, snapshot)?;
    match args.wanted.find(snapshot, &query, &mut RouteWorkspace::default()) {
        Ok(found) if args.json => {
            serde_json::to_writer(&mut *out, &found.to_json(&query))?;
            writeln!(out)?;
            Ok(Outcome::Done)
        }
        Ok(found) => {
            writeln!(out, "{}", table::routes(&found, args.wanted.further_count().unwrap_or(0)))?;
            Ok(Outcome::Done)
        }
        Err(error) => {
            let widest = widest_of(snapshot, &query, &error);
            let message = node_names::explain(snapshot, &error)
                + &widest.map(|widest| told(widest, query.amount)).unwrap_or_default();
            if args.json {
                let refusal = RefusalJson::new(&query, &error, message).with_widest(widest);
                serde_json::to_writer(&mut *out, &refusal)?;
                writeln!(out)?;
            } else {
                // That there is no route is an answer.
                let prefix = if outcome_of(&error) == Outcome::BadInput { "error: " } else { "" };
                writeln!(stderr(), "{prefix}{message}")?;
            }
            Ok(outcome_of(&error))
        }
    }
}

/// What a single path could carry, where none carries the amount.
fn widest_of(snapshot: &Snapshot, query: &RouteQuery, error: &RouteError) -> Option<Msat> {
    match error {
        RouteError::NoRoute(NoRoute::NotConnected | NoRoute::Closed { .. }) => widest(snapshot, query).ok(),
        _ => None,
    }
}

/// The end of the sentence.
fn told(widest: Msat, amount: Msat) -> String {
    if widest == Msat::ZERO {
        "; there is no path for any amount".to_owned()
    } else if widest < amount {
        format!("; the widest path takes {widest}, fees included: split the payment or lower it")
    } else {
        format!(
            "; the widest path takes {widest}, but with fees, or raised to some htlc_minimum_msat, the amount is too \
             large for a channel on each way"
        )
    }
}

fn run_batch(args: &RouteArgs, queries: &Path, out: &mut impl Write) -> Result<Outcome, Failure> {
    let rows = queries_file::open(queries)?;
    let mut template = args.query.to_template()?;
    let graph = load(args.graph.as_deref())?;
    args.knowledge.add_to(&mut template, &graph.snapshot)?;
    let pool = threads::pool(args.threads.map(usize::from))?;
    let started = Instant::now();
    // Answers that scroll by on the same terminal are progress enough, and the bar would be drawn between them.
    let has_bar = !stdout().is_terminal();
    let mut bar = has_bar.then(|| Progress::new(Unit::Bytes, rows.size(), "answering"));
    let on_done = |bytes| {
        if let Some(bar) = &mut bar {
            bar.set(bytes);
        }
    };
    let tally = batch::answer(&graph.snapshot, &template, args.wanted, rows, &pool, out, on_done)?;
    drop(bar);
    if tally.row_count() == 0 {
        writeln!(stderr(), "note: {} holds no queries", queries.display())?;
    }
    if stderr().is_terminal() {
        let elapsed = started.elapsed();
        let rate = tally.row_count() as f64 / elapsed.as_secs_f64().max(1e-9);
        writeln!(
            stderr(),
            "{} queries in {}, {} a second: {} with a route, {} without, {} given up, {} wrong",
            HumanCount(tally.row_count()),
            table::time(elapsed),
            HumanCount(rate as u64),
            HumanCount(tally.route_count),
            HumanCount(tally.no_route_count),
            HumanCount(tally.given_up_count),
            HumanCount(tally.bad_count),
        )?;
    }
    Ok(tally.outcome())
}
