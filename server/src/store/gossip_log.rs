//! The log of verified gossip: opened, appended to, read by name.
//!
//! A crash may tear what was written last. Opening keeps everything up to the last complete record, saves what
//! follows it beside the file, and goes on from there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use gossip::record::{FILE_HEADER_SIZE, FileHeader, Record, RecordReader, Restored, Step, encode_record};
use gossip::view::MessageKey;
use primitives::{ChainHash, UnixTime};

use super::beside::beside;
use super::error::LogError;
use super::live::{Live, Place};
use super::lock::WriterLock;
use super::new_file::Compaction;
use super::scan::{ScanEnd, scan};

/// A log that this process alone appends to.
#[derive(Debug)]
pub struct GossipLog {
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) header: FileHeader,
    pub(super) end: u64,
    pub(super) live: Live,
    pub(super) compaction: Option<Compaction>,
    buffer: Vec<u8>,
    _lock: WriterLock,
}

/// What opening found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenNotes {
    /// Complete records.
    pub record_count: u64,
    /// Records that were complete and whose message makes no sense; they are passed over.
    pub senseless_count: u64,
    /// Bytes behind the last complete record, which were saved in a file beside the log and cut off.
    pub torn_bytes: u64,
}

impl GossipLog {
    /// Opens or creates the log of a chain and hands out what it holds, in order. O(bytes). Nobody else may write to it
    /// before this is dropped.
    ///
    /// # Errors
    /// Where the file system fails, the file is no log of this chain or one of a later version, or somebody else writes to it.
    pub fn open(
        path: &Path,
        chain_hash: ChainHash,
        mut restored: impl FnMut(&Restored),
    ) -> Result<(Self, OpenNotes), LogError> {
        let io = LogError::io(path);
        let lock = WriterLock::take(path)?;
        // What a compaction left that did not come to its end.
        remove_if_there(&beside(path, "new")).map_err(&io)?;
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(path).map_err(&io)?;
        let header = read_header(&mut file, path, chain_hash)?;
        let (mut notes, mut live) = (OpenNotes::default(), Live::default());
        let note = |what: &Restored, place| live.take(what, place);
        let take = |what: Option<&Restored>| {
            notes.record_count += 1;
            match what {
                Some(what) => restored(what),
                None => notes.senseless_count += 1,
            }
        };
        let start = FILE_HEADER_SIZE as u64;
        let (end, scan_end) = scan(&file, chain_hash, start, note, take).map_err(&io)?;
        if scan_end == ScanEnd::Later {
            return Err(LogError::Later { path: path.to_owned(), offset: end });
        }
        if scan_end != ScanEnd::Clean {
            notes.torn_bytes = save_tail(&mut file, &beside(path, "torn"), end).map_err(&io)?;
        }
        file.seek(SeekFrom::Start(end)).map_err(&io)?;
        let path = path.to_owned();
        let (compaction, buffer) = (None, Vec::new());
        Ok((GossipLog { path, file, header, end, live, compaction, buffer, _lock: lock }, notes))
    }

