//! `POST /api/v1/plans`: payments in parts, the choice between likely and cheap, and the most that can be sent.

use std::time::Instant;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use engine::answer::encode_plans;
use engine::flow::{
    Cut, CutPlace, MaximumRule, Plan, PlanError, PlanQuery, PlanWorkspace, UnknownLiquidity, largest_plan,
    most_sendable, plan, plan_frontier,
};
use engine::snapshot::Snapshot;
use primitives::{Msat, ShortChannelIdDir};
use serde::Serialize;
use utoipa::ToSchema;

use super::format::{Format, Formed};
use super::query_body::QueryBody;
use crate::http::app::App;
use crate::http::body::JsonBody;
use crate::http::problem::Problem;
use crate::http::tenant::Caller;
use crate::http::timed::{Timed, served, timed};
use crate::http::unfound::Unfound;
use crate::http::work::{Lane, Worker};
use crate::json::{MaximumRuleJson, PlanJson, PlanQueryJson, ScidDirText, Text};

pub(super) fn router() -> Router<App> {
    Router::new().route("/api/v1/plans", post(find_plan)).route("/api/v1/plans/maximum", post(find_maximum))
}

/// A plan, and others where they were asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PlanAnswer {
    #[serde(flatten)]
    plan: PlanJson,
    /// From likely to cheap, where that was asked for; the first is the plan itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    frontier: Option<Vec<PlanJson>>,
}

/// The most that can be sent, without fees and with them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MaximumAnswer {
    /// No set of parts delivers more within the rule on `htlc_maximum_msat`, whatever it costs.
    maximum_msat: u64,
    /// What is in the way of more.
    cut: CutJson,
    /// The largest plan that was found, to a satoshi; null where none was. Fees, minima, limits and the number of parts take
    /// the rest.
    largest: Option<PlanJson>,
    /// The graph's version.
    graph_version: u64,
    /// Nodes that were settled.
    settled: u64,
}

/// Channels that separate the payer from the payee.
#[derive(Debug, Serialize, ToSchema)]
pub struct CutJson {
    /// payer, payee or between.
    place: &'static str,
    /// What they carry together.
    capacity_msat: u64,
    /// Whether that is known; false where a maximum stands for a capacity that nobody knows.
    is_known: bool,
    /// Those that carry most come first; at most 1,000.
    channels: Vec<CutChannelJson>,
}

/// One direction of a channel in a cut.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CutChannelJson {
    /// Which.
    channel: ScidDirText,
    /// The most that it carries.
    capacity_msat: u64,
}

