//! Records to bytes and back.

use primitives::codec::Sink;
use primitives::{BlockHeight, Msat, ShortChannelId, UnixTime};

use super::content::Record;
use crate::verify::MESSAGE_KEPT_MAX;

/// Appends one record to `sink`.
///
/// # Panics
/// Where a message is longer than what is kept: none such gets verified.
pub fn encode_record(record: &Record<'_>, stored_at: UnixTime, sink: &mut impl Sink) {
    let capacity_bytes;
    let scid_bytes;
    let mut spent_bytes = [0; 12];
    let (kind, front, message): (u8, &[u8], &[u8]) = match record {
        Record::Channel { capacity, message } => {
            capacity_bytes = capacity.unwrap_or(Msat::MAX).to_msat().to_be_bytes();
            (CHANNEL, &capacity_bytes, message)
        }
        Record::Update { message } => (UPDATE, &[], message),
        Record::Node { message } => (NODE, &[], message),
        Record::Removed { short_channel_id } => {
            scid_bytes = short_channel_id.to_u64().to_be_bytes();
            (REMOVED, &scid_bytes, &[])
        }
        Record::Spent { short_channel_id, spent_at } => {
            let height = spent_at.map_or(NO_HEIGHT, BlockHeight::to_u32);
            spent_bytes[..8].copy_from_slice(&short_channel_id.to_u64().to_be_bytes());
            spent_bytes[8..].copy_from_slice(&height.to_be_bytes());
            (SPENT, &spent_bytes, &[])
        }
    };
    assert!(front.len() + message.len() <= RECORD_BODY_MAX, "nothing longer is kept");
    let len = u32::try_from(front.len() + message.len()).expect("bounded above");
    let [a, b, c, d] = stored_at.to_secs().to_be_bytes();
    let covered = [kind, a, b, c, d];
    let crc = [&covered, front, message].iter().fold(0, |crc, part| crc32c::crc32c_append(crc, part));
    sink.put(&len.to_be_bytes());
    sink.put(&crc.to_be_bytes());
    for part in [&covered, front, message] {
        sink.put(part);
    }
}

/// Reads records that fill a slice as far as they are complete.
#[derive(Debug, Clone, Copy)]
pub struct RecordReader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

/// A complete record of which nothing was looked at but its length.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    head: &'a [u8; RECORD_HEAD_SIZE],
    body: &'a [u8],
    offset: usize,
}

/// What a reader finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// A complete record.
    Record {
        /// What it holds; `None` where it is of a kind that may be passed over.
        record: Option<Record<'a>>,
        /// When it was stored.
        stored_at: UnixTime,
        /// Where it begins in the slice.
        offset: usize,
        /// Its bytes, head included.
        size: usize,
    },
    /// The slice ends here, between two records.
    End,
    /// The slice ends inside a record, so far as one can tell.
    Partial,
}

impl<'a> RecordReader<'a> {
    /// Will read `bytes`, of which the first belongs to a record.
    pub const fn new(bytes: &'a [u8]) -> Self {
        RecordReader { bytes, offset: 0 }
    }

    /// Where the next record begins.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Reads one record; after [`Step::End`] or [`Step::Partial`] it finds the same again.
    ///
    /// # Errors
    /// Where the bytes are no record. The reader does not move on: there is nothing to find the next one by.
    pub fn step(&mut self) -> Result<Step<'a>, RecordError> {
        let mut ahead = *self;
        let Some(frame) = ahead.frame()? else {
            return Ok(if self.is_at_end() { Step::End } else { Step::Partial });
        };
        let (record, stored_at) = frame.open()?;
        *self = ahead;
        Ok(Step::Record { record, stored_at, offset: frame.offset, size: frame.size() })
    }

    /// The next record unopened, so that many can be opened at once; `None` where the slice ends before one is complete.
    /// The reader moves on behind it, to bytes that mean nothing where the record is found to be broken.
    ///
    /// # Errors
    /// Where it claims a length that no record has.
    pub fn frame(&mut self) -> Result<Option<Frame<'a>>, RecordError> {
        let offset = self.offset;
        let Some((head, rest)) = self.bytes[offset..].split_first_chunk::<RECORD_HEAD_SIZE>() else {
            return Ok(None);
        };
        let len = u32::from_be_bytes(*head.first_chunk().expect("a head is longer")) as usize;
        if len > RECORD_BODY_MAX {
            return Err(RecordError::Length { offset, len });
        }
        let Some(body) = rest.get(..len) else { return Ok(None) };
        let frame = Frame { head, body, offset };
        self.offset += frame.size();
        Ok(Some(frame))
    }

    /// Whether the slice ends just here.
    pub const fn is_at_end(&self) -> bool {
        self.offset == self.bytes.len()
    }
}

impl<'a> Frame<'a> {
    /// Where it begins in the slice.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Its bytes, head included.
    pub const fn size(&self) -> usize {
        RECORD_HEAD_SIZE + self.body.len()
    }

    /// What it holds, `None` where it is of a kind that may be passed over, and when it was stored.
    ///
    /// # Errors
    /// Where the checksum is wrong, or the body is not what its kind demands.
    pub fn open(&self) -> Result<(Option<Record<'a>>, UnixTime), RecordError> {
        let Frame { head, body, offset } = *self;
        let [.., c0, c1, c2, c3, kind, t0, t1, t2, t3] = *head;
        let found = crc32c::crc32c_append(crc32c::crc32c(&head[8..]), body);
        if found != u32::from_be_bytes([c0, c1, c2, c3]) {
            return Err(RecordError::Checksum { offset });
        }
        if kind > KIND_MAX && kind % 2 == 0 {
            return Err(RecordError::Later { offset, kind });
        }
        let record = decode(kind, body).ok_or(RecordError::Content { offset, kind })?;
        Ok((record, UnixTime::from_secs(u32::from_be_bytes([t0, t1, t2, t3]))))
    }
}

