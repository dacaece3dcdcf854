//! The border to other languages: `include/fulgurite.h`, function by function.
//!
//! Nothing is decided here. A function reads its arguments, asks the engine or the onion, and hands the answer over.
//! docs/bindings/README.md explains ownership and threads to those who call.
//!
//! # What makes this sound
//!
//! - **Nothing unwinds out.** Every function runs inside [`border::guarded`].
//! - **Handles are checked** before they are followed (`handle`): a freed one, one of another kind and a null are errors,
//!   and one that another thread is using cannot be freed.
//! - **Structures hold integers and pointers only**, so that any bytes a caller leaves in them are a value. Enumerations
//!   and booleans go out, never in.
//! - What cannot be checked is the caller's promise, the *rules of the header*: a pointer that is not null leads to as
//!   much memory of its type as its function says, nobody writes to that memory during the call, and handles come from
//!   this library.
#![allow(unsafe_code, reason = "a C ABI passes pointers; each block says why it may follow them")]
#![allow(non_camel_case_types, reason = "the names are C's")]
#![allow(
    missing_docs,
    reason = "fields that are the protocol's, and names that say it all, have no other words in the header"
)]
#![allow(clippy::missing_safety_doc, reason = "all functions have the rules of the header, see above")]

mod beliefs;
mod border;
mod buffer;
mod cancel;
mod exchange;
mod failure;
mod find;
mod gossip;
mod graph;
mod handle;
mod layer_edit;
mod layers;
mod log;
mod node_id;
mod onions;
mod plan;
mod plan_part;
mod query;
mod query_init;
mod query_read;
mod reservations;
mod route;
mod set_log;
mod status;
mod update;
mod version;
mod view;

#[cfg(test)]
mod tests;

pub use beliefs::*;
pub use buffer::*;
pub use cancel::*;
pub use exchange::*;
pub use find::*;
pub use gossip::*;
pub use graph::*;
pub use layer_edit::*;
pub use layers::*;
pub use log::*;
pub use node_id::*;
pub use onions::*;
pub use plan::*;
pub use plan_part::*;
pub use query::*;
pub use query_init::*;
pub use reservations::*;
pub use route::*;
pub use set_log::*;
pub use status::*;
pub use update::*;
pub use version::*;
pub use view::*;
