//! The parts of the server that others may use and test: the store.
//!
//! The command itself is the binary `fulgurite`.

pub mod store;
