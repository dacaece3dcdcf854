//! `fulgurite man`: the manual, a page for each command.

use std::fs;
use std::path::PathBuf;

use clap::{Args, Command};

use crate::exit::{Failure, Outcome};

/// Arguments of the command.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The folder that the pages are written to, as share/man/man1
    folder: PathBuf,
}

/// Writes the pages of a command line.
pub(crate) fn run(args: &ManArgs, all: Command) -> Result<Outcome, Failure> {
    fs::create_dir_all(&args.folder).map_err(Failure::file("create", &args.folder))?;
    clap_mangen::generate_to(all, &args.folder).map_err(Failure::file("write to", &args.folder))?;
    Ok(Outcome::Done)
}
