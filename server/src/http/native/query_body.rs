//! The body of a query: JSON, or FlatBuffers where its type says so.

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use crate::binary::{BinaryError, read_plan_request, read_route_request};
use crate::http::app::App;
use crate::http::body::{read_bytes, read_json};
use crate::http::media_type::{FLATBUFFERS, has_flatbuffers};
use crate::http::problem::Problem;
use crate::json::{PlanQueryJson, QueryJson};

/// A query in either form; both ask the same.
#[derive(Debug)]
pub(super) struct QueryBody<T>(pub(super) T);

/// What has a binary form.
pub(super) trait Binary: Sized {
    fn read(bytes: &[u8]) -> Result<Self, BinaryError>;
}

impl Binary for QueryJson {
    fn read(bytes: &[u8]) -> Result<Self, BinaryError> {
        read_route_request(bytes)
    }
}

impl Binary for PlanQueryJson {
    fn read(bytes: &[u8]) -> Result<Self, BinaryError> {
        read_plan_request(bytes)
    }
}

impl<T: DeserializeOwned + Binary> FromRequest<App> for QueryBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let is_binary = has_flatbuffers(request.headers());
        let bytes = read_bytes(request, app).await?;
        let read = if is_binary { T::read(&bytes).map_err(bad_bytes) } else { read_json(&bytes) };
        read.map(QueryBody)
    }
}

fn bad_bytes(error: BinaryError) -> Problem {
    let (status, field) = (StatusCode::BAD_REQUEST, error.field());
    let problem = Problem::new(status, "bad_flatbuffers", "The body cannot be read", error.to_string());
    let problem = problem.with_hint(format!("write {FLATBUFFERS} by schemas/query.fbs, or JSON"));
    match field {
        Some(field) => problem.with_field(field),
        None => problem,
    }
}
