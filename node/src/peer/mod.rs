//! A connection to another node: encrypted (BOLT 8), set up and kept alive (BOLT 1).
//!
//! ```text
//! socket --bytes--> Connection::receive --> next_event --> Authenticated, Ready, Message, ...
//! socket <--bytes-- Connection::output  <-- send, ping, and what BOLT 8 and BOLT 1 demand unasked
//! ```
//!
//! There is no socket, clock or randomness here: bytes, time limits and ephemeral keys are the caller's business. A
//! [`Connection`] holds at most one message that is not complete yet, the bytes that it was given last, and what the
//! caller has not taken out yet; an answer to a peer's ping waits until there is room for it.

mod connection;
mod features;
pub mod noise;

pub use connection::{Connection, ConnectionError, Event, Introduction, OUTPUT_BYTES_MAX, SendError};
pub use features::offered_features;
