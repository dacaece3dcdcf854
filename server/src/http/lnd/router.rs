//! The paths of LND's REST interface put together.

use axum::Router;

use super::error::LndError;
use super::{build_route, fee_estimate, graph, look_up, mission_control, network_info, routes};
use crate::http::app::App;

/// All of it.
pub fn router() -> Router<App> {
    let paths = Router::new()
        .merge(routes::router())
        .merge(build_route::router())
        .merge(fee_estimate::router())
        .merge(graph::router())
        .merge(look_up::router())
        .merge(network_info::router())
        .merge(mission_control::router())
        .method_not_allowed_fallback(|| async { LndError::method_not_allowed() })
        .fallback(|| async { LndError::not_found("Not Found") });
    Router::new().nest("/lnd", paths)
}