/// Plan a payment in parts
///
/// The cheapest set of parts; with `frontier` also those that are cheaper and less likely. What the key's reports
/// taught about liquidity counts.
#[utoipa::path(
    post, path = "/api/v1/plans", tag = "plans", operation_id = "find_plan",
    request_body(content(
        (PlanQueryJson = "application/json"),
        (Vec<u8> = "application/vnd.fulgurite+flatbuffers"),
    )),
    responses(
        (status = 200, description = "The plan", content(
            (Timed<PlanAnswer> = "application/json"),
            (Vec<u8> = "application/vnd.fulgurite+flatbuffers"),
        )),
        (status = "default", description = "Why there is none", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn find_plan(
    State(app): State<App>,
    caller: Caller,
    format: Format,
    QueryBody(json): QueryBody<PlanQueryJson>,
) -> Result<Formed<Timed<PlanAnswer>>, Problem> {
    let asked = app.note_read(&caller);
    let query = prepare(&app, &caller, &json)?;
    let count = match json.frontier {
        Some(count) if !(2..=FRONTIER_COUNT_MAX).contains(&count) => {
            let hint = "ask for as many, or leave it out for a single plan";
            return Err(Problem::bad_field("frontier", "a frontier has 2 to 20 plans", hint));
        }
        frontier => frontier.map_or(1, usize::from),
    };
    let asked_for = query.clone();
    let found = app.search(&caller, Lane::Heavy, move |worker| plans(query, count, worker));
    let plans = found.await?.map_err(|unfound| timed(unfound.of_plan(&asked_for), &app, asked))?;
    let route = asked_for.route;
    let found = Instant::now();
    let first = plans.first().ok_or_else(Problem::internal)?;
    Ok(match format {
        Format::FlatBuffers => {
            let frontier = json.frontier.map(|_| plans.as_slice());
            Formed::flatbuffers(encode_plans(first, frontier, served(&app, asked)), app, found)
        }
        Format::Json => {
            let all = || plans.iter().map(|plan| PlanJson::new(&route, plan)).collect();
            let frontier = json.frontier.map(|_| all());
            let answer = PlanAnswer { plan: PlanJson::new(&route, first), frontier };
            Formed::json(Timed::new(answer, &app, asked), app, found)
        }
    })
}

/// Tell the most that can be sent
///
/// Over all paths together, fees aside, and the channels that are in the way of more; and the largest plan, in which fees are
/// paid. The amount counts for nothing.
#[utoipa::path(
    post, path = "/api/v1/plans/maximum", tag = "plans", operation_id = "find_maximum",
    request_body = PlanQueryJson,
    responses(
        (status = 200, description = "The amount", body = Timed<MaximumAnswer>),
        (status = "default", description = "Why there is none", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn find_maximum(
    State(app): State<App>,
    caller: Caller,
    JsonBody(json): JsonBody<PlanQueryJson>,
) -> Result<Json<Timed<MaximumAnswer>>, Problem> {
    let asked = app.note_read(&caller);
    let query = prepare(&app, &caller, &json)?;
    let asked_for = query.clone();
    let found = app.search(&caller, Lane::Heavy, move |worker| maximum(query, worker));
    let answer = found.await?.map_err(|unfound| timed(unfound.of_plan(&asked_for), &app, asked))?;
    Ok(Json(Timed::new(answer, &app, asked)))
}

fn prepare(app: &App, caller: &Caller, json: &PlanQueryJson) -> Result<PlanQuery, Problem> {
    if json.query.alternatives.is_some() || json.query.diverse {
        let field = if json.query.alternatives.is_some() { "query.alternatives" } else { "query.diverse" };
        return Err(Problem::bad_field(field, "a plan has no alternatives", "ask for a frontier"));
    }
    let mut query =
        PlanQuery::new(app.query(caller, &json.query).map_err(|problem| problem.within("query"))?);
    if let Some(count) = json.part_count_max {
        if !(1..=PART_COUNT_MAX).contains(&count) {
            let hint = "allow as many, or leave it out for 16";
            return Err(Problem::bad_field("part_count_max", "a plan has 1 to 1000 parts", hint));
        }
        query.part_count_max = usize::from(count);
    }
    query.part_min = json.part_min_msat.map_or(query.part_min, Msat::from_msat);
    query.maximum_rule = match json.maximum_rule {
        MaximumRuleJson::Together => MaximumRule::Together,
        MaximumRuleJson::Each => MaximumRule::Each,
    };
    Ok(query)
}

fn plans(mut query: PlanQuery, count: usize, worker: &mut Worker) -> Result<Vec<Plan>, Unfound<PlanError>> {
    worker.take_up(&mut query.route);
    let snapshot = worker.snapshot();
    let found = match count {
        1 => plan(&snapshot, &query, &mut worker.plans).map(|plan| vec![plan]),
        _ => plan_frontier(&snapshot, &query, count, &mut worker.plans),
    };
    found.map_err(|error| unfound(error, &snapshot, worker))
}

fn maximum(mut query: PlanQuery, worker: &mut Worker) -> Result<MaximumAnswer, Unfound<PlanError>> {
    worker.take_up(&mut query.route);
    let snapshot = worker.snapshot();
    let found = most_and_largest(&snapshot, &query, &mut worker.plans);
    let (most, cut, largest) = found.map_err(|error| unfound(error, &snapshot, worker))?;
    let (maximum_msat, largest) = (most.to_msat(), largest.map(|plan| PlanJson::new(&query.route, &plan)));
    let (graph_version, settled) = (snapshot.version(), worker.plans.settled());
    Ok(MaximumAnswer { maximum_msat, cut: CutJson::new(&cut), largest, graph_version, settled })
}

fn most_and_largest(
    snapshot: &Snapshot,
    query: &PlanQuery,
    space: &mut PlanWorkspace,
) -> Result<(Msat, Cut, Option<Plan>), PlanError> {
    let (most, cut) = most_sendable(snapshot, query, space)?;
    let largest = largest_plan(snapshot, query, UnknownLiquidity, most, space)?;
    Ok((most, cut, largest))
}

fn unfound(error: PlanError, snapshot: &Snapshot, worker: &mut Worker) -> Unfound<PlanError> {
    Unfound { error, graph_version: snapshot.version(), settled: worker.note_settled() }
}

impl CutJson {
    /// A cut.
    pub fn new(cut: &Cut) -> Self {
        let place = match cut.place {
            CutPlace::Payer => "payer",
            CutPlace::Payee => "payee",
            CutPlace::Between => "between",
        };
        let channels = cut.channels.iter().map(|channel| CutChannelJson {
            channel: Text(ShortChannelIdDir {
                short_channel_id: channel.short_channel_id,
                direction: channel.direction,
            }),
            capacity_msat: channel.capacity.to_msat(),
        });
        CutJson {
            place,
            capacity_msat: cut.capacity.to_msat(),
            is_known: cut.is_known,
            channels: channels.collect(),
        }
    }
}

/// More parts than a payee accepts HTLCs (BOLT 2) help nobody; this leaves room.
const PART_COUNT_MAX: u16 = 1000;
/// Plans of one frontier.
const FRONTIER_COUNT_MAX: u16 = 20;
