//! TLV streams (BOLT 1, Type-Length-Value Format): records of a type, a length and so many bytes, types ascending.
//!
//! ```text
//! type BigSize | length BigSize | value, length bytes | type ...
//! ```
//!
//! The reader borrows everything and allocates nothing; a length is checked against what is there before the value is
//! touched. It knows no types: whoever reads a record that he does not understand calls [`TlvRecord::skip`], which
//! applies the rule of even and odd.

use super::{Sink, bigsize_len, decode_bigsize, put_bigsize};

/// One record of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlvRecord<'a> {
    /// What the value means.
    pub tlv_type: u64,
    /// Where the record begins in its stream.
    pub offset: usize,
    /// The value, without type and length.
    pub value: &'a [u8],
}

impl TlvRecord<'_> {
    /// Passes over a record that the reader does not know.
    ///
    /// # Errors
    /// Where the type is even: a reader must not go on without understanding it.
    pub const fn skip(&self) -> Result<(), TlvError> {
        if self.tlv_type.is_multiple_of(2) { Err(self.error(TlvFault::UnknownEven)) } else { Ok(()) }
    }

    /// The error of a value that is not what its type demands.
    pub const fn invalid(&self) -> TlvError {
        self.error(TlvFault::Value)
    }

    /// The value as an array of `N` bytes.
    ///
    /// # Errors
    /// Where it has another length.
    pub fn array<const N: usize>(&self) -> Result<[u8; N], TlvError> {
        self.value.try_into().map_err(|_| self.invalid())
    }

    const fn error(&self, fault: TlvFault) -> TlvError {
        TlvError { tlv_type: Some(self.tlv_type), offset: self.offset, fault }
    }
}

/// Reads the records of a stream that fills a slice. Ends at the first error.
#[derive(Debug, Clone)]
pub struct TlvReader<'a> {
    rest: &'a [u8],
    offset: usize,
    last: Option<u64>,
}

impl<'a> TlvReader<'a> {
    /// Will read all of `stream`.
    pub const fn new(stream: &'a [u8]) -> Self {
        TlvReader { rest: stream, offset: 0, last: None }
    }

    /// What has not been read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn read(&mut self) -> Result<TlvRecord<'a>, TlvError> {
        let offset = self.offset;
        let error = |tlv_type, fault| TlvError { tlv_type, offset, fault };
        let (tlv_type, rest) = decode_bigsize(self.rest).ok_or(error(None, TlvFault::Frame))?;
        if self.last.is_some_and(|last| last >= tlv_type) {
            return Err(error(Some(tlv_type), TlvFault::Order));
        }
        let (length, rest) = decode_bigsize(rest).ok_or(error(Some(tlv_type), TlvFault::Frame))?;
        let split = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
        let (value, rest) = split.ok_or(error(Some(tlv_type), TlvFault::Frame))?;
        self.offset += self.rest.len() - rest.len();
        self.rest = rest;
        self.last = Some(tlv_type);
        Ok(TlvRecord { tlv_type, offset, value })
    }
}

impl<'a> Iterator for TlvReader<'a> {
    type Item = Result<TlvRecord<'a>, TlvError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let record = self.read();
        if record.is_err() {
            self.rest = &[];
        }
        Some(record)
    }
}

/// Writes the records of a stream.
#[derive(Debug)]
pub struct TlvWriter<S> {
    sink: S,
    last: Option<u64>,
}

impl<S: Sink> TlvWriter<S> {
    /// Begins a stream.
    pub const fn new(sink: S) -> Self {
        TlvWriter { sink, last: None }
    }

    /// Appends a record whose value is the parts, one after the other.
    ///
    /// # Panics
    /// Where `tlv_type` is not above the record's before: a stream that no reader accepts is our bug.
    pub fn record(&mut self, tlv_type: u64, parts: &[&[u8]]) -> &mut Self {
        assert!(self.last.is_none_or(|last| last < tlv_type), "types of a TLV stream ascend");
        self.last = Some(tlv_type);
        put_bigsize(tlv_type, &mut self.sink);
        put_bigsize(parts.iter().map(|part| part.len() as u64).sum(), &mut self.sink);
        for part in parts {
            self.sink.put(part);
        }
        self
    }

