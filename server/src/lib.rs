//! The parts of the server that others may use and test: the store of gossip, the node of gossip, the chain's answers, the
//! service over HTTP, and the JSON that it shares with the command line.
//!
//! The command itself is the binary `fulgurite`.

pub mod chain;
pub mod clock;
pub mod http;
pub mod json;
pub mod net;
pub mod store;
