//! EstimateRouteFee: what a payment would cost, by the graph and not by a probe.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use engine::query::RouteQuery;
use primitives::{Msat, NodeId};
use serde::{Deserialize, Serialize};

use super::body::LndBody;
use super::error::LndError;
use super::routes_request::{FINAL_CLTV_DELTA, amount, optional_node};
use crate::http::app::App;
use crate::http::facade::{Number, find_route, newest_block, payer, prepare};
use crate::http::tenant::Caller;
use crate::json::Text;

pub(super) fn router() -> Router<App> {
    Router::new().route("/v2/router/route/estimatefee", post(estimate))
}

/// `routerrpc.RouteFeeRequest`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RouteFeeRequest {
    #[serde(deserialize_with = "optional_node")]
    dest: Option<NodeId>,
    amt_sat: Number<i64>,
    payment_request: String,
    // Of a probe; a search is over long before.
    #[serde(rename = "timeout")]
    _timeout: Number<u32>,
    /// Ours: who pays, where the server has no own node.
    #[serde(deserialize_with = "optional_node")]
    source_pub_key: Option<NodeId>,
    /// Ours: the height that expiries are counted from.
    block_height: Option<Number<u32>>,
}

/// `routerrpc.RouteFeeResponse`.
#[derive(Debug, Serialize)]
struct RouteFeeResponse {
    routing_fee_msat: Text<u64>,
    time_lock_delay: Text<u64>,
    failure_reason: &'static str,
}

async fn estimate(
    State(app): State<App>,
    caller: Caller,
    LndBody(request): LndBody<RouteFeeRequest>,
) -> Result<Json<RouteFeeResponse>, LndError> {
    let payer = payer(&app, request.source_pub_key).ok_or_else(LndError::no_own_node)?;
    let query = prepare(&app, &caller, request.to_query(payer)?, &[], true)?;
    let route = find_route(&app, &caller, query, None).await;
    let route = route.map_err(|unanswered| unanswered.renamed(&NAMES))?;
    let height =
        request.block_height.map_or_else(|| newest_block(&app.graph().snapshot()), |height| height.0);
    let delay = u64::from(height) + u64::from(route.cltv) + BLOCK_PADDING;
    Ok(Json(RouteFeeResponse {
        routing_fee_msat: Text(route.fee.to_msat()),
        time_lock_delay: Text(delay),
        failure_reason: "FAILURE_REASON_NONE",
    }))
}

impl RouteFeeRequest {
    /// The query.
    ///
    /// # Errors
    /// Where it names an invoice, which asks for a probe, or no node.
    pub fn to_query(&self, payer: NodeId) -> Result<RouteQuery, LndError> {
        if !self.payment_request.is_empty() {
            let message =
                "payment_request: it asks for a probe; give dest and amt_sat for an estimate by the graph";
            return Err(LndError::bad_argument(message));
        }
        let dest = self.dest.ok_or_else(|| LndError::bad_argument("dest: it is missing"))?;
        let mut query = RouteQuery::new(payer, dest, amount("amt_sat", self.amt_sat.0, 0)?);
        query.limits.fee_max = Some(FEE_MAX);
        query.limits.final_cltv_delta = FINAL_CLTV_DELTA;
        Ok(query)
    }
}

/// What the fields of a query are called here.
const NAMES: [(&str, &str); 3] = [("src", "source_pub_key"), ("dst", "dest"), ("amount_msat", "amt_sat")];
/// LND's limit here: 1 BTC.
const FEE_MAX: Msat = Msat::from_msat(100_000_000_000);
/// Blocks that LND adds to a payment's last expiry, for those that are found while it travels.
const BLOCK_PADDING: u64 = 3;
