//! Why there is no answer, as Core Lightning says it.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::NoRoute;
use engine::flow::{CutPlace, PlanError};
use engine::layer::LayerError;
use engine::router::RouteError;
use primitives::Msat;
use serde::Serialize;

use crate::http::applier::ChangeError;
use crate::http::facade::{Told, Unanswered, words};
use crate::http::problem::Problem;

/// An error with a number of `lightning-cli`.
#[derive(Debug)]
pub struct ClnError {
    status: StatusCode,
    code: i32,
    message: String,
    retry_after: Option<HeaderValue>,
}

#[derive(Serialize)]
struct ErrorForm {
    code: i32,
    message: String,
}

impl ClnError {
    fn new(status: StatusCode, code: i32, message: impl Into<String>) -> Self {
        ClnError { status, code, message: message.into(), retry_after: None }
    }

    /// A parameter is wrong.
    pub fn bad_params(message: impl Into<String>) -> Self {
        ClnError::new(StatusCode::BAD_REQUEST, INVALID_PARAMS, message)
    }

    /// There is no way.
    pub fn no_route(message: impl Into<String>) -> Self {
        ClnError::new(StatusCode::NOT_FOUND, ROUTE_NOT_FOUND, message)
    }

    pub(super) fn unknown_method() -> Self {
        ClnError::new(StatusCode::NOT_FOUND, METHOD_NOT_FOUND, "Unknown command")
    }

    /// The same for `getroute`, which knows one reason only.
    pub(super) fn of_single_route(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Route(error @ RouteError::NoRoute(_), _) => {
                ClnError::no_route(format!("Could not find a route: {error}"))
            }
            other => ClnError::from(other),
        }
    }
}

impl From<Told> for ClnError {
    fn from(told: Told) -> Self {
        let (status, code) = match told.status {
            // As clnrest has them.
            StatusCode::UNAUTHORIZED if told.code == "no_key" => (StatusCode::FORBIDDEN, RUNE_MISSING),
            StatusCode::UNAUTHORIZED => (told.status, RUNE_NOT_VALID),
            StatusCode::FORBIDDEN if told.code == "forbidden" => (StatusCode::UNAUTHORIZED, RUNE_NOT_VALID),
            StatusCode::FORBIDDEN => (told.status, RUNE_NOT_VALID),
            // None of these is about what was asked.
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                (told.status, UNSPECIFIC)
            }
            // What a command's argument names.
            StatusCode::NOT_FOUND if told.code == "unknown_layer" => {
                (StatusCode::BAD_REQUEST, INVALID_PARAMS)
            }
            status if status.is_client_error() => (status, INVALID_PARAMS),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, UNSPECIFIC),
        };
        ClnError { retry_after: told.retry_after, ..ClnError::new(status, code, told.detail) }
    }
}

impl From<Unanswered> for ClnError {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Refused(problem) => ClnError::from(Told::from(*problem)),
            Unanswered::Route(error, field) => ClnError::of_route(&error, field.as_deref()),
            Unanswered::Plan(error) => ClnError::from(error),
            Unanswered::Change(error) => ClnError::from(error),
        }
    }
}

impl ClnError {
    /// Why there is no route, behind the parameter that is wrong.
    fn of_route(error: &RouteError, field: Option<&str>) -> Self {
        let message = words(field, &error.to_string(), None);
        let no_way = |code| ClnError::new(StatusCode::NOT_FOUND, code, message.clone());
        match error {
            RouteError::BadQuery { .. } | RouteError::BadChannel { .. } => ClnError::bad_params(message),
            RouteError::NoRoute(NoRoute::PayerCannotSend { .. } | NoRoute::BalanceShort { .. }) => {
                no_way(INSUFFICIENT_FUNDS)
            }
            RouteError::NoRoute(NoRoute::PayeeCannotReceive { .. }) => no_way(DESTINATION_FULL),
            RouteError::NoRoute(
                NoRoute::FeeLimit { .. }
                | NoRoute::Limit { .. }
                | NoRoute::TooStrict { .. }
                | NoRoute::RouteLimits { .. },
            ) => no_way(ROUTE_TOO_EXPENSIVE),
            RouteError::UnknownNode { .. } | RouteError::UnknownChannel { .. } | RouteError::NoRoute(_) => {
                no_way(ROUTE_NOT_FOUND)
            }
            RouteError::WorkLimit { .. } => no_way(STOPPED_RETRYING),
            RouteError::Contended => {
                let busy = ClnError::new(StatusCode::SERVICE_UNAVAILABLE, UNSPECIFIC, message);
                ClnError { retry_after: Some(HeaderValue::from(1)), ..busy }
            }
            _ => ClnError::new(StatusCode::INTERNAL_SERVER_ERROR, UNSPECIFIC, message),
        }
    }
}

