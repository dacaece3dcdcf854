//! `POST /api/v1/feedback`: how an attempt ended; the tenant's later queries know.

use std::time::Instant;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use engine::belief::{FailureCode, Outcome};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::changed::ChangedJson;
use crate::clock::unix_now;
use crate::http::app::App;
use crate::http::applier::{Attempt, Change};
use crate::http::body::JsonBody;
use crate::http::problem::Problem;
use crate::http::tenant::Writer;
use crate::http::timed::Timed;
use crate::json::HtlcJson;

pub(super) fn router() -> Router<App> {
    Router::new().route("/api/v1/feedback", post(report))
}

/// An attempt to pay, or a probe.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttemptJson {
    /// The HTLCs, the payer's first.
    #[schema(min_items = 1, max_items = 27)]
    path: Vec<HtlcJson>,
    /// How it ended.
    outcome: OutcomeJson,
    /// Of a failure: the node that reported it; 0 is the payer, the number of hops is the payee.
    #[serde(default)]
    erring_node: Option<usize>,
    /// Of a failure: its code by BOLT 4, as 4103 for temporary_channel_failure.
    #[serde(default)]
    failure_code: Option<u16>,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum OutcomeJson {
    /// The payee took the payment.
    Settled,
    /// The HTLC reached the payee, who refused it: a probe that arrived.
    Reached,
    /// A node on the route failed it.
    Failed,
    /// An error came back that no node's HMAC fits.
    Unreadable,
}

/// Report how an attempt ended
///
/// Queries of the same tenant know of it from then on, unless they say `ignore_feedback`.
#[utoipa::path(
    post, path = "/api/v1/feedback", tag = "feedback", operation_id = "report",
    request_body = AttemptJson,
    responses(
        (status = 200, description = "It is learnt, and what else to do", body = Timed<ChangedJson>),
        (status = "default", description = "Why it is not", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn report(
    State(app): State<App>,
    Writer(caller): Writer,
    JsonBody(json): JsonBody<AttemptJson>,
) -> Result<Json<Timed<ChangedJson>>, Problem> {
    let asked = Instant::now();
    let attempt = json.to_attempt()?;
    let applied = app.change(Change::Learn { tenant: caller.tenant, attempt }).await?;
    Ok(Json(Timed::new(ChangedJson::new(&applied), &app, asked)))
}

impl AttemptJson {
    fn to_attempt(&self) -> Result<Attempt, Problem> {
        if !(1..=HOP_COUNT_MAX).contains(&self.path.len()) {
            return Err(Problem::bad_field("path", "a route has 1 to 27 hops", "list the HTLCs of one part"));
        }
        let outcome = match (self.outcome, self.erring_node, self.failure_code) {
            (OutcomeJson::Failed, Some(erring_node), Some(code)) if erring_node <= self.path.len() => {
                Outcome::Failed { erring_node, code: FailureCode::from_u16(code) }
            }
            (OutcomeJson::Failed, _, None) => {
                let hint = "give the code of BOLT 4, or say unreadable";
                return Err(Problem::bad_field("failure_code", "a failure has one", hint));
            }
            (OutcomeJson::Failed, ..) => {
                let hint = "count from 0, the payer, to the number of hops, the payee";
                return Err(Problem::bad_field("erring_node", "a failure has one on the route", hint));
            }
            (OutcomeJson::Settled, None, None) => Outcome::Settled,
            (OutcomeJson::Reached, None, None) => Outcome::Reached,
            (OutcomeJson::Unreadable, None, None) => Outcome::Unreadable,
            (_, Some(_), _) => {
                return Err(Problem::bad_field("erring_node", "only a failure has one", NOT_FAILED));
            }
            (_, None, Some(_)) => {
                return Err(Problem::bad_field("failure_code", "only a failure has one", NOT_FAILED));
            }
        };
        Ok(Attempt { path: self.path.iter().map(|htlc| htlc.to_htlc()).collect(), outcome, at: unix_now() })
    }
}

const NOT_FAILED: &str = "leave it out, or say that the outcome is failed";
/// An onion of 1,300 bytes has room for 27 hops (BOLT 4).
const HOP_COUNT_MAX: usize = 27;
