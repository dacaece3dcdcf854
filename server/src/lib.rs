//! The parts of the server that others may use and test: the store of gossip, the service over HTTP, and the JSON that it
//! shares with the command line.
//!
//! The command itself is the binary `fulgurite`.

pub mod http;
pub mod json;
pub mod store;
