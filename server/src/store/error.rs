//! Why a log cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use gossip::record::FileHeaderError;
use primitives::ChainHash;

/// Why a log cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The file system failed.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file is something else.
    #[error("{}: {error}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// Why.
        error: FileHeaderError,
    },
    /// The file is of another chain.
    #[error("{}: the log is of the chain {found}, expected {expected}", path.display())]
    Chain {
        /// The file.
        path: PathBuf,
        /// Which one it is of.
        found: ChainHash,
        /// Which one was asked for.
        expected: ChainHash,
    },
    /// Somebody else writes to it.
    #[error("{}: another process writes to this log", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// It holds what must not be ignored.
    #[error("{}: the record at byte {offset} is of a later version; use that version, or another log", path.display())]
    Later {
        /// The file.
        path: PathBuf,
        /// The record.
        offset: u64,
    },
    /// Bytes of the file changed under the process.
    #[error("{}: the record at byte {offset} cannot be read any more", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// The record.
        offset: u64,
    },
}

impl LogError {
    /// Names the file that failed.
    pub(super) fn io(path: &Path) -> impl Fn(io::Error) -> LogError {
        let path = path.to_owned();
        move |error| LogError::Io { path: path.clone(), error }
    }
}
