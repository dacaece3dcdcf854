//! What is told where there is no answer: problem documents by RFC 9457.

use std::borrow::Cow;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::json::FieldError;

/// Why a request has no answer: for people in `title`, `detail` and `hint`, for programs in `code` and `field`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Problem {
    /// A reference to the kind of problem.
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
    /// The kind in words, the same each time.
    pub title: Cow<'static, str>,
    /// The status of the response.
    pub status: u16,
    /// The stable name of the kind.
    pub code: Cow<'static, str>,
    /// What was wrong this time.
    pub detail: String,
    /// The part of the request that was wrong, as `limits.cltv_max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<Cow<'static, str>>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Cow<'static, str>>,
    /// The largest HTLC that a single path takes, where no path takes this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub widest_msat: Option<u64>,
    /// Seconds after which another try makes sense, as the header `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
    /// The version of the graph that was searched, where a search came to this, as all of the following.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graph_version: Option<u64>,
    /// Seconds since the newest policy of the graph was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graph_age_s: Option<u32>,
    /// Nodes or labels that were expanded, those that tell the reason included; not those that tell `widest_msat`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled: Option<u64>,
    /// From the request's last byte to the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed_us: Option<u64>,
}

impl Problem {
    /// A problem of the kind `code`.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Problem {
            kind: Cow::Owned(format!("/api/reference#{code}")),
            title: title.into(),
            status: status.as_u16(),
            code: code.into(),
            detail: detail.into(),
            field: None,
            hint: None,
            widest_msat: None,
            retry_after_s: None,
            graph_version: None,
            graph_age_s: None,
            settled: None,
            elapsed_us: None,
        }
    }

    /// The same with the part of the request that was wrong.
    #[must_use]
    pub fn with_field(self, field: impl Into<Cow<'static, str>>) -> Self {
        Problem { field: Some(field.into()), ..self }
    }

    /// The same for a part of a larger body.
    #[must_use]
    pub fn within(self, part: &str) -> Self {
        let field = self.field.as_ref().map(|field| Cow::Owned(format!("{part}.{field}")));
        Problem { field, ..self }
    }

    /// The same with what to do.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<Cow<'static, str>>) -> Self {
        Problem { hint: Some(hint.into()), ..self }
    }

    /// The same with a time to try again.
    #[must_use]
    pub fn with_retry_after(self, secs: u32) -> Self {
        Problem { retry_after_s: Some(secs), ..self }
    }

    /// The same of a search in that version of the graph, which settled so much.
    #[must_use]
    pub fn of_search(self, graph_version: u64, settled: u64) -> Self {
        Problem { graph_version: Some(graph_version), settled: Some(settled), ..self }
    }

    /// What the request asks for is not there; says what to do.
    pub fn not_found(detail: impl Into<String>, hint: impl Into<Cow<'static, str>>) -> Self {
        let problem = Problem::new(StatusCode::NOT_FOUND, "not_found", "There is no such thing", detail);
        problem.with_hint(hint)
    }

    /// A value that has the right form and is refused nevertheless; says what to do.
    pub fn bad_field(
        field: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
        hint: impl Into<Cow<'static, str>>,
    ) -> Self {
        let problem =
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_field", "A value cannot be used", detail);
        problem.with_field(field).with_hint(hint)
    }

    /// The server's own fault.
    pub fn internal() -> Self {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The server failed",
            "this request hit a fault in the server; its log says more",
        )
        .with_hint("tell whoever runs the server when it was, and what you asked")
    }

    /// The response's status.
    pub fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<FieldError> for Problem {
    fn from(error: FieldError) -> Self {
        Problem::bad_field(error.field, error.problem, error.hint)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).expect("a plain struct has a JSON form");
        let mut response = (self.status_code(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(secs) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(secs));
        }
        response
    }
}
