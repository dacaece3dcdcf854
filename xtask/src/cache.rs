//! Where the user keeps what can be made again: `$FULGURITE_CACHE`, `$XDG_CACHE_HOME/fulgurite` or `~/.cache/fulgurite`.

use std::env;
use std::path::{Path, PathBuf};

/// That folder, which need not exist; `None` for a user who has no home.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    let below = |name, rest: &str| env::var_os(name).map(|folder| Path::new(&folder).join(rest));
    below("FULGURITE_CACHE", "")
        .or_else(|| below("XDG_CACHE_HOME", "fulgurite"))
        .or_else(|| below("HOME", ".cache/fulgurite"))
}
