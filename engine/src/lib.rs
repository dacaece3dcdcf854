//! The channel graph and exact route search of Fulgurite.
pub mod graph;
pub mod import;
