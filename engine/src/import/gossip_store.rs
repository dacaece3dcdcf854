//! Core Lightning's `gossip_store`: a log of the gossip that a node keeps, in versions 0.9 to 0.16 and later minor ones.
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
//! - A `channel_announcement` counts once its amount is there; announced again, the channel is replaced. An update or
//!   a node of no known channel is left behind by a deletion, and skipped. The last update of a direction holds: the
//!   file is in the order of acceptance.
//! - Signatures are not checked: the node that kept the messages did.
//! - An update of the old form, without `htlc_maximum_msat`, is skipped (Core Lightning dropped them at version 11).
//! - A dying channel, whose funding output was spent, stays in the graph: the spend may be a splice, and the node
//!   removes the channel itself when the twelve blocks of grace are over. The notes count them.
//! - What a live or interrupted writer leaves at the end (a partial record, one not marked complete, a last one whose
//!   checksum fails because its size reached the disk before its bytes did, an announcement whose amount is not
//!   written yet) ends the reading without an error; the notes give the offset.
//! - Any other fault is an error that names the offset. Core Lightning abandons such a file as a whole; there is no
//!   mark in it to resynchronise at.

use std::io::{self, Read};

use primitives::wire::{ChannelAnnouncement, ChannelUpdate, NodeAnnouncement, WireError, WireMessage};
use primitives::{Features, GraphDelta, Msat, NodeId, ShortChannelId};

use super::source::read_full;
use crate::graph::{BuildError, GraphBuilder};

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

/// Reads a whole store. O(bytes); holds one record of at most 64 KiB.
///
/// # Errors
/// Another major version, a minor one below 9, or a fault before the last record.
pub fn read_gossip_store(mut input: impl Read) -> Result<(GraphBuilder, GossipStoreNotes), GossipStoreError> {
    let mut version = [0];
    if read_full(&mut input, &mut version).map_err(io_error(0))? == 0 {
        return Err(GossipStoreError::Empty);
    }
    let (major, minor) = (version[0] >> 5, version[0] & 0x1f);
    if major != 0 || minor < MINOR_VERSION_MIN {
        return Err(GossipStoreError::Version { major, minor });
    }
    let mut store = Store {
        graph: GraphBuilder::new(),
        notes: GossipStoreNotes { minor_version: minor, ..GossipStoreNotes::default() },
        pending: None,
    };
    let (mut offset, mut message) = (1, Vec::new());
    loop {
        match read_record(&mut input, offset, minor, &mut message)? {
            Step::End => break,
            Step::Torn => {
                store.notes.torn_at = Some(offset);
                break;
            }
            Step::Record(header) => {
                match store.take(&header, offset, &message) {
                    Ok(After::Next) => {}
                    Ok(After::Ended) => break,
                    Err(GossipStoreError::Checksum { .. }) if is_at_end(&mut input, offset)? => {
                        store.notes.torn_at = Some(offset);
                        break;
                    }
                    Err(error) => return Err(error),
                }
                offset += HEADER_SIZE as u64 + u64::from(header.len);
            }
        }
    }
    if let Some((announced_at, _)) = store.pending {
        store.notes.torn_at = Some(announced_at);
    }
    Ok((store.graph, store.notes))
}

struct Header {
    flags: u16,
    len: u16,
    crc: u32,
    timestamp: u32,
}

enum Step {
    Record(Header),
    /// The file ends where a record would begin.
    End,
    /// The file ends inside a record, or a record is not complete yet.
    Torn,
}

