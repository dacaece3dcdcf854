//! Keys, scopes, budgets, and tenants that do not see each other.

use reqwest::Method;
use serde_json::{Value, json};
use server::http::tenant::{KeyHash, KeySettings, Rate, Scope};
use server::http::{Server, Settings, StartError};

use super::service::{Answer, Service, line_graph, next_line, node};

fn key(name: &str, scopes: &[Scope]) -> KeySettings {
    KeySettings {
        name: name.to_owned(),
        hash: KeyHash::of(name.as_bytes()),
        tenant: name.to_owned(),
        scopes: scopes.to_vec(),
        requests: None,
        work: None,
    }
}

async fn service(keys: Vec<KeySettings>) -> Service {
    Service::of(line_graph(), Settings { keys, ..Settings::default() }).await
}

async fn ask(service: &Service, key: &str, method: Method, path: &str, body: &Value) -> Answer {
    let request = service.client.request(method, service.url(path)).bearer_auth(key).json(body);
    Answer::of(request.send().await.unwrap()).await
}

fn query() -> Value {
    json!({"src": node(1), "dst": node(4), "amount_msat": 1_000_000, "cost": {"model": "fee"}})
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_open_what_their_scopes_say() {
    let service = service(vec![
        key("reader", &[Scope::Read]),
        key("writer", &[Scope::Read, Scope::Write]),
        key("admin", &[Scope::Admin]),
    ])
    .await;
    assert_eq!(service.get("/healthz").await.status, 200);
    assert_eq!(service.get("/api/openapi.json").await.status, 200);
    assert_eq!(service.post("/api/v1/routes", &query()).await.problem(401)["code"], "no_key");
    let with = async |key, method, path| ask(&service, key, method, path, &query()).await.status.as_u16();
    assert_eq!(with("nobody", Method::POST, "/api/v1/routes").await, 401);
    assert_eq!(with("reader", Method::POST, "/api/v1/routes").await, 200);
    assert_eq!(with("reader", Method::PUT, "/api/v1/layers/a").await, 403);
    assert_eq!(with("writer", Method::PUT, "/api/v1/layers/a").await, 201);
    assert_eq!(with("writer", Method::GET, "/metrics").await, 403);
    assert_eq!(with("admin", Method::GET, "/metrics").await, 200);
    assert_eq!(with("admin", Method::POST, "/api/v1/routes").await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_tenant_reports_never_steers_another() {
    let both = [Scope::Read, Scope::Write];
    let mut partner = key("partner", &both);
    partner.tenant = "one".to_owned();
    let service = service(vec![key("one", &both), key("two", &both), partner]).await;
    let failed = json!({
        "path": [{"channel": "4x1x0/0", "amount_msat": 1_000_000}],
        "outcome": "failed", "erring_node": 0, "failure_code": 0x1007,
    });
    assert_eq!(ask(&service, "one", Method::POST, "/api/v1/feedback", &failed).await.status, 200);
    let reserved = json!({"path": [{"channel": "2x1x0/0", "amount_msat": 5}]});
    assert_eq!(ask(&service, "one", Method::POST, "/api/v1/reservations", &reserved).await.status, 201);
    assert_eq!(ask(&service, "one", Method::PUT, "/api/v1/layers/a", &json!(null)).await.status, 201);
    for (key, hops, count) in [("one", 3, 1), ("partner", 3, 1), ("two", 1, 0)] {
        assert_eq!(
            ask(&service, key, Method::POST, "/api/v1/routes", &query()).await.json()["hops"],
            hops,
            "{key}"
        );
        let listed = ask(&service, key, Method::GET, "/api/v1/reservations", &json!(null)).await.json();
        assert_eq!(listed["htlcs"].as_array().unwrap().len(), count, "{key}");
        let layers = ask(&service, key, Method::GET, "/api/v1/layers", &json!(null)).await.json();
        assert_eq!(layers["layers"].as_array().unwrap().len(), count, "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn budgets_of_requests_and_of_work_run_out() {
    let slow = Rate { per_second: 1e-6, burst: 2.0 };
    let mut few = key("few", &[Scope::Read]);
    few.requests = Some(slow);
    let mut lazy = key("lazy", &[Scope::Read]);
    lazy.work = Some(slow);
    let service = service(vec![few, lazy, key("free", &[Scope::Read])]).await;
    // A query settles one node.
    for (key, allowed) in [("few", 2), ("lazy", 2)] {
        for _ in 0..allowed {
            assert_eq!(
                ask(&service, key, Method::POST, "/api/v1/routes", &query()).await.status,
                200,
                "{key}"
            );
        }
        let problem = ask(&service, key, Method::POST, "/api/v1/routes", &query()).await.problem(429);
        assert_eq!(problem["code"], "budget");
        assert!(problem["retry_after_s"].as_u64().unwrap() > 1);
    }
    assert_eq!(ask(&service, "free", Method::POST, "/api/v1/routes", &query()).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_without_a_budget_is_refused_and_one_that_outlives_it_says_so() {
    let mut lazy = key("lazy", &[Scope::Read]);
    lazy.work = Some(Rate { per_second: 1e-6, burst: 2.0 });
    let service = service(vec![lazy]).await;
    let body = format!("{}\n", query()).repeat(2000);
    let ask = async || {
        let request = service.client.post(service.url("/api/v1/batch")).bearer_auth("lazy");
        Answer::of(request.body(body.clone()).send().await.unwrap()).await
    };
    let answer = ask().await;
    assert_eq!(answer.status, 200);
    let answers: Vec<Value> = answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 2000);
    assert_eq!(answers[0]["hops"], 1);
    let last = &answers[1999];
    assert_eq!((&last["line"], &last["problem"]["code"]), (&json!(2000), &json!("budget")));
    assert!(last["problem"]["retry_after_s"].as_u64().unwrap() > 1);
    assert_eq!(ask().await.problem(429)["code"], "budget");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_a_batch_are_requests_even_those_that_mean_nothing() {
    let mut few = key("few", &[Scope::Read]);
    few.requests = Some(Rate { per_second: 1e-6, burst: 100.0 });
    let mut lazy = key("lazy", &[Scope::Read]);
    lazy.work = Some(Rate { per_second: 1e-6, burst: 100.0 });
    let service = service(vec![few, lazy]).await;
    for name in ["few", "lazy"] {
        let request = service.client.post(service.url("/api/v1/batch")).bearer_auth(name);
        let answer = Answer::of(request.body("nonsense\n".repeat(2000)).send().await.unwrap()).await;
        let codes = answer.text.lines().map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["problem"]["code"].as_str().unwrap().to_owned()
        });
        let codes: Vec<String> = codes.collect();
        assert_eq!(
            (codes.len(), codes[0].as_str(), codes[1999].as_str()),
            (2000, "bad_json", "budget"),
            "{name}"
        );
        assert!(codes.iter().filter(|code| *code == "bad_json").count() < 1000, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_of_a_layer_are_requests_each() {
    let mut few = key("few", &[Scope::Read, Scope::Write]);
    few.requests = Some(Rate { per_second: 1e-6, burst: 3.0 });
    let service = service(vec![few]).await;
    let edits: Vec<Value> = (10..20).map(|at| json!({"edit": "disable_node", "node_id": node(at)})).collect();
    assert_eq!(ask(&service, "few", Method::PUT, "/api/v1/layers/a", &json!(null)).await.status, 201);
    let edits = json!(edits);
    let edit = || ask(&service, "few", Method::POST, "/api/v1/layers/a/edits", &edits);
    // They go into debt, as lines of a batch do; nothing is left for others.
    assert_eq!(edit().await.json().as_array().unwrap().len(), 10);
    let problem = edit().await.problem(429);
    assert!(problem["retry_after_s"].as_u64().unwrap() > 8_000_000, "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_that_the_budget_does_not_allow_change_nothing() {
    let both = [Scope::Read, Scope::Write];
    let (mut few, mut lazy, free) = (key("few", &both), key("lazy", &both), key("free", &both));
    few.requests = Some(Rate { per_second: 1e-6, burst: 1.0 });
    lazy.work = Some(Rate { per_second: 1e-6, burst: 1.0 });
    (few.tenant, lazy.tenant) = ("free".to_owned(), "free".to_owned());
    let service = service(vec![few, lazy, free]).await;
    assert_eq!(ask(&service, "free", Method::PUT, "/api/v1/layers/a", &json!(null)).await.status, 201);
    let edit = |at: u8| json!({"edit": "disable_node", "node_id": node(at)});
    let path = "/api/v1/layers/a/edits";
    let post = async |key, edits: Value| ask(&service, key, Method::POST, path, &edits).await;
    post("few", json!([edit(10), edit(11)])).await.problem(429);
    post("lazy", json!([edit(12)])).await.json();
    post("lazy", json!([edit(13)])).await.problem(429);
    post("lazy", json!([edit(14), edit(15)])).await.problem(429);
    post("free", json!([edit(16)])).await.json();
    let layer = ask(&service, "free", Method::GET, "/api/v1/layers/a", &json!(null)).await.json();
    assert_eq!(layer["layers"][0]["disabled_nodes"], json!([node(12), node(16)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_budget_of_work_nothing_is_listed_or_looked_for() {
    let mut lazy = key("lazy", &[Scope::Read, Scope::Write]);
    lazy.work = Some(Rate { per_second: 1e-6, burst: 1.0 });
    let service = service(vec![lazy]).await;
    assert_eq!(ask(&service, "lazy", Method::PUT, "/api/v1/layers/a", &json!(null)).await.status, 201);
    assert_eq!(ask(&service, "lazy", Method::POST, "/api/v1/routes", &query()).await.status, 200);
    for path in ["/api/v1/layers/a", "/api/v1/reservations"] {
        let problem = ask(&service, "lazy", Method::GET, path, &json!(null)).await.problem(429);
        assert_eq!(problem["code"], "budget", "{path}");
    }
    let hop = json!({"short_channel_id_dir": "1x1x0/0", "amount_msat": 7});
    let wrong = json!({"source_pub_key": node(1), "cltv_limit": 1});
    for (path, body) in [
        ("/cln/v1/askrene-listlayers", json!({})),
        ("/cln/v1/askrene-create-layer", json!({"layer": "b"})),
        ("/cln/v1/askrene-disable-node", json!({"layer": "a", "node": node(9)})),
        ("/cln/v1/askrene-listreservations", json!({})),
        ("/cln/v1/askrene-unreserve", json!({"path": [hop]})),
        ("/lnd/v2/router/x/importhistory", json!({"pairs": []})),
        // Before what it asks for is looked up, and found wrong.
        (format!("/lnd/v1/graph/routes/{}/1000", node(4)).as_str(), wrong),
        ("/lnd/v2/router/route", json!({"source_pub_key": node(1), "hop_pubkeys": [node(9)]})),
    ] {
        let answer = ask(&service, "lazy", Method::POST, path, &body).await;
        assert_eq!(answer.status, 429, "{path}: {answer:?}");
    }
    let probability = format!("/lnd/v2/router/mc/probability/{}/{}/1000", node(1), node(4));
    for path in ["/lnd/v1/graph/edge/1", "/lnd/v2/router/mc", probability.as_str()] {
        let answer = ask(&service, "lazy", Method::GET, path, &json!(null)).await;
        assert_eq!(answer.status, 429, "{path}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_with_the_key_that_they_were_asked_for_with() {
    let both = [Scope::Read, Scope::Write];
    let (gone, stays, writes) = (key("gone", &[Scope::Read]), key("stays", &both), key("writes", &both));
    let service = service(vec![gone, stays.clone(), writes.clone()]).await;
    let listen = async |key| {
        let request = service.client.get(service.url("/api/v1/events")).bearer_auth(key);
        let mut events = request.send().await.unwrap();
        let begun = events.chunk().await.unwrap().unwrap();
        assert!(begun.starts_with(b"id: "), "{begun:?}");
        events
    };
    let mut listeners = [listen("gone").await, listen("writes").await, listen("stays").await];
    let (lines, mut answers) = service.batch("gone", &query()).await;
    let keys = [stays, KeySettings { scopes: vec![Scope::Write], ..writes }];
    service.app.set_accounts(service.app.accounts().reopen(&keys, service.app.applier()).await.unwrap());
    let [gone, writes, stays] = &mut listeners;
    for ended in [gone, writes] {
        assert_eq!(ended.chunk().await.unwrap(), None);
    }
    assert_eq!(ask(&service, "stays", Method::PUT, "/api/v1/layers/a", &json!(null)).await.status, 201);
    let event = stays.chunk().await.unwrap().unwrap();
    assert!(event.starts_with(b"event: layer"), "{event:?}");
    lines.send(format!("{}\n", query())).unwrap();
    assert_eq!(next_line(&mut answers).await["problem"]["code"], "unauthorized");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_key_has_used_up_stays_used_up_when_keys_are_read_anew() {
    let rate = |burst| Some(Rate { per_second: 1e-6, burst });
    let mut few = key("few", &[Scope::Read]);
    few.requests = rate(2.0);
    let service = service(vec![few.clone()]).await;
    let status =
        async || ask(&service, "few", Method::POST, "/api/v1/routes", &query()).await.status.as_u16();
    assert_eq!([status().await, status().await, status().await], [200, 200, 429]);
    few.requests = rate(5.0);
    let keys = [few, key("other", &[Scope::Read])];
    service.app.set_accounts(service.app.accounts().reopen(&keys, service.app.applier()).await.unwrap());
    assert_eq!(status().await, 429);
    assert_eq!(ask(&service, "other", Method::POST, "/api/v1/routes", &query()).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_used_up_while_keys_are_read_anew_stays_used_up() {
    let mut few = key("few", &[Scope::Read]);
    few.requests = Some(Rate { per_second: 1e-6, burst: 2.0 });
    let service = service(vec![few.clone()]).await;
    let status =
        async || ask(&service, "few", Method::POST, "/api/v1/routes", &query()).await.status.as_u16();
    let next = service.app.accounts().reopen(&[few], service.app.applier()).await.unwrap();
    assert_eq!([status().await, status().await], [200, 200]);
    service.app.set_accounts(next);
    assert_eq!(status().await, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_goes_by_the_budget_that_its_key_has_now() {
    let rate = |burst| Some(Rate { per_second: 1e-6, burst });
    for former in [rate(3.0), None] {
        let mut few = key("few", &[Scope::Read]);
        few.requests = former;
        let service = service(vec![few.clone()]).await;
        let (lines, mut answers) = service.batch("few", &query()).await;
        few.requests = rate(1.0);
        let next = service.app.accounts().reopen(&[few], service.app.applier()).await.unwrap();
        service.app.set_accounts(next);
        // The one that is left, or that there is now.
        assert_eq!(ask(&service, "few", Method::POST, "/api/v1/routes", &query()).await.status, 200);
        lines.send(format!("{}\n", query())).unwrap();
        assert_eq!(next_line(&mut answers).await["problem"]["code"], "budget");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_served_without_a_key_from_outside() {
    let listen = ([0, 0, 0, 0], 0).into();
    let topology = engine::graph::Topology::build(line_graph()).unwrap();
    let error = Server::bind(topology, &Settings { listen, ..Settings::default() }).await.unwrap_err();
    assert!(matches!(error, StartError::Open { .. }));
    let topology = engine::graph::Topology::build(line_graph()).unwrap();
    let keys = vec![key("a", &[Scope::Read]), key("a", &[Scope::Read])];
    let error = Server::bind(topology, &Settings { listen, keys, ..Settings::default() }).await.unwrap_err();
    assert!(matches!(error, StartError::Keys(_)), "{error}");
}
