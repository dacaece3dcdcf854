//! BuildRoute: a route through nodes that the client names, over channels that we choose.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use engine::NoRoute;
use engine::graph::{GraphBuilder, Topology};
use engine::query::RouteQuery;
use engine::route::Route;
use engine::router::RouteError;
use engine::snapshot::Snapshot;
use primitives::{Msat, NodeId};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::body::LndBody;
use super::error::LndError;
use super::form::{Base64, NodeBytes};
use super::route_form::RouteForm;
use super::routes_request::{FINAL_CLTV_DELTA, optional_node};
use crate::http::app::App;
use crate::http::facade::{Number, Unanswered, find_route, newest_block, payer, prepare};
use crate::http::neighbours::{arc_count, arcs_between};
use crate::http::tenant::Caller;

pub(super) fn router() -> Router<App> {
    Router::new().route("/v2/router/route", post(build))
}

/// `routerrpc.BuildRouteRequest`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BuildRouteRequest {
    amt_msat: Number<i64>,
    final_cltv_delta: Number<i32>,
    outgoing_chan_id: Number<u64>,
    hop_pubkeys: Vec<NodeBytes>,
    payment_addr: Base64,
    // They travel beside the onion, to the payer's peer.
    #[serde(rename = "first_hop_custom_records")]
    _first_hop_custom_records: IgnoredAny,
    /// Ours: who pays, where the server has no own node.
    #[serde(deserialize_with = "optional_node")]
    source_pub_key: Option<NodeId>,
    /// Ours: the height that expiries are counted from.
    block_height: Option<Number<u32>>,
}

/// `routerrpc.BuildRouteResponse`.
#[derive(Debug, Serialize)]
struct BuildRouteResponse {
    route: RouteForm,
}

async fn build(
    State(app): State<App>,
    caller: Caller,
    LndBody(request): LndBody<BuildRouteRequest>,
) -> Result<Json<BuildRouteResponse>, LndError> {
    let payer = payer(&app, request.source_pub_key).ok_or_else(LndError::no_own_node)?;
    let snapshot = app.graph().snapshot();
    app.charge_entries(&caller, request.looked_at(&snapshot, payer)).map_err(Unanswered::from)?;
    let chain = Arc::new(Snapshot::from_topology(request.chain(&snapshot, payer)?));
    let query = prepare(&app, &caller, request.to_query(payer)?, &[], false)?;
    let route = match request.amt_msat.0 {
        0 => find_least(&app, &caller, query, chain).await,
        _ => find_route(&app, &caller, query, Some(chain)).await,
    };
    let route = route.map_err(|unanswered| unanswered.renamed(&NAMES))?;
    let height = request.block_height.map_or_else(|| newest_block(&snapshot), |height| height.0);
    let form = RouteForm::new(&snapshot, &route, height);
    let payment_addr = Some(request.payment_addr).filter(|secret| !secret.0.is_empty());
    let route = form.with_payload(BTreeMap::new(), payment_addr, route.amount);
    Ok(Json(BuildRouteResponse { route }))
}

impl BuildRouteRequest {
    /// The query in the graph of [`chain`](Self::chain).
    ///
    /// # Errors
    /// Where a value is out of its range.
    pub fn to_query(&self, payer: NodeId) -> Result<RouteQuery, LndError> {
        let payee = self
            .hop_pubkeys
            .last()
            .ok_or_else(|| LndError::bad_argument("hop_pubkeys: no hops specified"))?;
        let amount =
            u64::try_from(self.amt_msat.0).map_err(|_| LndError::bad_argument("amt_msat: it is negative"))?;
        if !matches!(self.payment_addr.0.len(), 0 | 32) {
            return Err(LndError::bad_argument("payment_addr: it has 32 bytes"));
        }
        let mut query = RouteQuery::new(payer, payee.0, Msat::from_msat(amount.max(1)));
        query.limits.final_cltv_delta = match u16::try_from(self.final_cltv_delta.0) {
            Ok(0) => FINAL_CLTV_DELTA,
            Ok(blocks) => u32::from(blocks),
            Err(_) => return Err(LndError::bad_argument("final_cltv_delta: it has 16 bits")),
        };
        Ok(query)
    }

