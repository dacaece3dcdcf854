//! Where the real data lies that the repository does not contain.

use std::env;
use std::path::{Path, PathBuf};

/// The path of a file under the shared folder, such as `data/mainnet-2025-10-26/channels.csv.zst`.
///
/// The folder is the one that `FULGURITE_DATA` names, else `shared` beside the checkout. Where the file is missing,
/// says so and returns `None`, upon which the test is to return.
///
/// # Panics
/// Where the file is missing and `CI` is `true`: there a skipped test would pass for a good one.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = match env::var_os("FULGURITE_DATA") {
        Some(root) => PathBuf::from(root),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
    };
    let file = root.join(path);
    if file.exists() {
        return Some(file);
    }
    assert!(env::var("CI").as_deref() != Ok("true"), "{} is missing", file.display());
    eprintln!("skipped: {} is missing; FULGURITE_DATA names the folder it is looked for in", file.display());
    None
}