    /// Appends a record where there is a value.
    ///
    /// # Panics
    /// As [`TlvWriter::record`].
    pub fn optional(&mut self, tlv_type: u64, value: Option<&[u8]>) -> &mut Self {
        match value {
            Some(value) => self.record(tlv_type, &[value]),
            None => self,
        }
    }
}

/// How many bytes a record takes whose value has `value_len`.
pub const fn tlv_record_len(tlv_type: u64, value_len: usize) -> usize {
    bigsize_len(tlv_type) + bigsize_len(value_len as u64) + value_len
}

/// Why a stream is refused, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("TLV record at byte {offset}: {fault}")]
pub struct TlvError {
    /// The record's type, where it could be read.
    pub tlv_type: Option<u64>,
    /// Where the record begins.
    pub offset: usize,
    /// What is wrong with it.
    pub fault: TlvFault,
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlvFault {
    /// Type or length are not minimal, or the stream ends within the record.
    #[error("type, length or value are cut short or not minimal")]
    Frame,
    /// The type is not above the one before.
    #[error("types do not ascend")]
    Order,
    /// An even type that the reader does not know.
    #[error("an unknown even type")]
    UnknownEven,
    /// The value is not what the type demands.
    #[error("the value does not fit its type")]
    Value,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::ByteCount;

    fn faults(bytes: &[u8]) -> Option<TlvFault> {
        TlvReader::new(bytes).find_map(Result::err).map(|error| error.fault)
    }

    #[test]
    fn records_survive_the_round_trip() {
        let values: [(u64, &[u8]); 4] = [(0, &[]), (1, &[7]), (254, &[1; 300]), (5_482_373_484, &[2; 32])];
        let (mut bytes, mut count) = (Vec::new(), ByteCount::default());
        let mut expected_len = 0;
        let (mut writer, mut counter) = (TlvWriter::new(&mut bytes), TlvWriter::new(&mut count));
        for (tlv_type, value) in values {
            let (front, back) = value.split_at(value.len() / 2);
            writer.record(tlv_type, &[front, back]);
            counter.optional(tlv_type, Some(value)).optional(tlv_type, None);
            expected_len += tlv_record_len(tlv_type, value.len());
        }
        assert_eq!((bytes.len(), count.to_usize()), (expected_len, expected_len));
        let mut offset = 0;
        for (record, (tlv_type, value)) in TlvReader::new(&bytes).zip(values) {
            assert_eq!(record, Ok(TlvRecord { tlv_type, offset, value }));
            offset += tlv_record_len(tlv_type, value.len());
        }
        assert_eq!(offset, bytes.len());
    }

    #[test]
    fn broken_streams_are_refused() {
        // BOLT 1, TLV decoding failures.
        for bytes in
            ["fd", "fd01", "fd000100", "fd0101", "0ffd", "0ffd26", "0ffd2602", "0ffd000100", "0f02aa"]
        {
            let bytes: Vec<u8> = (0..bytes.len() / 2)
                .map(|at| u8::from_str_radix(&bytes[2 * at..2 * at + 2], 16).expect("hex"))
                .collect();
            assert_eq!(faults(&bytes), Some(TlvFault::Frame), "{bytes:02x?}");
        }
        assert_eq!(faults(&[2, 1, 0, 1, 1, 0]), Some(TlvFault::Order));
        assert_eq!(faults(&[3, 0, 3, 0]), Some(TlvFault::Order));
        // A length of 2^64 - 1 takes nothing.
        assert_eq!(faults(&[1, 255, 255, 255, 255, 255, 255, 255, 255, 255]), Some(TlvFault::Frame));
        assert_eq!(faults(&[1, 0, 3, 1, 9]), None);
    }

    #[test]
    fn unknown_types_are_skipped_when_odd() {
        let record = |tlv_type| TlvRecord { tlv_type, offset: 0, value: &[] };
        assert_eq!(record(561).skip(), Ok(()));
        assert_eq!(record(562).skip().map_err(|error| error.fault), Err(TlvFault::UnknownEven));
    }
}
