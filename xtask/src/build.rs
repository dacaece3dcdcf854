//! The C library, built as it is installed: by itself. A build together with other crates may bring along features that
//! those ask of common dependencies.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use crate::root;

/// What to build.
#[derive(Debug, Clone, Copy)]
pub struct Build<'a> {
    /// The profile of cargo.
    pub profile: &'a str,
    /// Features of `bindings`, separated by commas.
    pub features: &'a str,
    /// The folder that cargo works in.
    pub target_dir: &'a Path,
}

/// Builds the library; returns the folder that holds it.
///
/// # Errors
/// Where cargo cannot be run, or fails.
pub fn build(what: &Build<'_>) -> Result<PathBuf, BuildError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root()).args(["build", "--locked", "--package", "bindings"]);
    command.args(["--profile", what.profile, "--features", what.features]);
    command.arg("--target-dir").arg(what.target_dir);
    let status = command.status().map_err(BuildError::Start)?;
    if !status.success() {
        return Err(BuildError::Failed(status));
    }
    Ok(what.target_dir.join(if what.profile == "dev" { "debug" } else { what.profile }))
}

/// Why the library was not built.
#[derive(Debug)]
pub enum BuildError {
    /// Cargo did not start.
    Start(io::Error),
    /// Cargo failed, and has said why.
    Failed(ExitStatus),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::Start(error) => write!(f, "cargo does not start: {error}"),
            BuildError::Failed(status) => write!(f, "the library was not built: {status}"),
        }
    }
}

impl std::error::Error for BuildError {}
