//! The channel graph and exact route search of Fulgurite.
pub mod cost;
pub mod graph;
pub mod onion_size;
pub mod overlay;
pub mod search;
pub mod snapshot;
pub mod synthetic;
