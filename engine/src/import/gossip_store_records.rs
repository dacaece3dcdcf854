//! The records of Core Lightning's `gossip_store`, a log of the gossip that a node keeps, in versions 0.9 to 0.16 and later
//! minor ones.
//!
//! ```text
//! offset  size                             record, at offset 1 and behind one another:
//!      0     1  version: major << 5 | minor     0  2  flags, big-endian as all that follows
//!                                               2  2  len: bytes of the message
//!                                               4  4  crc: CRC-32C of the message, seeded with the timestamp
//!                                               8  4  timestamp
//!                                              12  len  message: u16 type, fields
//! ```
//!
//! Version 9 wrote flags and length as one 32-bit number; a message has at most 65,535 bytes, so the layout is the
//! same. A minor version may add flags and types, which a reader skips; only a major one changes the layout. Flag
//! 0x2000 changed its meaning: before 15 it marks an update that came too often, from 15 on a record that is complete.
//!
//! What is decided as Core Lightning does:
//! - Deleted records (0x8000) are skipped, and so are zombies (0x1000, before 14) and private channels (before 13).
//! - A `channel_announcement` counts once its amount is there.
//! - What a live or interrupted writer leaves at the end (a partial record, one not marked complete, a last one whose
//!   checksum fails because its size reached the disk before its bytes did, an announcement whose amount is not
//!   written yet) ends the reading without an error; the notes give the offset.
//! - Any other fault is an error that names the offset. Core Lightning abandons such a file as a whole; there is no
//!   mark in it to resynchronise at.
//!
//! What records mean for a graph is none of this file's business, nor is it who signed them.

use std::io::{self, Read};

use primitives::wire::{ChannelAnnouncement, ChannelUpdate, NodeAnnouncement, WireError, WireMessage};
use primitives::{Msat, ShortChannelId};

use super::source::read_full;
use crate::graph::BuildError;

/// A record that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreRecord<'a> {
    /// A channel, where its amount is there as well.
    Channel {
        /// The `channel_announcement` with its type.
        message: &'a [u8],
        /// What the node found in the chain.
        capacity: Msat,
    },
    /// A `channel_update` with its type.
    Update {
        /// The message.
        message: &'a [u8],
    },
    /// A `node_announcement` with its type.
    Node {
        /// The message.
        message: &'a [u8],
    },
    /// A channel has left.
    Deleted {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
}

/// What was in the store beside the graph.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GossipStoreNotes {
    /// The minor version.
    pub minor_version: u8,
    /// Records that were read, skipped ones too.
    pub record_count: u64,
    /// Records that were marked deleted.
    pub deleted_count: u64,
    /// Records of zombie channels.
    pub zombie_count: u64,
    /// Records of private channels.
    pub private_count: u64,
    /// Updates and nodes of channels that are not in the store.
    pub orphan_count: u64,
    /// Updates without `htlc_maximum_msat`.
    pub old_update_count: u64,
    /// Records of a type that is not known.
    pub unknown_count: u64,
    /// Channels whose funding output was spent, which are in the graph nevertheless.
    pub dying_count: u64,
    /// Whether the store ends with the mark that a newer file has replaced it.
    pub superseded: bool,
    /// Where a record begins that is not complete, behind which nothing was read.
    pub torn_at: Option<u64>,
}

