//! The API of our own, under `/api/v1`. One file for each thing that can be asked.

mod batch;
mod changed;
mod document;
mod events;
mod feedback;
mod format;
mod graph;
mod layers;
mod plans;
mod reach;
mod reservations;
mod routes;
mod timing;

pub use changed::ChangedJson;
pub use document::document;
pub use feedback::AttemptJson;
pub use format::FLATBUFFERS;
pub use graph::PolicyJson;
pub use layers::LayerEditJson;
pub use plans::{CutJson, PlanQueryJson};
pub use reach::ReachQueryJson;
pub use reservations::PathJson;

use axum::Router;

use super::app::App;

/// All of it.
pub fn router() -> Router<App> {
    Router::new()
        .merge(batch::router())
        .merge(events::router())
        .merge(feedback::router())
        .merge(graph::router())
        .merge(layers::router())
        .merge(plans::router())
        .merge(reach::router())
        .merge(reservations::router())
        .merge(routes::router())
}
