//! The file that takes a log's place.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use gossip::record::{FileHeader, RecordReader, Step};
use gossip::view::MessageKey;
use primitives::ShortChannelId;

use super::live::{Live, Place};

/// A new file in the making.
#[derive(Debug)]
pub(super) struct Compaction {
    pub(super) file: File,
    pub(super) header: FileHeader,
    /// The last name that was copied.
    pub(super) copied: Option<MessageKey>,
    /// Whether all were.
    pub(super) has_names: bool,
    /// Up to where the old file is in this one; before all names are, where it ended when this began.
    pub(super) tail_at: u64,
    /// Whether all but a tail is on the disk, or on its way there.
    pub(super) is_synced: bool,
    pub(super) live: Live,
    pub(super) end: u64,
}

impl Compaction {
    pub(super) fn push(&mut self, key: MessageKey, record: &[u8]) -> io::Result<()> {
        let place = self.write(record)?;
        self.live.insert(key, place);
        Ok(())
    }

    /// What is told of a channel's end, behind the channel.
    pub(super) fn push_spent(&mut self, id: ShortChannelId, record: &[u8]) -> io::Result<()> {
        let place = self.write(record)?;
        self.live.set_spent(id, Some(place));
        Ok(())
    }

    fn write(&mut self, record: &[u8]) -> io::Result<Place> {
        let place = Place { offset: self.end, size: u32::try_from(record.len()).unwrap_or(u32::MAX) };
        self.file.write_all_at(record, place.offset)?;
        self.end = place.end();
        Ok(place)
    }

    /// Copies the whole records at the start of `bytes`, and learns their names; returns their size.
    pub(super) fn push_tail(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let mut reader = RecordReader::new(bytes);
        while let Ok(Step::Record { record, offset, size, .. }) = reader.step() {
            let size = u32::try_from(size).unwrap_or(u32::MAX);
            let place = Place { offset: self.end + offset as u64, size };
            record.iter().for_each(|record| self.live.take_record(record, place));
        }
        self.file.write_all_at(&bytes[..reader.offset()], self.end)?;
        self.end += reader.offset() as u64;
        Ok(reader.offset() as u64)
    }
}
