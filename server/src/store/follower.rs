//! Reads a log that another process appends to, and never writes.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use gossip::record::{FILE_HEADER_SIZE, FileHeader, Restored};
use primitives::ChainHash;

use super::error::LogError;
use super::scan::{ScanEnd, scan};

/// Follows a log across its compactions.
#[derive(Debug)]
pub struct GossipFollower {
    path: PathBuf,
    chain_hash: ChainHash,
    file: File,
    generation: u64,
    offset: u64,
}

/// How far a follower has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// At the end.
    UpToDate,
    /// At the beginning of the file that a compaction has put in the place of the one that was read. It holds nothing that
    /// was not handed out already but what comes at its end; a view may stay as it is.
    Compacted,
    /// At the beginning of a file that replaces others which were not read: what left in them is told nowhere, so a view
    /// begins anew.
    Replaced,
}

impl GossipFollower {
    /// Begins at the start of the log.
    ///
    /// # Errors
    /// Where the file cannot be read, or is no log of this chain.
    pub fn open(path: &Path, chain_hash: ChainHash) -> Result<Self, LogError> {
        let (file, generation) = open(path, chain_hash)?;
        let offset = FILE_HEADER_SIZE as u64;
        Ok(GossipFollower { path: path.to_owned(), chain_hash, file, generation, offset })
    }

    /// Hands out what was appended since the last call, as far as it is complete.
    ///
    /// # Errors
    /// Where the file system fails, or a later version has written what must not be ignored.
    pub fn poll(&mut self, mut restored: impl FnMut(&Restored)) -> Result<Followed, LogError> {
        self.read_on(&mut restored)?;
        let (file, generation) = open(&self.path, self.chain_hash)?;
        if is_same_file(&self.file, &file).map_err(LogError::io(&self.path))? {
            return Ok(Followed::UpToDate);
        }
        // The writer leaves the old file for good before the new one has its name: now the old one is whole.
        self.read_on(&mut restored)?;
        let is_next = generation == self.generation + 1;
        (self.file, self.generation, self.offset) = (file, generation, FILE_HEADER_SIZE as u64);
        Ok(if is_next { Followed::Compacted } else { Followed::Replaced })
    }

    /// Bytes of the log that were read.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    fn read_on(&mut self, restored: &mut impl FnMut(&Restored)) -> Result<(), LogError> {
        let io = LogError::io(&self.path);
        self.file.seek(SeekFrom::Start(self.offset)).map_err(&io)?;
        let take = |what: Option<&Restored>| what.into_iter().for_each(&mut *restored);
        // What is being written just now is complete the next time.
        let (offset, end) = scan(&self.file, self.chain_hash, self.offset, |_, _| (), take).map_err(&io)?;
        self.offset = offset;
        match end {
            ScanEnd::Later => Err(LogError::Later { path: self.path.clone(), offset }),
            ScanEnd::Clean | ScanEnd::Partial | ScanEnd::Broken => Ok(()),
        }
    }
}

/// A log that was deleted and begun anew has the generation of the first, but is another file.
fn is_same_file(one: &File, other: &File) -> io::Result<bool> {
    let (one, other) = (one.metadata()?, other.metadata()?);
    Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
}

fn open(path: &Path, chain_hash: ChainHash) -> Result<(File, u64), LogError> {
    let io = LogError::io(path);
    let mut file = File::open(path).map_err(&io)?;
    let mut bytes = [0; FILE_HEADER_SIZE];
    file.read_exact(&mut bytes).map_err(&io)?;
    let header =
        FileHeader::from_bytes(&bytes).map_err(|error| LogError::Header { path: path.to_owned(), error })?;
    if header.chain_hash != chain_hash {
        let (found, expected) = (header.chain_hash, chain_hash);
        return Err(LogError::Chain { path: path.to_owned(), found, expected });
    }
    Ok((file, header.generation))
}
