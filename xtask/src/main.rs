//! `cargo xtask`: `header` writes the C header anew, `install --prefix` builds and installs the library.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use clap::Parser;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Chores of the repository")]
enum Chore {
    /// Write bindings/include/fulgurite.h anew from the sources
    Header,
    /// Build the C library and install it: header, libraries, pkg-config file
    Install {
        /// The folder above include and lib
        #[arg(long, default_value = "/usr/local")]
        prefix: PathBuf,
        /// The profile that it is built with
        #[arg(long, default_value = "release")]
        profile: String,
    },
}

fn main() -> Result<(), Box<dyn Error>> {
    match Chore::parse() {
        Chore::Header => Ok(fs::write(xtask::header_path(), xtask::header()?)?),
        Chore::Install { prefix, profile } => {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let mut build = Command::new(cargo);
            build.current_dir(xtask::root()).args(["build", "--locked", "--package", "bindings"]);
            let status = build.args(["--profile", &profile]).status()?;
            if !status.success() {
                return Err(format!("the library was not built: {status}").into());
            }
            let folder = if profile == "dev" { "debug" } else { &profile };
            let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
            let installed =
                xtask::install(&std::path::absolute(&prefix)?, &xtask::root().join(target).join(folder))?;
            println!("installed below {}", prefix.display());
            println!("compile with PKG_CONFIG_PATH={}", installed.pkgconfig.display());
            Ok(())
        }
    }
}
