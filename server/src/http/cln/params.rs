//! Parameters of a method: an object, or an array in the manual's order.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::ClnError;
use crate::http::by_name::ByName;
use crate::http::facade::Told;

/// What a method is asked.
pub trait Params: DeserializeOwned {
    /// Its parameters in order.
    const NAMES: &'static [&'static str];
}

/// The parameters of a request.
#[derive(Debug)]
pub(super) struct ClnParams<T>(pub(super) T);

/// A success.
pub(super) type Answer<T> = Result<(StatusCode, Json<T>), ClnError>;

/// A success, with the status that `clnrest` gives it.
pub(super) fn answered<T>(value: T) -> Answer<T> {
    Ok((StatusCode::CREATED, Json(value)))
}

impl<S: Send + Sync, T: Params> FromRequest<S> for ClnParams<T> {
    type Rejection = ClnError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ClnError> {
        let read = Bytes::from_request(request, state).await;
        let bytes =
            read.map_err(|rejection| ClnError::from(Told::new(rejection.status(), rejection.body_text())))?;
        read_params(&bytes).map(ClnParams)
    }
}

/// Reads a body; an empty one has no parameters.
///
/// # Errors
/// Says what is wrong with which parameter.
pub fn read_params<T: Params>(bytes: &[u8]) -> Result<T, ClnError> {
    let value = if bytes.trim_ascii().is_empty() {
        Value::Object(Map::new())
    } else {
        serde_json::from_slice(bytes).map_err(|error| ClnError::bad_params(error.to_string()))?
    };
    let named = by_name(value, T::NAMES)?;
    serde_path_to_error::deserialize(ByName(named)).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.inner());
        ClnError::bad_params(if path == "." { inner.to_string() } else { format!("{path}: {inner}") })
    })
}

/// Parameters by name; what is null is not there.
fn by_name(value: Value, names: &[&str]) -> Result<Value, ClnError> {
    let fields: Map<String, Value> = match value {
        Value::Object(fields) => fields,
        Value::Array(values) if values.len() <= names.len() => {
            names.iter().map(|&name| name.to_owned()).zip(values).collect()
        }
        Value::Array(_) => {
            return Err(ClnError::bad_params(format!("too many parameters: {} at most", names.len())));
        }
        _ => return Err(ClnError::bad_params("the parameters are neither an object nor an array")),
    };
    Ok(Value::Object(fields.into_iter().filter(|(_, value)| !value.is_null()).collect()))
}
