//! Reads the records of a file piece by piece.

use std::io::{self, Read};

use gossip::record::{RECORD_BODY_MAX, RECORD_HEAD_SIZE, Record, RecordReader, Restored, Step};
use primitives::{ChainHash, UnixTime};
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
}

/// Hands what each complete record of `input` means to `take`, with its place; `None` where it means nothing. `offset` is
/// where `input` begins in its file. Returns the offset behind the last complete record. Holds at most two pieces of the
/// file, and the messages of one; these are read on all threads, and handed over in their order.
pub(super) fn scan(
    mut input: impl Read,
    chain_hash: ChainHash,
    mut offset: u64,
    mut take: impl FnMut(Option<Restored>, Place),
) -> io::Result<(u64, ScanEnd)> {
    let mut buffer = vec![0; 2 * PIECE_SIZE];
    let mut filled = 0;
    loop {
        let read = input.read(&mut buffer[filled..])?;
        filled += read;
        let mut reader = RecordReader::new(&buffer[..filled]);
        let mut found: Vec<(Record<'_>, UnixTime, Place)> = Vec::new();
        let end = loop {
            match reader.step() {
                Ok(Step::Record { record, stored_at, offset: at, size }) => {
                    let place =
                        Place { offset: offset + at as u64, size: u32::try_from(size).unwrap_or(u32::MAX) };
                    // Records of later kinds are passed over.
                    found.extend(record.map(|record| (record, stored_at, place)));
                }
                Ok(Step::End) => break ScanEnd::Clean,
                Ok(Step::Partial) => break ScanEnd::Partial,
                Err(_) => break ScanEnd::Broken,
            }
        };
        let restore = |(record, stored_at, _): &(Record<'_>, UnixTime, Place)| {
            record.restore(chain_hash, *stored_at).ok()
        };
        let restored: Vec<Option<Restored>> = found.par_iter().with_min_len(64).map(restore).collect();
        for (what, (_, _, place)) in restored.into_iter().zip(found) {
            take(what, place);
        }
        let done = reader.offset();
        offset += done as u64;
        if read == 0 || end == ScanEnd::Broken {
            return Ok((offset, end));
        }
        buffer.copy_within(done..filled, 0);
        filled -= done;
    }
}

/// Larger than any record, so that a buffer of two pieces always has room to read on.
const PIECE_SIZE: usize = 1 << 20;
const _: () = assert!(RECORD_HEAD_SIZE + RECORD_BODY_MAX < PIECE_SIZE);
