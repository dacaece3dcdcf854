//! All paths of the API together.

use axum::Router;

use super::{batch, beliefs, events, feedback, graph, layers, plans, reach, reservations, routes};
use crate::http::app::App;

/// All of it.
pub fn router() -> Router<App> {
    Router::new()
        .merge(batch::router())
        .merge(beliefs::router())
        .merge(events::router())
        .merge(feedback::router())
        .merge(graph::router())
        .merge(layers::router())
        .merge(plans::router())
        .merge(reach::router())
        .merge(reservations::router())
        .merge(routes::router())
}
