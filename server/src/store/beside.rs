//! Names of the files that lie beside a log.

use std::path::{Path, PathBuf};

/// The log's path with `.` and `ending` behind it.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}
