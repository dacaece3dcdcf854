//! Records of the log that keeps verified gossip: what they hold, and their bytes.
//!
//! ```text
//! file     offset  size                          record   offset  size
//!               0     8  "FULGGSP1"                            0     4  len: bytes of body
//!               8    32  chain hash                            4     4  CRC-32C of kind, stored_at and body
//!              40     8  generation                            8     1  kind
//!              48        records                               9     4  stored_at, Unix seconds
//!                                                             13   len  body
//!
//! kind  body
//!    1  capacity in msat u64 (2^64 - 1: unknown) | channel_announcement with its type
//!    2  channel_update with its type
//!    3  node_announcement with its type
//!    4  short_channel_id u64 of a channel that left
//!    5  short_channel_id u64 | height u32 of the block that spent its funding output (2^32 - 1: none does, after all)
//! ```
//!
//! Integers are big-endian. Records are only ever appended: the last one of a name holds, and all of a channel's are
//! void behind its removal. A record is complete when its checksum is right; what follows the last complete one was
//! torn by a crash, or is being written. Odd kinds above 5 are passed over, even ones are from a later version that
//! must not be ignored. Generations count compactions, so that a reader who follows notices that another file has taken the
//! place of the one that it reads.

mod codec;
mod content;
mod header;

pub use codec::{Frame, RECORD_BODY_MAX, RECORD_HEAD_SIZE, RecordError, RecordReader, Step, encode_record};
pub use content::{Record, RestoreError, Restored};
pub use header::{FILE_HEADER_SIZE, FileHeader, FileHeaderError};
