//! `getroute`: a single route.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use engine::cost::{CostModel, RiskWeights};
use engine::query::{Avoid, RouteQuery};
use engine::route::Route;
use primitives::{Msat, NodeId};
use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::error::ClnError;
use super::params::{Answer, ClnParams, Params, answered};
use super::scid::ScidDir;
use crate::http::app::App;
use crate::http::facade::{Fraction, Number, find_route, payer, prepare};
use crate::http::tenant::Caller;
use crate::json::{NodeIdText, ScidText, Text, direction_number};

pub(super) fn router() -> Router<App> {
    Router::new().route("/v1/getroute", post(getroute))
}

/// What is asked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetrouteParams {
    id: NodeIdText,
    amount_msat: Amount,
    riskfactor: Fraction,
    #[serde(default = "cltv")]
    cltv: Number<u32>,
    fromid: Option<NodeIdText>,
    // lightningd ignores it, too.
    #[serde(rename = "fuzzpercent")]
    _fuzzpercent: Option<Number<u32>>,
    #[serde(default)]
    exclude: Vec<String>,
    #[serde(default = "maxhops")]
    maxhops: Number<u32>,
}

/// The route.
#[derive(Debug, Serialize)]
struct RouteForm {
    route: Vec<HopForm>,
}

/// A hop: what reaches the node that it leads to.
#[derive(Debug, Serialize)]
struct HopForm {
    id: NodeIdText,
    channel: ScidText,
    direction: u8,
    amount_msat: u64,
    delay: u32,
    style: &'static str,
}

async fn getroute(
    State(app): State<App>,
    caller: Caller,
    ClnParams(params): ClnParams<GetrouteParams>,
) -> Answer<RouteForm> {
    let no_node =
        || ClnError::bad_params("fromid: the server has no own node; name one, or start it with one");
    let source = payer(&app, params.fromid.map(|node| node.0)).ok_or_else(no_node)?;
    let query = prepare(&app, &caller, params.to_query(source)?, &[], false)?;
    let route = find_route(&app, &caller, query, None).await;
    let route = route.map_err(|unanswered| ClnError::of_single_route(unanswered.renamed(&NAMES)))?;
    answered(RouteForm::from(route))
}

impl Params for GetrouteParams {
    const NAMES: &'static [&'static str] =
        &["id", "amount_msat", "riskfactor", "cltv", "fromid", "fuzzpercent", "exclude", "maxhops"];
}

impl GetrouteParams {
    /// The query, without reservations.
    ///
    /// # Errors
    /// Where a value is out of its range.
    pub fn to_query(&self, source: NodeId) -> Result<RouteQuery, ClnError> {
        if self.amount_msat.0 == Msat::ZERO {
            return Err(ClnError::bad_params("amount_msat: routes for nothing are not served here"));
        }
        if self.maxhops.0 > MAXHOPS {
            return Err(ClnError::bad_params(format!("maxhops: it is above {MAXHOPS}")));
        }
        let mut query = RouteQuery::new(source, self.id.0, self.amount_msat.0);
        query.cost = CostModel::Risk(RiskWeights {
            risk_billionths: risk_billionths(self.riskfactor.0)?,
            hop_base_msat: 0,
            hop_millionths: 0,
        });
        query.limits.final_cltv_delta = self.cltv.0;
        query.limits.hop_count_max = self.maxhops.0;
        query.avoid = avoid(&self.exclude)?;
        Ok(query)
    }
}

/// Percent a year as billionths a block: 52,596 blocks are a year.
fn risk_billionths(riskfactor: f64) -> Result<u32, ClnError> {
    if !(riskfactor >= 0.0 && riskfactor.is_finite()) {
        return Err(ClnError::bad_params("riskfactor: it is a number, not below 0"));
    }
    Ok((riskfactor * 1e9 / 5_259_600.0).round() as u32)
}

/// Nodes, and directions of channels.
fn avoid(exclude: &[String]) -> Result<Avoid, ClnError> {
    let mut avoid = Avoid::default();
    for (place, text) in exclude.iter().enumerate() {
        match (text.parse::<ScidDir>(), text.parse::<NodeId>()) {
            (Ok(direction), _) => avoid.directions.push(direction.0),
            (_, Ok(node)) => avoid.nodes.push(node),
            _ => {
                let problem = "should be a short_channel_id with its direction, or a node's id";
                return Err(ClnError::bad_params(format!("exclude[{place}]: {problem}")));
            }
        }
    }
    Ok(avoid)
}

impl From<Route> for RouteForm {
    fn from(route: Route) -> Self {
        let hops = route.hops.into_iter().map(|hop| HopForm {
            id: Text(hop.node_id),
            channel: Text(hop.short_channel_id),
            direction: direction_number(hop.direction),
            amount_msat: hop.amount.to_msat(),
            delay: hop.cltv,
            style: "tlv",
        });
        RouteForm { route: hops.collect() }
    }
}

fn cltv() -> Number<u32> {
    Number(9)
}

fn maxhops() -> Number<u32> {
    Number(MAXHOPS)
}

/// What the fields of a query are called here.
const NAMES: [(&str, &str); 2] = [("src", "fromid"), ("dst", "id")];
/// Most channels of a route.
const MAXHOPS: u32 = 20;
