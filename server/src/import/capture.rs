//! Captures of raw gossip, as researchers keep and publish them.
//!
//! ```text
//! offset  size  capture
//!      0     4  "GSP\x01"
//!            messages behind one another:
//!                 len: big-endian CompactSize, which is BOLT 1's BigSize
//!                 len bytes: u16 type, fields
//! ```
//!
//! Nothing marks where a message begins, and a writer that was interrupted leaves part of one, behind which the next
//! run of it has gone on. So bytes are taken for a message where they decode as one of a chain that exists, another one or
//! the end is behind them, and none lies inside; or where none even begins inside. All others are passed over.

use std::io::{self, ErrorKind, Read};

use primitives::ChainHash;
use primitives::codec::decode_bigsize;
use primitives::wire::{
    ChannelAnnouncement, ChannelUpdate, MESSAGE_SIZE_MAX, NodeAnnouncement, WireMessage as _, message_type,
};

/// How a capture begins.
pub const CAPTURE_MAGIC: [u8; 4] = *b"GSP\x01";

/// What was in a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CaptureNotes {
    /// Bytes that belong to none of them.
    pub torn_bytes: u64,
    /// Where the first of these is.
    pub torn_at: Option<u64>,
}

/// Why a capture is not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// It is something else.
    #[error("a capture of gossip begins with \"GSP\" and the byte 1")]
    Magic,
    /// The input failed.
    #[error("cannot be read on behind byte {offset}: {kind}")]
    Io {
        /// How far reading came.
        offset: u64,
        /// How it failed.
        kind: ErrorKind,
    },
}

/// Reads a whole capture, and hands out its messages, each with its offset: those of `chain_hash` and of the public chains.
/// O(bytes); holds 256 KiB.
///
/// # Errors
/// Where the input is no capture, or fails; and whatever `take` finds. What is torn is no error.
pub fn read_capture<E: From<CaptureError>>(
    mut input: impl Read,
    chain_hash: ChainHash,
    mut take: impl FnMut(u64, &[u8]) -> Result<(), E>,
) -> Result<CaptureNotes, E> {
    let failed_at = |offset| move |error: io::Error| CaptureError::Io { offset, kind: error.kind() };
    let mut magic = Vec::with_capacity(CAPTURE_MAGIC.len());
    input.by_ref().take(CAPTURE_MAGIC.len() as u64).read_to_end(&mut magic).map_err(failed_at(0))?;
    if magic != CAPTURE_MAGIC {
        return Err(CaptureError::Magic.into());
    }
    let (mut notes, mut offset) = (CaptureNotes::default(), magic.len() as u64);
    let (mut bytes, mut at, mut is_over) = (Vec::new(), 0, false);
    loop {
        if !is_over && bytes.len() - at < LOOK_AHEAD {
            bytes.drain(..at);
            at = 0;
            let missing = WINDOW_SIZE - bytes.len();
            let read = input.by_ref().take(missing as u64).read_to_end(&mut bytes);
            is_over = read.map_err(failed_at(offset))? < missing;
        }
        let rest = &bytes[at..];
        if rest.is_empty() {
            return Ok(notes);
        }
        let size = match judge(rest, chain_hash) {
            Judgement::Message(Frame { message, size }) => {
                take(offset, message)?;
                size
            }
            Judgement::Torn { size } => {
                notes.torn_bytes += size as u64;
                notes.torn_at.get_or_insert(offset);
                size
            }
        };
        at += size;
        offset += size as u64;
    }
}

/// What comes next.
enum Judgement<'a> {
    Message(Frame<'a>),
    Torn { size: usize },
}

/// `rest` holds [`LOOK_AHEAD`] bytes, or is the rest of the file. O(bytes of what is found).
fn judge(rest: &[u8], chain_hash: ChainHash) -> Judgement<'_> {
    let Some(found) = frame(rest, chain_hash) else { return Judgement::Torn { size: 1 } };
    let behind = &rest[found.size..];
    let is_followed = behind.is_empty() || frame(behind, chain_hash).is_some();
    // The last byte of a length alone looks like a shorter one.
    let from = if is_followed { found.size - found.message.len() } else { 1 };
    let inner = (from..found.size).find_map(|at| Some((at, frame(&rest[at..], chain_hash)?)));
    match inner {
        // One that begins with the last bytes of this one, which look like a length together with the length behind, is none.
        Some((size, inner)) if !is_followed || size + inner.size <= found.size => Judgement::Torn { size },
        _ => Judgement::Message(found),
    }
}

/// A message behind its length, and the bytes of both.
#[derive(Clone, Copy)]
struct Frame<'a> {
    message: &'a [u8],
    size: usize,
}

/// What `bytes` begin with, if that is a message. O(1) where it is none.
fn frame(bytes: &[u8], chain_hash: ChainHash) -> Option<Frame<'_>> {
    let (size, rest) = decode_bigsize(bytes)?;
    let size = usize::try_from(size).ok().filter(|size| *size <= MESSAGE_SIZE_MAX)?;
    let message = rest.get(..size)?;
    let payload = message.get(2..)?;
    let chain = match message_type(message)? {
        ChannelAnnouncement::TYPE => Some(ChannelAnnouncement::decode(payload).ok()?.chain_hash),
        ChannelUpdate::TYPE => Some(ChannelUpdate::decode(payload).ok()?.chain_hash),
        // A node is of no chain; what decodes as one by chance has an id that begins as a key does.
        NodeAnnouncement::TYPE => {
            NodeAnnouncement::decode(payload).ok()?;
            None
        }
        _ => return None,
    };
    let exists = chain.is_none_or(|chain| chain == chain_hash || PUBLIC_CHAINS.contains(&chain));
    exists.then_some(Frame { message, size: bytes.len() - rest.len() + size })
}

const PUBLIC_CHAINS: [ChainHash; 5] =
    [ChainHash::BITCOIN, ChainHash::TESTNET3, ChainHash::TESTNET4, ChainHash::SIGNET, ChainHash::REGTEST];
/// A message with a length of three bytes, and another one that begins inside or behind.
const LOOK_AHEAD: usize = 2 * (3 + MESSAGE_SIZE_MAX);
const WINDOW_SIZE: usize = 256 << 10;
const _: () = assert!(WINDOW_SIZE > LOOK_AHEAD);
