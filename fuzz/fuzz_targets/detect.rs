//! Any bytes, through the door that files come in by.
#![no_main]

use engine::import::{detect, read_graph};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = detect(bytes);
    let _ = read_graph(bytes, &mut |_| ());
});
