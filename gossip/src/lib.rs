//! The channel graph, learnt from signed gossip (BOLT 7).
//!
//! ```text
//! bytes -> Candidate -> Verified -> view -> GraphDelta
//!          (parsed,     (signatures  (timestamps,  |
//!           cheap        checked)     rates, room) +-> records of the log, relay to peers
//!           checks)
//! ```
//!
//! Nothing here opens a socket or a file, reads a clock or draws randomness: bytes, time and answers of the chain come
//! in, messages, records and deltas go out.

pub mod admit;
pub mod funding;
pub mod record;
pub mod sync;
pub mod verify;
pub mod view;
