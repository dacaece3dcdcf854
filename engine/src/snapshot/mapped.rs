//! Loads a snapshot from a file by mapping it into memory: the one place of the engine that touches a file.
//!
//! The map lives for the time of loading only: everything is copied out. While it lives, the file must be left alone.
//! One that is overwritten meanwhile gives an error or a graph of mixed content at worst a panic of a bounds check;
//! one that is *truncated* meanwhile ends the process with SIGBUS, as with any mapped file. Whoever replaces a
//! snapshot writes a new file beside it and renames it, which leaves the mapped one whole.

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::{Mmap, MmapOptions};

use super::persist::{SnapshotError, read_snapshot};
use crate::graph::Topology;

/// Loads a graph from a file; see [`read_snapshot`].
///
/// The file must not be changed before this returns; see the module.
///
/// # Errors
/// [`SnapshotError::Unreadable`] where the file cannot be opened or mapped, and those of [`read_snapshot`].
pub fn load_snapshot(path: &Path) -> Result<Topology, SnapshotError> {
    let unreadable = |error: io::Error| SnapshotError::Unreadable { kind: error.kind() };
    let file = File::open(path).map_err(unreadable)?;
    let map = map(&file).map_err(unreadable)?;
    read_snapshot(&map)
}

#[expect(unsafe_code, reason = "mapping a file cannot be checked by the compiler")]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the bytes must not change while they are borrowed. The caller of `load_snapshot` upholds that nobody
    // writes to the file before it returns, and the map does not outlive it. Reading values of plain integers, all
    // checked on their owned copies, limits what a breach can do to a wrong graph, a panic or SIGBUS.
    unsafe { MmapOptions::new().map(file) }
}
