//! Reads the records of a file piece by piece.
//!
//! ```text
//! rayon's threads   | read 1, open 1 | read 2, open 2 | read 3, open 3 | ...
//!                                    | note 1         | note 2         | note 3
//! caller                             | take 1         | take 2         | take 3
//! ```
//! The records of a piece are found by their lengths, then opened (checksum, content, meaning) on all threads. What comes
//! behind one that turns out to be broken is thrown away, as if nobody had looked at it.

use std::io::{self, Read};

use gossip::record::{Frame, RECORD_BODY_MAX, RECORD_HEAD_SIZE, RecordError, RecordReader, Restored};
use primitives::ChainHash;
use rayon::prelude::*;

use super::live::Place;

/// Why a scan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScanEnd {
    /// Behind a record.
    Clean,
    /// Inside a record.
    Partial,
    /// At bytes that are no record.
    Broken,
    /// At a record of a later version that must not be ignored.
    Later,
}

/// Hands what each complete record of `input` means to `take`, in the order of the file; `None` where it means nothing.
/// `note` is told the same with its place, in the same order, by another thread. `offset` is where `input` begins in its
/// file. Returns the offset behind the last complete record. Holds at most two pieces of the file, and what the records of
/// both mean.
pub(super) fn scan(
    mut input: impl Read + Send,
    chain_hash: ChainHash,
    offset: u64,
    mut note: impl FnMut(&Restored, Place) + Send,
    mut take: impl FnMut(Option<&Restored>),
) -> io::Result<(u64, ScanEnd)> {
    let (mut piece, mut next) = (Piece::new(offset), Piece::new(offset));
    piece.read(&[], &mut input, chain_hash)?;
    loop {
        let mut outcome = Ok(());
        rayon::in_place_scope(|scope| {
            let (piece, next, note, input) = (&piece, &mut next, &mut note, &mut input);
            if !piece.is_last {
                scope.spawn(|_| outcome = next.read_behind(piece, input, chain_hash));
            }
            scope.spawn(move |_| piece.restored().for_each(|(restored, place)| note(restored, place)));
            piece.opened.iter().for_each(|(meaning, _)| match meaning {
                Meaning::Restored(restored) => take(Some(restored)),
                Meaning::Nothing => take(None),
                Meaning::Passed | Meaning::End(_) => {}
            });
        });
        outcome?;
        if piece.is_last {
            return Ok((piece.offset + piece.done as u64, piece.end));
        }
        std::mem::swap(&mut piece, &mut next);
    }
}

/// Bytes of the file, and what the records among them mean.
struct Piece {
    /// Where it begins in the file.
    offset: u64,
    bytes: Vec<u8>,
    filled: usize,
    /// Behind the last complete record.
    done: usize,
    opened: Vec<(Meaning, Place)>,
    end: ScanEnd,
    /// Whether nothing comes behind it.
    is_last: bool,
}

/// What became of a record.
#[expect(clippy::large_enum_variant, reason = "nearly every record is the large one, and lives for one call")]
enum Meaning {
    Restored(Restored),
    /// Its message makes no sense.
    Nothing,
    /// It is of a kind that may be passed over.
    Passed,
    /// It is none of these, and what comes behind it is not read.
    End(ScanEnd),
}

impl Piece {
    fn new(offset: u64) -> Self {
        let (bytes, opened) = (vec![0; PIECE_SIZE], Vec::new());
        Piece { offset, bytes, filled: 0, done: 0, opened, end: ScanEnd::Clean, is_last: false }
    }

    /// Reads on where another piece ends.
    fn read_behind(&mut self, before: &Piece, input: &mut impl Read, chain: ChainHash) -> io::Result<()> {
        self.offset = before.offset + before.done as u64;
        self.read(&before.bytes[before.done..before.filled], input, chain)
    }

    /// What means something, with its place.
    fn restored(&self) -> impl Iterator<Item = (&Restored, Place)> {
        self.opened.iter().filter_map(|(meaning, place)| match meaning {
            Meaning::Restored(restored) => Some((restored, *place)),
            Meaning::Nothing | Meaning::Passed | Meaning::End(_) => None,
        })
    }

