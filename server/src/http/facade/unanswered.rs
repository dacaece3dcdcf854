//! Why a facade has no answer, before it is put in the words of its clients.

use engine::flow::PlanError;
use engine::router::RouteError;

use crate::http::applier::ChangeError;
use crate::http::problem::Problem;

/// Why there is no answer.
#[derive(Debug)]
pub(in crate::http) enum Unanswered {
    /// The server refused to look for one.
    Refused(Box<Problem>),
    /// There is no route.
    Route(RouteError),
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

impl From<RouteError> for Unanswered {
    fn from(error: RouteError) -> Self {
        Unanswered::Route(error)
    }
}

impl From<PlanError> for Unanswered {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Query(error) => Unanswered::Route(error),
            error => Unanswered::Plan(error),
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
