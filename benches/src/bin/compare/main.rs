//! Runs our engine and its peers over the same graph and the same queries, and sets the results side by side.
//!
//! Each contender is measured in processes of its own: one answers the queries, another one loads the graph and looks
//! at its memory. This process only starts them, one after the other, and prints.

mod child;
mod table;

use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use benches::Mode;
use benches::agreement::Agreement;
use benches::input::{self, InputError, Origin};
use benches::measure::{Effort, Outcome};
use clap::{Parser, ValueEnum};
use serde::Serialize;

use crate::child::{AnswersReport, LoadReport};

/// Compares Fulgurite with LDK and petgraph on one graph.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The graph, in any format that is read; gen:N makes a synthetic one of N channels.
    #[arg(long, value_name = "FILE", value_parser = Origin::parse, required_unless_present = "smoke")]
    graph: Option<Origin>,
    /// The payments: a CSV file with the columns src, dst and amount_msat; gen:N makes N random ones.
    #[arg(long, value_name = "FILE", value_parser = Origin::parse, required_unless_present = "smoke")]
    queries: Option<Origin>,
    /// Exact least fees of the same payments: a CSV file with the column min_fee_msat.
    #[arg(long, value_name = "FILE")]
    reference: Option<PathBuf>,
    /// A small made-up graph and a few payments instead of files.
    #[arg(long, conflicts_with_all = ["graph", "queries", "reference"])]
    smoke: bool,
    /// Print one JSON document instead of tables.
    #[arg(long)]
    json: bool,
    /// Whom to measure.
    #[arg(long, value_delimiter = ',', default_value = "ours,ldk,petgraph")]
    engines: Vec<Engine>,
    /// What to ask for.
    #[arg(long, value_delimiter = ',', default_value = "min-fee,defaults")]
    modes: Vec<ModeArg>,
    /// Ask only the first N payments.
    #[arg(long, value_name = "N", default_value_t = usize::MAX, hide_default_value = true)]
    limit: usize,
    /// Ask each payment up to N times; the best and the first time are both reported.
    #[arg(long, value_name = "N", default_value_t = 3)]
    passes: u32,
    /// Begin no further pass that would take a contender beyond this time.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pass_time: u64,
    /// Also measure throughput with each of these numbers of threads, such as 1,2.
    #[arg(long, value_name = "N,..", value_delimiter = ',')]
    threads: Vec<usize>,
    /// Let our engine's answers cost up to N msat more than the best; the others have no such setting.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    tolerance_msat: u64,
    /// Give channels with one known policy a disabled second one for LDK, which ignores them otherwise.
    #[arg(long)]
    complete_one_sided: bool,
    /// Set in child processes: the contender to measure.
    #[arg(long, hide = true, requires = "phase")]
    only: Option<Engine>,
    /// Set in child processes: what to measure.
    #[arg(long, hide = true)]
    phase: Option<Phase>,
    /// Set in child processes: where the contender's own file is written, and read from.
    #[arg(long, hide = true)]
    own_file: Option<PathBuf>,
}

/// A contender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Engine {
    Ours,
    Ldk,
    Petgraph,
}

/// A [`Mode`] on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ModeArg {
    MinFee,
    Defaults,
}

/// What a child process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Phase {
    /// Builds the graph, writes the contender's own file, answers the queries.
    Answers,
    /// Loads the contender's own file, or builds where it has none, and reports memory.
    Load,
}

/// One contender's results.
#[derive(Debug, Serialize)]
struct EngineReport {
    engine: Engine,
    answers: AnswersReport,
    load: LoadReport,
    agreements: Vec<ModeAgreement>,
}

/// Fees against the reference: the reference file for the least fee, else our engine.
#[derive(Debug, Serialize)]
struct ModeAgreement {
    mode: Mode,
    #[serde(flatten)]
    counts: Agreement,
}

impl Args {
    fn modes(&self) -> Vec<Mode> {
        let wanted = |mode: &Mode| match mode {
            Mode::MinFee => self.modes.contains(&ModeArg::MinFee),
            Mode::Defaults => self.modes.contains(&ModeArg::Defaults),
        };
        Mode::ALL.into_iter().filter(wanted).collect()
    }

