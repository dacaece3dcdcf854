//! Writes a log anew without what does not hold any more, step by step while it is appended to.
//!
//! ```text
//! names that hold, in their order --> tail: what was appended since --> the disk has it --> tail --> rename
//! ```
//! The tail is copied as it is. A crash before the renaming leaves the old file, which misses nothing; one after leaves the
//! new file, whose last tail is on the disk with the next [`GossipLog::sync`]. No step waits for the disk: what must is
//! handed out as [`DiskWork`].

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;

use gossip::record::{FILE_HEADER_SIZE, FileHeader, RECORD_BODY_MAX, RECORD_HEAD_SIZE};
use gossip::view::MessageKey;

use super::beside::beside;
use super::error::LogError;
use super::gossip_log::{DiskWork, GossipLog, sync_work};
use super::live::Live;
use super::new_file::Compaction;

/// What is next.
pub enum CompactionStep {
    /// More steps.
    More,
    /// This, on a thread that may wait for the disk. More steps when it is done, or [`GossipLog::abandon_compaction`]
    /// where it fails.
    Sync(DiskWork),
    /// Nothing: the new file has taken the old one's place. This brings its name to the disk.
    Done(DiskWork),
}

impl GossipLog {
    /// Whether more than half of a file that is larger than `size_min` bytes does not hold any more.
    pub fn is_wasteful(&self, size_min: u64) -> bool {
        self.end > size_min && self.end > 2 * self.live.bytes()
    }

    /// Copies some `budget` bytes of what holds, and begins a compaction where none is under way. `keep` says which messages
    /// are still wanted.
    ///
    /// # Errors
    /// Where the file system fails. The log goes on as it was, and the next call begins anew.
    pub fn compact(
        &mut self,
        budget: u64,
        keep: impl Fn(MessageKey) -> bool,
    ) -> Result<CompactionStep, LogError> {
        let mut compaction = match self.compaction.take() {
            Some(compaction) => compaction,
            None => self.begin_compaction()?,
        };
        if !compaction.has_names {
            compaction.has_names = self.copy_names(&mut compaction, budget, keep)?;
        } else if compaction.tail_at < self.end {
            self.copy_tail(&mut compaction, budget)?;
        } else if compaction.is_synced {
            return self.finish(compaction).map(CompactionStep::Done);
        } else {
            compaction.is_synced = true;
            let sync = sync_work(&compaction.file, &self.path)?;
            self.compaction = Some(compaction);
            return Ok(CompactionStep::Sync(sync));
        }
        self.compaction = Some(compaction);
        Ok(CompactionStep::More)
    }

    /// Forgets a compaction that is under way.
    pub fn abandon_compaction(&mut self) {
        self.compaction = None;
    }

    fn begin_compaction(&self) -> Result<Compaction, LogError> {
        let path = beside(&self.path, "new");
        let io = LogError::io(&path);
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(true).open(&path).map_err(&io)?;
        let header = FileHeader { generation: self.header.generation + 1, ..self.header };
        file.write_all(&header.to_bytes()).map_err(&io)?;
        Ok(Compaction {
            file,
            header,
            copied: None,
            has_names: false,
            tail_at: self.end,
            is_synced: false,
            live: Live::default(),
            end: FILE_HEADER_SIZE as u64,
        })
    }

    /// `true` where every name was seen.
    fn copy_names(
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
            if place.offset >= compaction.tail_at || !keep(key) {
                continue;
            }
            let record = self.read_bytes(place.offset, place.size as usize)?;
            compaction.push(key, &record).map_err(LogError::io(&self.path))?;
            let MessageKey::Channel(id) = key else { continue };
            if let Some(spent) = self.live.spent(id).filter(|spent| spent.offset < compaction.tail_at) {
                let record = self.read_bytes(spent.offset, spent.size as usize)?;
                compaction.push_spent(id, &record).map_err(LogError::io(&self.path))?;
            }
        }
        Ok(false)
    }

    fn copy_tail(&self, compaction: &mut Compaction, budget: u64) -> Result<(), LogError> {
        let offset = compaction.tail_at;
        let size = (self.end - offset).min(budget.max(RECORD_SIZE_MAX));
        let bytes = self.read_bytes(offset, usize::try_from(size).unwrap_or(usize::MAX))?;
        let copied = compaction.push_tail(&bytes).map_err(LogError::io(&self.path))?;
        if copied == 0 {
            return Err(LogError::Changed { path: self.path.clone(), offset });
        }
        compaction.tail_at += copied;
        Ok(())
    }

    /// From the renaming on, the new file is the log, whatever becomes of the folder.
    fn finish(&mut self, compaction: Compaction) -> Result<DiskWork, LogError> {
        fs::rename(beside(&self.path, "new"), &self.path).map_err(LogError::io(&self.path))?;
        self.file = compaction.file;
        self.header = compaction.header;
        self.live = compaction.live;
        self.end = compaction.end;
        let path = self.path.clone();
        Ok(Box::new(move || {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = File::open(folder.unwrap_or(Path::new(".")));
            folder.and_then(|folder| folder.sync_all()).map_err(LogError::io(&path))
        }))
    }
}

/// Files below are not worth the work: twice the gossip of a small network.
pub const COMPACTION_SIZE_MIN: u64 = 16 << 20;
/// A step that copies the tail takes one record at least.
const RECORD_SIZE_MAX: u64 = (RECORD_HEAD_SIZE + RECORD_BODY_MAX) as u64;
