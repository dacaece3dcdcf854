//! `cargo run -p schema-compiler`: writes `schemas/src/generated/` anew.

use std::fs;
use std::io;

fn main() -> io::Result<()> {
    let files = schema_compiler::generate()?;
    let folder = schema_compiler::generated_folder();
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    if !files.is_empty() {
        fs::create_dir_all(&folder)?;
    }
    for (name, text) in &files {
        fs::write(folder.join(name), text)?;
        println!("{name}");
    }
    Ok(())
}
