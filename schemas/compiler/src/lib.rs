//! From schemas to Rust: what `schemas/src/generated/` must hold.
//!
//! The compiler, `flatc`, comes as source in a crate and is built with it: nothing is downloaded but crates. This
//! crate uses none of ours, so that it runs when a changed schema has broken the code that uses it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Texts by file name.
pub type Files = BTreeMap<String, String>;

/// The folder that holds the `.fbs` files.
pub fn schemas_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies in the folder of schemas")
}

/// The folder that holds their code.
pub fn generated_folder() -> PathBuf {
    schemas_folder().join("src/generated")
}

/// Compiles all schemas: one file for each, and the `mod.rs` that declares them. Nothing where there is no schema.
///
/// # Errors
/// Where a schema has a mistake (the compiler has told which on standard error), or a file cannot be read.
pub fn generate() -> io::Result<Files> {
    let schemas = schemas()?;
    if schemas.is_empty() {
        return Ok(Files::new());
    }
    let output = tempfile::tempdir()?;
    let mut flatc = Command::new(flatc_fork::flatc());
    flatc.arg("--rust").arg("-o").arg(output.path()).arg("-I").arg(schemas_folder()).args(schemas);
    let status = flatc.status()?;
    if !status.success() {
        return Err(io::Error::other(format!("flatc refused a schema: {status}")));
    }
    let mut files = read_folder(output.path())?;
    let mut modules =
        String::from("//! Written from the schemas, never by hand: see `schemas/README.md`.\n\n");
    for name in files.keys() {
        modules.push_str(&format!("pub mod {};\n", name.trim_end_matches(".rs")));
    }
    files.insert("mod.rs".to_owned(), modules);
    Ok(files)
}

/// The texts of a folder; none where it does not exist.
///
/// # Errors
/// Where a file cannot be read, or is no text.
pub fn read_folder(folder: &Path) -> io::Result<Files> {
    let mut files = Files::new();
    if folder.exists() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            files.insert(entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path())?);
        }
    }
    Ok(files)
}

/// The compiler's version, as `25.12.19`.
///
/// # Errors
/// Where the compiler does not run.
pub fn version() -> io::Result<String> {
    let output = Command::new(flatc_fork::flatc()).arg("--version").output()?;
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(words.trim().trim_start_matches("flatc version ").to_owned())
}

fn schemas() -> io::Result<Vec<PathBuf>> {
    let mut schemas = Vec::new();
    for entry in fs::read_dir(schemas_folder())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "fbs") {
            schemas.push(path);
        }
    }
    schemas.sort();
    Ok(schemas)
}
