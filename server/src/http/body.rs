//! Bodies in JSON, with the path of what is wrong in them.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// A request's body as JSON, whatever its content type says.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state).await.map_err(unread)?;
        read_json(&bytes).map(JsonBody)
    }
}

/// The one variable part of a request's path.
#[derive(Debug)]
pub struct PathText(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathText {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(text)| PathText(text)).map_err(|rejection| bad_path(rejection.body_text()))
    }
}

/// A part of the path that has the wrong form.
pub fn bad_path(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad_path", "The path cannot be read", detail)
}

/// Reads a body, or a line of a batch.
///
/// # Errors
/// Says where it is wrong: the field, and of text that is no JSON the place.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).or_else(|_| read_slowly(bytes))
}

/// Reads it again, with an eye on the path.
fn read_slowly<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let problem = bad_json(error.inner());
        if path == "." { problem } else { problem.with_field(path) }
    })?;
    reader.end().map_err(|error| bad_json(&error))?;
    Ok(value)
}

fn bad_json(error: &serde_json::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad_json", "The body cannot be read", error.to_string())
        .with_hint("/api/openapi.json describes all fields")
}

/// Why a body did not arrive.
pub(super) fn unread(rejection: BytesRejection) -> Problem {
    let status = rejection.into_response().status();
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(
            status,
            "body_too_large",
            "The body is too large",
            "the body exceeds the server's limit",
        )
        .with_hint("ask in several requests, or stream a batch");
    }
    Problem::new(
        StatusCode::BAD_REQUEST,
        "bad_body",
        "The body cannot be read",
        "the body did not arrive whole",
    )
}
