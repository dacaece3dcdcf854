//! `cargo xtask`: `header` writes the C header anew, `schemas` the code for the schemas, `install --prefix` builds and
//! installs the library, `bitcoind` builds a Bitcoin Core node for tests.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use clap::Parser;
use xtask::Build;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Chores of the repository")]
enum Chore {
    /// Write bindings/include/fulgurite.h anew from the sources
    Header,
    /// Write schemas/src/generated anew from the schemas; the first time this builds their compiler, which takes minutes
    Schemas,
    /// Build the C library and install it: header, libraries, pkg-config file
    Install {
        /// The folder above include and lib
        #[arg(long, default_value = "/usr/local")]
        prefix: PathBuf,
        /// The profile that it is built with
        #[arg(long, default_value = "release")]
        profile: String,
    },
    /// Print the path of a bitcoind for tests: $BITCOIND_EXE, one on PATH, or one that is built once and kept
    Bitcoind,
}

fn main() -> Result<(), Box<dyn Error>> {
    match Chore::parse() {
        Chore::Header => Ok(fs::write(xtask::header_path(), xtask::header()?)?),
        Chore::Schemas => {
            let folder = xtask::generated_folder();
            let new = folder.with_extension("new");
            // A schema with a mistake takes nothing away, and leaves nothing.
            let written = xtask::write_schemas(&new);
            fs::remove_dir_all(if written.is_ok() { &folder } else { &new })?;
            written?;
            Ok(fs::rename(&new, &folder)?)
        }
        Chore::Install { prefix, profile } => {
            let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
            let target_dir = &xtask::root().join(target);
            let built = xtask::build(&Build { profile: &profile, features: "", target_dir })?;
            let installed = xtask::install(&std::path::absolute(&prefix)?, &built)?;
            println!("installed below {}", prefix.display());
            println!("compile with PKG_CONFIG_PATH={}", installed.pkgconfig.display());
            Ok(())
        }
        Chore::Bitcoind => {
            println!("{}", xtask::bitcoind()?.display());
            Ok(())
        }
    }
}
