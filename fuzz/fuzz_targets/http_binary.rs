//! The body of a query in FlatBuffers; what is accepted is the same in JSON, and is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use server::binary::{read_plan_request, read_route_request, write_plan_request, write_route_request};
use server::http::read_json;
use server::json::{PlanQueryJson, QueryJson};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(query) = read_route_request(bytes) {
        assert_eq!(read_route_request(&write_route_request(&query)).expect("just written"), query);
        let text = serde_json::to_vec(&query).expect("it has a JSON form");
        assert_eq!(read_json::<QueryJson>(&text).expect("just written"), query);
        let _ = query.to_query();
    }
    if let Ok(plan) = read_plan_request(bytes) {
        assert_eq!(read_plan_request(&write_plan_request(&plan)).expect("just written"), plan);
        let text = serde_json::to_vec(&plan).expect("it has a JSON form");
        assert_eq!(read_json::<PlanQueryJson>(&text).expect("just written"), plan);
    }
});
