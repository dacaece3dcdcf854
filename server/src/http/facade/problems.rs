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
    /// What was wrong, behind the name of what it is about, and before what to do.
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
            detail: words(problem.field.as_deref(), &problem.detail, problem.hint.as_deref()),
            code: problem.code,
            retry_after: problem.retry_after_s.map(HeaderValue::from),
        }
    }
}

/// One message where clients have one only.
pub(in crate::http) fn words(field: Option<&str>, detail: &str, hint: Option<&str>) -> String {
    let mut words = field.map(|field| format!("{field}: ")).unwrap_or_default();
    words.push_str(detail);
    if let Some(hint) = hint {
        words.push_str("; ");
        words.push_str(hint);
    }
    words
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
    let Said { code, detail, field, hint } = serde_json::from_slice(&bytes).unwrap_or_default();
    let detail = words(field.as_deref(), &detail, hint.as_deref());
    let retry_after = parts.headers.get(RETRY_AFTER).cloned();
    Ok(Told { status: parts.status, code: Cow::Owned(code), detail, retry_after })
}

#[derive(Default, Deserialize)]
struct Said {
    code: String,
    detail: String,
    field: Option<String>,
    hint: Option<String>,
}

const PROBLEM: &str = "application/problem+json";
/// Our own documents are far shorter.
const PROBLEM_SIZE_MAX: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;

    use super::*;

    #[tokio::test]
    async fn a_message_begins_with_its_field_and_ends_with_what_to_do() {
        let plain = Problem::not_found("no", "look again");
        let problem = plain.clone().with_field("a.b");
        assert_eq!(Told::from(plain).detail, "no; look again");
        assert_eq!(Told::from(problem.clone()).detail, "a.b: no; look again");
        let told = told_problem(problem.into_response()).await.expect("a problem");
        assert_eq!((told.code.as_ref(), told.detail.as_str()), ("not_found", "a.b: no; look again"));
        assert_eq!(words(None, "no", None), "no");
    }
}