/// The outer `None` is a body that is wrong, the inner one a kind that may be passed over.
fn decode(kind: u8, body: &[u8]) -> Option<Option<Record<'_>>> {
    let number = |bytes: &[u8; 8]| u64::from_be_bytes(*bytes);
    Some(Some(match kind {
        CHANNEL => {
            let (capacity, message) = body.split_first_chunk()?;
            let capacity = Some(Msat::from_msat(number(capacity))).filter(|capacity| *capacity != Msat::MAX);
            Record::Channel { capacity, message }
        }
        UPDATE => Record::Update { message: body },
        NODE => Record::Node { message: body },
        REMOVED => {
            Record::Removed { short_channel_id: ShortChannelId::from_u64(number(body.try_into().ok()?)) }
        }
        SPENT => {
            let (id, height) = body.split_first_chunk()?;
            let height = u32::from_be_bytes(height.try_into().ok()?);
            let spent_at = (height != NO_HEIGHT).then(|| BlockHeight::from_u32(height));
            Record::Spent { short_channel_id: ShortChannelId::from_u64(number(id)), spent_at }
        }
        later if later > KIND_MAX => return Some(None),
        _ => return None,
    }))
}

const CHANNEL: u8 = 1;
const UPDATE: u8 = 2;
const NODE: u8 = 3;
const REMOVED: u8 = 4;
const SPENT: u8 = 5;
/// The last kind that is known here.
const KIND_MAX: u8 = SPENT;
/// Stands for no block.
const NO_HEIGHT: u32 = u32::MAX;

/// Bytes before a record's body.
pub const RECORD_HEAD_SIZE: usize = 13;
/// The most bytes of a body: a message and a capacity.
pub const RECORD_BODY_MAX: usize = MESSAGE_KEPT_MAX + 8;

/// Why bytes are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// A length that no record has.
    #[error("the record at byte {offset} claims {len} bytes, none has more than {RECORD_BODY_MAX}")]
    Length {
        /// Where it begins.
        offset: usize,
        /// What it claims.
        len: usize,
    },
    /// The checksum is wrong.
    #[error("the record at byte {offset} does not have its checksum")]
    Checksum {
        /// Where it begins.
        offset: usize,
    },
    /// A later version has written it, and it must not be ignored.
    #[error("the record at byte {offset} is of kind {kind}, which a later version has written")]
    Later {
        /// Where it begins.
        offset: usize,
        /// What it is.
        kind: u8,
    },
    /// The body is not what the kind demands.
    #[error("the record at byte {offset} is of kind {kind} and cannot be read")]
    Content {
        /// Where it begins.
        offset: usize,
        /// What it is.
        kind: u8,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_the_round_trip_and_every_cut_is_seen() {
        let records = [
            Record::Channel { capacity: Msat::from_sat(7), message: &[1, 0, 5] },
            Record::Channel { capacity: None, message: &[1, 0, 5] },
            Record::Update { message: &[1, 2] },
            Record::Node { message: &[0; MESSAGE_KEPT_MAX] },
            Record::Removed { short_channel_id: ShortChannelId::from_u64(9) },
            Record::Spent { short_channel_id: ShortChannelId::from_u64(9), spent_at: None },
            Record::Spent {
                short_channel_id: ShortChannelId::from_u64(9),
                spent_at: Some(BlockHeight::from_u32(800_000)),
            },
        ];
        for record in records {
            let (mut bytes, time) = (Vec::new(), UnixTime::from_secs(77));
            encode_record(&record, time, &mut bytes);
            let size = bytes.len();
            let expected = Step::Record { record: Some(record), stored_at: time, offset: 0, size };
            let mut reader = RecordReader::new(&bytes);
            assert_eq!((reader.step(), reader.step()), (Ok(expected), Ok(Step::End)));
            for cut in 1..size {
                assert_eq!(RecordReader::new(&bytes[..cut]).step(), Ok(Step::Partial));
            }
            for bit in 32..8 * size.min(60) {
                let mut turned = bytes.clone();
                turned[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(RecordReader::new(&turned).step(), Err(RecordError::Checksum { offset: 0 }));
            }
        }
    }

    #[test]
    fn later_kinds_are_passed_over_when_odd() {
        let of_kind = |kind: u8| {
            let mut bytes = vec![0; RECORD_HEAD_SIZE];
            bytes[8] = kind;
            let crc = crc32c::crc32c(&bytes[8..]);
            bytes[4..8].copy_from_slice(&crc.to_be_bytes());
            RecordReader::new(&bytes).step().map(|step| matches!(step, Step::Record { record: None, .. }))
        };
        assert_eq!((of_kind(7), of_kind(255)), (Ok(true), Ok(true)));
        assert_eq!(of_kind(6), Err(RecordError::Later { offset: 0, kind: 6 }));
        for known in [0, REMOVED, SPENT] {
            assert_eq!(of_kind(known), Err(RecordError::Content { offset: 0, kind: known }));
        }
    }
}