impl From<PlanError> for ClnError {
    fn from(error: PlanError) -> Self {
        let code = match &error {
            // Where nothing at all gets through, that is no matter of funds.
            PlanError::Cut(cut) if cut.capacity == Msat::ZERO => ROUTE_NOT_FOUND,
            PlanError::Cut(cut) => match cut.place {
                CutPlace::Payer => INSUFFICIENT_FUNDS,
                CutPlace::Payee => DESTINATION_FULL,
                CutPlace::Between => ROUTE_NOT_FOUND,
            },
            PlanError::FeeLimit { .. } | PlanError::RouteLimits { .. } => ROUTE_TOO_EXPENSIVE,
            PlanError::WorkLimit { .. } => STOPPED_RETRYING,
            _ => ROUTE_NOT_FOUND,
        };
        ClnError::new(StatusCode::NOT_FOUND, code, error.to_string())
    }
}

impl From<ChangeError> for ClnError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Layer(LayerError::Unknown) => {
                ClnError::bad_params("layer: Unknown layer; create it first")
            }
            ChangeError::Layer(LayerError::Exists) => {
                ClnError::bad_params("layer: Layer already exists; edit it as it is, or remove it first")
            }
            ChangeError::TooManyEntries
            | ChangeError::Layer(LayerError::TooManyLayers | LayerError::TooManyEntries) => {
                ClnError::new(StatusCode::UNPROCESSABLE_ENTITY, UNSPECIFIC, change_words(error))
            }
            error => ClnError::bad_params(change_words(error)),
        }
    }
}

/// Names the parameter, and says what to do.
fn change_words(error: ChangeError) -> String {
    let Problem { field, detail, hint, .. } = Problem::from(error);
    let field = match field.as_deref() {
        Some("name") => Some("layer"),
        Some("node_2") => Some("destination"),
        field => field,
    };
    words(field, &detail, hint.as_deref())
}

impl IntoResponse for ClnError {
    fn into_response(self) -> Response {
        let form = ErrorForm { code: self.code, message: self.message };
        let mut response = (self.status, Json(form)).into_response();
        if let Some(secs) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, secs);
        }
        response
    }
}

// Codes of JSON-RPC 2.0, and of Core Lightning's manual.
const METHOD_NOT_FOUND: i32 = -32601;
const INVALID_PARAMS: i32 = -32602;
const UNSPECIFIC: i32 = -1;
const ROUTE_NOT_FOUND: i32 = 205;
const ROUTE_TOO_EXPENSIVE: i32 = 206;
const STOPPED_RETRYING: i32 = 210;
const INSUFFICIENT_FUNDS: i32 = 215;
const DESTINATION_FULL: i32 = 220;
const RUNE_MISSING: i32 = 1501;
const RUNE_NOT_VALID: i32 = 1502;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_no_fault_of_the_question() {
        let late = Told::new(StatusCode::REQUEST_TIMEOUT, "");
        assert_eq!(ClnError::from(late).code, UNSPECIFIC);
    }

    #[test]
    fn a_plan_that_was_given_up_is_no_plan_that_there_is_not() {
        assert_eq!(ClnError::from(PlanError::WorkLimit { augmentations: 1 }).code, STOPPED_RETRYING);
        assert_eq!(ClnError::of_route(&RouteError::WorkLimit { settled: 1 }, None).code, STOPPED_RETRYING);
    }
}
