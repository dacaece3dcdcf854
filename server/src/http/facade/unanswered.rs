//! Why a facade has no answer, before it is put in the words of its clients.

use std::borrow::Cow;

use engine::flow::PlanError;
use engine::query::RouteQuery;
use engine::router::RouteError;

use crate::http::applier::ChangeError;
use crate::http::problem::Problem;
use crate::http::refusal::route_problem;

/// Why there is no answer.
#[derive(Debug)]
pub(in crate::http) enum Unanswered {
    /// The server refused to look for one.
    Refused(Box<Problem>),
    /// There is no route; where the query is wrong, with the field that is.
    Route(RouteError, Option<Cow<'static, str>>),
    /// There is no plan.
    Plan(PlanError),
    /// The change was refused.
    Change(ChangeError),
}

impl From<Problem> for Unanswered {
    fn from(problem: Problem) -> Self {
        Unanswered::Refused(Box::new(problem))
    }
}

impl Unanswered {
    /// Of a query without a route.
    pub(super) fn of_route(error: RouteError, query: &RouteQuery) -> Self {
        let field = match error {
            RouteError::BadQuery { .. }
            | RouteError::BadChannel { .. }
            | RouteError::UnknownNode { .. }
            | RouteError::UnknownChannel { .. } => route_problem(&error, query).field,
            _ => None,
        };
        Unanswered::Route(error, field)
    }

    /// Of a query without a plan.
    pub(super) fn of_plan(error: PlanError, query: &RouteQuery) -> Self {
        match error {
            PlanError::Query(error) => Unanswered::of_route(error, query),
            error => Unanswered::Plan(error),
        }
    }

    /// The same with the client's names of fields, each behind ours.
    #[must_use]
    pub(in crate::http) fn renamed(self, names: &[(&str, &'static str)]) -> Self {
        match self {
            Unanswered::Route(error, Some(field)) => {
                let name = names.iter().find(|(ours, _)| *ours == field);
                Unanswered::Route(error, Some(name.map_or(field, |(_, theirs)| Cow::Borrowed(*theirs))))
            }
            other => other,
        }
    }
}

impl From<ChangeError> for Unanswered {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Full | ChangeError::Stopped | ChangeError::NotKept => Problem::from(error).into(),
            error => Unanswered::Change(error),
        }
    }
}
