//! The snapshot file: a graph stored as it is laid out in memory, so that loading it is copying it.
//!
//! ```text
//! 0               header, 64 bytes: where the directory lies, "FGSN", checksums          (`header`)
//! 64              directory: a FlatBuffers table of counts, features and sections          (`header`)
//! multiples of 64 sections: the columns, little-endian, without gaps inside                (`section`)
//! ```
//! Lists and records lie there twice, by tail and by head: copying both costs a third of gathering one from the
//! other, because a gather misses the cache at every arc. What is cheap to compute is not stored: positions, the
//! bounds of blocks, the look-up of node ids.
//!
//! Nothing in a file is believed. Checksums find accidents; every rule that the searches rely on is checked besides
//! (`columns`, `records`, `lists`), so that a hostile file is an error or a graph, never a panic. That both halves
//! tell of one graph is checked by fingerprints (`fingerprint`).

mod columns;
mod error;
mod fingerprint;
mod header;
mod lists;
mod read;
mod records;
mod section;
mod write;

#[cfg(test)]
mod tests;

pub use error::{Rule, SnapshotError};
pub use header::{SnapshotInfo, SnapshotMeta, snapshot_info};
pub use read::read_snapshot;
pub use section::Section;
pub use write::write_snapshot;
