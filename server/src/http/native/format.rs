//! JSON, or FlatBuffers for whoever accepts them.

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::convert::Infallible;

/// The type of requests and answers in FlatBuffers, by `schemas/query.fbs` and `schemas/answer.fbs`.
pub const FLATBUFFERS: &str = "application/vnd.fulgurite+flatbuffers";

/// The form in which an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Text.
    Json,
    /// Bytes.
    FlatBuffers,
}

/// An answer in the form that was asked for.
pub(super) enum Formed<T> {
    /// To be written as JSON.
    Json(T),
    /// Written already.
    FlatBuffers(Vec<u8>),
}

impl<S: Send + Sync> FromRequestParts<S> for Format {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let accepted = parts.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut kinds = accepted.flat_map(|value| value.split(','));
        Ok(if kinds.any(is_flatbuffers) { Format::FlatBuffers } else { Format::Json })
    }
}

/// Whether a type, parameters aside, is [`FLATBUFFERS`].
pub(super) fn is_flatbuffers(kind: &str) -> bool {
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FLATBUFFERS))
}

impl<T: Serialize> IntoResponse for Formed<T> {
    fn into_response(self) -> Response {
        match self {
            Formed::Json(answer) => {
                let mut text = Vec::with_capacity(TEXT_SIZE);
                serde_json::to_writer(&mut text, &answer).expect("plain structs have a JSON form");
                ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response()
            }
            Formed::FlatBuffers(bytes) => ([(CONTENT_TYPE, FLATBUFFERS)], bytes).into_response(),
        }
    }
}

/// Room for a route of eight hops; longer ones make room.
const TEXT_SIZE: usize = 2048;
