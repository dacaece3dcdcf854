//! Any bytes as LDK's scores.
#![no_main]

use engine::belief::exchange::read_ldk_scores;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = read_ldk_scores(bytes, |_, _| ());
});
