//! The reader of LND's JSON; what it accepts is written and read again to the same bytes.
#![no_main]

use engine::import::{read_lnd_json, write_lnd_json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(graph) = read_lnd_json(bytes) else { return };
    let mut once = Vec::new();
    write_lnd_json(&graph, &mut once).expect("a vector");
    let again = read_lnd_json(&once[..]).expect("just written");
    let mut twice = Vec::new();
    write_lnd_json(&again, &mut twice).expect("a vector");
    assert_eq!(once, twice);
});
