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

#[tokio::test(flavor = "multi_thread")]
async fn what_lines_and_events_carry_is_described() {
    let service = Service::line().await;
    let document = service.get("/api/openapi.json").await.json();
    let page = service.get("/api/reference").await.text;
    for (path, method, name, fields) in [
        ("/api/v1/events", "get", "EventJson", &["seq", "graph_version", "at", "changes", "layer"][..]),
        ("/api/v1/batch", "post", "BatchLineJson", &[]),
        ("/api/v1/batch", "post", "QueryJson", &["src", "dst", "amount_msat"]),
        ("/api/v1/layers/{name}", "get", "LayerDocumentJson", &["layers"]),
    ] {
        let told = document["paths"][path][method]["description"].as_str().unwrap();
        assert!(told.contains(name), "{path}: {told}");
        let schema = &document["components"]["schemas"][name];
        let text = schema.to_string();
        for field in fields {
            let is_told = text.contains(&format!("\"{field}\":")) || text.contains("ChangedJson");
            assert!(is_told, "{field} of {name}: {schema}");
        }
        assert!(schema.is_object() && page.contains(&format!("id=\"schema-{name}\"")), "{name}");
    }
    for name in ["DeltaJson", "ChangedJson", "PolicyJson", "LineProblemJson", "LayerJson", "NodeBiasJson"] {
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
    let parameters = &document["paths"]["/api/v1/events"]["get"]["parameters"];
    assert_eq!((&parameters[0]["name"], &parameters[0]["in"]), (&json!("Last-Event-ID"), &json!("header")));
    let problem = &document["components"]["schemas"]["Problem"]["properties"];
    for field in ["graph_version", "graph_age_s", "settled", "elapsed_us"] {
        assert!(problem[field]["description"].is_string(), "{field}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_body_is_left_open_and_every_field_has_its_words() {
    let service = Service::line().await;
    let document = service.get("/api/openapi.json").await.json();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            let bodies = operation["responses"].as_object().unwrap().values();
            for body in bodies.chain([&operation["requestBody"]]) {
                for content in body["content"].as_object().into_iter().flat_map(|kinds| kinds.values()) {
                    assert!(content["schema"].as_object().is_some_and(|schema| !schema.is_empty()), "{path}");
                }
            }
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        fields_have_words(name, schema);
    }
}

fn fields_have_words(name: &str, schema: &Value) {
    for part in ["allOf", "oneOf"].iter().flat_map(|of| schema[of].as_array().into_iter().flatten()) {
        fields_have_words(name, part);
    }
    for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
        // What tells the variants of a type apart is told with each of them.
        let is_tag = schema["enum"].as_array().is_some_and(|values| values.len() == 1);
        let choices = schema["oneOf"].as_array().into_iter().flatten();
        let is_told = choices.chain([schema]).any(|choice| choice["description"].is_string());
        assert!(is_tag || is_told, "{field} of {name}: {schema}");
    }
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
