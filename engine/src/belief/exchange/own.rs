//! The own file: all that is known, exactly.
//!
//! ```text
//! offset size
//!  0     4    "FGBL"
//!  4     2    version, 2
//!  6     2    zero
//!  8     4    half-life of what was carried, in seconds; 0: never
//! 12     4    half-life of what was refused
//! 16     8    number of records
//! 24    64    each record, by rising short_channel_id:
//!                8  short_channel_id        4  learnt, of node 1's floor
//!                8  node 1's floor, msat    4  learnt, of node 2's floor
//!                8  node 2's floor, msat    8  evidence, see below
//!                8  most paid 1 -> 2, msat  4  last paid 1 -> 2
//!                8  most paid 2 -> 1, msat  4  last paid 2 -> 1
//! end    4    CRC-32C of all before
//! ```
//! Evidence has bits 0 and 1 for the nodes' floors that were learnt from what the other side refused, bits 2 and 3 for
//! those that were received; not both of a node; others are zero. Version 1, which is read, too, had no bits 2 and 3 and
//! no payments: its records end behind the evidence.
//!
//! All numbers are big-endian. The half-lives tell what the floors faded with; a reader fades them with its own.

use std::io::{self, Write};

use primitives::{Direction, Msat, ShortChannelId, UnixTime};

use super::learnt::Learnt;
use super::take::{Ended, Take};
use crate::belief::{Beliefs, Bounds, Evidence, Floor, Paid};

/// The version that is written. Those before it are read, too.
pub const BELIEFS_FILE_VERSION: u16 = 2;

/// Why a file of beliefs was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BeliefsFileError {
    /// It begins otherwise.
    #[error("beliefs: not a file of beliefs")]
    Magic,
    /// Of another version.
    #[error("beliefs: version {version}, expected {BELIEFS_FILE_VERSION} or less")]
    Version {
        /// Its version.
        version: u16,
    },
    /// Too short for its number of records, or too long.
    #[error("beliefs: {size} bytes do not hold {record_count} records")]
    Size {
        /// Of the file.
        size: u64,
        /// As its header has it.
        record_count: u64,
    },
    /// The checksum is another.
    #[error("beliefs: checksum {found:08x}, expected {expected:08x}")]
    Checksum {
        /// As computed.
        found: u32,
        /// As written in the file.
        expected: u32,
    },
    /// A record that no writer writes: out of order, or with unknown bits of evidence.
    #[error("beliefs: bad record at byte {offset}")]
    Record {
        /// Where it begins.
        offset: u64,
    },
}

/// Writes what is known. Returns the number of records. Every bound is the one that was learnt, not what is left of
/// it.
///
/// # Errors
/// Those of `out`.
pub fn write_beliefs(beliefs: &Beliefs, mut out: impl Write) -> io::Result<u64> {
    // Collected first, for the header has their number and others may go on learning.
    let known = beliefs.known().map(|(channel, bounds)| (channel, bounds, beliefs.paid(channel)));
    let is_told = |bounds: &Bounds, paid: &[Paid; 2]| !bounds.is_unknown() || *paid != [Paid::default(); 2];
    let known: Vec<_> = known.filter(|(_, bounds, paid)| is_told(bounds, paid)).collect();
    let half_lives = beliefs.half_lives();
    let mut header = Vec::with_capacity(HEADER_SIZE);
    header.extend(MAGIC);
    header.extend(BELIEFS_FILE_VERSION.to_be_bytes());
    header.extend([0; 2]);
    header.extend(half_lives.carried.to_secs().to_be_bytes());
    header.extend(half_lives.refused.to_secs().to_be_bytes());
    header.extend((known.len() as u64).to_be_bytes());
    let mut checksum = crc32c::crc32c(&header);
    out.write_all(&header)?;
    for (channel, bounds, paid) in &known {
        let name = beliefs.short_channel_id(*channel).expect("known() lists channels of the table");
        let record = encode(name, *bounds, *paid);
        checksum = crc32c::crc32c_append(checksum, &record);
        out.write_all(&record)?;
    }
    out.write_all(&checksum.to_be_bytes())?;
    Ok(known.len() as u64)
}

/// Reads a file. Nothing is told before its checksum was compared.
///
/// # Errors
/// [`BeliefsFileError`].
pub fn read_beliefs(
    bytes: &[u8],
    mut sink: impl FnMut(ShortChannelId, Learnt),
) -> Result<u64, BeliefsFileError> {
    let mut take = Take::new(bytes);
    if take.bytes() != Ok(MAGIC) {
        return Err(BeliefsFileError::Magic);
    }
    let size = bytes.len() as u64;
    let short = |_: Ended| BeliefsFileError::Size { size, record_count: 0 };
    let version = take.u16().map_err(short)?;
    let record_size = match version {
        1 => RECORD_SIZE_1,
        BELIEFS_FILE_VERSION => RECORD_SIZE,
        _ => return Err(BeliefsFileError::Version { version }),
    };
    take.bytes::<10>().map_err(short)?;
    let record_count = take.u64().map_err(short)?;
    let wanted = record_count.checked_mul(record_size as u64).and_then(|size| size.checked_add(FRAME_SIZE));
    if wanted != Some(size) {
        return Err(BeliefsFileError::Size { size, record_count });
    }
    let (body, checksum) =
        bytes.split_last_chunk::<4>().ok_or(BeliefsFileError::Size { size, record_count })?;
    let (found, expected) = (crc32c::crc32c(body), u32::from_be_bytes(*checksum));
    if found != expected {
        return Err(BeliefsFileError::Checksum { found, expected });
    }
    let mut last = None;
    for _ in 0..record_count {
        let offset = take.offset();
        let bad = |_: Ended| BeliefsFileError::Record { offset };
        let (name, bounds) = decode(&mut take, version).map_err(bad)?;
        let paid = if version == 1 { [Paid::default(); 2] } else { decode_paid(&mut take).map_err(bad)? };
        if last >= Some(name) {
            return Err(BeliefsFileError::Record { offset });
        }
        last = Some(name);
        sink(name, Learnt::Bounds(bounds));
        let paid = Direction::BOTH.into_iter().zip(paid).filter(|(_, paid)| paid.amount != Msat::ZERO);
        paid.for_each(|(direction, paid)| sink(name, Learnt::Paid(direction, paid)));
    }
    Ok(record_count)
}

