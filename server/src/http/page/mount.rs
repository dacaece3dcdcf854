//! Where the page meets the rest of the server.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};

use super::pulse::Pulse;
use super::{assets, example, shape, status, suggestions};
use crate::http::app::App;

/// An API, its answers counted, and the page that shows them. What the page asks for itself is not counted.
pub(in crate::http) fn with_page(api: Router<App>) -> Router<App> {
    let pulse = Arc::new(Pulse::default());
    let counted = Arc::clone(&pulse);
    let count = from_fn(move |request: Request, next: Next| {
        let pulse = Arc::clone(&counted);
        async move {
            let asked = Instant::now();
            let response = next.run(request).await;
            let is_refused =
                matches!(response.status(), StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS);
            pulse.count(asked.elapsed(), is_refused);
            response
        }
    });
    api.layer(count)
        .merge(assets::router())
        .merge(example::router())
        .merge(shape::router())
        .merge(status::router(pulse))
        .merge(suggestions::router())
}
