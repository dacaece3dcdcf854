//! The API's document and its page.

use serde_json::Value;

use super::service::Service;

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
