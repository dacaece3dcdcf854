//! JSON, or FlatBuffers for whoever accepts them.

use std::convert::Infallible;
use std::time::Instant;

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::http::app::App;
use crate::http::media_type::{FLATBUFFERS, is_flatbuffers};
use crate::http::stages::Stage;

/// The form in which an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Text.
    Json,
    /// Bytes.
    FlatBuffers,
}

/// An answer in the form that was asked for.
pub(super) struct Formed<T> {
    text: Formable<T>,
    app: App,
    found: Instant,
}

enum Formable<T> {
    /// To be written as JSON.
    Json(T),
    /// Written already.
    FlatBuffers(Vec<u8>),
}

impl<T> Formed<T> {
    /// As JSON, of what was found then.
    pub(super) fn json(answer: T, app: App, found: Instant) -> Self {
        Formed { text: Formable::Json(answer), app, found }
    }

    /// As these bytes.
    pub(super) fn flatbuffers(bytes: Vec<u8>, app: App, found: Instant) -> Self {
        Formed { text: Formable::FlatBuffers(bytes), app, found }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Format {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let accepted = parts.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut kinds = accepted.flat_map(|value| value.split(','));
        Ok(if kinds.any(is_flatbuffers) { Format::FlatBuffers } else { Format::Json })
    }
}

impl<T: Serialize> IntoResponse for Formed<T> {
    fn into_response(self) -> Response {
        let (kind, bytes) = match self.text {
            Formable::Json(answer) => {
                let mut text = Vec::with_capacity(TEXT_SIZE);
                serde_json::to_writer(&mut text, &answer).expect("plain structs have a JSON form");
                ("application/json", text)
            }
            Formable::FlatBuffers(bytes) => (FLATBUFFERS, bytes),
        };
        self.app.metrics().note_stage(Stage::Write, self.found.elapsed());
        ([(CONTENT_TYPE, HeaderValue::from_static(kind))], bytes).into_response()
    }
}

/// Room for a route of eight hops; longer ones make room.
const TEXT_SIZE: usize = 2048;
