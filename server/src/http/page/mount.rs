//! Where the page meets the rest of the server.

use axum::Router;

use super::{assets, example, shape, status, suggestions};
use crate::http::app::App;

/// The page, and what it asks for.
pub(in crate::http) fn router() -> Router<App> {
    Router::new()
        .merge(assets::router())
        .merge(example::router())
        .merge(shape::router())
        .merge(status::router())
        .merge(suggestions::router())
}

/// Whether the page itself asks for this path, which is not counted among what the server answers.
pub(in crate::http) fn asks_for(path: &str) -> bool {
    [example::PATH, shape::PATH, status::PATH, suggestions::PATH].contains(&path)
}
