//! The results for people.

use benches::Mode;
use benches::summary::Summary;

use crate::{Engine, EngineReport};

pub(crate) fn print(reports: &[EngineReport], modes: Vec<Mode>) {
    let Some(any) = reports.first() else { return };
    println!("graph: {} nodes, {} channels", any.answers.node_count, any.answers.channel_count);
    println!();
    println!("{:<10} {:>12} {:>12} {:>12} {:>12}", "", "build", "load", "own file", "resident");
    for report in reports {
        println!(
            "{:<10} {:>12} {:>12} {:>12} {:>12}",
            name(report.engine),
            time(report.answers.build_ns),
            report.load.load_ns.map_or("-".to_owned(), time),
            report.answers.file_bytes.map_or("-".to_owned(), size),
            report.load.resident_bytes.map_or("-".to_owned(), size),
        );
    }
    for mode in modes {
        timings(reports, mode);
        agreements(reports, mode);
    }
}

fn timings(reports: &[EngineReport], mode: Mode) {
    println!();
    println!("{mode}: processor time a query that gets a route, or none, and how many times ours");
    println!(
        "{:<10} {:<6} {:>18} {:>18} {:>18} {:>18} {:>18} {:>16}",
        "", "pass", "p50", "p95", "p99", "max", "mean", "/s"
    );
    let ours = reports.iter().find(|report| report.engine == Engine::Ours);
    for report in reports {
        let Some(outcome) = report.outcome(mode) else { continue };
        let base = ours.and_then(|ours| ours.outcome(mode));
        let rates: Vec<String> = outcome.per_second.iter().map(u64::to_string).collect();
        let throughput = if rates.is_empty() { "-".to_owned() } else { rates.join(", ") };
        let best = format!("of {}", outcome.passes);
        row(name(report.engine), "first", &outcome.first, base.map(|base| &base.first), &throughput);
        row("", &best, &outcome.best, base.map(|base| &base.best), "");
        if outcome.without.count > 0 {
            row("", "none", &outcome.without, base.map(|base| &base.without), "");
        }
    }
}

fn row(engine: &str, pass: &str, summary: &Summary, base: Option<&Summary>, throughput: &str) {
    print!("{engine:<10} {pass:<6}");
    for column in COLUMNS {
        let value = column(summary);
        let ratio = base.map_or(String::new(), |base| ratio(value, column(base)));
        print!(" {:>18}", format!("{} {ratio:>8}", time(value)));
    }
    println!(" {throughput:>16}");
}

fn agreements(reports: &[EngineReport], mode: Mode) {
    println!();
    println!("{mode}: routes, and fees against the reference");
    println!(
        "{:<10} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>9} {:>7} {:>7}",
        "",
        "found",
        "none",
        "equal",
        "cheaper",
        "dearer",
        ">1 sat",
        "missed",
        "extra",
        "excess",
        "hops",
        "parts"
    );
    for report in reports {
        let Some(outcome) = report.outcome(mode) else { continue };
        let found: Vec<_> = outcome.answers.iter().flatten().collect();
        print!("{:<10} {:>7} {:>7}", name(report.engine), found.len(), outcome.answers.len() - found.len());
        match report.agreement(mode) {
            Some(counts) => {
                let excess = counts.dearer_excess_msat * 1000 / counts.dearer_reference_msat.max(1);
                print!(" {:>7} {:>7} {:>7}", counts.equal, counts.cheaper, counts.dearer);
                print!(" {:>7}", counts.dearer_by_over_a_sat);
                print!(
                    " {:>7} {:>7} {:>8}%",
                    counts.missed,
                    counts.extra,
                    format!("{}.{}", excess / 10, excess % 10)
                );
            }
            None => print!(" {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>9}", "-", "-", "-", "-", "-", "-", "-"),
        }
        let hops = found.iter().map(|answer| u64::from(answer.hops)).sum();
        let parts = found.iter().map(|answer| u64::from(answer.parts)).sum();
        println!(" {:>7} {:>7}", average(hops, found.len()), average(parts, found.len()));
        for (reason, count) in &outcome.refusals {
            println!("{:<10} {count:>15} x {reason}", "");
        }
    }
}

fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Ours => "ours",
        Engine::Ldk => "ldk",
        Engine::Petgraph => "petgraph",
    }
}

fn time(ns: u64) -> String {
    match ns {
        0..10_000 => format!("{ns} ns"),
        10_000..10_000_000 => format!("{}.{} us", ns / 1000, ns % 1000 / 100),
        10_000_000..10_000_000_000 => format!("{}.{} ms", ns / 1_000_000, ns % 1_000_000 / 100_000),
        _ => format!("{}.{} s", ns / 1_000_000_000, ns % 1_000_000_000 / 100_000_000),
    }
}

fn size(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}

fn ratio(value: u64, base: u64) -> String {
    let tenths = value.saturating_mul(10) / base.max(1);
    if tenths < 1000 { format!("{}.{}x", tenths / 10, tenths % 10) } else { format!("{}x", tenths / 10) }
}

fn average(sum: u64, count: usize) -> String {
    let tenths = sum * 10 / (count as u64).max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// What is shown of a summary.
const COLUMNS: [fn(&Summary) -> u64; 5] = [
    |summary| summary.p50_ns,
    |summary| summary.p95_ns,
    |summary| summary.p99_ns,
    |summary| summary.max_ns,
    |summary| summary.mean_ns,
];
