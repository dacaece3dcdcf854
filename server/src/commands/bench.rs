//! `fulgurite bench`: measures queries on this machine and a graph.

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use engine::query::RouteQuery;
use engine::router::RouteWorkspace;
use engine::snapshot::Snapshot;
use engine::synthetic::{AmountRange, random_queries};
use indicatif::{HumanBytes, HumanCount};
use primitives::NodeId;
use rayon::prelude::*;
use serde::Serialize;

use crate::commands::bench_sample::{Found, Sample, ask};
use crate::commands::bench_updates::beside_updates;
use crate::commands::route::load;
use crate::exit::{Failure, Outcome};
use crate::graph_file::LoadedGraph;
use crate::output::spread::Spread;
use crate::output::table;
use crate::progress::{Progress, Unit};
use crate::query_flags::{self, CostFlags, LimitFlags, with_ends};
use crate::threads::{self, Workspaces};
use crate::{node_names, queries_file};

/// Arguments of the command.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// The graph, in any format that is read; without it a synthetic one
    #[arg(long, value_name = "FILE")]
    graph: Option<PathBuf>,
    /// Queries to ask, a table with the columns src,dst,amount_msat; without it random ones, 1,000 to 1,000,000 sat
    #[arg(long, value_name = "FILE.csv")]
    queries: Option<PathBuf>,
    /// How many queries [default: 10000, or all of the file]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    /// Seed of random queries
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Numbers of threads to measure [default: 1, and one for each processor]
    #[arg(long, value_name = "N,..", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Vec<u16>,
    /// Also measure one thread beside another one that applies N policy updates a second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    updates_per_second: Option<u32>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    cost: CostFlags,
    #[command(flatten)]
    limits: LimitFlags,
}

#[derive(Debug, Serialize)]
struct BenchJson {
    graph: String,
    nodes: usize,
    channels: usize,
    memory_bytes: usize,
    bytes_per_channel: f64,
    load_seconds: f64,
    queries: usize,
    no_route_share: f64,
    given_up: usize,
    wrong: usize,
    runs: Vec<RunJson>,
}

/// One number of threads.
#[derive(Debug, Serialize)]
struct RunJson {
    threads: usize,
    /// What another thread changed meanwhile.
    updates_per_second: u64,
    passes: usize,
    seconds: f64,
    queries_per_second: f64,
    latency_ns: Spread,
    latency_with_route_ns: Spread,
    latency_without_route_ns: Spread,
    settled: Spread,
    relaxed: Spread,
}

/// Measures and prints.
pub(crate) fn run(args: &BenchArgs, out: &mut impl Write) -> Result<Outcome, Failure> {
    let template = query_flags::template(&args.cost, &args.limits)?;
    let LoadedGraph { snapshot, source } = load(args.graph.as_deref())?;
    let queries = queries(args, &snapshot, &template)?;
    if queries.is_empty() {
        return Err(Failure::usage(
            "there is nothing to ask",
            "give a file of queries with a row, or a graph with two nodes",
        ));
    }
    let mut warm = Vec::with_capacity(queries.len());
    {
        let mut bar = Progress::new(Unit::Queries, Some(queries.len() as u64), "warming up");
        let mut space = RouteWorkspace::default();
        for (at, query) in queries.iter().enumerate() {
            warm.push(ask(&snapshot, query, &mut space));
            bar.set(at as u64);
        }
    }
    let mut runs = Vec::new();
    for count in thread_counts(args) {
        runs.push(measure(&snapshot, &queries, count)?);
    }
    if let Some(rate) = args.updates_per_second {
        let (samples, time, updates) = beside_updates(&snapshot, &queries, rate, MEASURE_TIME)?;
        let updates_per_second = (updates as f64 / time.as_secs_f64().max(1e-9)) as u64;
        runs.push(RunJson { updates_per_second, ..RunJson::of(1, queries.len(), time, &samples) });
    }
    let count = |is: fn(Found) -> bool| warm.iter().filter(|sample| is(sample.found)).count();
    let wrong = count(|found| matches!(found, Found::Wrong));
    let (topology, channels) = (snapshot.topology(), snapshot.channel_count());
    let report = BenchJson {
        graph: source.name.clone(),
        nodes: snapshot.node_count(),
        channels,
        memory_bytes: topology.size_bytes(),
        bytes_per_channel: topology.size_bytes() as f64 / channels.max(1) as f64,
        load_seconds: source.load_time.as_secs_f64(),
        queries: queries.len(),
        no_route_share: count(|found| matches!(found, Found::NoRoute)) as f64 / queries.len().max(1) as f64,
        given_up: count(|found| matches!(found, Found::GivenUp)),
        wrong,
        runs,
    };
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &report)?;
        writeln!(out)?;
    } else {
        print(&report, source.load_time, out)?;
    }
    Ok(if wrong > 0 { Outcome::BadInput } else { Outcome::Done })
}

