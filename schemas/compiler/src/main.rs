//! `schema-compiler FOLDER`: compiles all schemas into that folder, one file for each and the `mod.rs` that declares
//! them, and prints the compiler's version.
//!
//! The compiler, `flatc`, comes as source in a crate and is built with it: nothing is downloaded but crates. This
//! program uses none of ours, so that it runs when a changed schema has broken the code that uses it.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).ok_or_else(|| io::Error::other("say which folder to write to"))?;
    generate(Path::new(&folder))?;
    println!("{}", version()?);
    Ok(())
}

fn generate(folder: &Path) -> io::Result<()> {
    let schemas = schemas()?;
    let mut flatc = Command::new(flatc_fork::flatc());
    flatc.arg("--rust").arg("-o").arg(folder).arg("-I").arg(schemas_folder()).args(&schemas);
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

fn schemas_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package lies in the folder of schemas")
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
