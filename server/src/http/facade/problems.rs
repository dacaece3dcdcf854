//! Problem documents that a facade's handler never saw: those of whoever runs before it, as where a key is missing.

use axum::body::to_bytes;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Deserialize;

/// What a problem document says, as far as any client's words for it go.
#[derive(Debug)]
pub(in crate::http) struct Told {
    /// The response's status.
    pub(in crate::http) status: StatusCode,
    /// What was wrong.
    pub(in crate::http) detail: String,
    /// When to try again.
    pub(in crate::http) retry_after: Option<HeaderValue>,
}

/// Reads the problem of a response; gives all other responses back as they are.
///
/// # Errors
/// The response, where it is none.
pub(in crate::http) async fn told_problem(response: Response) -> Result<Told, Response> {
    let is_problem = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM);
    if !is_problem {
        return Err(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, PROBLEM_SIZE_MAX).await.unwrap_or_default();
    let detail = serde_json::from_slice::<Detail>(&bytes).map(|told| told.detail).unwrap_or_default();
    Ok(Told { status: parts.status, detail, retry_after: parts.headers.get(RETRY_AFTER).cloned() })
}

#[derive(Deserialize)]
struct Detail {
    detail: String,
}

const PROBLEM: &str = "application/problem+json";
/// Our own documents are far shorter.
const PROBLEM_SIZE_MAX: usize = 1 << 16;
