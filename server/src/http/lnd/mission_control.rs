//! Mission control: what a caller's reports taught, as LND remembers it of pairs of nodes.

use axum::extract::{DefaultBodyLimit, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use engine::belief::exchange::{
    Learnt, read_mission_control, write_mission_control, write_mission_control_pair,
};
use engine::belief::{Beliefs, FailureCode, Outcome, PENALTY_FRACTION_BITS, Prior};
use engine::reserve::Htlc;
use engine::snapshot::Snapshot;
use futures_util::future::try_join_all;
use primitives::{Direction, Msat, NodeId, ShortChannelId, ShortChannelIdDir, UnixTime};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::body::{LndBytes, LndPath, LndQuery, NoFields, read_body};
use super::error::LndError;
use super::form::NodeBytes;
use crate::clock::unix_now;
use crate::http::app::App;
use crate::http::applier::{Attempt, Change};
use crate::http::facade::{Flag, Number, Unanswered, apply};
use crate::http::neighbours::{arc_count, arcs_between};
use crate::http::tenant::{Caller, Writer};
use crate::http::work::Lane;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/v2/router/mc", get(query))
        .route("/v2/router/mc/probability/{from_node}/{to_node}/{amt_msat}", get(probability))
        .route("/v2/router/x/importhistory", post(import).layer(DefaultBodyLimit::max(IMPORT_SIZE_MAX)))
}

async fn query(
    State(app): State<App>,
    caller: Caller,
    LndQuery(NoFields {}): LndQuery<NoFields>,
) -> Result<Response, LndError> {
    let beliefs = caller.view.beliefs.load_full();
    let written = app.search(&caller, Lane::Heavy, move |worker| {
        let snapshot = worker.snapshot();
        let Some(beliefs) = beliefs else { return NO_PAIRS.to_vec() };
        let beliefs = worker.numbered(beliefs);
        worker.scan(beliefs.known().count());
        pairs(&beliefs, &snapshot)
    });
    let mut response = written.await.map_err(Unanswered::from)?.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

fn pairs(beliefs: &Beliefs, snapshot: &Snapshot) -> Vec<u8> {
    let mut text = Vec::new();
    write_mission_control(beliefs, snapshot, &mut text).expect("a vector takes all");
    text
}

/// `routerrpc.QueryProbabilityResponse`.
#[derive(Debug, Serialize)]
struct QueryProbabilityResponse {
    probability: f64,
    history: Value,
}

#[derive(Deserialize)]
struct Pairs {
    pairs: Vec<Pair>,
}

#[derive(Deserialize)]
struct Pair {
    node_from: NodeBytes,
    node_to: NodeBytes,
    history: Value,
}

/// `routerrpc.XImportMissionControlRequest`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportRequest {
    pairs: Vec<ImportedPair>,
    // What is told counts beside what is known, so it changes nothing.
    #[serde(rename = "force", default, skip_serializing)]
    _force: Flag,
}

/// `routerrpc.PairHistory`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ImportedPair {
    node_from: NodeBytes,
    node_to: NodeBytes,
    #[serde(default)]
    history: PairData,
}

/// `routerrpc.PairData`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PairData {
    fail_time: Number<i64>,
    fail_amt_sat: Number<i64>,
    fail_amt_msat: Number<i64>,
    success_time: Number<i64>,
    success_amt_sat: Number<i64>,
    success_amt_msat: Number<i64>,
}

async fn probability(
    State(app): State<App>,
    caller: Caller,
    LndPath((from, to, amt_msat)): LndPath<(String, String, String)>,
    LndQuery(NoFields {}): LndQuery<NoFields>,
) -> Result<Json<QueryProbabilityResponse>, LndError> {
    let node = |name: &str, text: &str| {
        text.parse().map_err(|error| LndError::bad_argument(format!("{name}: {error}")))
    };
    let (NodeBytes(from), NodeBytes(to)) = (node("from_node", &from)?, node("to_node", &to)?);
    let amount =
        amt_msat.parse::<u64>().ok().filter(|msat| i64::try_from(*msat).is_ok()).map(Msat::from_msat);
    let amount = amount.ok_or_else(|| LndError::bad_argument("amt_msat: it is a whole number of 63 bits"))?;
    let beliefs = caller.view.beliefs.load_full();
    let now = unix_now();
    let answer = app.search(&caller, Lane::Heavy, move |worker| {
        let snapshot = worker.snapshot();
        let beliefs = beliefs.map(|beliefs| worker.numbered(beliefs));
        worker.scan(snapshot.node(&from).map_or(0, |from| arc_count(&snapshot, [from])));
        let probability = best_chance(&snapshot, beliefs.as_deref(), [from, to], amount, now);
        let history = beliefs.and_then(|beliefs| history(&beliefs, &snapshot, [from, to]));
        QueryProbabilityResponse { probability, history: history.unwrap_or_else(no_history) }
    });
    Ok(Json(answer.await.map_err(Unanswered::from)?))
}

