//! The facades that are served. Another one is a folder beside `lnd` and `cln`, and a line in each function here.

use axum::Router;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::app::App;
use super::cln::{self, ClnError};
use super::facade::told_problem;
use super::lnd::{self, LndError};

/// All of them.
pub(super) fn router() -> Router<App> {
    Router::new().merge(lnd::router()).merge(cln::router())
}

/// Says in the words of a facade's clients what was told as a problem document: by the server before and after a
/// handler, as where a key is missing.
pub(super) async fn in_their_words(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let (is_lnd, is_cln) = (path.starts_with("/lnd/"), path.starts_with("/cln/"));
    let response = next.run(request).await;
    if !is_lnd && !is_cln {
        return response;
    }
    match told_problem(response).await {
        Ok(told) if is_lnd => LndError::from(told).into_response(),
        Ok(told) => ClnError::from(told).into_response(),
        Err(response) => response,
    }
}