    /// Appends records in one write. They are in the file when this returns, and on the disk after [`GossipLog::sync`].
    ///
    /// # Errors
    /// Where the file system fails; what was written of the batch is overwritten by the next one.
    pub fn append(&mut self, records: &[Record<'_>], stored_at: UnixTime) -> Result<(), LogError> {
        self.buffer.clear();
        let mut places = Vec::with_capacity(records.len());
        for record in records {
            let start = self.buffer.len();
            encode_record(record, stored_at, &mut self.buffer);
            let size = u32::try_from(self.buffer.len() - start).unwrap_or(u32::MAX);
            places.push(Place { offset: self.end + start as u64, size });
        }
        self.file.write_all_at(&self.buffer, self.end).map_err(LogError::io(&self.path))?;
        self.end += self.buffer.len() as u64;
        for (record, place) in records.iter().zip(places) {
            self.live.take_record(record, place);
        }
        Ok(())
    }

    /// Waits until all that was appended is on the disk.
    ///
    /// # Errors
    /// Where the file system fails.
    pub fn sync(&self) -> Result<(), LogError> {
        self.file.sync_data().map_err(LogError::io(&self.path))
    }

    /// [`GossipLog::sync`] for a thread that may wait: all that was appended so far.
    ///
    /// # Errors
    /// Where the system gives no second handle to the file.
    pub fn sync_later(&self) -> Result<DiskWork, LogError> {
        sync_work(&self.file, &self.path)
    }

    /// The message of that name, where there is one. One read of the file.
    ///
    /// # Errors
    /// Where the file system fails, or the file was changed by others.
    pub fn read(&self, key: MessageKey) -> Result<Option<Box<[u8]>>, LogError> {
        Ok(self.read_all(&[key])?.pop())
    }

    /// The messages of those names that are there, in the order of the names. One read of the file for all that lie one
    /// behind the other, as a channel and its updates mostly do.
    ///
    /// # Errors
    /// Where the file system fails, or the file was changed by others.
    pub fn read_all(&self, keys: &[MessageKey]) -> Result<Vec<Box<[u8]>>, LogError> {
        let places: Vec<Place> = keys.iter().filter_map(|key| self.live.get(*key)).collect();
        let mut messages = Vec::with_capacity(places.len());
        for row in places.chunk_by(|place, next| place.end() == next.offset) {
            let size = row.iter().fold(0, |size, place| size + place.size as usize);
            let bytes = self.read_bytes(row[0].offset, size)?;
            let mut reader = RecordReader::new(&bytes);
            for place in row {
                match reader.step() {
                    Ok(Step::Record { record: Some(record), .. }) => {
                        messages.extend(record.message().map(Into::into));
                    }
                    _ => return Err(LogError::Changed { path: self.path.clone(), offset: place.offset }),
                }
            }
        }
        Ok(messages)
    }

    /// The chain of all that is in it.
    pub const fn chain_hash(&self) -> ChainHash {
        self.header.chain_hash
    }

    /// How many messages hold.
    pub fn len(&self) -> usize {
        self.live.len()
    }

    /// Whether no message holds.
    pub fn is_empty(&self) -> bool {
        self.live.len() == 0
    }

    /// Bytes of the file.
    pub const fn size(&self) -> u64 {
        self.end
    }

    pub(super) fn read_bytes(&self, offset: u64, size: usize) -> Result<Vec<u8>, LogError> {
        let mut bytes = vec![0; size];
        self.file.read_exact_at(&mut bytes, offset).map_err(LogError::io(&self.path))?;
        Ok(bytes)
    }
}

/// Waits for the disk, on whatever thread it is run.
pub type DiskWork = Box<dyn FnOnce() -> Result<(), LogError> + Send>;

/// Brings all that was written to a file so far to the disk.
pub(super) fn sync_work(file: &File, path: &Path) -> Result<DiskWork, LogError> {
    let path = path.to_owned();
    let file = file.try_clone().map_err(LogError::io(&path))?;
    Ok(Box::new(move || file.sync_data().map_err(LogError::io(&path))))
}

/// Reads the header, or writes it where the file is new, or so short that a crash must have cut its creation.
fn read_header(file: &mut File, path: &Path, chain_hash: ChainHash) -> Result<FileHeader, LogError> {
    let io = LogError::io(path);
    let mut bytes = [0; FILE_HEADER_SIZE];
    let header = FileHeader { chain_hash, generation: 0 };
    if file.metadata().map_err(&io)?.len() < FILE_HEADER_SIZE as u64 {
        let mut start = Vec::new();
        file.read_to_end(&mut start).map_err(&io)?;
        if !header.to_bytes().starts_with(&start) {
            return Err(LogError::Header { path: path.to_owned(), error: gossip::record::FileHeaderError });
        }
        file.seek(SeekFrom::Start(0)).map_err(&io)?;
        file.write_all(&header.to_bytes()).map_err(&io)?;
        file.sync_all().map_err(&io)?;
        return Ok(header);
    }
    file.read_exact(&mut bytes).map_err(&io)?;
    let header =
        FileHeader::from_bytes(&bytes).map_err(|error| LogError::Header { path: path.to_owned(), error })?;
    if header.chain_hash != chain_hash {
        let (found, expected) = (header.chain_hash, chain_hash);
        return Err(LogError::Chain { path: path.to_owned(), found, expected });
    }
    Ok(header)
}

/// Moves what lies behind `end` to another file; returns how many bytes that were.
fn save_tail(file: &mut File, torn: &Path, end: u64) -> io::Result<u64> {
    file.seek(SeekFrom::Start(end))?;
    let size = io::copy(file, &mut File::create(torn)?)?;
    file.set_len(end)?;
    file.sync_all()?;
    Ok(size)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