    /// Reads on behind `begun`, the beginning of a record.
    fn read(&mut self, begun: &[u8], input: &mut impl Read, chain_hash: ChainHash) -> io::Result<()> {
        self.bytes[..begun.len()].copy_from_slice(begun);
        let read = input.read(&mut self.bytes[begun.len()..])?;
        self.filled = begun.len() + read;
        let mut reader = RecordReader::new(&self.bytes[..self.filled]);
        let mut frames = Vec::new();
        self.end = loop {
            match reader.frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) if reader.is_at_end() => break ScanEnd::Clean,
                Ok(None) => break ScanEnd::Partial,
                Err(_) => break ScanEnd::Broken,
            }
        };
        self.done = reader.offset();
        let offset = self.offset;
        let open = |frame: &Frame<'_>| {
            let size = u32::try_from(frame.size()).unwrap_or(u32::MAX);
            (open(frame, chain_hash), Place { offset: offset + frame.offset() as u64, size })
        };
        frames.par_iter().with_min_len(64).map(open).collect_into_vec(&mut self.opened);
        let end = self.opened.iter().enumerate().find_map(|(at, (meaning, _))| match meaning {
            Meaning::End(end) => Some((at, *end)),
            Meaning::Restored(_) | Meaning::Nothing | Meaning::Passed => None,
        });
        if let Some((at, end)) = end {
            (self.end, self.done) = (end, frames[at].offset());
            self.opened.truncate(at);
        }
        self.is_last = read == 0 || matches!(self.end, ScanEnd::Broken | ScanEnd::Later);
        Ok(())
    }
}

fn open(frame: &Frame<'_>, chain_hash: ChainHash) -> Meaning {
    match frame.open() {
        Ok((Some(record), stored_at)) => {
            record.restore(chain_hash, stored_at).map_or(Meaning::Nothing, Meaning::Restored)
        }
        Ok((None, _)) => Meaning::Passed,
        Err(RecordError::Later { .. }) => Meaning::End(ScanEnd::Later),
        Err(_) => Meaning::End(ScanEnd::Broken),
    }
}

/// Larger than any record, so that there is always room to read on behind the beginning of one.
const PIECE_SIZE: usize = 1 << 20;
const _: () = assert!(RECORD_HEAD_SIZE + RECORD_BODY_MAX < PIECE_SIZE);

#[cfg(test)]
mod tests {
    use gossip::record::{Record, encode_record};
    use primitives::{ShortChannelId, UnixTime};

    use super::*;

    const CHAIN: ChainHash = ChainHash::REGTEST;
    const OFFSET: u64 = 48;

    /// Hands out no more than `size` bytes at once.
    struct Slow<'a> {
        bytes: &'a [u8],
        size: usize,
    }

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = self.size.min(buffer.len());
            self.bytes.read(&mut buffer[..size])
        }
    }

    #[test]
    fn records_are_found_wherever_a_read_ends() {
        let (mut bytes, mut expected, mut ends) = (Vec::new(), Vec::new(), vec![OFFSET]);
        for n in 0..8 {
            let short_channel_id = ShortChannelId::from_u64(n);
            let record = match n % 2 {
                0 => Record::Removed { short_channel_id },
                _ => Record::Spent { short_channel_id, spent_at: None },
            };
            let offset = OFFSET + bytes.len() as u64;
            encode_record(&record, UnixTime::from_secs(7), &mut bytes);
            let end = OFFSET + bytes.len() as u64;
            ends.push(end);
            let size = u32::try_from(end - offset).expect("small");
            let restored = record.restore(CHAIN, UnixTime::from_secs(7)).expect("it means something");
            expected.push((restored, Place { offset, size }));
        }
        let whole = bytes.len();
        for (size, cut) in (1..=whole).flat_map(|size| [(size, whole), (size, whole - 1)]) {
            let (mut noted, mut taken) = (Vec::new(), Vec::new());
            let input = Slow { bytes: &bytes[..cut], size };
            let note = |restored: &Restored, place| noted.push((restored.clone(), place));
            let take = |restored: Option<&Restored>| taken.extend(restored.cloned());
            let end = scan(input, CHAIN, OFFSET, note, take).expect("bytes of memory");
            let (count, how) = if cut == whole { (8, ScanEnd::Clean) } else { (7, ScanEnd::Partial) };
            assert_eq!(end, (ends[count], how), "reads of {size}");
            assert_eq!(noted, expected[..count], "reads of {size}");
            assert!(noted.iter().map(|(restored, _)| restored).eq(&taken), "reads of {size}");
        }
    }
}
