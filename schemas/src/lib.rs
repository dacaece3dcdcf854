//! FlatBuffers schemas of Fulgurite and the code generated from them.

#[allow(warnings, unsafe_code)]
#[rustfmt::skip]
mod generated;

pub use generated::answer_generated::fulgurite::answer;
pub use generated::query_generated::fulgurite::query;
pub use generated::snapshot_generated::fulgurite::snapshot;
