//! The binary twin of [`json`](crate::json): requests as FlatBuffers by `schemas/query.fbs`.
//!
//! Bytes are verified before they are read, and become what JSON becomes, so that both ask the same. Answers are
//! written by [`engine::answer`].

mod read;
mod write;

pub use read::{BinaryError, read_plan_request, read_route_request};
pub use write::{write_plan_request, write_route_request};

/// The version of the form, the only one that is read.
pub const REQUEST_VERSION: u16 = 1;
