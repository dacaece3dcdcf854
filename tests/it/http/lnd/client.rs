//! A client's questions, and what it makes of answers.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::{Value, json};
use server::http::Settings;

use crate::http::service::{Answer, Service, line_graph, node};
use crate::http::shape::assert_shape;

/// The line, with node 1 as the server's own.
pub(super) async fn line() -> Service {
    let own_node = Some(node(1).parse().unwrap());
    Service::of(line_graph(), Settings { own_node, ..Settings::default() }).await
}

/// A node's id as bytes in JSON.
pub(super) fn node64(at: u8) -> String {
    STANDARD.encode(bytes(at))
}

/// The same for a path.
pub(super) fn node_url(at: u8) -> String {
    URL_SAFE.encode(bytes(at))
}

fn bytes(at: u8) -> Vec<u8> {
    let mut bytes = vec![2];
    bytes.extend([at; 32]);
    bytes
}

/// The name of the line's channel with this number, as LND writes it.
pub(super) fn chan_id(block: u64) -> String {
    (block << 40 | 1 << 16).to_string()
}

/// An error of that status and code, in grpc-gateway's shape.
pub(super) fn error(answer: &Answer, status: u16, code: u8) -> Value {
    assert_eq!(answer.status.as_u16(), status, "{answer:?}");
    let error: Value = serde_json::from_str(&answer.text).unwrap();
    assert_shape(&error, &json!({"code": "int", "message": "text", "details": "empty"}));
    assert_eq!(error["code"], code, "{error}");
    error
}

pub(super) fn number(text: &Value) -> u64 {
    text.as_str().unwrap().parse().unwrap()
}
