//! The body of a plan over HTTP.
#![no_main]

use libfuzzer_sys::fuzz_target;
use server::http::read_json;
use server::json::PlanQueryJson;

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = read_json::<PlanQueryJson>(bytes) else { return };
    let written = serde_json::to_vec(&value).expect("it has a JSON form");
    read_json::<PlanQueryJson>(&written).expect("just written");
});
