//! Why a search found nothing, with what is told of every search.

use engine::flow::{PlanError, PlanQuery};
use engine::query::RouteQuery;
use engine::router::RouteError;

use super::problem::Problem;
use super::refusal::{plan_problem, route_problem};

/// An error of the engine, and the search that came to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unfound<E> {
    /// Why nothing was found.
    pub(super) error: E,
    /// The version of the graph that was searched.
    pub(super) graph_version: u64,
    /// What was settled, for the reason too.
    pub(super) settled: u64,
}

impl Unfound<RouteError> {
    /// What is told of a query without a route.
    pub(super) fn of_route(&self, query: &RouteQuery) -> Problem {
        let settled = match self.error {
            // What is told in words.
            RouteError::WorkLimit { settled } => settled,
            _ => self.settled,
        };
        route_problem(&self.error, query).of_search(self.graph_version, settled)
    }
}

impl Unfound<PlanError> {
    /// What is told of a query without a plan.
    pub(super) fn of_plan(&self, query: &PlanQuery) -> Problem {
        let settled = match self.error {
            PlanError::Query(RouteError::WorkLimit { settled }) => settled,
            _ => self.settled,
        };
        plan_problem(&self.error, query).of_search(self.graph_version, settled)
    }
}
