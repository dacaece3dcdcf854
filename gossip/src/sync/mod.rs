//! Learns the graph from peers and tells them what it knows: a core without sockets, files, clock or threads.
//!
//! [`Gossip::handle`] is the only way in, [`Gossip::poll_output`] the only way out. Slow work leaves as an output and
//! comes back as an input: signatures, funding outputs, reads of the log. What a peer may make us hold or do is bounded:
//! reading from it pauses while its messages wait or it is in debt for work that taught nothing, what is wrong costs
//! patience, and its questions are answered piece by piece, no faster than it reads, nor than a budget of bytes allows.
//!
//! Setup messages, pings and encryption are the transport's business, not this module's.

mod answer;
mod ask;
mod checks;
mod comparison;
mod funding;
mod gossip;
mod in_flight;
mod intake;
mod io;
mod limits;
mod news;
mod peer;
mod relay;
mod turns;

pub use gossip::{Config, Gossip, SyncProgress};
pub use io::{DisconnectReason, Input, Output, Stored};
pub use limits::{
    ANSWER_BYTES_BURST, ANSWER_BYTES_PER_SECOND, ANSWER_SECS_MAX, FLUSH_SECS, FUNDING_COUNT_MAX,
    FUNDING_INBOUND_COUNT_MAX, FUNDING_PEER_COUNT_MAX, INBOX_BYTES_MAX, NEWS_PATIENCE_SECS, PEER_COUNT_MAX,
    PIECE_SIGNATURES_MAX, PIECES_PER_THREAD, RESYNC_SECS,
};
