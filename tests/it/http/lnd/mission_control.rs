//! QueryMissionControl, QueryProbability, XImportMissionControl.

use serde_json::{Value, json};

use super::super::service::node;
use super::super::shape::assert_shape;
use super::{error, line, node_url, node64, number};

fn history_shape() -> Value {
    json!({
        "fail_time": "int64", "fail_amt_sat": "int64", "fail_amt_msat": "int64", "success_time": "int64",
        "success_amt_sat": "int64", "success_amt_msat": "int64",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_imported_is_remembered_and_steers_only_those_who_ask_for_it() {
    let service = line().await;
    assert_eq!(service.get("/lnd/v2/router/mc").await.json(), json!({"pairs": []}));
    let probability = format!("/lnd/v2/router/mc/probability/{}/{}/10000000", node_url(1), node_url(4));
    let before = service.get(&probability).await.json();
    assert_shape(&before, &json!({"probability": "number", "history": history_shape()}));
    // 10,000 of 1,000,000 sat, where any balance is equally likely.
    assert!((before["probability"].as_f64().unwrap() - 0.99).abs() < 1e-6, "{before}");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let pair = json!({
        "node_from": node64(1), "node_to": node64(4),
        "history": {"fail_time": now.to_string(), "fail_amt_sat": "5000", "fail_amt_msat": "5000000"},
    });
    let body = json!({"pairs": [pair], "force": true});
    assert_eq!(service.post("/lnd/v2/router/x/importhistory", &body).await.json(), json!({}));
    let known = service.get("/lnd/v2/router/mc").await.json();
    let shape = json!({"pairs": [{"node_from": "node64", "node_to": "node64", "history": history_shape()}]});
    assert_shape(&known, &shape);
    let [pair] = known["pairs"].as_array().unwrap().as_slice() else { panic!("nobody paid back: {known}") };
    assert_eq!((&pair["node_from"], &pair["node_to"]), (&json!(node64(1)), &json!(node64(4))));
    assert_eq!(number(&pair["history"]["fail_amt_msat"]), 5_000_000);
    assert_eq!(number(&pair["history"]["success_time"]), 0, "nothing was carried");
    let after = service.get(&probability).await.json();
    assert_eq!((&after["probability"], &after["history"]), (&json!(0.0), &pair["history"]));
    let ask = async |mission_control: bool| {
        let path = format!("/lnd/v1/graph/routes/{}/10000?use_mission_control={mission_control}", node(4));
        service.get(&path).await.json()["routes"][0]["hops"].as_array().unwrap().len()
    };
    assert_eq!((ask(true).await, ask(false).await), (3, 1));
    // Whoever names the hops is not asked whether they are likely.
    let pinned = json!({"amt_msat": "10000000", "hop_pubkeys": [node64(4)]});
    let built = service.post("/lnd/v2/router/route", &pinned).await.json();
    assert_eq!(built["route"]["hops"].as_array().unwrap().len(), 1, "{built}");
    // What is written can be imported.
    service.post("/lnd/v2/router/x/importhistory", &known).await.json();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_is_told_of_the_pair_that_paid() {
    let service = line().await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    for amount_msat in [100_000_000, 60_000_000] {
        let settled =
            json!({"path": [{"channel": "4x1x0/0", "amount_msat": amount_msat}], "outcome": "settled"});
        service.post("/api/v1/feedback", &settled).await.json();
    }
    let known = service.get("/lnd/v2/router/mc").await.json();
    let [pair] = known["pairs"].as_array().unwrap().as_slice() else { panic!("one pair paid: {known}") };
    assert_eq!((&pair["node_from"], &pair["node_to"]), (&json!(node64(1)), &json!(node64(4))));
    let history = &pair["history"];
    assert_eq!(number(&history["success_amt_msat"]), 100_000_000);
    assert_eq!(number(&history["success_amt_sat"]), 100_000);
    assert!((now..now + 3600).contains(&number(&history["success_time"])), "{history}");
    assert_eq!(number(&history["fail_time"]), 0, "nothing failed");
    let probability = format!("/lnd/v2/router/mc/probability/{}/{}/100000000", node_url(1), node_url(4));
    let answer = service.get(&probability).await.json();
    assert_eq!(&answer["history"], history);
    assert!(answer["probability"].as_f64().unwrap() < 1.0, "the money has moved: {answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_pairs_are_taken_at_once() {
    let service = line().await;
    let pair = |at: u64| {
        json!({
            "node_from": node64(2), "node_to": node64(3),
            "history": {"success_time": (1_800_000_000 + at).to_string(), "success_amt_msat": (1000 * at).to_string()},
        })
    };
    let body = json!({"pairs": (1..=1000).map(pair).collect::<Vec<_>>()});
    assert!(body.to_string().len() < 1 << 22);
    service.post("/lnd/v2/router/x/importhistory", &body).await.json();
    let known = service.get("/lnd/v2/router/mc").await.json();
    let of = |pair: &&Value| pair["node_from"] == node64(2) && pair["node_to"] == node64(3);
    let pair = known["pairs"].as_array().unwrap().iter().find(of).unwrap();
    assert_eq!(number(&pair["history"]["success_amt_msat"]), 1_000_000, "the greatest");
}

#[tokio::test(flavor = "multi_thread")]
async fn histories_are_read_in_camel_case() {
    let service = line().await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let body = json!({"force": null, "pairs": [{
        "nodeFrom": node64(1), "nodeTo": node64(4),
        "history": {"failTime": now, "failAmtSat": "5000", "failAmtMsat": "5000000", "successTime": "0"},
    }]});
    assert_eq!(service.post("/lnd/v2/router/x/importhistory", &body).await.json(), json!({}));
    let known = service.get("/lnd/v2/router/mc").await.json();
    let pairs = known["pairs"].as_array().unwrap();
    let pair = pairs.iter().find(|pair| pair["node_from"] == node64(1)).expect("it was told");
    assert_eq!(number(&pair["history"]["fail_amt_msat"]), 5_000_000);
    assert_eq!(number(&pair["history"]["fail_time"]), now);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_ahead_of_the_clock_is_now() {
    let service = line().await;
    let millis = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let body = json!({"pairs": [{
        "node_from": node64(1), "node_to": node64(4),
        "history": {"fail_time": millis.to_string(), "fail_amt_msat": "5000000"},
    }]});
    service.post("/lnd/v2/router/x/importhistory", &body).await.json();
    let known = service.get("/lnd/v2/router/mc").await.json();
    let learnt = number(&known["pairs"][0]["history"]["fail_time"]);
    assert!((millis / 1000) as u64 <= learnt && learnt < (millis / 1000) as u64 + 3600, "{known}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_a_history_that_are_not_known_are_refused_by_name() {
    let service = line().await;
    let whole = || {
        json!({"force": true, "pairs": [{
            "node_from": node64(1), "node_to": node64(4), "history": {"fail_time": "1", "fail_amt_sat": "5000"},
        }]})
    };
    service.post("/lnd/v2/router/x/importhistory", &whole()).await.json();
    for place in ["", "/pairs/0", "/pairs/0/history"] {
        let mut body = whole();
        let fields = body.pointer_mut(place).unwrap().as_object_mut().unwrap();
        fields.insert("fail_amount".to_owned(), json!("5"));
        let error = error(&service.post("/lnd/v2/router/x/importhistory", &body).await, 400, 3);
        assert!(error["message"].as_str().unwrap().contains("fail_amount"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_history_is_refused() {
    let service = line().await;
    for body in [
        "",
        "{",
        "[]",
        r#"{"pairs": 5}"#,
        r#"{"pairs": [{}]}"#,
        r#"{"pairs":[{"node_from":"!","node_to":"!"}]}"#,
    ] {
        error(&service.post_text("/lnd/v2/router/x/importhistory", body).await, 400, 3);
    }
}
