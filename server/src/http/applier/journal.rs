//! The file that keeps what tenants have over restarts.
//!
//! ```text
//! fulgurite state 1
//! 5a3f00c1 [{"kept":"layer_begun","tenant":"a","layer":"mine"},...]
//!    '--- CRC-32C of what follows the blank       '--- a line for what was applied together
//! ```
//! A change is answered once its line is on the disk. A line without an end was never answered: a crash tore it, and it
//! is cut off. Any other damage is an error, so that nothing is lost unnoticed. Now and then the file is written anew
//! with what holds by then, beside the old one, which it replaces at once.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use engine::layer::{LayerError, LayerJsonError};
use engine::reserve::ReserveError;
use rustix::fs::{FlockOperation, flock};

use super::change::ChangeError;
use super::record::Record;

/// The file, open for this process alone.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// Where its name is, open from the start: there may be no descriptor left when it is needed.
    folder: File,
    /// Held while this lives.
    _lock: File,
    size: u64,
    /// When it was written anew.
    rewritten_size: u64,
    /// Whether its end may be half a line, or a crash may bring a former file back, so that nothing may be appended.
    is_torn: bool,
}

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The file system refuses.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Another process uses it.
    #[error("{}: another server uses this state", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// It is something else, or of another version.
    #[error("{}: the file does not begin with {:?}", path.display(), HEADER.trim_end())]
    Header {
        /// The file.
        path: PathBuf,
    },
    /// A line is not as it was written.
    #[error("{}: line {line}: {damage}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Its number, from 1.
        line: u64,
        /// What is wrong.
        damage: Damage,
    },
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// The checksum is another, or missing.
    #[error("the checksum does not fit")]
    Checksum,
    /// It is longer than any that is written.
    #[error("the line is too long")]
    Size,
    /// It is no record.
    #[error("{0}")]
    Form(#[from] serde_json::Error),
    /// Its layer is wrong.
    #[error("{0}")]
    Layers(#[from] LayerJsonError),
    /// It does not fit what came before.
    #[error("{0}")]
    Layer(#[from] LayerError),
    /// It does not fit what came before.
    #[error("{0}")]
    Reserve(#[from] ReserveError),
    /// It does not fit what came before.
    #[error("{0}")]
    Change(#[from] ChangeError),
}

impl Journal {
    /// Opens the state in a folder, or begins it, and hands out its records in order. O(bytes).
    ///
    /// # Errors
    /// See [`StateError`].
    pub(super) fn open(
        folder: &Path,
        restore: impl FnMut(Record) -> Result<(), Damage>,
    ) -> Result<Self, StateError> {
        let path = folder.join(FILE_NAME);
        let failed = |error| StateError::Io { path: path.clone(), error };
        fs::create_dir_all(folder).map_err(failed)?;
        let lock = File::create(folder.join("lock")).map_err(failed)?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(StateError::Locked { path: folder.to_owned() });
        }
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).open(&path).map_err(failed)?;
        let folder = File::open(folder).map_err(failed)?;
        let (size, rewritten_size, is_torn) = (0, 0, false);
        let mut journal = Journal { path, file, folder, _lock: lock, size, rewritten_size, is_torn };
        journal.size = journal.read(restore)?;
        journal.settle().map_err(|error| journal.failed(error))?;
        Ok(journal)
    }

    /// Returns how many bytes are whole.
    fn read(&self, mut restore: impl FnMut(Record) -> Result<(), Damage>) -> Result<u64, StateError> {
        let mut input = BufReader::new(&self.file);
        let (mut whole, mut line, mut number) = (0, Vec::new(), 0);
        loop {
            line.clear();
            number += 1;
            let limited = input.by_ref().take(LINE_SIZE_MAX).read_until(b'\n', &mut line);
            limited.map_err(|error| self.failed(error))?;
            let damaged = |damage| StateError::Damaged { path: self.path.clone(), line: number, damage };
            let Some(text) = line.strip_suffix(b"\n") else {
                if line.len() as u64 >= LINE_SIZE_MAX {
                    return Err(damaged(Damage::Size));
                }
                // Half a header is a file whose creation was cut.
                if number == 1 && !HEADER.as_bytes().starts_with(&line) {
                    return Err(StateError::Header { path: self.path.clone() });
                }
                return Ok(whole);
            };
            match number {
                1 if line != HEADER.as_bytes() => {
                    return Err(StateError::Header { path: self.path.clone() });
                }
                1 => {}
                _ => read_line(text, &mut restore).map_err(damaged)?,
            }
            whole += line.len() as u64;
        }
    }

    /// Cuts off what was never answered, and begins a new file.
    fn settle(&mut self) -> io::Result<()> {
        let size = self.file.metadata()?.len();
        if size > self.size {
            tracing::warn!(
                bytes = size - self.size,
                "the state's last line was torn by a crash and is cut off"
            );
            self.file.set_len(self.size)?;
        }
        if self.size == 0 {
            self.file.write_all(HEADER.as_bytes())?;
            self.size = HEADER.len() as u64;
        }
        self.file.sync_all()?;
        self.sync_folder()
    }

    /// Keeps what was applied together. On the disk when this returns.
    ///
    /// # Errors
    /// Where the file system fails. Then only [`Journal::rewrite`] makes the file whole.
    pub(super) fn append(&mut self, records: &[Record]) -> Result<(), StateError> {
        let line = write_line(records);
        self.is_torn = true;
        self.file
            .write_all(&line)
            .and_then(|()| self.file.sync_data())
            .map_err(|error| self.failed(error))?;
        self.is_torn = false;
        self.size += line.len() as u64;
        Ok(())
    }

    /// Whether only [`Journal::rewrite`] can keep anything.
    pub(super) fn is_torn(&self) -> bool {
        self.is_torn
    }

    /// Whether more than half of it may be superfluous.
    pub(super) fn is_long(&self) -> bool {
        !self.is_torn && self.size > REWRITE_SIZE_MIN && self.size > 2 * self.rewritten_size
    }

    /// Replaces the file by one with these records.
    ///
    /// # Errors
    /// Where the file system fails. Then the old file is still there, or the new one is and may be gone after a crash:
    /// [`Journal::is_torn`] tells whether it has to be written once more.
    pub(super) fn rewrite(&mut self, records: impl Iterator<Item = Record>) -> Result<(), StateError> {
        // Where it fails, the next attempt waits until the file has doubled again.
        self.rewritten_size = self.size;
        self.replace(records).map_err(|error| self.failed(error))
    }

    fn replace(&mut self, records: impl Iterator<Item = Record>) -> io::Result<()> {
        let new = self.path.with_extension("new");
        // One that was not finished is of no use.
        let _ = fs::remove_file(&new);
        let mut file = OpenOptions::new().append(true).create_new(true).open(&new)?;
        let mut size = HEADER.len() as u64;
        file.write_all(HEADER.as_bytes())?;
        for record in records {
            let line = write_line(std::slice::from_ref(&record));
            file.write_all(&line)?;
            size += line.len() as u64;
        }
        file.sync_all()?;
        fs::rename(&new, &self.path)?;
        // The old file has no name any more. That of the new one is not on the disk yet: a crash would take what is
        // appended now with it.
        (self.file, self.size, self.rewritten_size) = (file, size, size);
        self.is_torn = true;
        self.sync_folder()?;
        self.is_torn = false;
        Ok(())
    }

    /// A file's name is on the disk once its folder is.
    fn sync_folder(&self) -> io::Result<()> {
        self.folder.sync_all()
    }

    fn failed(&self, error: io::Error) -> StateError {
        StateError::Io { path: self.path.clone(), error }
    }
}

fn read_line(text: &[u8], restore: &mut impl FnMut(Record) -> Result<(), Damage>) -> Result<(), Damage> {
    let (checksum, records) = text.split_at_checked(CHECKSUM_SIZE).ok_or(Damage::Checksum)?;
    let records = records.strip_prefix(b" ").ok_or(Damage::Checksum)?;
    let told = std::str::from_utf8(checksum).ok().and_then(|digits| u32::from_str_radix(digits, 16).ok());
    if told != Some(crc32c::crc32c(records)) {
        return Err(Damage::Checksum);
    }
    let records: Vec<Record> = serde_json::from_slice(records)?;
    records.into_iter().try_for_each(restore)
}

fn write_line(records: &[Record]) -> Vec<u8> {
    let records = serde_json::to_vec(records).expect("records have a JSON form");
    let mut line = format!("{:08x} ", crc32c::crc32c(&records)).into_bytes();
    line.extend(records);
    line.push(b'\n');
    line
}

const FILE_NAME: &str = "tenants";
const HEADER: &str = "fulgurite state 1\n";
const CHECKSUM_SIZE: usize = 8;
/// A layer of the most entries takes some fifty megabytes.
const LINE_SIZE_MAX: u64 = 1 << 28;
/// Shorter files are left as they are.
const REWRITE_SIZE_MIN: u64 = 1 << 22;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn begun(layer: &str) -> Record {
        Record::LayerBegun { tenant: "a".to_owned(), layer: layer.to_owned() }
    }

    fn open(folder: &Path) -> (Journal, Vec<Record>) {
        let mut records = Vec::new();
        let journal = Journal::open(folder, |record| {
            records.push(record);
            Ok(())
        });
        (journal.expect("whole"), records)
    }

    #[test]
    fn what_was_written_anew_is_all_that_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut journal, records) = open(folder.path());
        assert_eq!(records, []);
        journal.append(&[begun("1"), begun("2")]).expect("room");
        journal.append(&[begun("3")]).expect("room");
        drop(journal);
        let (mut journal, records) = open(folder.path());
        assert_eq!(records, [begun("1"), begun("2"), begun("3")]);
        journal.rewrite([begun("2")].into_iter()).expect("room");
        journal.append(&[begun("4")]).expect("room");
        drop(journal);
        assert_eq!(open(folder.path()).1, [begun("2"), begun("4")]);
        // A rewriting that came to no end is of no account.
        fs::write(folder.path().join("tenants.new"), "half").expect("room");
        assert_eq!(open(folder.path()).1, [begun("2"), begun("4")]);
    }

    #[test]
    fn a_full_disk_is_told_and_made_good_later() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut journal, _) = open(folder.path());
        journal.append(&[begun("1")]).expect("room");
        let full = OpenOptions::new().append(true).open("/dev/full");
        journal.file = full.expect("Linux has one");
        let error = journal.append(&[begun("2")]).expect_err("it is full");
        assert!(matches!(&error, StateError::Io { .. }) && journal.is_torn() && !journal.is_long());
        journal.rewrite([begun("1"), begun("2")].into_iter()).expect("room");
        assert!(!journal.is_torn());
        journal.append(&[begun("3")]).expect("room");
        drop(journal);
        assert_eq!(open(folder.path()).1, [begun("1"), begun("2"), begun("3")]);
    }

    #[test]
    fn a_name_that_is_not_on_the_disk_yet_keeps_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut journal, _) = open(folder.path());
        journal.append(&[begun("1")]).expect("room");
        // A device that nobody can sync.
        let whole = std::mem::replace(&mut journal.folder, File::open("/dev/null").expect("Linux has one"));
        let error = journal.rewrite([begun("1")].into_iter()).expect_err("the folder is not on the disk");
        assert!(matches!(&error, StateError::Io { .. }) && journal.is_torn() && !journal.is_long());
        let inode = |file: &File| file.metadata().expect("it is open").ino();
        let named = File::open(folder.path().join(FILE_NAME)).expect("it has a name");
        assert_eq!(inode(&journal.file), inode(&named), "the old file is gone");
        journal.rewrite([begun("1"), begun("2")].into_iter()).expect_err("it still is not");
        journal.folder = whole;
        journal.rewrite([begun("1"), begun("2")].into_iter()).expect("room");
        assert!(!journal.is_torn());
        journal.append(&[begun("3")]).expect("room");
        drop(journal);
        assert_eq!(open(folder.path()).1, [begun("1"), begun("2"), begun("3")]);
    }

    #[test]
    fn a_long_file_is_written_anew_once_it_has_doubled() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut journal, _) = open(folder.path());
        let long = "x".repeat(REWRITE_SIZE_MIN as usize);
        assert!(!journal.is_long());
        journal.append(&[begun(&long)]).expect("room");
        assert!(journal.is_long());
        journal.rewrite([begun(&long)].into_iter()).expect("room");
        assert!(!journal.is_long());
        journal.append(&[begun(&long)]).expect("room");
        journal.append(&[begun("1")]).expect("room");
        assert!(journal.is_long());
    }
}
