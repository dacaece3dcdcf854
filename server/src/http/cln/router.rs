//! The methods of Core Lightning's `clnrest` put together.

use axum::Router;

use super::error::ClnError;
use super::{getroute, getroutes, layer_edits, layers, listchannels, listnodes, reservations};
use crate::http::app::App;

/// All of it.
pub fn router() -> Router<App> {
    let methods = Router::new()
        .merge(getroutes::router())
        .merge(getroute::router())
        .merge(listchannels::router())
        .merge(listnodes::router())
        .merge(layers::router())
        .merge(layer_edits::router())
        .merge(reservations::router())
        .method_not_allowed_fallback(|| async { ClnError::unknown_method() })
        .fallback(|| async { ClnError::unknown_method() });
    Router::new().nest("/cln", methods)
}
