//! Answers as JSON: all amounts are integers in msat, ids are text as BOLT 7 writes them.

use engine::NoRoute;
use engine::query::RouteQuery;
use engine::route::{Hop, Proof, Route};
use engine::router::RouteError;
use engine::search::Method;
use primitives::{Msat, NodeId, ShortChannelId};
use serde::{Serialize, Serializer};

use crate::exit::Outcome;
use crate::flag_values::direction_number;
use crate::wanted::Found;

/// An answer to one query.
#[derive(Debug, Serialize)]
pub(crate) struct RouteJson {
    #[serde(serialize_with = "display")]
    src: NodeId,
    #[serde(serialize_with = "display")]
    dst: NodeId,
    amount_msat: u64,
    fee_msat: u64,
    hops: usize,
    cltv: u32,
    probability: f64,
    optimal: bool,
    cost_msat: u64,
    gap_msat: u64,
    method: &'static str,
    settled: u64,
    relaxed: u64,
    graph_version: u64,
    route: Vec<HopJson>,
    /// The next-best routes, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    alternatives: Option<Vec<RouteJson>>,
}

/// One HTLC.
#[derive(Debug, Serialize)]
struct HopJson {
    #[serde(serialize_with = "display")]
    short_channel_id: ShortChannelId,
    direction: u8,
    #[serde(serialize_with = "display")]
    node_id: NodeId,
    amount_msat: u64,
    fee_msat: u64,
    cltv: u32,
}

/// The answer where there is no route.
#[derive(Debug, Serialize)]
pub(crate) struct RefusalJson {
    src: Option<String>,
    dst: Option<String>,
    amount_msat: Option<u64>,
    error: ErrorJson,
}

/// Why there is no route.
#[derive(Debug, Serialize)]
struct ErrorJson {
    code: &'static str,
    message: String,
    /// The line of the file of queries, where that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    /// The largest HTLC that a single path takes, where no path takes this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    widest_msat: Option<u64>,
}

impl RouteJson {
    pub(crate) fn new(query: &RouteQuery, found: &Found) -> Self {
        let each = |routes: &Vec<Route>| routes.iter().map(|route| RouteJson::of(query, route)).collect();
        RouteJson { alternatives: found.further.as_ref().map(each), ..RouteJson::of(query, &found.best) }
    }

    /// One route, without others.
    fn of(query: &RouteQuery, route: &Route) -> Self {
        let gap_msat = match route.proof {
            Proof::Optimal => 0,
            Proof::Bounded { gap } => gap.to_msat(),
        };
        RouteJson {
            src: query.payer,
            dst: query.payee,
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
}

impl HopJson {
    fn new(hop: &Hop) -> Self {
        HopJson {
            short_channel_id: hop.short_channel_id,
            direction: direction_number(hop.direction),
            node_id: hop.node_id,
            amount_msat: hop.amount.to_msat(),
            fee_msat: hop.fee.to_msat(),
            cltv: hop.cltv,
        }
    }
}

impl RefusalJson {
    /// Of a query that was asked.
    pub(crate) fn new(query: &RouteQuery, error: &RouteError, message: String) -> Self {
        RefusalJson {
            src: Some(query.payer.to_string()),
            dst: Some(query.payee.to_string()),
            amount_msat: Some(query.amount.to_msat()),
            error: ErrorJson { code: error_code(error), message, line: None, widest_msat: None },
        }
    }

    /// The same with the largest HTLC that a single path takes.
    pub(crate) fn with_widest(mut self, widest: Option<Msat>) -> Self {
        self.error.widest_msat = widest.map(Msat::to_msat);
        self
    }

    /// Of a row that makes no query.
    pub(crate) fn of_row(line: u64, message: String) -> Self {
        let error = ErrorJson { code: "bad_row", message, line: Some(line), widest_msat: None };
        RefusalJson { src: None, dst: None, amount_msat: None, error }
    }
}

/// The stable name of an error.
pub(crate) fn error_code(error: &RouteError) -> &'static str {
    match error {
        RouteError::UnknownNode { .. } => "unknown_node",
        RouteError::UnknownChannel { .. } => "unknown_channel",
        RouteError::BadQuery { .. } => "bad_query",
        RouteError::NoRoute(NoRoute::PayerCannotSend { .. }) => "payer_cannot_send",
        RouteError::NoRoute(NoRoute::PayeeCannotReceive { .. }) => "payee_cannot_receive",
        RouteError::NoRoute(NoRoute::FeeLimit { .. }) => "fee_limit",
        RouteError::NoRoute(NoRoute::RouteLimits { .. }) => "route_limits",
        RouteError::NoRoute(NoRoute::HtlcMinimum { .. }) => "htlc_minimum",
        RouteError::NoRoute(_) => "no_route",
        RouteError::WorkLimit { .. } => "work_limit",
        RouteError::Contended => "contended",
        _ => "other",
    }
}

/// How the command ends after this answer.
pub(crate) fn outcome_of(error: &RouteError) -> Outcome {
    match error {
        RouteError::NoRoute(_) => Outcome::NoRoute,
        RouteError::WorkLimit { .. } | RouteError::Contended => Outcome::WorkLimit,
        _ => Outcome::BadInput,
    }
}

/// The stable name of a search.
pub(crate) fn method_name(method: Method) -> &'static str {
    match method {
        Method::Bidirectional => "bidirectional",
        Method::Corridor => "corridor",
        Method::Labels => "labels",
        Method::Tolls => "tolls",
    }
}

fn display<S: Serializer>(value: &impl std::fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
