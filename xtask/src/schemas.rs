//! The Rust code for the schemas, by a compiler that is built once and kept in the user's cache folder.

use std::env;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::cache::cache_folder;
use crate::root;

/// Where that code lies.
pub fn generated_folder() -> PathBuf {
    root().join("schemas/src/generated")
}

/// Writes the code for all schemas to `folder`; returns the compiler's version, as `25.12.19`. The first time this builds
/// the compiler, which takes minutes.
///
/// # Errors
/// Where it cannot be built, or a schema has a mistake: the standard error has told which.
pub fn write_schemas(folder: &Path) -> Result<String, SchemasError> {
    fs::create_dir_all(folder).map_err(SchemasError::Io)?;
    let cache = cache_folder().ok_or(SchemasError::NoCache)?;
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["run", "--quiet", "--locked", "--manifest-path"]);
    command.arg(root().join("schemas/compiler/Cargo.toml"));
    command
        .arg("--target-dir")
        .arg(cache.join("schema-compiler"))
        .arg("--")
        .arg(root().join("schemas"))
        .arg(folder);
    let output = command.stderr(Stdio::inherit()).output().map_err(SchemasError::Io)?;
    if !output.status.success() {
        return Err(SchemasError::Failed(output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Why the code was not written.
#[derive(Debug)]
pub enum SchemasError {
    /// Cargo did not start, or the folder cannot be made.
    Io(io::Error),
    /// The compiler was not built, or has refused a schema.
    Failed(ExitStatus),
    /// The user has no folder for what can be made again.
    NoCache,
}

impl fmt::Display for SchemasError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SchemasError::Io(error) => write!(f, "the schemas cannot be compiled: {error}"),
            SchemasError::Failed(status) => {
                write!(
                    f,
                    "the schemas were not compiled: {status}; building the compiler wants cmake and a C++ compiler"
                )
            }
            SchemasError::NoCache => f.write_str("set FULGURITE_CACHE: there is no folder to build in"),
        }
    }
}

impl std::error::Error for SchemasError {}
