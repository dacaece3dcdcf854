//! Types of bodies: JSON, and FlatBuffers where they are taken.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};

use super::problem::Problem;

/// The type of requests and answers in FlatBuffers, by `schemas/query.fbs` and `schemas/answer.fbs`.
pub const FLATBUFFERS: &str = "application/vnd.fulgurite+flatbuffers";

/// Whether a type, parameters aside, is [`FLATBUFFERS`].
pub(super) fn is_flatbuffers(kind: &str) -> bool {
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FLATBUFFERS))
}

/// Whether a request says that its body is in FlatBuffers.
pub(super) fn has_flatbuffers(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(is_flatbuffers)
}

/// Lets in what may be JSON, whatever its type says.
///
/// # Errors
/// 415 where the body is in FlatBuffers.
pub(super) fn check_json(headers: &HeaderMap) -> Result<(), Problem> {
    if !has_flatbuffers(headers) {
        return Ok(());
    }
    let (status, title) = (StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body's type is not taken here");
    Err(Problem::new(status, "unsupported_media_type", title, "this path takes JSON alone")
        .with_field("content-type")
        .with_hint("send JSON; /api/v1/routes and /api/v1/plans take FlatBuffers as well"))
}