fn is_at_end(input: &mut impl Read, offset: u64) -> Result<bool, GossipStoreError> {
    Ok(read_full(input, &mut [0]).map_err(io_error(offset))? == 0)
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

enum After {
    Next,
    /// The store says that it ends here.
    Ended,
}

/// The store as far as it was read.
struct Store {
    graph: GraphBuilder,
    notes: GossipStoreNotes,
    /// An announcement that waits for its amount, and the offset of its record.
    pending: Option<(u64, Announced)>,
}

/// What the graph takes of a `channel_announcement`.
struct Announced {
    short_channel_id: ShortChannelId,
    node_id_1: NodeId,
    node_id_2: NodeId,
    features: Features,
}

impl Store {
    fn take(&mut self, header: &Header, offset: u64, message: &[u8]) -> Result<After, GossipStoreError> {
        self.notes.record_count += 1;
        if header.flags & FLAG_DELETED != 0 {
            self.notes.deleted_count += 1;
            return Ok(After::Next);
        }
        let found = crc32c::crc32c_append(header.timestamp, message);
        if found != header.crc {
            return Err(GossipStoreError::Checksum { offset, expected: header.crc, found });
        }
        if self.notes.minor_version < ZOMBIE_UNTIL && header.flags & FLAG_ZOMBIE != 0 {
            self.notes.zombie_count += 1;
            return Ok(After::Next);
        }
        let Some((kind, fields)) = message.split_first_chunk() else {
            return Err(GossipStoreError::NoType { offset });
        };
        let kind = u16::from_be_bytes(*kind);
        let wire = |error| GossipStoreError::Message { offset, kind, error };
        match kind {
            CHANNEL_ANNOUNCEMENT => {
                self.announce(offset, ChannelAnnouncement::decode(fields).map_err(wire)?)?
            }
            CHANNEL_AMOUNT => self.set_amount(offset, fields_of(offset, kind, fields)?)?,
            CHANNEL_UPDATE => self.update(offset, &ChannelUpdate::decode(fields).map_err(wire)?)?,
            NODE_ANNOUNCEMENT => self.see_node(offset, NodeAnnouncement::decode(fields).map_err(wire)?)?,
            DELETE_CHANNEL => self.delete(offset, fields_of(offset, kind, fields)?)?,
            CHANNEL_DYING => self.notes.dying_count += 1,
            PRIVATE_CHANNEL | PRIVATE_UPDATE => self.notes.private_count += 1,
            ENDED => {
                self.notes.superseded = true;
                return Ok(After::Ended);
            }
            UUID => {}
            _ => self.notes.unknown_count += 1,
        }
        Ok(After::Next)
    }

    fn announce(
        &mut self,
        offset: u64,
        announcement: ChannelAnnouncement<'_>,
    ) -> Result<(), GossipStoreError> {
        if let Some((offset, pending)) = &self.pending {
            let short_channel_id = pending.short_channel_id;
            return Err(GossipStoreError::NoAmount { offset: *offset, short_channel_id });
        }
        let announced = Announced {
            short_channel_id: announcement.short_channel_id,
            node_id_1: announcement.node_id_1,
            node_id_2: announcement.node_id_2,
            features: Features::from_be_bytes(announcement.features),
        };
        self.pending = Some((offset, announced));
        Ok(())
    }

    fn set_amount(&mut self, offset: u64, satoshis: u64) -> Result<(), GossipStoreError> {
        // The announcement before it may be deleted; then the amount means nothing.
        let Some((_, announced)) = self.pending.take() else { return Ok(()) };
        let capacity = Msat::from_sat(satoshis).ok_or(GossipStoreError::Amount { offset, satoshis })?;
        if self.graph.channel(announced.short_channel_id).is_some() {
            self.graph.remove_channel(announced.short_channel_id).map_err(build_error(offset))?;
        }
        let opened = GraphDelta::ChannelOpened {
            short_channel_id: announced.short_channel_id,
            node_id_1: announced.node_id_1,
            node_id_2: announced.node_id_2,
            capacity: Some(capacity),
            features: announced.features,
        };
        self.graph.apply(&opened).map_err(build_error(offset))
    }

    fn update(&mut self, offset: u64, update: &ChannelUpdate<'_>) -> Result<(), GossipStoreError> {
        let Some(policy) = update.policy() else {
            self.notes.old_update_count += 1;
            return Ok(());
        };
        if self.graph.channel(update.short_channel_id).is_none() {
            self.notes.orphan_count += 1;
            return Ok(());
        }
        self.graph
            .set_policy(update.short_channel_id, update.direction(), policy)
            .map_err(build_error(offset))
    }

    fn see_node(&mut self, offset: u64, node: NodeAnnouncement<'_>) -> Result<(), GossipStoreError> {
        if self.graph.node_place(node.node_id).is_none() {
            self.notes.orphan_count += 1;
            return Ok(());
        }
        let seen =
            GraphDelta::NodeSeen { node_id: node.node_id, features: Features::from_be_bytes(node.features) };
        self.graph.apply(&seen).map_err(build_error(offset))
    }

    fn delete(&mut self, offset: u64, packed: u64) -> Result<(), GossipStoreError> {
        let short_channel_id = ShortChannelId::from_u64(packed);
        // The records of the channel are mostly marked deleted already.
        if self.graph.channel(short_channel_id).is_none() {
            return Ok(());
        }
        self.graph.remove_channel(short_channel_id).map_err(build_error(offset))
    }
}

/// The one 64-bit field that several of the store's own messages have.
fn fields_of(offset: u64, kind: u16, fields: &[u8]) -> Result<u64, GossipStoreError> {
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

fn build_error(offset: u64) -> impl Fn(BuildError) -> GossipStoreError {
    move |error| GossipStoreError::Build { offset, error }
}

const HEADER_SIZE: usize = 12;
const MINOR_VERSION_MIN: u8 = 9;
/// First minor version whose records are marked when they are complete.
const COMPLETED_SINCE: u8 = 15;
/// First minor version without zombies.
const ZOMBIE_UNTIL: u8 = 14;

const FLAG_DELETED: u16 = 0x8000;
const FLAG_COMPLETED: u16 = 0x2000;
const FLAG_ZOMBIE: u16 = 0x1000;

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

#[cfg(test)]
mod tests;
