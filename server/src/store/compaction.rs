//! Writes a log anew without what does not hold any more, step by step while it is appended to.
//!
//! The records that held when it began are copied in the order of their names; then all that was appended since is
//! copied as it is; then the new file takes the old one's name. A crash before leaves the old file, which misses
//! nothing; one after leaves the new file.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;

use gossip::record::{FILE_HEADER_SIZE, FileHeader};
use gossip::view::MessageKey;

use super::error::LogError;
use super::gossip_log::{GossipLog, beside};
use super::live::Live;
use super::new_file::Compaction;

impl GossipLog {
    /// Whether more than half of a file that is worth it does not hold any more.
    pub fn is_wasteful(&self) -> bool {
        self.end > COMPACTION_SIZE_MIN && self.end > 2 * self.live.bytes()
    }

    /// Copies some `budget` bytes of what holds, and begins a compaction where none is under way. `true` when the new
    /// file has taken the old one's place. `keep` says which messages are still wanted.
    ///
    /// # Errors
    /// Where the file system fails. The log goes on as it was, and the next call begins anew.
    pub fn compact(&mut self, budget: u64, keep: impl Fn(MessageKey) -> bool) -> Result<bool, LogError> {
        let mut compaction = match self.compaction.take() {
            Some(compaction) => compaction,
            None => self.begin_compaction()?,
        };
        if self.copy(&mut compaction, budget, keep)? {
            self.finish(compaction)?;
            return Ok(true);
        }
        self.compaction = Some(compaction);
        Ok(false)
    }

    fn begin_compaction(&self) -> Result<Compaction, LogError> {
        let path = beside(&self.path, "new");
        let io = LogError::io(&path);
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(true).open(&path).map_err(&io)?;
        let header = FileHeader { generation: self.header.generation + 1, ..self.header };
        file.write_all(&header.to_bytes()).map_err(&io)?;
        let end = FILE_HEADER_SIZE as u64;
        Ok(Compaction { file, header, began_at: self.end, copied: None, live: Live::default(), end })
    }

    /// `true` where every name was seen.
    fn copy(
        &self,
        compaction: &mut Compaction,
        budget: u64,
        keep: impl Fn(MessageKey) -> bool,
    ) -> Result<bool, LogError> {
        let stop = compaction.end + budget;
        while compaction.end < stop {
            let Some((key, place)) = self.live.next(compaction.copied) else { return Ok(true) };
            compaction.copied = Some(key);
            // What was appended since comes with the tail.
            if place.offset < compaction.began_at && keep(key) {
                let record = self.read_bytes(place.offset, place.size as usize)?;
                compaction.push(key, &record).map_err(LogError::io(&self.path))?;
            }
        }
        Ok(false)
    }

    fn finish(&mut self, mut compaction: Compaction) -> Result<(), LogError> {
        let io = LogError::io(&self.path);
        let tail_at = compaction.end;
        let mut at = compaction.began_at;
        let mut piece = vec![0; COPY_SIZE];
        while at < self.end {
            let size = usize::try_from(self.end - at).unwrap_or(COPY_SIZE).min(COPY_SIZE);
            self.file.read_exact_at(&mut piece[..size], at).map_err(&io)?;
            compaction.file.write_all_at(&piece[..size], compaction.end).map_err(&io)?;
            at += size as u64;
            compaction.end += size as u64;
        }
        compaction.replay_tail(tail_at).map_err(&io)?;
        compaction.file.sync_all().map_err(&io)?;
        fs::rename(beside(&self.path, "new"), &self.path).map_err(&io)?;
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(&io)?;
        }
        self.file = compaction.file;
        self.header = compaction.header;
        self.live = compaction.live;
        self.end = compaction.end;
        Ok(())
    }
}

/// Files below are not worth the work: twice the gossip of a small network.
const COMPACTION_SIZE_MIN: u64 = 16 << 20;
/// Bytes that are copied at once.
const COPY_SIZE: usize = 1 << 20;
