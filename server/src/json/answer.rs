//! Routes and plans.

use engine::flow::{Plan, PlanPart};
use engine::query::RouteQuery;
use engine::route::{Hop, Proof, Route};
use serde::Serialize;
use utoipa::ToSchema;

use super::names::{direction_number, method_name};
use super::text::{NodeIdText, ScidText, Text};

/// A route.
#[derive(Debug, Serialize, ToSchema)]
pub struct RouteJson {
    /// Who pays.
    pub src: NodeIdText,
    /// Who is paid.
    pub dst: NodeIdText,
    /// What the payee gets.
    pub amount_msat: u64,
    /// What the payer pays beyond that.
    pub fee_msat: u64,
    /// How many channels.
    pub hops: usize,
    /// Blocks that the payer's HTLC may be locked, the final delta included.
    pub cltv: u32,
    /// How likely all channels can carry it.
    pub probability: f64,
    /// Whether it is proven that no route costs less.
    pub optimal: bool,
    /// What was minimised.
    pub cost_msat: u64,
    /// No route costs less by more than this; 0 where this one is the best.
    pub gap_msat: u64,
    /// Which search found it.
    pub method: &'static str,
    /// Nodes or labels that were expanded.
    pub settled: u64,
    /// Arcs that were looked at.
    pub relaxed: u64,
    /// The graph's version.
    pub graph_version: u64,
    /// The payer's channel first.
    pub route: Vec<HopJson>,
    /// The next-best routes, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub alternatives: Option<Vec<RouteJson>>,
}

/// One HTLC.
#[derive(Debug, Serialize, ToSchema)]
pub struct HopJson {
    /// The channel.
    pub short_channel_id: ScidText,
    /// 0 from node_id_1 to node_id_2, 1 back.
    pub direction: u8,
    /// The node that it leads to.
    pub node_id: NodeIdText,
    /// What the HTLC carries.
    pub amount_msat: u64,
    /// What the node that it leads to keeps.
    pub fee_msat: u64,
    /// Blocks from now to its expiry.
    pub cltv: u32,
}

/// A payment in parts.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanJson {
    /// Who pays.
    pub src: NodeIdText,
    /// Who is paid.
    pub dst: NodeIdText,
    /// What the payee gets in all.
    pub amount_msat: u64,
    /// What the payer pays beyond that.
    pub fee_msat: u64,
    /// Blocks until the last of the payer's HTLCs expires.
    pub cltv: u32,
    /// How likely every channel can carry all that the parts send over it.
    pub probability: f64,
    /// Fees, and what the cost model charges for the rest; biases of layers weigh both, as in what a route costs.
    pub cost_msat: u64,
    /// No set of parts costs less; absent where inbound fees count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_cost_msat: Option<u64>,
    /// Nodes that searches for paths expanded.
    pub settled: u64,
    /// Paths that flow was sent along.
    pub augmentations: u64,
    /// The graph's version.
    pub graph_version: u64,
    /// The largest first.
    pub parts: Vec<PlanPartJson>,
}

/// One part of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanPartJson {
    /// What the payee gets of it.
    pub amount_msat: u64,
    /// What the payer pays beyond that.
    pub fee_msat: u64,
    /// Blocks from now to the expiry of the payer's HTLC.
    pub cltv: u32,
    /// How likely its channels can carry it, if it were alone.
    pub probability: f64,
    /// The payer's channel first.
    pub route: Vec<HopJson>,
}

impl RouteJson {
    /// One route, without others.
    pub fn new(query: &RouteQuery, route: &Route) -> Self {
        let gap_msat = match route.proof {
            Proof::Optimal => 0,
            Proof::Bounded { gap } => gap.to_msat(),
        };
        RouteJson {
            src: Text(query.payer),
            dst: Text(query.payee),
            amount_msat: query.amount.to_msat(),
            fee_msat: route.fee.to_msat(),
            hops: route.hops.len(),
            cltv: route.cltv,
            probability: route.probability,
            optimal: route.proof == Proof::Optimal,
            cost_msat: route.cost,
            gap_msat,
            method: method_name(route.method),
            settled: route.counts.settled,
            relaxed: route.counts.relaxed,
            graph_version: route.version,
            route: route.hops.iter().map(HopJson::new).collect(),
            alternatives: None,
        }
    }

    /// The same with the next-best routes.
    #[must_use]
    pub fn with_alternatives(self, query: &RouteQuery, further: &[Route]) -> Self {
        let alternatives = further.iter().map(|route| RouteJson::new(query, route)).collect();
        RouteJson { alternatives: Some(alternatives), ..self }
    }
}

impl HopJson {
    /// One hop.
    pub fn new(hop: &Hop) -> Self {
        HopJson {
            short_channel_id: Text(hop.short_channel_id),
            direction: direction_number(hop.direction),
            node_id: Text(hop.node_id),
            amount_msat: hop.amount.to_msat(),
            fee_msat: hop.fee.to_msat(),
            cltv: hop.cltv,
        }
    }
}

impl PlanJson {
    /// All parts.
    pub fn new(query: &RouteQuery, plan: &Plan) -> Self {
        PlanJson {
            src: Text(query.payer),
            dst: Text(query.payee),
            amount_msat: plan.amount.to_msat(),
            fee_msat: plan.fee.to_msat(),
            cltv: plan.cltv,
            probability: plan.probability,
            cost_msat: plan.cost,
            least_cost_msat: plan.least_cost,
            settled: plan.counts.settled,
            augmentations: plan.counts.augmentations,
            graph_version: plan.version,
            parts: plan.parts.iter().map(PlanPartJson::new).collect(),
        }
    }
}

impl PlanPartJson {
    fn new(part: &PlanPart) -> Self {
        PlanPartJson {
            amount_msat: part.amount.to_msat(),
            fee_msat: part.fee.to_msat(),
            cltv: part.cltv,
            probability: part.probability,
            route: part.hops.iter().map(HopJson::new).collect(),
        }
    }
}
