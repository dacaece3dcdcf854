//! Measurements of Fulgurite, and of its peers in the same process.
//!
//! Every router under test implements [`Contender`]: ours ([`ours`]), LDK ([`ldk`]) and a textbook search with
//! petgraph ([`pet`]). All of them are built from the same `GraphBuilder`, asked the same [`Query`]s and timed by the
//! same clock, which counts the processor time of the asking thread. The binary `compare` gives each contender a
//! process of its own, so that neither resident memory nor a warm allocator leaks from one to the next.

pub mod agreement;
pub mod beside;
pub mod clock;
mod contender;
pub mod fixture;
pub mod input;
pub mod ldk;
pub mod ldk_payer;
pub mod measure;
pub mod memory;
pub mod ours;
pub mod payer;
pub mod pet;
pub mod summary;
#[cfg(test)]
mod tests;

pub use contender::{Answer, BuildError, Contender, Mode, NoRoute, Query, StoreError, Stored};
