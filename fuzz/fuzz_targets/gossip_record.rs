//! The records of the log: what is read is written the same, and nothing else moves the reader.
//!
//! Mutations seldom keep a checksum, so the input is also taken as bodies that are wrapped in sound records.
#![no_main]

use std::sync::LazyLock;

use gossip::record::{RecordReader, Step, encode_record};
use libfuzzer_sys::fuzz_target;
use primitives::ChainHash;

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    read(&wrapped(bytes));
});

fn read(bytes: &[u8]) {
    let mut reader = RecordReader::new(bytes);
    while let Ok(Step::Record { record, stored_at, offset, size }) = reader.step() {
        let Some(record) = record else { continue };
        let mut again = Vec::new();
        encode_record(&record, stored_at, &mut again);
        assert_eq!(again, bytes[offset..offset + size]);
        let _ = (record.key(), record.restore(*CHAIN, stored_at));
    }
    assert!(reader.offset() <= bytes.len());
}

/// Records of kind, time and body, which two bytes of length come before.
fn wrapped(mut bodies: &[u8]) -> Vec<u8> {
    const KIND_AND_TIME: usize = 5;
    let mut records = Vec::new();
    while let Some((size, rest)) = bodies.split_first_chunk() {
        let size = usize::from(u16::from_be_bytes(*size)).min(rest.len());
        let (covered, rest) = rest.split_at(size);
        bodies = rest;
        let Some(len) = covered.len().checked_sub(KIND_AND_TIME) else { continue };
        records.extend(u32::try_from(len).expect("two bytes tell it").to_be_bytes());
        records.extend(crc32c::crc32c(covered).to_be_bytes());
        records.extend(covered);
    }
    records
}

/// One that mutations find.
static CHAIN: LazyLock<ChainHash> = LazyLock::new(|| ChainHash::from([0; 32]));
