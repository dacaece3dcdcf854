//! The file that keeps what tenants have: whatever its lines say, it is read or refused, and what is read is the same
//! after it was written anew.
#![no_main]

use libfuzzer_sys::fuzz_target;
use server::http::applier::rewrite_records;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(once) = rewrite_records(bytes) {
        assert_eq!(rewrite_records(&once).expect("just written"), once);
    }
});
