//! QueryRoutes: one route, as cheap and as likely as any.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use super::body::{LndBody, LndPath, LndQuery};
use super::error::LndError;
use super::route_form::RouteForm;
use super::routes_request::QueryRoutesRequest;
use crate::http::app::App;
use crate::http::facade::{Number, Unanswered, find_route, newest_block, payer, prepare};
use crate::http::tenant::Caller;

pub(super) fn router() -> Router<App> {
    Router::new().route("/v1/graph/routes/{pub_key}/{amt}", get(by_query).post(by_body))
}

/// `lnrpc.QueryRoutesResponse`.
#[derive(Debug, Serialize)]
struct QueryRoutesResponse {
    routes: [RouteForm; 1],
    success_prob: f64,
}

async fn by_query(
    State(app): State<App>,
    caller: Caller,
    LndPath(path): LndPath<(String, String)>,
    LndQuery(request): LndQuery<QueryRoutesRequest>,
) -> Result<Json<QueryRoutesResponse>, LndError> {
    answer(&app, &caller, path, request).await
}

async fn by_body(
    State(app): State<App>,
    caller: Caller,
    LndPath(path): LndPath<(String, String)>,
    LndBody(request): LndBody<QueryRoutesRequest>,
) -> Result<Json<QueryRoutesResponse>, LndError> {
    answer(&app, &caller, path, request).await
}

async fn answer(
    app: &App,
    caller: &Caller,
    (pub_key, amt): (String, String),
    mut request: QueryRoutesRequest,
) -> Result<Json<QueryRoutesResponse>, LndError> {
    let amt = amt.parse().map_err(|_| LndError::bad_argument("amt: it is a whole number of 64 bits"))?;
    (request.pub_key, request.amt) = (pub_key, Number(amt));
    let payer = payer(app, request.source_pub_key).ok_or_else(LndError::no_own_node)?;
    // The question itself may take as long as a search.
    caller.check_work().map_err(Unanswered::from)?;
    let snapshot = app.graph().snapshot();
    app.note_entries(caller, request.looked_at(&snapshot, payer));
    let query = request.to_query(&snapshot, payer)?;
    let query = prepare(app, caller, query, &[], request.use_mission_control.0)?;
    let route = find_route(app, caller, query, None).await;
    let route = route.map_err(|unanswered| unanswered.renamed(&request.names()))?;
    let height = request.block_height.map_or_else(|| newest_block(&snapshot), |height| height.0);
    let form = RouteForm::new(&snapshot, &route, height);
    let form = form.with_payload(request.dest_custom_records, None, route.amount);
    Ok(Json(QueryRoutesResponse { routes: [form], success_prob: route.probability }))
}
