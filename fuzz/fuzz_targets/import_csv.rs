//! The CSV reader; what it accepts is written and read again to the same bytes.
#![no_main]

use engine::import::{read_csv, write_csv};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok((graph, _)) = read_csv(bytes) else { return };
    let mut once = Vec::new();
    write_csv(&graph, &mut once).expect("a vector");
    let (again, _) = read_csv(&once[..]).expect("just written");
    let mut twice = Vec::new();
    write_csv(&again, &mut twice).expect("a vector");
    assert_eq!(once, twice);
});
