//! What the page asks for beside routes.

use serde_json::{Value, json};

use crate::http::service::{Service, node};

#[tokio::test(flavor = "multi_thread")]
async fn the_graph_is_measured() {
    let service = Service::line().await;
    let shape = service.get("/api/v1/graph/distributions").await.json();
    assert_eq!((&shape["nodes"], &shape["channels"], &shape["policies"]), (&json!(4), &json!(4), &json!(8)));
    assert_eq!(shape["capacity_msat"], 4_000_000_000_u64);
    assert_eq!(shape["newest_update"], 1_700_000_000);
    let find = |name: &str| {
        let all = shape["distributions"].as_array().unwrap();
        all.iter().find(|told| told["name"] == name).unwrap_or_else(|| panic!("{name}"))
    };
    // A ring: each node has two channels, each of the eight directions asks for 100 millionths.
    assert_eq!(find("degree")["bins"], json!([{"from": 2, "below": 3, "count": 4}]));
    assert_eq!(find("fee_proportional_millionths")["bins"], json!([{"from": 100, "below": 200, "count": 8}]));
    assert_eq!(find("capacity")["p50"], 1_000_000);
    assert_eq!(find("policy_age")["count"], 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn suggestions_begin_as_asked_and_the_largest_come_first() {
    let service = Service::synthetic(2000).await;
    let all = service.get("/api/v1/graph/suggestions").await.json();
    let channels = |node: &Value| node["channels"].as_u64().unwrap();
    let all = all["nodes"].as_array().unwrap();
    assert_eq!(all.len(), 8);
    assert!(all.is_sorted_by(|one, next| channels(one) >= channels(next)) && channels(&all[0]) > 50);
    let id = all[5]["node_id"].as_str().unwrap();
    let found =
        service.get(&format!("/api/v1/graph/suggestions?prefix={}", id[..20].to_uppercase())).await.json();
    assert_eq!(found["nodes"], json!([all[5]]));
    let problem = service.get("/api/v1/graph/suggestions?prefix=alice").await.problem(422);
    assert_eq!(problem["field"], "prefix");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_example_has_a_route() {
    let service = Service::synthetic(2000).await;
    let mut seen = Vec::new();
    for seed in [0_u64, 1, u64::MAX] {
        let example = service.get(&format!("/api/v1/graph/example?seed={seed}")).await.json();
        let route = service.post("/api/v1/routes", &example).await.json();
        assert!(route["hops"].as_u64().unwrap() > 1, "{route}");
        seen.push(example["src"].clone());
    }
    seen.dedup();
    assert!(seen.len() > 1, "other seeds, other examples");
    assert_eq!(service.get("/api/v1/graph/example?seed=x").await.problem(422)["field"], "seed");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_counted_and_looking_is_not() {
    let service = Service::line().await;
    let query = json!({"src": node(1), "dst": node(4), "amount_msat": 100_000_000});
    for _ in 0..3 {
        service.post("/api/v1/routes", &query).await.json();
    }
    service.get("/healthz").await;
    // A second is told once it is over.
    let mut minute = Value::Null;
    for _ in 0..200 {
        let status = service.get("/api/v1/status").await.json();
        minute = status["last_minute"].clone();
        if minute["answered"] == 3 {
            let seconds = status["seconds"].as_array().unwrap();
            let sum: u64 = seconds.iter().map(|second| second["answered"].as_u64().unwrap()).sum();
            assert_eq!(sum, 3);
            assert!(minute["p50_us"].as_u64() <= minute["p99_us"].as_u64() && minute["p99_us"].is_number());
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("never three answers: {minute}");
}
