//! `fulgurite completions`: teaches a shell the command line.

use std::io::Write;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::exit::{Failure, Outcome};

/// Arguments of the command.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell that the script is for
    shell: Shell,
}

/// Prints the script for a command line.
pub(crate) fn run(
    args: &CompletionsArgs,
    mut all: Command,
    out: &mut impl Write,
) -> Result<Outcome, Failure> {
    // `generate` panics where the output is closed; this way only the last write can fail.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut all, "fulgurite", &mut script);
    out.write_all(&script)?;
    Ok(Outcome::Done)
}
