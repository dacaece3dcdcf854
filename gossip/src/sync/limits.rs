//! The numbers of the conversation with peers, each with its reason.

use primitives::wire::{Ping, WireMessage as _, message_type};

/// Peers at once.
pub const PEER_COUNT_MAX: usize = 256;
/// Bytes of one peer's messages that wait for their signatures to be checked; reading pauses above. Some 500 messages,
/// or 20 ms of work.
pub const INBOX_BYTES_MAX: usize = 256 << 10;
/// Bytes of messages of peers that have left, which wait for their signatures to be checked.
pub(super) const ORPHAN_BYTES_MAX: usize = 4 << 20;
/// Signatures that one thread checks in one piece of work, and three more at most: half a millisecond.
pub const PIECE_SIGNATURES_MAX: usize = 16;
/// Pieces under way for each thread: one is checked, the other one waits, so that no thread waits for the core. News of a
/// peer that says little waits for these and leaves with the next piece.
pub const PIECES_PER_THREAD: usize = 2;
/// Signatures of one peer in turn: as many as one message has at most.
pub(super) const TURN_SIGNATURES_MAX: usize = 4;
/// Messages in one piece whose senders have left.
pub(super) const PIECE_ORPHAN_SIGNATURES_MAX: usize = PIECE_SIGNATURES_MAX / 4;
/// Channels whose funding output is asked for at once, besides those of the pieces under way; a node of the chain answers
/// some thousand a second.
pub const FUNDING_COUNT_MAX: usize = 4096;
/// The same of one peer: enough to keep a node of the chain busy.
pub const FUNDING_PEER_COUNT_MAX: usize = 64;
/// The same of all peers together that we did not choose: a node of the chain answers them within two seconds, so that nobody
/// else waits for longer, whatever strangers invent.
pub const FUNDING_INBOUND_COUNT_MAX: usize = 256;
/// Outputs that the chain does not have, some 1.5 MB. Peers tell some hundred channels that were closed of late.
pub(super) const REFUSED_COUNT_MAX: usize = 1 << 14;
/// Blocks above the tip that a channel may be in. It is announced when six blocks confirm it (BOLT 7), so that our node of the
/// chain is eleven blocks behind then.
pub(super) const EARLY_BLOCKS_MAX: u32 = 6;
/// Seconds between flushes of news to peers (BOLT 7, Rebroadcasting).
pub const FLUSH_SECS: u32 = 60;
/// Seconds between comparisons with a peer of what channels there are.
pub const RESYNC_SECS: u32 = 3600;
/// Seconds between searches for stale channels.
pub(super) const PRUNE_SECS: u32 = 600;
/// Seconds that a peer has for the next part of an answer.
pub const ANSWER_SECS_MAX: u32 = 60;
/// Seconds that a new peer has for the next part of its first answers. After them it is asked for news instead: it may
/// be one that answers no questions.
pub const NEWS_PATIENCE_SECS: u32 = 5;
/// How far back in time a new peer shall tell news.
pub(super) const FILTER_BACK_SECS: u32 = 2 * 3600;
/// Peers that we chose, at once, that shall tell all that we have missed, in case one goes away in the middle of it.
pub(super) const BACKLOG_PEER_COUNT: usize = 3;
/// Channels that a peer claims to know more of than we do, some 30 bytes each, where we chose the peer. Above, its claims
/// wait for the next comparison.
pub(super) const WANTED_COUNT_MAX: usize = 200_000;
/// The same of a peer that came by itself: anybody can claim anything, and there are many of them.
pub(super) const WANTED_INBOUND_COUNT_MAX: usize = 8192;
/// Parts of an answer to a range, four million channels by our own parts. LND takes 500.
pub(super) const RANGE_REPLY_COUNT_MAX: u32 = 2000;
/// Channels of such a part that are compared in a microsecond.
pub(super) const COMPARED_PER_MICROSECOND: u32 = 4;
/// Channels and nodes that a filter is held against in a microsecond.
pub(super) const SCANNED_PER_MICROSECOND: u32 = 16;
/// Claims that are looked at for the next question to anybody, some 0.3 µs each; the rest at the next look.
pub(super) const LOOK_COUNT_MAX: usize = 4096;
/// Nodes that an answer keeps to tell each once, behind its channels; where there are more, they come between.
pub(super) const ANSWER_NODE_COUNT_MAX: usize = 1024;
/// Channels that are asked for in one query: its answer has some 300 KB.
pub(super) const ASKED_COUNT_MAX: usize = 500;
/// Channels that one part of an answer tells, 24 bytes each.
pub(super) const REPLY_COUNT_MAX: usize = 2000;
/// Bytes of answers that one peer that we chose, or all strangers together, may have at once: mainnet's graph, of some 35
/// MB, nearly twice. Beyond, answers wait.
pub const ANSWER_BYTES_BURST: u32 = 64 << 20;
/// The same in a second: a few hundredths of a processor.
pub const ANSWER_BYTES_PER_SECOND: u32 = 4 << 20;
/// Messages that are read from the log at once for a peer, some 20 KB.
pub(super) const READ_COUNT_MAX: usize = 64;
/// News between two flushes, some 2 MB of names: four times what waits for one peer. More than these come while a graph is learnt;
/// what is left out is found by a query.
pub(super) const NEWS_COUNT_MAX: usize = 4 * OUTGOING_COUNT_MAX;
/// News that wait for a slow peer, a quarter of an hour of mainnet's and half a megabyte; it loses what is more, and finds it
/// by a query.
pub(super) const OUTGOING_COUNT_MAX: usize = 8192;
/// Work for nothing, in microseconds of one processor, that a peer may cause at once and in a second; beyond, it is read
/// from later. Nobody is left for it: a peer that tells the whole graph once more is slow, but not wrong. A hundredth of
/// a processor is some 2,500 messages a second, while news of mainnet are some ten.
pub(super) const WORK_BURST: u32 = WORK_PER_SECOND;
pub(super) const WORK_PER_SECOND: u32 = 10_000;
/// The same in the second of all peers together: a tenth of a processor.
pub(super) const WORK_OF_ALL_PER_SECOND: u32 = 100_000;
/// A new peer may cause so much, that who comes again and again gains nothing by it.
pub(super) const WORK_AT_FIRST: u32 = 2000;
/// A signature, in microseconds.
pub(super) const WORK_SIGNATURE: u32 = 30;
/// Four signatures and a question to the chain for a channel that it does not have, in microseconds.
pub(super) const WORK_FUNDING: u32 = 500;
/// What a peer may do wrong at once, and in a second, before it is left: see the costs below.
pub(super) const PATIENCE_BURST: u32 = 2000;
pub(super) const PATIENCE_PER_SECOND: u32 = 2;
/// A message that changes nothing and could not have.
pub(super) const COST_WASTE: u32 = 1;
/// A filter makes us search the view once, which is work that is paid for besides.
pub(super) const COST_FILTER: u32 = 20;
/// So does a query for a range.
pub(super) const COST_RANGE: u32 = 20;
/// A query for channels, besides one for every hundred of them.
pub(super) const COST_IDS: u32 = 2;

/// The work of reading a message, decrypting it, and finding out that it teaches nothing, and of a ping's pong, in
/// microseconds.
pub(super) fn work_of(message: &[u8]) -> u32 {
    let answer = match message_type(message) {
        Some(Ping::TYPE) => Ping::decode(&message[2..]).ok().and_then(|ping| ping.pong_bytes()).unwrap_or(0),
        _ => 0,
    };
    let bytes = u32::try_from(message.len()).unwrap_or(u32::MAX).saturating_add(answer.into());
    WORK_MESSAGE + bytes / WORK_BYTES
}

/// Microseconds for a short message, and bytes that take one more.
const WORK_MESSAGE: u32 = 4;
const WORK_BYTES: u32 = 512;
