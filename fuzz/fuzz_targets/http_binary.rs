//! The body of a query in FlatBuffers; what is accepted is the same in JSON, and is written and read again.
//!
//! Mutations seldom find the way through a buffer's offsets, so the input is also taken as changes of a sound one.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use server::binary::{read_plan_request, read_route_request, write_plan_request, write_route_request};
use server::http::read_json;
use server::json::{PlanQueryJson, QueryJson};

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    for sound in &*SOUND {
        read(&changed(sound, bytes));
    }
});

fn read(bytes: &[u8]) {
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
}

/// Each three bytes change one: where it is, and which bits.
fn changed(sound: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut changed = sound.to_vec();
    for [high, low, bits] in changes.as_chunks().0 {
        let at = usize::from(u16::from_be_bytes([*high, *low])) % changed.len();
        changed[at] ^= bits;
    }
    changed
}

static SOUND: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    let query: QueryJson = read_json(QUERY.as_bytes()).expect("a sound query");
    let mut plan = PlanQueryJson::new(query.clone());
    (plan.part_count_max, plan.part_min_msat, plan.frontier) = (Some(5), Some(1000), Some(3));
    [write_route_request(&query), write_plan_request(&plan)]
});

const QUERY: &str = r#"{
    "src": "02eec7245d6b7d2ccb30380bfbe2a3648cd7a942653f5aa340edcea1f283686619",
    "dst": "0324653eac434488002cc06bbfb7f10fe18991e35f9fe4302dbea6d2353dc0ab1c",
    "amount_msat": 100000000,
    "limits": {"fee_max_msat": 5000, "fee_max_millionths": 100, "cltv_max": 1000, "hop_count_max": 7},
    "avoid": {
        "nodes": ["027f31ebc5462c1fdce1b737ecff52d37d75dea43ce11c74d25aa297165faa2007"],
        "channels": ["700000x1x0", "700000x2x0/1"]
    },
    "first_channels": [{"short_channel_id": "700000x3x0", "balance_msat": 70000000}],
    "last_hop": "032c0b7cf95324a07d05398b240174dc0c2be444d96b159aa6c7f7b1e668680991",
    "extra_arcs": [{
        "short_channel_id": "1x2x3",
        "tail": "032c0b7cf95324a07d05398b240174dc0c2be444d96b159aa6c7f7b1e668680991",
        "head": "0324653eac434488002cc06bbfb7f10fe18991e35f9fe4302dbea6d2353dc0ab1c",
        "fee_base_msat": 1, "fee_proportional_millionths": 2, "cltv_expiry_delta": 3,
        "htlc_minimum_msat": 4, "htlc_maximum_msat": 500000000
    }],
    "layers": ["mine"],
    "headroom_millionths": 10000, "tolerance_msat": 1000, "work_max": 100000, "alternatives": 3
}"#;
