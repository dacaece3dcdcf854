//! The engine's errors as problems: the one place that decides what each of them is over HTTP.

use axum::http::StatusCode;
use engine::NoRoute;
use engine::flow::PlanError;
use engine::layer::LayerError;
use engine::reserve::ReserveError;
use engine::router::RouteError;

use super::applier::ChangeError;
use super::problem::Problem;
use super::work::Refused;
use crate::json::{error_code, plan_error_code};

/// Why a query has no route.
pub fn route_problem(error: &RouteError) -> Problem {
    let (status, title) = match error {
        RouteError::UnknownNode { .. } => (StatusCode::NOT_FOUND, "The node is unknown"),
        RouteError::UnknownChannel { .. } => (StatusCode::NOT_FOUND, "The channel is unknown"),
        RouteError::BadQuery { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "The query contradicts itself"),
        RouteError::NoRoute(_) => (StatusCode::NOT_FOUND, "There is no route"),
        RouteError::WorkLimit { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "The search gave up"),
        RouteError::Contended => (StatusCode::SERVICE_UNAVAILABLE, "The graph changes too fast"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "The search failed"),
    };
    let problem = Problem::new(status, error_code(error), title, error.to_string());
    match error {
        RouteError::UnknownNode { .. } => problem.with_hint("check the id; the node may have no channel"),
        RouteError::UnknownChannel { .. } => problem.with_hint("check the name; the channel may be closed"),
        RouteError::NoRoute(NoRoute::FeeLimit { .. }) => problem.with_hint("raise the fee limit"),
        RouteError::NoRoute(NoRoute::RouteLimits { .. }) => {
            problem.with_hint("raise limits.cltv_max or limits.hop_count_max")
        }
        RouteError::NoRoute(NoRoute::HtlcMinimum { .. }) => {
            problem.with_hint("raise the amount, or set allow_overpay")
        }
        RouteError::NoRoute(_) => problem.with_hint("lower the amount, or ask for a plan of several parts"),
        RouteError::WorkLimit { .. } => problem.with_hint("raise work_max or loosen the limits"),
        RouteError::Contended => problem.with_retry_after(1),
        _ => problem,
    }
}

/// Why a query has no plan.
pub fn plan_problem(error: &PlanError) -> Problem {
    if let PlanError::Query(error) = error {
        return route_problem(error);
    }
    let (status, title, hint) = match error {
        PlanError::Cut(_) => (StatusCode::NOT_FOUND, "There is no plan", "lower the amount"),
        PlanError::NoRoomForFees { .. } => (StatusCode::NOT_FOUND, "There is no plan", "lower the amount"),
        PlanError::RouteLimits { .. } => (
            StatusCode::NOT_FOUND,
            "There is no plan",
            "raise the limits on blocks or hops, or lower the amount",
        ),
        PlanError::TooFewParts { .. } => {
            (StatusCode::NOT_FOUND, "There is no plan", "raise part_count_max or lower part_min_msat")
        }
        PlanError::FeeLimit { .. } => (StatusCode::NOT_FOUND, "There is no plan", "raise the fee limit"),
        PlanError::WorkLimit { .. } => {
            (StatusCode::UNPROCESSABLE_ENTITY, "The search gave up", "lower the amount or loosen the limits")
        }
        _ => return Problem::internal(),
    };
    Problem::new(status, plan_error_code(error), title, error.to_string()).with_hint(hint)
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Busy => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "The server is busy",
                "more is asked than can be answered in time",
            )
            .with_hint("try again later, with growing pauses")
            .with_retry_after(1),
            Refused::Failed => Problem::internal(),
        }
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        let unprocessable = |code, error: String| {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, "The change is refused", error)
        };
        match error {
            ChangeError::Layer(LayerError::Unknown) => Problem::new(
                StatusCode::NOT_FOUND,
                "unknown_layer",
                "The layer is unknown",
                error.to_string(),
            ),
            ChangeError::Layer(LayerError::Exists) => {
                Problem::new(StatusCode::CONFLICT, "layer_exists", "The layer exists", error.to_string())
            }
            ChangeError::Layer(_) => unprocessable("bad_layer", error.to_string()),
            ChangeError::Reserve(ReserveError::UnknownReservation { .. }) => {
                let title = "The reservation is unknown";
                Problem::new(StatusCode::NOT_FOUND, "unknown_reservation", title, error.to_string())
            }
            ChangeError::Reserve(_) => unprocessable("bad_reservation", error.to_string()),
            ChangeError::TooManyTenants => unprocessable("too_many_tenants", error.to_string()),
            ChangeError::TooManyEntries => unprocessable("too_many_entries", error.to_string()),
            ChangeError::NotKept => Problem::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "not_kept",
                "The change is not kept",
                error.to_string(),
            )
            .with_hint("tell the operator that the state's disk is full or fails"),
            ChangeError::Full => Refused::Busy.into(),
            ChangeError::Stopped => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "stopping",
                "The server is stopping",
                "nothing is changed any more",
            )
            .with_retry_after(5),
        }
    }
}