/// The chance of the likeliest channel from one node to the other, which forwards over the one it likes best; 0 where
/// there is none.
fn best_chance(
    snapshot: &Snapshot,
    beliefs: Option<&Beliefs>,
    [from, to]: [NodeId; 2],
    amount: Msat,
    now: UnixTime,
) -> f64 {
    let ends = snapshot.node(&from).zip(snapshot.node(&to));
    let arcs = ends.into_iter().flat_map(|(tail, head)| arcs_between(snapshot, tail, head));
    let chances = arcs.filter_map(|arc| {
        let policy = snapshot.policy(arc).filter(|policy| !policy.disabled)?;
        let capacity = snapshot.capacity(arc.channel()).unwrap_or(policy.htlc_maximum_msat);
        let bounds = beliefs.map_or((Msat::ZERO, capacity), |beliefs| {
            let (view, channel) = (beliefs.view(now), arc.channel().to_u32());
            let (lower, upper) = view.bounds(channel, arc.direction(), view.whole(channel, capacity));
            (lower.min(capacity), upper.min(capacity))
        });
        let penalty = Prior::Uniform.penalty(amount, bounds, capacity);
        Some((-(penalty as f64) / f64::from(PENALTY_FRACTION_BITS).exp2()).exp())
    });
    chances.fold(0.0, f64::max)
}

/// What is known of one pair.
fn history(beliefs: &Beliefs, snapshot: &Snapshot, [from, to]: [NodeId; 2]) -> Option<Value> {
    let nodes = [snapshot.node(&from)?, snapshot.node(&to)?];
    let mut written = Vec::new();
    write_mission_control_pair(beliefs, snapshot, nodes, &mut written).expect("a vector takes all");
    let Pairs { pairs } = serde_json::from_slice(&written).expect("just written");
    let pair = pairs.into_iter().find(|pair| pair.node_from.0 == from && pair.node_to.0 == to);
    pair.map(|pair| pair.history)
}

fn no_history() -> Value {
    json!({
        "fail_time": "0", "fail_amt_sat": "0", "fail_amt_msat": "0",
        "success_time": "0", "success_amt_sat": "0", "success_amt_msat": "0",
    })
}

/// `routerrpc.XImportMissionControl`. What is told counts beside what is known; of two that contradict each other the
/// newer one is right, so `force` changes nothing.
async fn import(
    State(app): State<App>,
    Writer(caller): Writer,
    LndBytes(body): LndBytes,
) -> Result<Json<Map<String, Value>>, LndError> {
    let tenant = caller.tenant;
    let read = app.search(&caller, Lane::Heavy, move |worker| {
        let request: ImportRequest = read_body(&body)?;
        let attempts = request.attempts(&worker.snapshot())?;
        worker.scan(request.pairs.len() + attempts.len());
        Ok::<_, LndError>(attempts)
    });
    let attempts = read.await.map_err(Unanswered::from)??;
    // In order, and together: the applier publishes them at once.
    for some in attempts.chunks(TOGETHER) {
        let changes = some.iter().map(|attempt| Change::Learn { tenant, attempt: attempt.clone() });
        try_join_all(changes.map(|change| apply(&app, change))).await?;
    }
    Ok(Json(Map::new()))
}

impl ImportRequest {
    /// The attempts over channels that teach the same as what is told of pairs.
    ///
    /// # Errors
    /// Where a pair makes no sense.
    pub fn attempts(&self, snapshot: &Snapshot) -> Result<Vec<Attempt>, LndError> {
        let written = serde_json::to_vec(self).expect("a plain struct has a JSON form");
        let (mut attempts, now) = (Vec::new(), unix_now());
        let read = read_mission_control(&written, snapshot, |name, learnt| {
            attempts.extend(attempt(name, learnt.not_after(now)));
        });
        read.map_err(|error| LndError::bad_argument(error.to_string()))?;
        // What is learnt last is taken for the newest.
        attempts.sort_by_key(|attempt| attempt.at);
        Ok(attempts)
    }
}

/// The attempt over one channel that teaches the same.
fn attempt(short_channel_id: ShortChannelId, learnt: Learnt) -> Option<Attempt> {
    let refused = Outcome::Failed { erring_node: 0, code: FailureCode::TemporaryChannelFailure };
    let (direction, amount, at, outcome): (Direction, Msat, UnixTime, Outcome) = match learnt {
        Learnt::Carried(direction, amount, at) => (direction, amount, at, Outcome::Reached),
        Learnt::Refused(direction, amount, at) => (direction, amount, at, refused),
        Learnt::Settled(direction, amount, at) => (direction, amount, at, Outcome::Settled),
        // Mission control tells none.
        Learnt::Bounds(_) | Learnt::Paid(..) => return None,
    };
    let channel = ShortChannelIdDir { short_channel_id, direction };
    Some(Attempt { path: vec![Htlc { channel, amount }], outcome, at })
}

const NO_PAIRS: &[u8] = br#"{"pairs":[]}"#;
/// Some 250 bytes a pair: more than mission control keeps by default, fifteen times over.
const IMPORT_SIZE_MAX: usize = 1 << 22;
/// Changes that wait for the applier at a time.
const TOGETHER: usize = 256;
