//! Problem documents that a facade's handler never saw: those of whoever runs before it, as where a key is missing.

use std::borrow::Cow;

use axum::body::to_bytes;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use crate::http::problem::Problem;

/// What a problem document says, as far as any client's words for it go.
#[derive(Debug)]
pub(in crate::http) struct Told {
    /// The response's status.
    pub(in crate::http) status: StatusCode,
    /// The stable name of its kind, empty where there is none.
    pub(in crate::http) code: Cow<'static, str>,
    /// What was wrong.
    pub(in crate::http) detail: String,
    /// When to try again.
    pub(in crate::http) retry_after: Option<HeaderValue>,
}

impl Told {
    /// What is of no kind of its own.
    pub(in crate::http) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Told { status, code: Cow::Borrowed(""), detail: detail.into(), retry_after: None }
    }
}

impl From<Problem> for Told {
    fn from(problem: Problem) -> Self {
        Told {
            status: problem.status_code(),
            code: problem.code,
            detail: problem.detail,
            retry_after: problem.retry_after_s.map(HeaderValue::from),
        }
    }
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
    let Said { code, detail } = serde_json::from_slice(&bytes).unwrap_or_default();
    let retry_after = parts.headers.get(RETRY_AFTER).cloned();
    Ok(Told { status: parts.status, code: Cow::Owned(code), detail, retry_after })
}

#[derive(Default, Deserialize)]
struct Said {
    code: String,
    detail: String,
}

const PROBLEM: &str = "application/problem+json";
/// Our own documents are far shorter.
const PROBLEM_SIZE_MAX: usize = 1 << 16;
