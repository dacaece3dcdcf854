//! What a user may want to read of the file that keeps headers.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::store::{HeaderNotes, LogError};

/// What became of headers that are kept, or were to be.
#[derive(Debug)]
#[non_exhaustive]
pub enum HeadersNotice {
    /// They were read.
    Read {
        /// How many.
        header_count: u64,
    },
    /// The end of the file is damaged or torn, and was cut off; the node is asked for it again.
    Cut {
        /// The file.
        path: PathBuf,
        /// Headers before.
        header_count: u64,
        /// Bytes that were cut off.
        cut_bytes: u64,
    },
    /// The file was of something else; the node is asked for all headers.
    Moved {
        /// The file.
        path: PathBuf,
        /// Where it is now.
        to: PathBuf,
    },
    /// They are not kept: the next start asks for them again.
    NotKept(LogError),
}

impl HeadersNotice {
    pub(super) fn of(path: &Path, notes: HeaderNotes) -> Vec<Self> {
        let HeaderNotes { header_count, cut_bytes, moved_to } = notes;
        let path = path.to_owned();
        let moved = moved_to.map(|to| HeadersNotice::Moved { path: path.clone(), to });
        let read = match cut_bytes {
            0 => (header_count > 0).then_some(HeadersNotice::Read { header_count }),
            cut_bytes => Some(HeadersNotice::Cut { path, header_count, cut_bytes }),
        };
        moved.into_iter().chain(read).collect()
    }
}

impl fmt::Display for HeadersNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeadersNotice::Read { header_count } => write!(f, "{header_count} headers were read and checked"),
            HeadersNotice::Cut { path, header_count, cut_bytes } => {
                let path = path.display();
                write!(
                    f,
                    "{path}: {cut_bytes} damaged bytes behind {header_count} headers were cut off, and are asked for again"
                )
            }
            HeadersNotice::Moved { path, to } => {
                let (path, to) = (path.display(), to.display());
                write!(f, "{path}: these are not the headers of this chain from its start; moved to {to}")
            }
            HeadersNotice::NotKept(error) => write!(f, "headers are not kept for the next start: {error}"),
        }
    }
}
