//! Where real data lies that the repository does not hold.

use std::path::{Path, PathBuf};

/// A file below the folder with `data/` and `vectors/`: the environment variable `FULGURITE_DATA` names it, by default
/// it is `../shared` beside the checkout. `None`, with a printed word, where the file is missing.
///
/// # Panics
/// Where the file is missing and `CI=true`: there, nothing may be skipped.
pub fn shared(path: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let file = std::env::var_os("FULGURITE_DATA").map_or_else(beside, PathBuf::from).join(path);
    if file.exists() {
        return Some(file);
    }
    let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!in_ci, "{} is missing; set FULGURITE_DATA", file.display());
    println!("skipped: {} is missing; set FULGURITE_DATA", file.display());
    None
}
