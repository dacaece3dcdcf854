//! The reader of captures of raw gossip: every byte is a message's or torn.
#![no_main]

use libfuzzer_sys::fuzz_target;
use primitives::ChainHash;
use server::import::{CAPTURE_MAGIC, CaptureError, read_capture};

fuzz_target!(|bytes: &[u8]| {
    let capture = [&CAPTURE_MAGIC[..], bytes].concat();
    let mut message_bytes = 0;
    let notes = read_capture(&capture[..], ChainHash::BITCOIN, |_, message| {
        message_bytes += message.len() + if message.len() < 0xfd { 1 } else { 3 };
        Ok::<(), CaptureError>(())
    });
    let notes = notes.expect("nothing of it is an error");
    assert_eq!(message_bytes + notes.torn_bytes as usize, bytes.len());
});