    /// How many arcs [`chain`](Self::chain) looks at. O(hops).
    fn looked_at(&self, snapshot: &Snapshot, payer: NodeId) -> usize {
        let tails = [payer].into_iter().chain(self.hop_pubkeys.iter().map(|node| node.0));
        let tails = tails.take(self.hop_pubkeys.len().min(HOP_COUNT_MAX));
        tails.filter_map(|tail| snapshot.node(&tail)).map(|tail| arc_count(snapshot, [tail])).sum()
    }

    /// The graph with nothing but the channels from each node to the next one: the only simple way through it is the one
    /// that was asked for.
    ///
    /// # Errors
    /// Where a node is named twice, or has no channel to the next one.
    pub fn chain(&self, snapshot: &Snapshot, payer: NodeId) -> Result<Topology, LndError> {
        let nodes: Vec<NodeId> =
            [payer].into_iter().chain(self.hop_pubkeys.iter().map(|node| node.0)).collect();
        if nodes.len() - 1 > HOP_COUNT_MAX {
            return Err(LndError::bad_argument(format!("hop_pubkeys: more than {HOP_COUNT_MAX}")));
        }
        let mut builder = GraphBuilder::new();
        for (at, ends) in nodes.windows(2).enumerate() {
            if nodes[..=at].contains(&ends[1]) {
                return Err(LndError::bad_argument("hop_pubkeys: a node is named twice, or is the payer"));
            }
            let first = (at == 0 && self.outgoing_chan_id.0 != 0).then_some(self.outgoing_chan_id.0);
            if !add_channels(&mut builder, snapshot, [ends[0], ends[1]], first) {
                let message =
                    format!("no matching outgoing channel available for node {} at position {at}", ends[0]);
                return Err(LndError::not_found(message));
            }
        }
        Topology::build(builder).map_err(|error| LndError::bad_argument(error.to_string()))
    }
}

/// Adds the arcs from one node to another, or the one of that channel; tells whether there is any.
fn add_channels(
    builder: &mut GraphBuilder,
    snapshot: &Snapshot,
    [tail, head]: [NodeId; 2],
    only: Option<u64>,
) -> bool {
    let Some(ends) = snapshot.node(&tail).zip(snapshot.node(&head)) else { return false };
    let mut is_any = false;
    for arc in arcs_between(snapshot, ends.0, ends.1) {
        let short_channel_id = snapshot.short_channel_id(arc.channel());
        let Some(policy) = snapshot.policy(arc) else { continue };
        if policy.disabled || only.is_some_and(|only| only != short_channel_id.to_u64()) {
            continue;
        }
        let features = snapshot.channel_features(arc.channel());
        let capacity = snapshot.capacity(arc.channel());
        let added = builder.add_channel(short_channel_id, tail.min(head), tail.max(head), capacity, features);
        let added = added.and_then(|()| builder.set_policy(short_channel_id, arc.direction(), policy));
        is_any |= added.is_ok();
    }
    is_any
}

/// The route of the least amount that every channel on it takes.
async fn find_least(
    app: &App,
    caller: &Caller,
    mut query: RouteQuery,
    chain: Arc<Snapshot>,
) -> Result<Route, Unanswered> {
    for _ in 0..RAISE_COUNT_MAX {
        match find_route(app, caller, query.clone(), Some(Arc::clone(&chain))).await {
            Err(Unanswered::Route(RouteError::NoRoute(NoRoute::HtlcMinimum { minimum }), _)) => {
                query.amount = minimum;
            }
            found => return found,
        }
    }
    find_route(app, caller, query, Some(chain)).await
}

/// What the fields of a query are called here.
const NAMES: [(&str, &str); 3] =
    [("src", "source_pub_key"), ("dst", "hop_pubkeys"), ("amount_msat", "amt_msat")];
/// An onion has room for no more (BOLT 4).
const HOP_COUNT_MAX: usize = 27;
/// Each raise lifts the amount to the largest minimum on the cheapest way; another way may have a larger one.
const RAISE_COUNT_MAX: usize = 8;
