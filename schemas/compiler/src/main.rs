//! `schema-compiler SCHEMAS FOLDER`: compiles all schemas of one folder into the other, one file for each and the `mod.rs`
//! that declares them, and prints the compiler's version.
//!
//! It is kept for all checkouts of the project, so it is told where the schemas lie and does not remember where it was built.
//!
//! The compiler, `flatc`, comes as source in a crate and is built with it: nothing is downloaded but crates. This
//! program uses none of ours, so that it runs when a changed schema has broken the code that uses it.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() -> io::Result<()> {
    let folders: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [schemas, folder] = folders.as_slice() else {
        return Err(io::Error::other("say where the schemas lie and which folder to write to"));
    };
    generate(schemas, folder)?;
    println!("{}", version()?);
    Ok(())
}

fn generate(from: &Path, folder: &Path) -> io::Result<()> {
    let schemas = schemas(from)?;
    let mut flatc = Command::new(flatc_fork::flatc());
    flatc.arg("--rust").arg("-o").arg(folder).arg("-I").arg(from).args(&schemas);
    let status = flatc.status()?;
    if !status.success() {
        return Err(io::Error::other(format!("flatc refused a schema: {status}")));
    }
    let mut modules =
        String::from("//! Written from the schemas, never by hand: see `schemas/README.md`.\n\n");
    for name in schemas.iter().filter_map(|schema| schema.file_stem()) {
        modules.push_str(&format!("pub mod {}_generated;\n", name.to_string_lossy()));
    }
    fs::write(folder.join("mod.rs"), modules)
}

/// As `25.12.19`.
fn version() -> io::Result<String> {
    let output = Command::new(flatc_fork::flatc()).arg("--version").output()?;
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(words.trim().trim_start_matches("flatc version ").to_owned())
}

fn schemas(from: &Path) -> io::Result<Vec<PathBuf>> {
    let mut schemas = Vec::new();
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "fbs") {
            schemas.push(path);
        }
    }
    schemas.sort();
    Ok(schemas)
}
