//! The API's document and its page.

use serde_json::{Value, json};

use super::service::{Service, node};

#[tokio::test(flavor = "multi_thread")]
async fn the_document_describes_what_is_served() {
    let service = Service::line().await;
    let document = service.get("/api/openapi.json").await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = document["paths"].as_object().unwrap();
    for path in [
        "routes",
        "batch",
        "plans",
        "plans/maximum",
        "reach",
        "layers",
        "reservations",
        "feedback",
        "graph",
        "events",
    ] {
        assert!(paths.contains_key(&format!("/api/v1/{path}")), "{path}");
    }
    for (path, methods) in paths {
        // A path that is described is served: other methods are refused, not unknown.
        let asked = path.replace(['{', '}'], "x");
        let answer = service.client.patch(service.url(&asked)).send().await.unwrap();
        assert_eq!(answer.status(), 405, "{path}");
        for operation in methods.as_object().unwrap().values() {
            assert!(operation["operationId"].is_string() && operation["summary"].is_string(), "{path}");
        }
    }
    references(&document, &document);
}

/// Every reference leads somewhere.
fn references(document: &Value, value: &Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(path)) = fields.get("$ref") {
                assert!(document.pointer(path.strip_prefix('#').unwrap()).is_some(), "{path}");
            }
            fields.values().for_each(|field| references(document, field));
        }
        Value::Array(items) => items.iter().for_each(|item| references(document, item)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_tell_the_graphs_version_and_age_and_how_long_they_took() {
    let service = Service::line().await;
    let put = service.client.put(service.url("/api/v1/layers/a")).send().await.unwrap();
    let path = json!({"path": [{"channel": "2x1x0/0", "amount_msat": 5}]});
    let bias = json!([{"edit": "disable_node", "node_id": node(9)}]);
    let mut answers = vec![
        super::service::Answer::of(put).await.json(),
        service.post("/api/v1/layers/a/edits", &bias).await.json()[0].clone(),
        service.post("/api/v1/reservations", &path).await.json(),
    ];
    for path in ["layers", "reservations", "graph", "graph/suggestions", "status"] {
        answers.push(service.get(&format!("/api/v1/{path}")).await.json());
    }
    for answer in answers {
        for field in ["graph_version", "graph_age_s", "elapsed_us"] {
            assert!(answer[field].is_u64(), "{field} of {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_needs_nothing_else() {
    let service = Service::line().await;
    let page = service.get("/api/reference").await;
    assert!(page.kind.starts_with("text/html"));
    assert!(
        !page.text.contains("http://") && !page.text.contains("https://") && !page.text.contains("<script")
    );
    for anchor in ["find_routes", "schema-QueryJson", "schema-Problem", "payer_cannot_send"] {
        assert!(page.text.contains(&format!("id=\"{anchor}\"")), "{anchor}");
    }
}
