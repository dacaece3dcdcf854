//! Encodings that several layers share (BOLT 1).

mod bigsize;

pub use bigsize::{bigsize_len, decode_bigsize, encode_bigsize};
