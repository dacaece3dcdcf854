//! Bodies in JSON, with the path of what is wrong in them.

use axum::body::Bytes;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use serde::de::DeserializeOwned;

use super::app::App;
use super::by_name::ByName;
use super::media_type::check_json;
use super::problem::Problem;
use super::wording::in_words;

/// A request's body as JSON, whatever its content type says, unless that is FlatBuffers.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        check_json(request.headers())?;
        read_bytes(request, app).await.and_then(|bytes| read_json(&bytes)).map(JsonBody)
    }
}

/// The one variable part of a request's path.
#[derive(Debug)]
pub struct PathText(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathText {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(text)| PathText(text)).map_err(|rejection| {
            let detail = rejection.body_text();
            let problem = bad_path("path", detail, "write what is no plain ASCII as %-escapes of UTF-8");
            match rejection {
                PathRejection::FailedToDeserializePathParams(error) => match error.into_kind() {
                    ErrorKind::InvalidUtf8InPathParam { key } => problem.with_field(key),
                    _ => problem,
                },
                _ => problem,
            }
        })
    }
}

/// A part of the path that has the wrong form; says which form it has.
pub fn bad_path(field: &'static str, detail: impl Into<String>, hint: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad_path", "The path cannot be read", detail)
        .with_field(field)
        .with_hint(hint)
}

/// Reads a body, or a line of a batch.
///
/// # Errors
/// Says where it is wrong: the field, and of text that is no JSON the place.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = T::deserialize(ByName(&mut reader)).and_then(|value| reader.end().map(|()| value));
    read.or_else(|_| read_slowly(bytes))
}

/// Reads it again, with an eye on the path.
fn read_slowly<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(ByName(&mut reader)).map_err(|error| {
        let problem = bad_json(error.inner());
        match field_of(&error.path().to_string(), &problem.detail) {
            Some(field) => problem.with_field(field),
            None => problem,
        }
    })?;
    reader.end().map_err(|error| bad_json(&error))?;
    Ok(value)
}

/// The field that an error is about. Of one that is missing, strange or there twice, the path ends before its name.
fn field_of(path: &str, message: &str) -> Option<String> {
    // What ends too early breaks off at a field that nobody knows.
    let path = if path == "?" { "." } else { path.trim_end_matches(".?") };
    let named = ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|words| message.strip_prefix(words));
    let name = named.and_then(|rest| rest.split('`').next()).unwrap_or_default();
    let is_told = name.is_empty() || path == name || path.ends_with(&format!(".{name}"));
    match (path, is_told) {
        (".", true) => None,
        (path, true) => Some(path.to_owned()),
        (".", false) => Some(name.to_owned()),
        (path, false) => Some(format!("{path}.{name}")),
    }
}

fn bad_json(error: &serde_json::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad_json", "The body cannot be read", in_words(error))
        .with_hint("/api/openapi.json describes all fields")
}

/// Takes all of a body in.
///
/// # Errors
/// Where it does not arrive, or is too large.
pub(super) async fn read_bytes(request: Request, app: &App) -> Result<Bytes, Problem> {
    let read = Bytes::from_request(request, app).await;
    read.map_err(|rejection| unread(rejection, app.limits().body_size_max))
}

/// Why a body did not arrive.
fn unread(rejection: BytesRejection, size_max: usize) -> Problem {
    if rejection.into_response().status() == StatusCode::PAYLOAD_TOO_LARGE {
        return too_large("the body", size_max, "ask in several requests, or stream a batch");
    }
    Problem::new(
        StatusCode::BAD_REQUEST,
        "bad_body",
        "The body cannot be read",
        "the body did not arrive whole",
    )
    .with_hint("send it again, with a content-length that fits")
}

/// A body, or a line of a batch, that has more bytes than it may; says what to do but for another limit.
pub(super) fn too_large(what: &str, size_max: usize, hint: &str) -> Problem {
    let (status, title) = (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large");
    Problem::new(
        status,
        "body_too_large",
        title,
        format!("{what} exceeds the server's limit of {size_max} bytes"),
    )
    .with_hint(format!("{hint}, or let whoever runs the server raise limits.body_size_max"))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        amount_msat: u64,
    }

    #[test]
    fn what_is_missing_strange_or_wrong_is_named() {
        for (text, field) in [
            ("{}", Some("inner")),
            ("{\"inner\":[{}]}", Some("inner[0].amount_msat")),
            ("{\"inner\":[{\"amount_msat\":1},{\"amount_msat\":-1}]}", Some("inner[1].amount_msat")),
            ("{\"inner\":[{\"amount_msat\":1,\"x\":1}]}", Some("inner[0].x")),
            ("{\"inner\":[],\"y\":1}", Some("y")),
            ("{\"inner\":[],\"inner\":[]}", Some("inner")),
            ("{\"inner\":[{\"amount_msat\":1,\"amount_msat\":1}]}", Some("inner[0].amount_msat")),
            ("[[]]", None),
            ("{\"inner\":[[1]]}", Some("inner[0]")),
            ("{", None),
            ("{\"inner\":[{", Some("inner[0]")),
            ("{\"inner\":[]} 7", None),
        ] {
            let problem = read_json::<Outer>(text.as_bytes()).unwrap_err();
            assert_eq!(problem.field.as_deref(), field, "{text}");
            assert!(problem.hint.is_some());
        }
        let sum = |outer: Outer| outer.inner.iter().map(|inner| inner.amount_msat).sum::<u64>();
        assert_eq!(read_json::<Outer>(b"{\"inner\":[{\"amount_msat\":7}]}").map(sum), Ok(7));
    }
}
