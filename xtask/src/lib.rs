//! Chores of the repository that are more than a command: the header of the C ABI, the code for the schemas, what an
//! installed library looks like, and a Bitcoin Core node for tests. `cargo xtask` runs them; the tests call them, too.

mod bitcoind;
mod build;
mod cache;
mod header;
mod install;
mod schemas;

pub use bitcoind::{BitcoindError, bitcoind, find_bitcoind};
pub use build::{Build, BuildError, build};
pub use header::{HeaderError, header, header_path};
pub use install::{InstallError, Installed, install};
pub use schemas::{SchemasError, generated_folder, write_schemas};

use std::path::Path;

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in a folder of the repository")
}
