//! The API of our own, under `/api/v1`. One file for each thing that can be asked.

mod routes;

use axum::Router;

use super::app::App;

/// All of it.
pub fn router() -> Router<App> {
    Router::new().merge(routes::router())
}
