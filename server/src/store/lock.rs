//! Who may write to a log: one process at a time.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::beside::beside;
use super::error::LogError;

/// Held as long as the log may be written to; the system takes it back with the process. It is a file of its own, because
/// a compaction puts another file in the log's place.
#[derive(Debug)]
pub(super) struct WriterLock(#[expect(dead_code, reason = "the descriptor holds the lock")] File);

impl WriterLock {
    pub(super) fn take(log: &Path) -> Result<Self, LogError> {
        let path = beside(log, "lock");
        let file = File::create(&path).map_err(LogError::io(&path))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(WriterLock(file)),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(LogError::Locked { path: log.to_owned() }),
            Err(error) => Err(LogError::Io { path, error: io::Error::from(error) }),
        }
    }
}
