//! Keys, scopes, budgets, and tenants that do not see each other.

use reqwest::Method;
use serde_json::{Value, json};
use server::http::tenant::{KeyHash, KeySettings, Rate, Scope};
use server::http::{Server, Settings, StartError};

use super::service::{Answer, Service, line_graph, node};

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
    assert_eq!(service.post("/api/v1/routes", &query()).await.problem(401)["code"], "unauthorized");
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
