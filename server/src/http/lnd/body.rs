//! Requests as grpc-gateway reads them: a body in JSON, or a query string that stands for one.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::LndError;
use crate::http::by_name::ByName;
use crate::http::facade::Told;

/// The request's body.
#[derive(Debug)]
pub(super) struct LndBody<T>(pub(super) T);

/// The request's body as it is.
#[derive(Debug)]
pub(super) struct LndBytes(pub(super) Bytes);

/// The request's query string.
#[derive(Debug)]
pub(super) struct LndQuery<T>(pub(super) T);

/// The fields of a message that has none beside those in the path.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoFields {}

/// What the path names.
#[derive(Debug)]
pub(super) struct LndPath<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for LndBody<T> {
    type Rejection = LndError;

    async fn from_request(request: Request, state: &S) -> Result<Self, LndError> {
        let LndBytes(bytes) = LndBytes::from_request(request, state).await?;
        read_body(&bytes).map(LndBody)
    }
}

impl<S: Send + Sync> FromRequest<S> for LndBytes {
    type Rejection = LndError;

    async fn from_request(request: Request, state: &S) -> Result<Self, LndError> {
        let read = Bytes::from_request(request, state).await;
        read.map(LndBytes).map_err(|rejection| LndError::from(unread(rejection.status())))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for LndQuery<T> {
    type Rejection = LndError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, LndError> {
        read_query(&parts.uri).map(LndQuery)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for LndPath<T> {
    type Rejection = LndError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, LndError> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        let path = path.map_err(|rejection| LndError::bad_argument(rejection.body_text()))?;
        Ok(LndPath(path.0))
    }
}

/// Reads a body; an empty one is an empty message.
///
/// # Errors
/// Says what is wrong with which field.
pub fn read_body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, LndError> {
    if bytes.trim_ascii().is_empty() {
        return read_value(Value::Object(Map::new()));
    }
    let value = serde_json::from_slice(bytes).map_err(|error| LndError::bad_argument(error.to_string()))?;
    read_value(value)
}

/// Reads the query string of a URI.
///
/// # Errors
/// As [`read_body`].
pub fn read_query<T: DeserializeOwned>(uri: &Uri) -> Result<T, LndError> {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
    let Query(pairs) = pairs.map_err(|rejection| LndError::bad_argument(rejection.body_text()))?;
    read_value(query_value(pairs))
}

fn read_value<T: DeserializeOwned>(value: Value) -> Result<T, LndError> {
    if !value.is_object() {
        return Err(LndError::bad_argument("the body is no JSON object"));
    }
    serde_path_to_error::deserialize(ByName(with_proto_names(value))).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.inner());
        LndError::bad_argument(if path == "." { inner.to_string() } else { format!("{path}: {inner}") })
    })
}

/// Names in camel case become those of the proto files. The depth is bounded by the reader of JSON.
fn with_proto_names(value: Value) -> Value {
    match value {
        // What is not set and what is null are the same.
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (snake_case(&name), with_proto_names(value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(with_proto_names).collect()),
        value => value,
    }
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// `a.b=1&c=2&c=3&d[4]=5` as `{"a": {"b": "1"}, "c": ["2", "3"], "d": {"4": "5"}}`.
fn query_value(pairs: Vec<(String, String)>) -> Value {
    let mut root = Map::new();
    for (name, text) in pairs {
        let name = snake_case(&name);
        let text = Value::String(text);
        let of_map = name.strip_suffix(']').and_then(|name| name.split_once('['));
        if let Some((message, field)) = of_map.or_else(|| name.split_once('.')) {
            let message = root.entry(message).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(fields) = message {
                fields.insert(field.to_owned(), text);
            }
        } else if REPEATED.contains(&name.as_str()) {
            let list = root.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(items) = list {
                items.push(text);
            }
        } else {
            root.insert(name, text);
        }
    }
    Value::Object(root)
}

/// Why a body did not arrive.
fn unread(status: StatusCode) -> Told {
    let detail = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "the body exceeds the server's limit",
        _ => "the body did not arrive whole",
    };
    Told::new(status, detail)
}

/// Lists that a query string can carry.
const REPEATED: [&str; 3] = ["ignored_nodes", "dest_features", "outgoing_chan_ids"];
