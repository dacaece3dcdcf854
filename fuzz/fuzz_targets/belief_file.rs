//! Any bytes as a file of beliefs.
#![no_main]

use engine::belief::exchange::read_beliefs;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = read_beliefs(bytes, |_, _| ());
});
