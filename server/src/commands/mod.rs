//! One file for each command, and the one that runs where none is named.

pub(crate) mod bench;
mod bench_sample;
mod bench_updates;
pub(crate) mod completions;
pub(crate) mod generate;
pub(crate) mod import;
pub(crate) mod info;
pub(crate) mod man;
pub(crate) mod reach;
pub(crate) mod route;
pub(crate) mod serve;
mod serve_gossip;
pub(crate) mod simulate;
pub(crate) mod sync;
pub(crate) mod welcome;
