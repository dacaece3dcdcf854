//! Encodings that several layers share (BOLT 1).

mod bigsize;
mod sink;
mod tlv;
mod truncated;

pub use bigsize::{bigsize_len, decode_bigsize, encode_bigsize, put_bigsize};
pub use sink::{ByteCount, Sink, SliceSink};
pub use tlv::{TlvError, TlvFault, TlvReader, TlvRecord, TlvWriter, tlv_record_len};
pub use truncated::{Truncated, decode_tu32, decode_tu64};
