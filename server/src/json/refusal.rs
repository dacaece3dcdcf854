//! Refusals of the command line: one object on one line, as an answer is.

use engine::query::RouteQuery;
use engine::router::RouteError;
use primitives::Msat;
use serde::Serialize;

use super::names::error_code;

/// The answer where there is no route.
#[derive(Debug, Serialize)]
pub struct RefusalJson {
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

impl RefusalJson {
    /// Of a query that was asked.
    pub fn new(query: &RouteQuery, error: &RouteError, message: String) -> Self {
        RefusalJson {
            src: Some(query.payer.to_string()),
            dst: Some(query.payee.to_string()),
            amount_msat: Some(query.amount.to_msat()),
            error: ErrorJson { code: error_code(error), message, line: None, widest_msat: None },
        }
    }

    /// The same with the largest HTLC that a single path takes.
    #[must_use]
    pub fn with_widest(mut self, widest: Option<Msat>) -> Self {
        self.error.widest_msat = widest.map(Msat::to_msat);
        self
    }

    /// Of a row that makes no query.
    pub fn of_row(line: u64, message: String) -> Self {
        let error = ErrorJson { code: "bad_row", message, line: Some(line), widest_msat: None };
        RefusalJson { src: None, dst: None, amount_msat: None, error }
    }
}
