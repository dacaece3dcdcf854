//! Headers of a chain that a node must prove its answers by, kept from one start to the next.
//!
//! The file is as good as the node that it comes from: each header is checked again when it is read. What is damaged is
//! cut off, and the node is asked for it again; a file of something else is moved aside and begun anew. Writes are not
//! forced to the disk: what a failure of the power takes back is asked for again, too.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bitcoin::block::Header;
use gossip::funding::{
    HeaderChain, KEPT_START_SIZE, PIECE_HEAD_SIZE, PieceHead, encode_piece, kept_headers_start,
};
use primitives::UnixTime;

use super::beside::beside;
use super::error::LogError;

/// A file of headers that this process alone appends to.
#[derive(Debug)]
pub struct HeaderLog {
    path: PathBuf,
    file: File,
    end: u64,
}

/// What opening found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeaderNotes {
    /// Headers that joined the chain.
    pub header_count: u64,
    /// Bytes that were cut off: a crash tore them, they are damaged, or what they say breaks a rule.
    pub cut_bytes: u64,
    /// Where a file went that does not begin as this chain's.
    pub moved_to: Option<PathBuf>,
}

impl HeaderLog {
    /// The file that belongs to a log of gossip: its name with an ending.
    pub fn path_beside(log: &Path) -> PathBuf {
        beside(log, "headers")
    }

    /// Opens or creates the file of a chain that holds nothing but its first header, and connects the headers that it
    /// keeps. O(headers): some microsecond each.
    ///
    /// # Errors
    /// Where the file system fails.
    pub fn open(
        path: &Path,
        chain: &mut HeaderChain,
        now: UnixTime,
    ) -> Result<(Self, HeaderNotes), LogError> {
        let mut notes = HeaderNotes::default();
        let start = kept_headers_start(chain);
        let file = match open(path, &start).map_err(LogError::io(path))? {
            Some(file) => file,
            None => {
                let aside = beside(path, "old");
                let moved = fs::rename(path, &aside).and_then(|()| open(path, &start));
                notes.moved_to = Some(aside);
                moved.map_err(LogError::io(path))?.ok_or_else(|| in_use(path))?
            }
        };
        let log = HeaderLog { path: path.to_owned(), file, end: KEPT_START_SIZE as u64 };
        let log = log.read(chain, now, &mut notes).map_err(LogError::io(path))?;
        Ok((log, notes))
    }

    fn read(
        mut self,
        chain: &mut HeaderChain,
        now: UnixTime,
        notes: &mut HeaderNotes,
    ) -> io::Result<HeaderLog> {
        self.file.seek(SeekFrom::Start(self.end))?;
        let mut input = BufReader::with_capacity(READ_SIZE, &self.file);
        while let Some((headers, size)) = next_piece(&mut input)? {
            // A branch without more work was never kept.
            if self.end + size > FILE_SIZE_MAX || !matches!(chain.connect(&headers, now), Ok(Some(_))) {
                break;
            }
            self.end += size;
            notes.header_count += headers.len() as u64;
        }
        let size = self.file.metadata()?.len();
        notes.cut_bytes = size.saturating_sub(self.end);
        if notes.cut_bytes > 0 {
            self.file.set_len(self.end)?;
        }
        Ok(self)
    }

    /// Appends headers that the chain has just taken.
    ///
    /// # Errors
    /// Where the file system fails, or the file would be larger than any chain asks for. What was written of them is cut
    /// off when the file is opened next.
    pub fn append(&mut self, headers: &[Header]) -> Result<(), LogError> {
        let Some(piece) = encode_piece(headers) else { return Ok(()) };
        let io = LogError::io(&self.path);
        if self.end + piece.len() as u64 > FILE_SIZE_MAX {
            return Err(io(ErrorKind::FileTooLarge.into()));
        }
        self.file.write_all_at(&piece, self.end).map_err(io)?;
        self.end += piece.len() as u64;
        Ok(())
    }
}

/// The file, where it begins as it should or is new; `None` where it is something else.
fn open(path: &Path, start: &[u8; KEPT_START_SIZE]) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    let mut file = options.read(true).write(true).create(true).truncate(false).open(path)?;
    let mut found = Vec::new();
    (&file).take(KEPT_START_SIZE as u64).read_to_end(&mut found)?;
    if found.len() < KEPT_START_SIZE && start.starts_with(&found) {
        // New, or so short that a crash must have cut its creation.
        file.seek(SeekFrom::Start(0))?;
        file.write_all(start)?;
        return Ok(Some(file));
    }
    Ok((found == start).then_some(file))
}

/// The headers of the next piece, and its bytes; `None` where there is no whole one.
fn next_piece(input: &mut impl Read) -> io::Result<Option<(Vec<Header>, u64)>> {
    let mut head = [0; PIECE_HEAD_SIZE];
    if !fill(input, &mut head)? {
        return Ok(None);
    }
    let Some(head) = PieceHead::read(head) else { return Ok(None) };
    let mut body = vec![0; head.size()];
    let size = (PIECE_HEAD_SIZE + body.len()) as u64;
    Ok(if fill(input, &mut body)? { head.open(&body).map(|headers| (headers, size)) } else { None })
}

/// `false` where the input ends before.
fn fill(input: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// Somebody else makes such files here.
fn in_use(path: &Path) -> LogError {
    LogError::io(path)(ErrorKind::ResourceBusy.into())
}

/// More than the headers of any chain that is taken (`HEADER_COUNT_MAX` in `gossip`) have, with room for branches.
const FILE_SIZE_MAX: u64 = 1 << 30;
const READ_SIZE: usize = 1 << 18;
