//! Stable names of kinds, errors and searches.

use engine::NoRoute;
use engine::flow::PlanError;
use engine::router::RouteError;
use engine::search::Method;
use primitives::Direction;

/// The stable name of an error.
pub fn error_code(error: &RouteError) -> &'static str {
    match error {
        RouteError::UnknownNode { .. } => "unknown_node",
        RouteError::UnknownChannel { .. } => "unknown_channel",
        RouteError::BadQuery { .. } | RouteError::BadChannel { .. } => "bad_query",
        RouteError::NoRoute(NoRoute::PayerCannotSend { .. } | NoRoute::BalanceShort { .. }) => {
            "payer_cannot_send"
        }
        RouteError::NoRoute(NoRoute::PayeeCannotReceive { .. }) => "payee_cannot_receive",
        RouteError::NoRoute(NoRoute::FeeLimit { .. }) => "fee_limit",
        RouteError::NoRoute(
            NoRoute::Limit { .. } | NoRoute::TooStrict { .. } | NoRoute::RouteLimits { .. },
        ) => "route_limits",
        RouteError::NoRoute(NoRoute::HtlcMinimum { .. }) => "htlc_minimum",
        RouteError::NoRoute(_) => "no_route",
        RouteError::WorkLimit { .. } => "work_limit",
        RouteError::Contended => "contended",
        _ => "other",
    }
}

/// The stable name of an error of plans.
pub fn plan_error_code(error: &PlanError) -> &'static str {
    match error {
        PlanError::Query(error) => error_code(error),
        PlanError::Cut(_) => "cut",
        PlanError::NoRoomForFees { .. } => "no_room_for_fees",
        PlanError::HtlcMinimum { .. } => "htlc_minimum",
        PlanError::HtlcLimit { .. } => "htlc_limit",
        PlanError::RouteLimits { .. } => "route_limits",
        PlanError::TooFewParts { .. } => "too_few_parts",
        PlanError::FeeLimit { .. } => "fee_limit",
        PlanError::WorkLimit { .. } => "work_limit",
        _ => "other",
    }
}

/// The stable name of a search.
pub fn method_name(method: Method) -> &'static str {
    match method {
        Method::Bidirectional => "bidirectional",
        Method::Corridor => "corridor",
        Method::Labels => "labels",
        Method::Tolls => "tolls",
    }
}

/// Writes a direction as the formats do: 0 or 1.
pub fn direction_number(direction: Direction) -> u8 {
    match direction {
        Direction::NodeOneToTwo => 0,
        Direction::NodeTwoToOne => 1,
    }
}
