//! The records of the log: what is read is written the same, and nothing else moves the reader.
#![no_main]

use gossip::record::{RecordReader, Step, encode_record};
use libfuzzer_sys::fuzz_target;
use primitives::ChainHash;

fuzz_target!(|bytes: &[u8]| {
    let mut reader = RecordReader::new(bytes);
    while let Ok(Step::Record { record, stored_at, offset, size }) = reader.step() {
        let Some(record) = record else { continue };
        let mut again = Vec::new();
        encode_record(&record, stored_at, &mut again);
        assert_eq!(again, bytes[offset..offset + size]);
        let _ = record.restore(ChainHash::BITCOIN, stored_at);
    }
    assert!(reader.offset() <= bytes.len());
});
