//! The parts of the server that others may use and test: the store of gossip, the node of gossip, gossip of other programs'
//! files, the chain's answers, the service over HTTP, the JSON that it shares with the command line, and its binary twin.
//!
//! The command itself is the binary `fulgurite`.

pub mod binary;
pub mod chain;
pub mod clock;
pub mod http;
pub mod import;
pub mod json;
pub mod net;
pub mod store;