/// Reads a whole store, and hands out what holds with the offset of its record. O(bytes); holds two records of at most
/// 64 KiB.
///
/// # Errors
/// Another major version, a minor one below 9, or a fault before the last record; and whatever `take` finds.
pub fn read_store_records<E: From<GossipStoreError>>(
    mut input: impl Read,
    mut take: impl FnMut(u64, StoreRecord<'_>) -> Result<(), E>,
) -> Result<GossipStoreNotes, E> {
    let minor_version = read_version(&mut input)?;
    let notes = GossipStoreNotes { minor_version, ..GossipStoreNotes::default() };
    let mut records = Records { notes, announced: Vec::new(), pending: None };
    let (mut offset, mut message) = (1, Vec::new());
    loop {
        let header = match read_record(&mut input, offset, minor_version, &mut message)? {
            Step::End => break,
            Step::Torn => {
                records.notes.torn_at = Some(offset);
                break;
            }
            Step::Record(header) => header,
        };
        records.notes.record_count += 1;
        if header.flags & FLAG_DELETED != 0 {
            records.notes.deleted_count += 1;
        } else if let Err(error) = header.check(offset, &message) {
            if !is_at_end(&mut input, offset)? {
                return Err(error.into());
            }
            records.notes.torn_at = Some(offset);
            break;
        } else {
            match records.read(&header, offset, &message)? {
                Meaning::Record(record) => take(offset, record)?,
                Meaning::Nothing => {}
                Meaning::Ended => break,
            }
        }
        offset += HEADER_SIZE as u64 + u64::from(header.len);
    }
    if let Some((announced_at, _)) = records.pending {
        records.notes.torn_at = Some(announced_at);
    }
    Ok(records.notes)
}

fn read_version(input: &mut impl Read) -> Result<u8, GossipStoreError> {
    let mut version = [0];
    if read_full(input, &mut version).map_err(io_error(0))? == 0 {
        return Err(GossipStoreError::Empty);
    }
    let (major, minor) = (version[0] >> 5, version[0] & 0x1f);
    if major != 0 || minor < MINOR_VERSION_MIN {
        return Err(GossipStoreError::Version { major, minor });
    }
    Ok(minor)
}

struct Header {
    flags: u16,
    len: u16,
    crc: u32,
    timestamp: u32,
}

impl Header {
    fn check(&self, offset: u64, message: &[u8]) -> Result<(), GossipStoreError> {
        let found = crc32c::crc32c_append(self.timestamp, message);
        let expected = self.crc;
        if found == expected { Ok(()) } else { Err(GossipStoreError::Checksum { offset, expected, found }) }
    }
}

enum Step {
    Record(Header),
    /// The file ends where a record would begin.
    End,
    /// The file ends inside a record, or a record is not complete yet.
    Torn,
}

/// What a sound record means.
enum Meaning<'a> {
    Record(StoreRecord<'a>),
    /// It is counted, and means nothing for who reads.
    Nothing,
    /// The store says that it ends here.
    Ended,
}

/// What was read so far, beside what was handed out.
struct Records {
    notes: GossipStoreNotes,
    /// The announcement that came last.
    announced: Vec<u8>,
    /// Whether it still waits for its amount: the offset of its record, and its channel.
    pending: Option<(u64, ShortChannelId)>,
}

impl Records {
    fn read<'a>(
        &'a mut self,
        header: &Header,
        offset: u64,
        message: &'a [u8],
    ) -> Result<Meaning<'a>, GossipStoreError> {
        if self.notes.minor_version < ZOMBIE_UNTIL && header.flags & FLAG_ZOMBIE != 0 {
            self.notes.zombie_count += 1;
            return Ok(Meaning::Nothing);
        }
        let Some((kind, fields)) = message.split_first_chunk() else {
            return Err(GossipStoreError::NoType { offset });
        };
        match u16::from_be_bytes(*kind) {
            CHANNEL_ANNOUNCEMENT => self.announce(offset, message)?,
            kind @ CHANNEL_AMOUNT => return self.set_amount(offset, number_of(offset, kind, fields)?),
            CHANNEL_UPDATE => return Ok(Meaning::Record(StoreRecord::Update { message })),
            NODE_ANNOUNCEMENT => return Ok(Meaning::Record(StoreRecord::Node { message })),
            kind @ DELETE_CHANNEL => {
                let short_channel_id = ShortChannelId::from_u64(number_of(offset, kind, fields)?);
                return Ok(Meaning::Record(StoreRecord::Deleted { short_channel_id }));
            }
            CHANNEL_DYING => self.notes.dying_count += 1,
            PRIVATE_CHANNEL | PRIVATE_UPDATE => self.notes.private_count += 1,
            ENDED => {
                self.notes.superseded = true;
                return Ok(Meaning::Ended);
            }
            UUID => {}
            _ => self.notes.unknown_count += 1,
        }
        Ok(Meaning::Nothing)
    }

    fn announce(&mut self, offset: u64, message: &[u8]) -> Result<(), GossipStoreError> {
        let announcement = ChannelAnnouncement::decode(&message[2..])
            .map_err(|error| GossipStoreError::Message { offset, kind: CHANNEL_ANNOUNCEMENT, error })?;
        if let Some((offset, short_channel_id)) = self.pending {
            return Err(GossipStoreError::NoAmount { offset, short_channel_id });
        }
        self.pending = Some((offset, announcement.short_channel_id));
        self.announced.clear();
        self.announced.extend_from_slice(message);
        Ok(())
    }

    fn set_amount(&mut self, offset: u64, satoshis: u64) -> Result<Meaning<'_>, GossipStoreError> {
        // The announcement before it may be deleted; then the amount means nothing.
        if self.pending.take().is_none() {
            return Ok(Meaning::Nothing);
        }
        let capacity = Msat::from_sat(satoshis).ok_or(GossipStoreError::Amount { offset, satoshis })?;
        Ok(Meaning::Record(StoreRecord::Channel { message: &self.announced, capacity }))
    }
}

