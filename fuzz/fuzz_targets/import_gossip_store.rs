//! The reader of Core Lightning's store.
//!
//! Mutations seldom keep a checksum, so the input is also taken as bare messages that are wrapped in sound records.
#![no_main]

use engine::import::read_gossip_store;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = read_gossip_store(bytes);
    let Some((&version, messages)) = bytes.split_first() else { return };
    let _ = read_gossip_store(&wrapped(version, messages)[..]);
});

/// A store of messages that each have two bytes of length before them.
fn wrapped(version: u8, mut messages: &[u8]) -> Vec<u8> {
    let mut store = vec![version];
    while let Some((size, rest)) = messages.split_first_chunk() {
        let size = usize::from(u16::from_be_bytes(*size)).min(rest.len());
        let (message, rest) = rest.split_at(size);
        messages = rest;
        store.extend([0x20, 0]);
        store.extend(u16::try_from(size).expect("it was one").to_be_bytes());
        store.extend(crc32c::crc32c(message).to_be_bytes());
        store.extend([0; 4]);
        store.extend(message);
    }
    store
}
