//! The snapshot file; what it accepts is written and read again to the same bytes behind the front.
#![no_main]

use engine::snapshot::{SnapshotMeta, read_snapshot, snapshot_info, write_snapshot};
use libfuzzer_sys::fuzz_target;

/// Bytes of header and directory, which hold the checksums that a fuzzer does not guess.
const HEADER_SIZE: usize = 64;

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    // The same with the checksums of header and directory put right; those of sections are in the corpus.
    let mut sealed = bytes.to_vec();
    let Some(end) = sealed.get(16..24).map(|end| u64::from_le_bytes(end.try_into().expect("eight bytes")))
    else {
        return;
    };
    let Some(directory) = usize::try_from(end).ok().and_then(|end| sealed.get(HEADER_SIZE..end)) else {
        return;
    };
    let checksum = crc32fast::hash(directory);
    sealed[24..28].copy_from_slice(&checksum.to_le_bytes());
    let checksum = crc32fast::hash(&sealed[..60]);
    sealed[60..64].copy_from_slice(&checksum.to_le_bytes());
    check(&sealed);
});

fn check(bytes: &[u8]) {
    let Ok(graph) = read_snapshot(bytes) else { return };
    let meta = snapshot_info(bytes).expect("it was read").meta;
    let write = |graph| {
        let mut file = Vec::new();
        write_snapshot(graph, &SnapshotMeta::clone(&meta), &mut file).expect("a vector");
        file
    };
    let once = write(&graph);
    let twice = write(&read_snapshot(&once).expect("just written"));
    assert!(once == twice);
}
