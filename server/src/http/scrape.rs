//! `/metrics`.

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;

use super::app::App;
use super::problem::Problem;
use super::tenant::Admin;

pub(super) fn router() -> Router<App> {
    Router::new().route("/metrics", get(scrape))
}

async fn scrape(State(app): State<App>, _: Admin) -> Result<impl IntoResponse, Problem> {
    let metrics = app.metrics();
    metrics.set_graph(&app.graph().snapshot(), app.graph_age_s(), app.applier().seq());
    metrics.set_waiting(app.pool().waiting());
    if let Some(watch) = app.gossip() {
        metrics.set_gossip(watch.info());
    }
    let text = metrics.text().map_err(|_| Problem::internal())?;
    Ok(([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}
