//! `getroutes`: a payment in parts.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use engine::flow::{Plan, PlanPart, PlanQuery};
use engine::query::RouteQuery;
use engine::route::Hop;
use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::error::ClnError;
use super::params::{Answer, ClnParams, Params, answered};
use crate::http::app::App;
use crate::http::facade::{Number, find_plan, prepare};
use crate::http::tenant::Caller;
use crate::json::{NodeIdText, ScidDirText, Text};

pub(super) fn router() -> Router<App> {
    Router::new().route("/v1/getroutes", post(getroutes))
}

/// What is asked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetroutesParams {
    source: NodeIdText,
    destination: NodeIdText,
    amount_msat: Amount,
    layers: Vec<String>,
    maxfee_msat: Amount,
    final_cltv: Number<u32>,
    #[serde(default = "maxdelay")]
    maxdelay: Number<u32>,
    #[serde(default = "maxparts")]
    maxparts: Number<u32>,
}

/// A payment in parts.
#[derive(Debug, Serialize)]
struct Routes {
    probability_ppm: u64,
    routes: Vec<RouteForm>,
}

/// A part.
#[derive(Debug, Serialize)]
struct RouteForm {
    probability_ppm: u64,
    amount_msat: u64,
    final_cltv: u32,
    path: Vec<HopForm>,
}

/// A hop: what reaches the node that it leaves, and the node that it leads to. The last three fields are those that the
/// first ones replace since v26.06.
#[derive(Debug, Serialize)]
struct HopForm {
    short_channel_id_dir: ScidDirText,
    node_id_in: NodeIdText,
    node_id_out: NodeIdText,
    amount_in_msat: u64,
    amount_out_msat: u64,
    cltv_in: u32,
    cltv_out: u32,
    amount_msat: u64,
    next_node_id: NodeIdText,
    delay: u32,
}

async fn getroutes(
    State(app): State<App>,
    caller: Caller,
    ClnParams(params): ClnParams<GetroutesParams>,
) -> Answer<Routes> {
    let plan = params.to_query()?;
    check_layers(&caller, &params.layers)?;
    let layers: Vec<String> = params.layers.iter().filter(|name| !is_automatic(name)).cloned().collect();
    let route = prepare(&app, &caller, plan.route, &layers, false)?;
    let plan = find_plan(&app, &caller, PlanQuery { route, ..plan }).await;
    let plan = plan.map_err(|unanswered| unanswered.renamed(&NAMES))?;
    answered(Routes::new(&plan, params.final_cltv.0))
}

/// Names a layer that is unknown by its place in the request, and itself.
fn check_layers(caller: &Caller, layers: &[String]) -> Result<(), ClnError> {
    let is_unknown = |name: &String| !is_automatic(name) && caller.view.layer(name).is_err();
    let Some(place) = layers.iter().position(is_unknown) else { return Ok(()) };
    Err(ClnError::bad_params(format!("layers[{place}]: unknown layer '{}'; create it first", layers[place])))
}

impl Params for GetroutesParams {
    const NAMES: &'static [&'static str] = &[
        "source",
        "destination",
        "amount_msat",
        "layers",
        "maxfee_msat",
        "final_cltv",
        "maxdelay",
        "maxparts",
    ];
}

impl GetroutesParams {
    /// The query, without layers and reservations.
    ///
    /// # Errors
    /// Where a value is out of its range, or asks for what we cannot do.
    pub fn to_query(&self) -> Result<PlanQuery, ClnError> {
        let has = |layer: &str| self.layers.iter().any(|name| name == layer);
        if has("auto.include_fees") {
            return Err(ClnError::bad_params("layers: auto.include_fees is not served here"));
        }
        if self.maxdelay.0 > MAXDELAY {
            return Err(ClnError::bad_params(format!("maxdelay: maximum delay allowed is {MAXDELAY}")));
        }
        if self.final_cltv.0 > self.maxdelay.0 {
            return Err(ClnError::bad_params("final_cltv: it is above maxdelay"));
        }
        let part_count_max = if has("auto.no_mpp_support") { 1 } else { self.maxparts.0 };
        if part_count_max == 0 {
            return Err(ClnError::bad_params("maxparts: it is zero"));
        }
        let mut route = RouteQuery::new(self.source.0, self.destination.0, self.amount_msat.0);
        route.limits.fee_max = Some(self.maxfee_msat.0);
        route.limits.final_cltv_delta = self.final_cltv.0;
        route.limits.cltv_max = self.maxdelay.0;
        // More parts than this are not worth their fees, and askrene has the same limit unless told otherwise.
        let part_count_max = part_count_max.min(MAXPARTS);
        Ok(PlanQuery { part_count_max: part_count_max as usize, ..PlanQuery::new(route) })
    }
}

/// Layers that askrene makes itself: of a node's own channels, of which a service has none, and of a source that asks
/// nothing of itself, which ours never does.
fn is_automatic(layer: &str) -> bool {
    ["auto.localchans", "auto.sourcefree", "auto.no_mpp_support"].contains(&layer)
}

impl Routes {
    fn new(plan: &Plan, final_cltv: u32) -> Self {
        let routes = plan.parts.iter().map(|part| RouteForm {
            probability_ppm: millionths(part.probability),
            amount_msat: part.amount.to_msat(),
            final_cltv,
            path: path(plan, part),
        });
        Routes { probability_ppm: millionths(plan.probability), routes: routes.collect() }
    }
}

fn path(plan: &Plan, part: &PlanPart) -> Vec<HopForm> {
    // The source sends what its own channel carries.
    let before = part.hops.first().into_iter().chain(&part.hops);
    let nodes = [plan.payer].into_iter().chain(part.hops.iter().map(|hop| hop.node_id));
    let hops = part.hops.iter().zip(before).zip(nodes);
    hops.map(|((hop, before), node)| HopForm::new(hop, before, Text(node))).collect()
}

impl HopForm {
    fn new(hop: &Hop, before: &Hop, node_id_in: NodeIdText) -> Self {
        HopForm {
            short_channel_id_dir: Text(hop.channel()),
            node_id_in,
            node_id_out: Text(hop.node_id),
            amount_in_msat: before.amount.to_msat(),
            amount_out_msat: hop.amount.to_msat(),
            cltv_in: before.cltv,
            cltv_out: hop.cltv,
            amount_msat: before.amount.to_msat(),
            next_node_id: Text(hop.node_id),
            delay: before.cltv,
        }
    }
}

fn millionths(probability: f64) -> u64 {
    (probability.clamp(0.0, 1.0) * 1e6) as u64
}

fn maxdelay() -> Number<u32> {
    Number(MAXDELAY)
}

fn maxparts() -> Number<u32> {
    Number(MAXPARTS)
}

/// What the fields of a query are called here.
const NAMES: [(&str, &str); 2] = [("src", "source"), ("dst", "destination")];
/// Most blocks that an HTLC may be locked.
const MAXDELAY: u32 = 2016;
/// Most parts.
const MAXPARTS: u32 = 100;
