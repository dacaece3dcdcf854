//! What no client should send: it is refused in good form, and the server is none the worse.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::super::service::node;
use super::{error, line, node64};

#[tokio::test(flavor = "multi_thread")]
async fn values_out_of_range_are_refused() {
    let service = line().await;
    let long = "9".repeat(40);
    for path in [
        format!("/lnd/v1/graph/routes/{}/{long}", node(4)),
        format!("/lnd/v1/graph/routes/{}/-1", node(4)),
        format!("/lnd/v1/graph/routes/{}/1e3", node(4)),
        format!("/lnd/v1/graph/routes/{}/9223372036854775807", node(4)),
        "/lnd/v1/graph/routes/02ab/1".to_owned(),
        format!("/lnd/v1/graph/routes/{}/1", "zz".repeat(33)),
        format!("/lnd/v1/graph/routes/{}/1?amt_msat=5", node(4)),
        format!("/lnd/v1/graph/routes/{}/1?ignored_nodes=%21%21", node(4)),
        format!("/lnd/v1/graph/routes/{}/1?cltv_limit=4294967296", node(4)),
        format!("/lnd/v1/graph/routes/{}/1?final_cltv_delta=65536", node(4)),
        format!("/lnd/v1/graph/routes/{}/1?time_pref=NaN", node(4)),
        format!("/lnd/v1/graph/routes/{}/1?time_pref=1.1", node(4)),
        format!("/lnd/v1/graph/routes/{}/1?fee_limit.fixed=1&fee_limit.percent=1", node(4)),
        format!("/lnd/v1/graph/routes/{}/1?fee_limit.fixed=-1", node(4)),
        format!("/lnd/v1/graph/routes/{}/1?fee_limit.fixed.x=1", node(4)),
        format!("/lnd/v1/graph/routes/{}/1?nonsense=1", node(4)),
        format!("/lnd/v1/graph/routes/{}/%ff", node(4)),
        format!("/lnd/v1/graph/edge/{long}"),
        "/lnd/v1/graph/edge/1x1x0".to_owned(),
        "/lnd/v1/graph/node/0x".to_owned(),
        format!("/lnd/v2/router/mc/probability/AAAA/{}/1", super::node_url(2)),
        format!("/lnd/v2/router/mc/probability/{}/{}/-1", super::node_url(2), super::node_url(3)),
        format!("/lnd/v2/router/mc/probability/{}/{}/{long}", super::node_url(2), super::node_url(3)),
    ] {
        let answer = service.get(&path).await;
        assert_eq!(answer.status, 400, "{path}: {answer:?}");
        error(&answer, 400, 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_wrong_are_refused_and_name_the_field() {
    let service = line().await;
    let path = format!("/lnd/v1/graph/routes/{}/10000", node(4));
    for (body, field) in [
        (json!({"ignored_nodes": ["====", node64(2)]}), "ignored_nodes[0]"),
        (json!({"ignored_nodes": ["AgICAg=="]}), "ignored_nodes[0]"),
        (json!({"fee_limit": {"fixed": "99999999999999999999"}}), "fee_limit.fixed"),
        (json!({"last_hop_pubkey": "BAD!"}), "last_hop_pubkey"),
        (json!({"dest_custom_records": {"65535": ""}}), "dest_custom_records"),
        (json!({"dest_custom_records": {"x": ""}}), "dest_custom_records"),
        (json!({"blinded_payment_paths": [{}]}), "blinded_payment_paths"),
        (json!({"fee_limits": {}}), "fee_limits"),
        (json!({"cltv_limit": 10}), "cltv_limit"),
        (json!({"cltv_limit": -1}), "cltv_limit"),
        (json!({"fee_limit": [5]}), "fee_limit"),
        (json!([]), ""),
        (json!(5), ""),
    ] {
        let told = error(&service.post(&path, &body).await, 400, 3);
        assert!(told["message"].as_str().unwrap().contains(field), "{body}: {told}");
    }
    for text in ["{", "nonsense", &"[".repeat(5000), "{\"amt_msat\": 1e400}"] {
        error(&service.post_text(&path, text).await, 400, 3);
    }
    let huge = format!("{{\"pub_key\": \"{}\"}}", "a".repeat(1 << 18));
    error(&service.post_text(&path, huge).await, 413, 8);
    assert!(service.post_text(&path, "").await.status.is_success(), "an empty body is an empty message");
}

/// Any JSON with the names of fields: an answer, or an error that is the client's.
#[test]
fn no_body_is_the_servers_fault() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let service = runtime.block_on(line());
    let value = prop_oneof![
        Just(json!(null)),
        any::<i64>().prop_map(|value| json!(value)),
        any::<f64>().prop_map(|value| json!(value)),
        "[A-Za-z0-9+/=-]{0,70}".prop_map(|text| json!(text)),
        (1..9_u8).prop_map(|at| json!(node(at))),
        (1..9_u8).prop_map(|at| json!(node64(at))),
        Just(json!([])),
        Just(json!({})),
    ];
    let names = [
        "amt_msat",
        "final_cltv_delta",
        "fee_limit",
        "ignored_nodes",
        "source_pub_key",
        "cltv_limit",
        "route_hints",
        "time_pref",
        "hop_pubkeys",
        "payment_addr",
        "dest",
        "amt_sat",
        "outgoing_chan_id",
        "block_height",
        "pairs",
    ];
    let field = (proptest::sample::select(names.to_vec()), value.clone(), any::<bool>());
    let field = field.prop_map(|(name, value, many)| (name, if many { json!([value]) } else { value }));
    let bodies = proptest::collection::vec(field, 0..4);
    let paths = [
        format!("/lnd/v1/graph/routes/{}/10000", node(4)),
        "/lnd/v2/router/route".to_owned(),
        "/lnd/v2/router/route/estimatefee".to_owned(),
        "/lnd/v2/router/x/importhistory".to_owned(),
    ];
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(150) });
    let outcome = runner.run(&(bodies, proptest::sample::select(paths.to_vec())), |(fields, path)| {
        let body: Value = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let answer = runtime.block_on(service.post(&path, &body));
        prop_assert!(!answer.status.is_server_error(), "{path} {body}: {answer:?}");
        Ok(())
    });
    outcome.unwrap();
}
