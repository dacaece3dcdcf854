//! The parts of the server that others may use and test: the store, the node of gossip, the chain's answers.
//!
//! The command itself is the binary `fulgurite`.

pub mod chain;
pub mod net;
pub mod store;
