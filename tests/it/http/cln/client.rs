//! A client's questions, and what it makes of answers.

use serde_json::{Value, json};

use crate::http::service::{Answer, Service, node};
use crate::http::shape::assert_shape;

/// Calls a method, which succeeds.
pub(super) async fn call(service: &Service, method: &str, params: Value) -> Value {
    let answer = service.post(&format!("/cln/v1/{method}"), &params).await;
    assert_eq!(answer.status.as_u16(), 201, "{method} {params}: {answer:?}");
    answer.json()
}

/// Calls a method, which fails with that code.
pub(super) async fn fail(service: &Service, method: &str, params: Value, code: i64) -> String {
    error(&service.post(&format!("/cln/v1/{method}"), &params).await, code)
}

/// The message of an error in `clnrest`'s shape.
pub(super) fn error(answer: &Answer, code: i64) -> String {
    assert!(answer.status.is_client_error(), "{answer:?}");
    let error: Value = serde_json::from_str(&answer.text).unwrap();
    assert_shape(&error, &json!({"code": "int", "message": "text"}));
    assert_eq!(error["code"], code, "{error}");
    error["message"].as_str().unwrap().to_owned()
}

/// A question for `getroutes` along the line.
pub(super) fn routes_of(amount_msat: u64) -> Value {
    json!({
        "source": node(1), "destination": node(4), "amount_msat": amount_msat, "layers": [],
        "maxfee_msat": 1_000_000, "final_cltv": 18,
    })
}

/// The channels of each route of an answer.
pub(super) fn paths(answer: &Value) -> Vec<Vec<String>> {
    let hops = |route: &Value| -> Vec<String> {
        let path = route["path"].as_array().unwrap();
        path.iter().map(|hop| hop["short_channel_id_dir"].as_str().unwrap().to_owned()).collect()
    };
    answer["routes"].as_array().unwrap().iter().map(hops).collect()
}
