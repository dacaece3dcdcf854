//! The body of a query over HTTP, and the query that it makes; what is accepted is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use server::http::read_json;
use server::json::QueryJson;

fuzz_target!(|bytes: &[u8]| {
    let Ok(query) = read_json::<QueryJson>(bytes) else { return };
    let written = serde_json::to_vec(&query).expect("it has a JSON form");
    assert_eq!(read_json::<QueryJson>(&written).expect("just written"), query);
    let _ = query.to_query();
});
