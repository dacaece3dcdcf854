//! What every path asks of a key, as far as documents list paths.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use server::http::Settings;
use server::http::tenant::{KeyHash, KeySettings, Scope};

use super::service::{Service, line_graph, node};

/// A path with a method, and whether it changes anything.
#[derive(Debug)]
struct Endpoint {
    method: Method,
    path: String,
    is_writing: bool,
}

async fn service() -> Service {
    let key = |name: &str, scope| KeySettings {
        name: name.to_owned(),
        hash: KeyHash::of(name.as_bytes()),
        tenant: name.to_owned(),
        scopes: vec![scope],
        requests: None,
        work: None,
    };
    let keys = vec![key("reader", Scope::Read), key("writer", Scope::Write)];
    Service::of(line_graph(), Settings { keys, ..Settings::default() }).await
}

/// Those of the API's document.
async fn native(service: &Service) -> Vec<Endpoint> {
    let document = service.get("/api/openapi.json").await.json();
    let mut endpoints = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let is_state = [json!("layers"), json!("reservations"), json!("feedback")]
                .iter()
                .any(|tag| operation["tags"].as_array().unwrap().contains(tag));
            let is_writing = is_state && method != Method::GET;
            endpoints.push(Endpoint { path: path.replace(['{', '}'], "x"), method, is_writing });
        }
    }
    endpoints
}

/// Those of docs/http-facades.md: the rows of LND's table, and the methods of Core Lightning's list.
fn facades() -> Vec<Endpoint> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/http-facades.md");
    let text = std::fs::read_to_string(file).unwrap();
    let mut endpoints = Vec::new();
    for row in text.lines().filter(|line| line.starts_with("| `/v")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        for path in cells[1].split(", ") {
            for method in cells[2].split(", ") {
                let path = path.trim_matches('`').replace(['{', '}'], "");
                endpoints.push(Endpoint {
                    is_writing: path.ends_with("/importhistory"),
                    path: format!("/lnd{path}"),
                    method: method.parse().unwrap(),
                });
            }
        }
    }
    let list = text.split("POST to `/v1/` and a method: ").nth(1).unwrap();
    let list = list.split(", in the shapes").next().unwrap();
    for name in list.split(',').map(|name| name.trim().trim_matches('`')) {
        let name = if name.starts_with('-') { format!("askrene{name}") } else { name.to_owned() };
        let is_writing = name.starts_with("askrene") && !name.starts_with("askrene-list");
        endpoints.push(Endpoint { path: format!("/cln/v1/{name}"), method: Method::POST, is_writing });
    }
    endpoints
}

async fn status(service: &Service, endpoint: &Endpoint, key: Option<&str>) -> u16 {
    let request = service.client.request(endpoint.method.clone(), service.url(&endpoint.path));
    let request = key.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
    let answer = request.json(&Value::Null).send().await.unwrap();
    let challenge = answer.headers().get("www-authenticate").map(|challenge| challenge.to_str().unwrap());
    // RFC 9110, section 11.6.1: whoever is refused so is told how to do better, in each API.
    let expected = (answer.status() == 401).then_some("Bearer realm=\"fulgurite\"");
    assert_eq!(challenge, expected, "{endpoint:?} {key:?}");
    answer.status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_asks_for_a_key_and_writing_ones_for_one_that_writes() {
    let service = service().await;
    let (native, facades) = (native(&service).await, facades());
    assert!(native.len() > 20 && facades.len() > 25, "{} and {}", native.len(), facades.len());
    let writing = native.iter().chain(&facades).filter(|endpoint| endpoint.is_writing).count();
    assert_eq!(writing, 6 + 1 + 12, "layers, reservations and feedback; importhistory; askrene");
    for endpoint in native.iter().chain(&facades) {
        // clnrest has them the other way round.
        let [missing, unknown, forbidden] =
            if endpoint.path.starts_with("/cln/") { [403, 401, 401] } else { [401, 401, 403] };
        for (key, expected) in [(None, missing), (Some("nobody"), unknown)] {
            assert_eq!(status(&service, endpoint, key).await, expected, "{endpoint:?} {key:?}");
        }
        if endpoint.path == "/api/v1/events" {
            continue;
        }
        let reader = status(&service, endpoint, Some("reader")).await;
        assert_eq!(reader == forbidden, endpoint.is_writing, "{endpoint:?}: {reader}");
        let writer = status(&service, endpoint, Some("writer")).await;
        assert_eq!(writer == forbidden, !endpoint.is_writing, "{endpoint:?}: {writer}");
        assert!(reader != 401 || forbidden == 401, "{endpoint:?}");
        assert!(reader < 500 && writer < 500, "{endpoint:?}: {reader}, {writer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_no_key_tells_nothing_of_tenants() {
    let service = service().await;
    for path in ["/healthz", "/readyz", "/api/openapi.json", "/api/reference", "/"] {
        assert_eq!(service.get(path).await.status, 200, "{path}");
    }
    let metrics = Endpoint { method: Method::GET, path: "/metrics".to_owned(), is_writing: false };
    assert_eq!(status(&service, &metrics, None).await, 401);
    assert!(!service.get("/").await.text.contains(&node(1)));
}
