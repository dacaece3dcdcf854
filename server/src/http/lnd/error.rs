//! Why there is no answer, as grpc-gateway says it.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::NoRoute;
use engine::router::RouteError;
use serde::Serialize;

use crate::http::facade::{Told, Unanswered, words};
use crate::http::problem::Problem;

/// An error with the number that gRPC gives its kind.
#[derive(Debug)]
pub struct LndError {
    status: StatusCode,
    code: u8,
    message: String,
    retry_after: Option<HeaderValue>,
}

#[derive(Serialize)]
struct ErrorForm {
    code: u8,
    message: String,
    details: [(); 0],
}

impl LndError {
    fn new(status: StatusCode, code: u8, message: impl Into<String>) -> Self {
        LndError { status, code, message: message.into(), retry_after: None }
    }

    /// The request is wrong.
    pub fn bad_argument(message: impl Into<String>) -> Self {
        LndError::new(StatusCode::BAD_REQUEST, INVALID_ARGUMENT, message)
    }

    /// What it names is not there.
    pub fn not_found(message: impl Into<String>) -> Self {
        LndError::new(StatusCode::NOT_FOUND, NOT_FOUND, message)
    }

    /// The server is not set up for it.
    pub fn precondition(message: impl Into<String>) -> Self {
        LndError::new(StatusCode::BAD_REQUEST, FAILED_PRECONDITION, message)
    }

    /// It took too long.
    fn late(message: impl Into<String>) -> Self {
        LndError::new(StatusCode::GATEWAY_TIMEOUT, DEADLINE_EXCEEDED, message)
    }

    pub(super) fn method_not_allowed() -> Self {
        LndError::new(StatusCode::METHOD_NOT_ALLOWED, UNIMPLEMENTED, "Method Not Allowed")
    }

    pub(super) fn no_own_node() -> Self {
        LndError::precondition("the server has no own node: name source_pub_key, or start it with one")
    }
}

impl From<Told> for LndError {
    fn from(told: Told) -> Self {
        let (status, code) = match told.status {
            StatusCode::UNAUTHORIZED => (told.status, UNAUTHENTICATED),
            StatusCode::FORBIDDEN => (told.status, PERMISSION_DENIED),
            StatusCode::NOT_FOUND => (told.status, NOT_FOUND),
            StatusCode::CONFLICT => (told.status, ALREADY_EXISTS),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::PAYLOAD_TOO_LARGE => {
                (told.status, RESOURCE_EXHAUSTED)
            }
            StatusCode::SERVICE_UNAVAILABLE => (told.status, UNAVAILABLE),
            StatusCode::REQUEST_TIMEOUT => (StatusCode::GATEWAY_TIMEOUT, DEADLINE_EXCEEDED),
            status if status.is_client_error() => (StatusCode::BAD_REQUEST, INVALID_ARGUMENT),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, INTERNAL),
        };
        LndError { retry_after: told.retry_after, ..LndError::new(status, code, told.detail) }
    }
}

impl From<Unanswered> for LndError {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Refused(problem) => LndError::from(Told::from(*problem)),
            Unanswered::Route(error, field) => LndError::of_route(&error, field.as_deref()),
            Unanswered::Plan(error) => LndError::not_found(format!("{NO_PATH}: {error}")),
            Unanswered::Change(error) => {
                let Problem { field, detail, hint, .. } = Problem::from(error);
                LndError::bad_argument(words(field.as_deref(), &detail, hint.as_deref()))
            }
        }
    }
}

impl LndError {
    /// Why there is no route, behind the field that is wrong.
    fn of_route(error: &RouteError, field: Option<&str>) -> Self {
        let wrong = || words(field, &error.to_string(), None);
        match error {
            RouteError::UnknownNode { .. } | RouteError::UnknownChannel { .. } => {
                LndError::not_found(wrong())
            }
            RouteError::BadQuery { .. } | RouteError::BadChannel { .. } => LndError::bad_argument(wrong()),
            RouteError::NoRoute(NoRoute::PayerCannotSend { .. } | NoRoute::BalanceShort { .. }) => {
                LndError::not_found(format!("insufficient local balance: {error}"))
            }
            RouteError::NoRoute(_) => LndError::not_found(format!("{NO_PATH}: {error}")),
            RouteError::WorkLimit { .. } => LndError::late(error.to_string()),
            RouteError::Contended => {
                let busy = LndError::new(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, error.to_string());
                LndError { retry_after: Some(HeaderValue::from(1)), ..busy }
            }
            _ => LndError::new(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL, error.to_string()),
        }
    }
}

impl IntoResponse for LndError {
    fn into_response(self) -> Response {
        let form = ErrorForm { code: self.code, message: self.message, details: [] };
        let mut response = (self.status, Json(form)).into_response();
        if let Some(secs) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, secs);
        }
        response
    }
}

/// How LND begins to say that there is no route.
const NO_PATH: &str = "unable to find a path to destination";

// The status codes of gRPC that are used here.
const INVALID_ARGUMENT: u8 = 3;
const DEADLINE_EXCEEDED: u8 = 4;
const NOT_FOUND: u8 = 5;
const ALREADY_EXISTS: u8 = 6;
const PERMISSION_DENIED: u8 = 7;
const RESOURCE_EXHAUSTED: u8 = 8;
const FAILED_PRECONDITION: u8 = 9;
const UNIMPLEMENTED: u8 = 12;
const INTERNAL: u8 = 13;
const UNAVAILABLE: u8 = 14;
const UNAUTHENTICATED: u8 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_told_as_grpc_tells_it() {
        let late = Told::new(StatusCode::REQUEST_TIMEOUT, "");
        let error = LndError::from(late);
        let given_up = LndError::of_route(&RouteError::WorkLimit { settled: 1 }, None);
        for error in [error, given_up] {
            assert_eq!((error.status, error.code), (StatusCode::GATEWAY_TIMEOUT, DEADLINE_EXCEEDED));
        }
    }
}