fn read_record(
    input: &mut impl Read,
    offset: u64,
    minor: u8,
    message: &mut Vec<u8>,
) -> Result<Step, GossipStoreError> {
    let mut bytes = [0; HEADER_SIZE];
    match read_full(input, &mut bytes).map_err(io_error(offset))? {
        0 => return Ok(Step::End),
        HEADER_SIZE => {}
        _ => return Ok(Step::Torn),
    }
    let [f0, f1, l0, l1, c0, c1, c2, c3, t0, t1, t2, t3] = bytes;
    let header = Header {
        flags: u16::from_be_bytes([f0, f1]),
        len: u16::from_be_bytes([l0, l1]),
        crc: u32::from_be_bytes([c0, c1, c2, c3]),
        timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
    };
    if minor >= COMPLETED_SINCE && header.flags & FLAG_COMPLETED == 0 {
        return Ok(Step::Torn);
    }
    message.resize(header.len.into(), 0);
    let filled = read_full(input, message).map_err(io_error(offset))?;
    Ok(if filled == message.len() { Step::Record(header) } else { Step::Torn })
}

fn is_at_end(input: &mut impl Read, offset: u64) -> Result<bool, GossipStoreError> {
    Ok(read_full(input, &mut [0]).map_err(io_error(offset))? == 0)
}

/// The one 64-bit field that several of the store's own messages have.
fn number_of(offset: u64, kind: u16, fields: &[u8]) -> Result<u64, GossipStoreError> {
    let field = fields.first_chunk().ok_or(GossipStoreError::Message {
        offset,
        kind,
        error: WireError::Short { field: "of 64 bits" },
    })?;
    Ok(u64::from_be_bytes(*field))
}

fn io_error(offset: u64) -> impl Fn(io::Error) -> GossipStoreError {
    move |error| GossipStoreError::Io { offset, kind: error.kind() }
}

const HEADER_SIZE: usize = 12;
const MINOR_VERSION_MIN: u8 = 9;
/// First minor version whose records are marked when they are complete.
const COMPLETED_SINCE: u8 = 15;
/// First minor version without zombies.
const ZOMBIE_UNTIL: u8 = 14;

pub(super) const FLAG_DELETED: u16 = 0x8000;
pub(super) const FLAG_COMPLETED: u16 = 0x2000;
pub(super) const FLAG_ZOMBIE: u16 = 0x1000;

const CHANNEL_ANNOUNCEMENT: u16 = ChannelAnnouncement::TYPE;
const NODE_ANNOUNCEMENT: u16 = NodeAnnouncement::TYPE;
const CHANNEL_UPDATE: u16 = ChannelUpdate::TYPE;
const CHANNEL_AMOUNT: u16 = 4101;
const PRIVATE_UPDATE: u16 = 4102;
const DELETE_CHANNEL: u16 = 4103;
const PRIVATE_CHANNEL: u16 = 4104;
const ENDED: u16 = 4105;
const CHANNEL_DYING: u16 = 4106;
const UUID: u16 = 4107;

/// Why a `gossip_store` was refused. Offsets are of the record's first byte in the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GossipStoreError {
    /// Not even a version.
    #[error("the file is empty, expected a version byte")]
    Empty,
    /// A version that is not read.
    #[error("version {major}.{minor} is not read, expected 0.{MINOR_VERSION_MIN} or a later minor one")]
    Version {
        /// The upper three bits.
        major: u8,
        /// The lower five bits.
        minor: u8,
    },
    /// The input failed.
    #[error("reading the record at byte {offset} failed: {kind}")]
    Io {
        /// The record.
        offset: u64,
        /// What failed.
        kind: io::ErrorKind,
    },
    /// The message is not what was written.
    #[error("record at byte {offset}: expected CRC-32C {expected:08x}, the message has {found:08x}")]
    Checksum {
        /// The record.
        offset: u64,
        /// What the header says.
        expected: u32,
        /// What the message has.
        found: u32,
    },
    /// A message of fewer than two bytes.
    #[error("record at byte {offset}: expected a message of at least two bytes, its type")]
    NoType {
        /// The record.
        offset: u64,
    },
    /// A message that does not parse.
    #[error("record at byte {offset}, message type {kind}: {error}")]
    Message {
        /// The record.
        offset: u64,
        /// The type of the message.
        kind: u16,
        /// Why not.
        error: WireError,
    },
    /// An announcement that another one follows before its amount.
    #[error(
        "record at byte {offset}: the announcement of channel {short_channel_id} is not followed by its amount"
    )]
    NoAmount {
        /// The record of the announcement.
        offset: u64,
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// An amount that no channel has.
    #[error("record at byte {offset}: expected an amount below 2^64 / 1000 satoshi, found {satoshis}")]
    Amount {
        /// The record.
        offset: u64,
        /// The amount.
        satoshis: u64,
    },
    /// A message that does not fit the graph.
    #[error("record at byte {offset}: {error}")]
    Build {
        /// The record.
        offset: u64,
        /// Why not.
        error: BuildError,
    },
}