    fn effort(&self) -> Effort {
        let pass_time_max = Duration::from_secs(self.pass_time);
        Effort { pass_count_max: self.passes, pass_time_max, threads: self.threads.clone() }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match (args.only, args.phase) {
        (Some(engine), Some(phase)) => child::run(&args, engine, phase),
        _ => compare(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(args: &Args) -> Result<(), Error> {
    let folder = tempfile::tempdir()?;
    let mut reports = Vec::new();
    for &engine in &args.engines {
        let own_file = folder.path().join("graph");
        let Some(answers) = start(engine, Phase::Answers, &own_file)? else {
            eprintln!("compare: {engine:?} is not available in this build");
            continue;
        };
        let load = start(engine, Phase::Load, &own_file)?.ok_or(Error::Child { engine })?;
        reports.push(EngineReport { engine, answers, load, agreements: Vec::new() });
    }
    let exact = args.reference.as_ref().map(|path| input::read_reference(path, args.limit)).transpose()?;
    for mode in args.modes() {
        let ours = reports.iter().find(|report| report.engine == Engine::Ours);
        let exact = exact.clone().filter(|_| mode == Mode::MinFee);
        let Some(reference) = exact.or_else(|| ours.and_then(|report| report.fees(mode))) else { continue };
        for report in &mut reports {
            if let Some(fees) = report.fees(mode) {
                let counts = Agreement::of(reference.iter().copied(), fees);
                report.agreements.push(ModeAgreement { mode, counts });
            }
        }
    }
    if args.json {
        reports.iter_mut().for_each(EngineReport::forget_answers);
        println!("{}", serde_json::to_string_pretty(&reports)?);
    } else {
        table::print(&reports, args.modes());
    }
    Ok(())
}

impl EngineReport {
    fn outcome(&self, mode: Mode) -> Option<&Outcome> {
        self.answers.outcomes.iter().find(|outcome| outcome.mode == mode)
    }

    fn fees(&self, mode: Mode) -> Option<Vec<Option<u64>>> {
        let fee = |answer: &Option<benches::Answer>| answer.map(|answer| answer.fee_msat);
        self.outcome(mode).map(|outcome| outcome.answers.iter().map(fee).collect())
    }

    fn agreement(&self, mode: Mode) -> Option<&Agreement> {
        self.agreements.iter().find(|agreement| agreement.mode == mode).map(|agreement| &agreement.counts)
    }

    /// Single answers would bury the figures of the JSON document.
    fn forget_answers(&mut self) {
        self.answers.outcomes.iter_mut().for_each(|outcome| outcome.answers.clear());
    }
}

/// Runs this program again for one phase of one contender; `None` where the contender is not available.
fn start<R: serde::de::DeserializeOwned>(
    engine: Engine,
    phase: Phase,
    own_file: &std::path::Path,
) -> Result<Option<R>, Error> {
    let name = |value: Option<clap::builder::PossibleValue>| {
        value.expect("no value is skipped").get_name().to_owned()
    };
    let output = Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .args(["--only", &name(engine.to_possible_value()), "--phase", &name(phase.to_possible_value())])
        .arg("--own-file")
        .arg(own_file)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(Error::Child { engine });
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Why there is no comparison.
#[derive(Debug, thiserror::Error)]
enum Error {
    /// A file or a process could not be used.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// An input file was not understood.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The made-up graph could not be made.
    #[error(transparent)]
    Fixture(#[from] engine::graph::BuildError),
    /// A contender refused the graph.
    #[error(transparent)]
    Build(#[from] benches::BuildError),
    /// A contender's own file could not be used.
    #[error(transparent)]
    Store(#[from] benches::StoreError),
    /// A report was not understood.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A child process failed, and has said why.
    #[error("measuring {engine:?} failed")]
    Child {
        /// The contender.
        engine: Engine,
    },
    /// A child process was started without what it needs.
    #[error("a graph, payments and a place for the contender's own file are needed")]
    Incomplete,
}
