//! The scores of LDK's `ProbabilisticScorer`, which are also those that `CombinedScorer` merges from outside.
//!
//! ```text
//! BigSize length of all that follows, a TLV stream:
//!   type 0: u16 number of channels (0xffff: a u64 follows, with what is above), and each channel
//!     u64      short_channel_id
//!     BigSize  length of the channel's TLV stream:
//!       0  u64        lower bound, from the lesser node id to the greater
//!       2  u64        capacity minus upper bound
//!       4  u64, u32   seconds, nanoseconds: when either last changed
//!       1, 3, 5, 7, 9, 11   histories and their times, skipped
//! ```
//! So LDK keeps two floors, too, with one time and one half-life; what taught them is not told. They are taken as
//! [`Evidence::Refused`], which fades sooner by default.

use std::io::{self, Write};

use primitives::codec::encode_bigsize;
use primitives::{Msat, ShortChannelId, UnixTime};

use super::learnt::Learnt;
use super::take::{Ended, Take};
use crate::belief::{Beliefs, Bounds, Evidence, Floor};

/// Why scores were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScoresError {
    /// The bytes end inside a value, or it is no minimal BigSize.
    #[error("LDK scores: cut off or malformed at byte {offset}")]
    Malformed {
        /// Where the value should be.
        offset: u64,
    },
    /// A required field is missing, has another length, or comes out of order; or one is unknown and even.
    #[error("LDK scores: bad field at byte {offset}")]
    Field {
        /// Where the stream of fields, or the field, begins.
        offset: u64,
    },
    /// Bytes behind the end.
    #[error("LDK scores: more bytes behind byte {offset}")]
    Trailing {
        /// Where they begin.
        offset: u64,
    },
}

impl From<Ended> for ScoresError {
    fn from(Ended(offset): Ended) -> Self {
        ScoresError::Malformed { offset }
    }
}

/// Reads scores; returns the number of channels.
///
/// # Errors
/// [`ScoresError`]. What was told before it stays told.
pub fn read_ldk_scores(
    bytes: &[u8],
    mut sink: impl FnMut(ShortChannelId, Learnt),
) -> Result<u64, ScoresError> {
    let mut take = Take::new(bytes);
    let size = take.bigsize()?;
    let fields = take.part(size)?;
    if !take.is_empty() {
        return Err(ScoresError::Trailing { offset: take.offset() });
    }
    let offset = fields.offset();
    let mut channels = None;
    each_field(fields, |kind, value| {
        match kind {
            0 => channels = Some(value),
            kind if kind % 2 == 0 => return Err(ScoresError::Field { offset: value.offset() }),
            _ => {}
        }
        Ok(())
    })?;
    let mut channels = channels.ok_or(ScoresError::Field { offset })?;
    let mut count = u64::from(channels.u16()?);
    if count == 0xffff {
        let more = channels.u64()?;
        count = more.checked_add(0xffff).ok_or(ScoresError::Malformed { offset: channels.offset() })?;
    }
    // Each channel takes bytes, so that a number that is too great ends with them.
    for _ in 0..count {
        let name = ShortChannelId::from_u64(channels.u64()?);
        let size = channels.bigsize()?;
        sink(name, Learnt::Bounds(bounds(channels.part(size)?)?));
    }
    if !channels.is_empty() {
        return Err(ScoresError::Trailing { offset: channels.offset() });
    }
    Ok(count)
}

/// Writes what is known, for LDK to read; returns the number of channels. LDK keeps one time for both floors: the
/// later one, with what was then left of the other.
///
/// # Errors
/// Those of `out`.
pub fn write_ldk_scores(beliefs: &Beliefs, mut out: impl Write) -> io::Result<u64> {
    let mut channels = Vec::new();
    let mut count = 0u64;
    for (channel, bounds) in beliefs.known().filter(|(_, bounds)| !bounds.is_unknown()) {
        let name = beliefs.short_channel_id(channel).expect("known() lists channels of the table");
        let learnt = bounds.floors[0].learnt.max(bounds.floors[1].learnt);
        let [one, two] = bounds.floors.map(|floor| floor.faded(beliefs.half_lives(), learnt).to_msat());
        channels.extend(name.to_u64().to_be_bytes());
        encode_bigsize(CHANNEL_SIZE, &mut channels);
        channels.extend([0, 8]);
        channels.extend(one.to_be_bytes());
        channels.extend([2, 8]);
        channels.extend(two.to_be_bytes());
        channels.extend([4, 12]);
        channels.extend(u64::from(learnt.to_secs()).to_be_bytes());
        channels.extend([0; 4]);
        count += 1;
    }
    let mut number = Vec::new();
    match u16::try_from(count) {
        Ok(count) if count < 0xffff => number.extend(count.to_be_bytes()),
        _ => {
            number.extend([0xff; 2]);
            number.extend((count - 0xffff).to_be_bytes());
        }
    }
    let mut field = vec![0];
    encode_bigsize((number.len() + channels.len()) as u64, &mut field);
    let mut front = Vec::new();
    encode_bigsize((field.len() + number.len() + channels.len()) as u64, &mut front);
    for part in [front, field, number, channels] {
        out.write_all(&part)?;
    }
    Ok(count)
}

/// The floors of one channel.
fn bounds(fields: Take<'_>) -> Result<Bounds, ScoresError> {
    let offset = fields.offset();
    let (mut one, mut two, mut learnt) = (None, None, None);
    each_field(fields, |kind, mut value| {
        let begin = value.offset();
        match kind {
            0 => one = Some(value.u64()?),
            2 => two = Some(value.u64()?),
            4 => {
                learnt = Some(value.u64()?);
                value.u32()?;
            }
            1 | 3 | 5 | 7 | 9 | 11 => return Ok(()),
            kind if kind % 2 == 0 => return Err(ScoresError::Field { offset: begin }),
            _ => return Ok(()),
        }
        if value.is_empty() { Ok(()) } else { Err(ScoresError::Field { offset: begin }) }
    })?;
    let (Some(one), Some(two), Some(learnt)) = (one, two, learnt) else {
        return Err(ScoresError::Field { offset });
    };
    let learnt = UnixTime::from_secs(u32::try_from(learnt).unwrap_or(u32::MAX));
    let floor = |amount| Floor { amount: Msat::from_msat(amount), learnt, evidence: Evidence::Refused };
    Ok(Bounds { floors: [floor(one), floor(two)] })
}

/// Calls `take` for each field of a TLV stream, whose types must rise.
fn each_field<'a>(
    mut fields: Take<'a>,
    mut take: impl FnMut(u64, Take<'a>) -> Result<(), ScoresError>,
) -> Result<(), ScoresError> {
    let mut last = None;
    while !fields.is_empty() {
        let offset = fields.offset();
        let kind = fields.bigsize()?;
        if last >= Some(kind) {
            return Err(ScoresError::Field { offset });
        }
        last = Some(kind);
        let size = fields.bigsize()?;
        take(kind, fields.part(size)?)?;
    }
    Ok(())
}

/// Bytes of a channel's fields as they are written.
const CHANNEL_SIZE: u64 = 10 + 10 + 14;
