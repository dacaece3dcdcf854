//! What the network looks like, by all that was verified.
//!
//! The view keeps what routing, freshness and queries need, and no message: those lie in the log. Whatever order
//! messages come in, and however often, the view ends the same (the rate limits aside).

mod entry;
mod key;
mod limits;
mod network;
mod prune;
mod refusal;

pub use entry::{AnnouncedNode, ChannelEntry, NodeEntry, UpdateEntry};
pub use key::MessageKey;
pub use limits::{
    CHANNEL_COUNT_MAX, CLOSE_DELAY_BLOCKS, FEATURE_BYTES_MAX, FUTURE_SECS_MAX, STALE_SECS, UPDATE_BURST,
    UPDATE_INTERVAL_SECS,
};
pub use network::NetworkView;
pub use refusal::{Refusal, Standing};
