//! Answers that are as long as the graph: made while they are sent, some kilobytes ahead of the client.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;

/// The texts of an answer one after another.
pub(in crate::http) type Pieces = Box<dyn Iterator<Item = Vec<u8>> + Send>;

/// A JSON array with these items, as texts.
pub(in crate::http) fn array<T: Serialize>(items: impl Iterator<Item = T> + Send + 'static) -> Pieces {
    let items = items.enumerate().map(|(at, item)| {
        let mut text = if at == 0 { Vec::new() } else { b",".to_vec() };
        serde_json::to_writer(&mut text, &item).expect("a plain struct has a JSON form");
        text
    });
    Box::new(text("[").chain(items).chain(text("]")))
}

/// The JSON object of `frame` with these items as its list `name`, which comes first.
pub(in crate::http) fn object_with<T: Serialize>(
    frame: &impl Serialize,
    name: &'static str,
    items: impl Iterator<Item = T> + Send + 'static,
) -> Pieces {
    let frame = serde_json::to_value(frame).expect("a plain struct has a JSON form");
    let serde_json::Value::Object(mut fields) = frame else { panic!("a struct is an object") };
    fields.remove(name);
    let begun = format!("{{{}:", serde_json::Value::from(name)).into_bytes();
    let rest = fields.into_iter().map(|(name, value)| {
        let name = serde_json::Value::from(name);
        format!(",{name}:{value}").into_bytes()
    });
    Box::new(std::iter::once(begun).chain(array(items)).chain(rest).chain(text("}")))
}

/// One text.
pub(in crate::http) fn text(text: &'static str) -> impl Iterator<Item = Vec<u8>> + Send {
    std::iter::once(text.as_bytes().to_vec())
}

/// An answer in JSON that is made of them as fast as it is read.
pub(in crate::http) fn stream_json(
    status: StatusCode,
    pieces: impl Iterator<Item = Vec<u8>> + Send + 'static,
) -> Response {
    let kind = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (status, kind, to_body(Box::new(pieces))).into_response()
}

fn to_body(mut pieces: Pieces) -> Body {
    let chunks = std::iter::from_fn(move || {
        let mut chunk = Vec::new();
        while chunk.len() < CHUNK_SIZE {
            let Some(piece) = pieces.next() else { break };
            chunk.extend_from_slice(&piece);
        }
        (!chunk.is_empty()).then(|| Ok::<_, Infallible>(Bytes::from(chunk)))
    });
    Body::from_stream(stream::iter(chunks))
}

/// Bytes that are made at a time: some 100 µs of work.
const CHUNK_SIZE: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_object_has_its_list_and_all_else_of_its_frame() {
        let frame = json!({"a": "\"],[{", "list": [], "z": {"list": []}});
        for items in [vec![], vec![json!({"list": 1})], vec![json!(1), json!("]"), json!([])]] {
            let pieces = object_with(&frame, "list", items.clone().into_iter());
            let bytes: Vec<u8> = pieces.flatten().collect();
            assert!(bytes.starts_with(b"{\"list\":["));
            let mut expected = frame.clone();
            expected["list"] = Value::Array(items);
            assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), expected);
        }
        let alone: Vec<u8> = object_with(&json!({}), "list", std::iter::once(7)).flatten().collect();
        assert_eq!(alone, b"{\"list\":[7]}");
    }
}
