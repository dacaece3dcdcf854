//! The `fulgurite` command: the engine with a command line, files and a clock.
//!
//! ```text
//! args, query_flags, flag_values, queries_file    what the user asks
//! knowledge_flags                                 what is known beside the graph
//! gossip_flags                                    whom the graph is learnt from
//! graph_file, default_graph, source_notes         the graph it is asked of
//! commands, batch, threads                        asking the engine
//! operation, logs                                 running a server
//! output, progress, exit                          the answer
//! ```
//! No rule of the protocol lives here.

mod args;
mod batch;
mod commands;
mod default_graph;
mod exit;
mod flag_values;
mod gossip_flags;
mod graph_file;
mod knowledge_flags;
mod logs;
mod node_names;
mod operation;
mod output;
mod progress;
mod proof_start;
mod queries_file;
mod query_flags;
mod sample;
mod source_notes;
mod threads;
mod wanted;

use std::io::{BufWriter, Write, stdout};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use crate::args::{Cli, Command};
use crate::exit::{Failure, Outcome};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = BufWriter::new(stdout().lock());
    let ended = run(cli.command.as_ref(), &mut out).and_then(|outcome| {
        out.flush()?;
        Ok(outcome)
    });
    match ended {
        Ok(outcome) => outcome.code(),
        // Whoever reads our output has read enough.
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            // Where even this cannot be written, the code is all that is left to tell.
            let _ = writeln!(std::io::stderr(), "error: {failure}");
            failure.code()
        }
    }
}

fn run(command: Option<&Command>, out: &mut impl Write) -> Result<Outcome, Failure> {
    match command {
        None => commands::welcome::run(out),
        Some(Command::Route(args)) => commands::route::run(args, out),
        Some(Command::Reach(args)) => commands::reach::run(args, out),
        Some(Command::Info(args)) => commands::info::run(args, out),
        Some(Command::Import(args)) => commands::import::run(args, out),
        Some(Command::Generate(args)) => commands::generate::run(args, out),
        Some(Command::Simulate(args)) => commands::simulate::run(args, out),
        Some(Command::Bench(args)) => commands::bench::run(args, out),
        Some(Command::Serve(args)) => commands::serve::run(args, out),
        Some(Command::Sync(args)) => commands::sync::run(args, out),
        Some(Command::Completions(args)) => commands::completions::run(args, Cli::command(), out),
        Some(Command::Man(args)) => commands::man::run(args, Cli::command()),
    }
}
