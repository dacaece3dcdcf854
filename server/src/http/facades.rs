//! The facades that are served. Another one is a folder beside `lnd` and `cln`, and a line in each function here.

use axum::Router;
use axum::response::{IntoResponse, Response};

use super::app::App;
use super::cln::{self, ClnError};
use super::facade::told_problem;
use super::lnd::{self, LndError};

/// All of them.
pub(super) fn router() -> Router<App> {
    Router::new().merge(lnd::router()).merge(cln::router())
}

/// Whose words the clients of a path understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// Our own.
    Native,
    /// LND's.
    Lnd,
    /// Core Lightning's.
    Cln,
}

impl Words {
    /// Of a request's path.
    pub(super) fn of(path: &str) -> Self {
        if path.starts_with("/lnd/") {
            Words::Lnd
        } else if path.starts_with("/cln/") {
            Words::Cln
        } else {
            Words::Native
        }
    }

    /// Says in them what was told as a problem document: by the server before and after a handler, as where a key is
    /// missing.
    pub(super) async fn say(self, response: Response) -> Response {
        if self == Words::Native {
            return response;
        }
        match told_problem(response).await {
            Ok(told) if self == Words::Lnd => LndError::from(told).into_response(),
            Ok(told) => ClnError::from(told).into_response(),
            Err(response) => response,
        }
    }
}