fn queries(args: &BenchArgs, snapshot: &Snapshot, template: &RouteQuery) -> Result<Vec<RouteQuery>, Failure> {
    let count = args.count.map(|count| count as usize);
    if let Some(path) = &args.queries {
        let mut payments = queries_file::read_all(path)?;
        payments.truncate(count.unwrap_or(usize::MAX));
        let ends = payments.iter();
        return Ok(ends.map(|it| with_ends(template, it.payer, it.payee, it.amount)).collect());
    }
    let nodes: Vec<NodeId> = node_names::all(snapshot).collect();
    let count = count.unwrap_or(QUERY_COUNT);
    let random = random_queries(&nodes, count, args.seed, AmountRange::default());
    Ok(random.into_iter().map(|(payer, payee, amount)| with_ends(template, payer, payee, amount)).collect())
}

fn thread_counts(args: &BenchArgs) -> Vec<usize> {
    if !args.threads.is_empty() {
        return args.threads.iter().map(|&count| usize::from(count)).collect();
    }
    let mut counts = vec![1, std::thread::available_parallelism().map_or(1, usize::from)];
    counts.dedup();
    counts
}

fn measure(snapshot: &Snapshot, queries: &[RouteQuery], threads: usize) -> Result<RunJson, Failure> {
    let pool = threads::pool(Some(threads))?;
    let spaces = Workspaces::default();
    let all = || -> Vec<Sample> {
        let each = queries.par_iter().with_max_len(QUERIES_PER_PART);
        let each = each.map_init(|| spaces.take(), |space, query| ask(snapshot, query, space));
        each.collect()
    };
    // The pool's own threads and workspaces warm up, too.
    pool.install(all);
    let (started, mut samples) = (Instant::now(), Vec::new());
    while samples.is_empty() || started.elapsed() < MEASURE_TIME {
        samples.append(&mut pool.install(all));
    }
    Ok(RunJson::of(threads, queries.len(), started.elapsed(), &samples))
}

/// Queries that no other thread takes over: one in thousands takes milliseconds.
const QUERIES_PER_PART: usize = 8;

impl RunJson {
    fn of(threads: usize, query_count: usize, time: Duration, samples: &[Sample]) -> Self {
        let times = |is: fn(Found) -> bool| {
            let times = samples.iter().filter(|it| is(it.found)).map(|it| it.time.as_nanos() as u64);
            Spread::of(times.collect())
        };
        let work = |pick: fn(u64, u64) -> u64| {
            let counts = samples.iter().filter_map(|sample| match sample.found {
                Found::Route { settled, relaxed } => Some(pick(settled, relaxed)),
                Found::NoRoute | Found::GivenUp | Found::Wrong => None,
            });
            Spread::of(counts.collect())
        };
        let seconds = time.as_secs_f64();
        RunJson {
            threads,
            updates_per_second: 0,
            passes: samples.len() / query_count.max(1),
            seconds,
            queries_per_second: samples.len() as f64 / seconds.max(1e-9),
            latency_ns: times(|_| true),
            latency_with_route_ns: times(|found| matches!(found, Found::Route { .. })),
            latency_without_route_ns: times(|found| matches!(found, Found::NoRoute)),
            settled: work(|settled, _| settled),
            relaxed: work(|_, relaxed| relaxed),
        }
    }
}

fn print(report: &BenchJson, load_time: Duration, out: &mut impl Write) -> Result<(), Failure> {
    writeln!(out, "graph    {}", report.graph)?;
    writeln!(
        out,
        "         {} nodes, {} channels, {} ({:.0} bytes a channel), loaded in {}",
        HumanCount(report.nodes as u64),
        HumanCount(report.channels as u64),
        HumanBytes(report.memory_bytes as u64),
        report.bytes_per_channel,
        table::time(load_time),
    )?;
    writeln!(
        out,
        "queries  {}, {:.1} % without a route, {} given up, {} wrong\n",
        HumanCount(report.queries as u64),
        100.0 * report.no_route_share,
        HumanCount(report.given_up as u64),
        HumanCount(report.wrong as u64),
    )?;
    let nanos = |value: u64| table::time(Duration::from_nanos(value));
    let count = |value: u64| HumanCount(value).to_string();
    for run in &report.runs {
        let rate = HumanCount(run.queries_per_second as u64);
        let plural = if run.threads == 1 { "" } else { "s" };
        let beside = match run.updates_per_second {
            0 => String::new(),
            updates => format!(", beside {} updates a second", HumanCount(updates)),
        };
        writeln!(
            out,
            "{} thread{plural}{beside}: {rate} queries a second (all queries {} times)",
            run.threads, run.passes
        )?;
        let rows = [
            run.latency_ns.row("latency".to_owned(), nanos),
            run.latency_with_route_ns.row("  with a route".to_owned(), nanos),
            run.latency_without_route_ns.row("  without".to_owned(), nanos),
            run.settled.row("nodes settled".to_owned(), count),
            run.relaxed.row("arcs relaxed".to_owned(), count),
        ];
        let header = ["", "count", "mean", "p50", "p95", "p99", "max"];
        let right = [false, true, true, true, true, true, true];
        writeln!(out, "{}\n", table::trimmed(&table::plain(header, right, rows)))?;
    }
    Ok(())
}

/// A second or less on mainnet.
const QUERY_COUNT: usize = 10_000;

/// All queries are asked again until this long has passed: less is noise.
const MEASURE_TIME: Duration = Duration::from_secs(1);