fn encode(name: ShortChannelId, bounds: Bounds, paid: [Paid; 2]) -> [u8; RECORD_SIZE] {
    let mut record = [0; RECORD_SIZE];
    let [one, two] = bounds.floors;
    record[..8].copy_from_slice(&name.to_u64().to_be_bytes());
    record[8..16].copy_from_slice(&one.amount.to_msat().to_be_bytes());
    record[16..24].copy_from_slice(&two.amount.to_msat().to_be_bytes());
    record[24..28].copy_from_slice(&one.learnt.to_secs().to_be_bytes());
    record[28..32].copy_from_slice(&two.learnt.to_secs().to_be_bytes());
    let bits = |how| u8::from(one.evidence == how) | u8::from(two.evidence == how) << 1;
    record[39] = bits(Evidence::Refused) | bits(Evidence::Received) << 2;
    for (paid, part) in paid.iter().zip(record[RECORD_SIZE_1..].chunks_exact_mut(12)) {
        part[..8].copy_from_slice(&paid.amount.to_msat().to_be_bytes());
        part[8..].copy_from_slice(&paid.at.to_secs().to_be_bytes());
    }
    record
}

fn decode(take: &mut Take<'_>, version: u16) -> Result<(ShortChannelId, Bounds), Ended> {
    let offset = take.offset();
    let name = ShortChannelId::from_u64(take.u64()?);
    let amounts = [take.u64()?, take.u64()?];
    let learnt = [take.u32()?, take.u32()?];
    let evidence = take.u64()?;
    let (refused, received) = (evidence & 3, evidence >> 2);
    let received_max = if version == 1 { 0 } else { 3 };
    if received > received_max || refused & received != 0 {
        return Err(Ended(offset));
    }
    let floor = |side: usize| Floor {
        amount: Msat::from_msat(amounts[side]),
        learnt: UnixTime::from_secs(learnt[side]),
        evidence: match (refused >> side & 1, received >> side & 1) {
            (1, _) => Evidence::Refused,
            (_, 1) => Evidence::Received,
            _ => Evidence::Carried,
        },
    };
    Ok((name, Bounds { floors: [floor(0), floor(1)] }))
}

fn decode_paid(take: &mut Take<'_>) -> Result<[Paid; 2], Ended> {
    let mut paid = || {
        let (amount, at) = (take.u64()?, take.u32()?);
        Ok(Paid { amount: Msat::from_msat(amount), at: UnixTime::from_secs(at) })
    };
    Ok([paid()?, paid()?])
}

const MAGIC: [u8; 4] = *b"FGBL";
const HEADER_SIZE: usize = 24;
const RECORD_SIZE: usize = 64;
/// Of version 1.
const RECORD_SIZE_1: usize = 40;
/// Bytes of a file without records.
const FRAME_SIZE: u64 = HEADER_SIZE as u64 + 4;

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of version 1 with one record: what of node 1 was carried, and of node 2 as the evidence says.
    fn version_1(evidence: u64) -> Vec<u8> {
        let mut file = b"FGBL\0\x01\0\0".to_vec();
        file.extend([0; 8]);
        for number in [1, 7, 500, 600, 10 << 32 | 20, evidence] {
            file.extend(u64::to_be_bytes(number));
        }
        file.extend(crc32c::crc32c(&file).to_be_bytes());
        file
    }

    #[test]
    fn a_file_of_the_first_version_is_read() {
        let mut found = Vec::new();
        assert_eq!(read_beliefs(&version_1(2), |name, learnt| found.push((name, learnt))), Ok(1));
        let floor = |amount, secs, evidence| Floor {
            amount: Msat::from_msat(amount),
            learnt: UnixTime::from_secs(secs),
            evidence,
        };
        let floors = [floor(500, 10, Evidence::Carried), floor(600, 20, Evidence::Refused)];
        assert_eq!(found, [(ShortChannelId::from_u64(7), Learnt::Bounds(Bounds { floors }))]);
        // Nobody wrote these bits then.
        let bad = Err(BeliefsFileError::Record { offset: 24 });
        assert_eq!(read_beliefs(&version_1(4), |_, _| ()), bad);
    }
}
