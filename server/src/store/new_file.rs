//! The file that takes a log's place.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;

use gossip::record::FileHeader;
use gossip::view::MessageKey;

use super::live::{Live, Place};
use super::scan::{ScanEnd, scan};

/// A new file in the making.
#[derive(Debug)]
pub(super) struct Compaction {
    pub(super) file: File,
    pub(super) header: FileHeader,
    /// Where the old file ended when this began.
    pub(super) began_at: u64,
    /// The last name that was copied.
    pub(super) copied: Option<MessageKey>,
    pub(super) live: Live,
    pub(super) end: u64,
}

impl Compaction {
    pub(super) fn push(&mut self, key: MessageKey, record: &[u8]) -> io::Result<()> {
        self.file.write_all_at(record, self.end)?;
        self.live
            .insert(key, Place { offset: self.end, size: u32::try_from(record.len()).unwrap_or(u32::MAX) });
        self.end += record.len() as u64;
        Ok(())
    }

    /// Learns the names of what was copied unread.
    pub(super) fn replay_tail(&mut self, tail_at: u64) -> io::Result<()> {
        (&self.file).seek(SeekFrom::Start(tail_at))?;
        let (live, chain_hash) = (&mut self.live, self.header.chain_hash);
        let (end, scan_end) =
            scan(&self.file, chain_hash, tail_at, |what, place| live.take(what, place), |_| ())?;
        debug_assert_eq!((end, scan_end), (self.end, ScanEnd::Clean), "we wrote whole records");
        Ok(())
    }
}
