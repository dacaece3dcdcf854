//! `POST /api/v1/plans`: payments in parts, the choice between likely and cheap, and the most that can be sent.

use std::time::Instant;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use engine::answer::encode_plan;
use engine::belief::Prior;
use engine::flow::{
    BelievedLiquidity, Cut, CutPlace, MaximumRule, Plan, PlanError, PlanQuery, most_sendable,
    most_sendable_with, plan, plan_frontier, plan_frontier_with, plan_with,
};
use primitives::{Msat, ShortChannelIdDir};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::format::{Format, Formed};
use super::timing::Timed;
use crate::http::app::App;
use crate::http::applier::Knowledge;
use crate::http::body::JsonBody;
use crate::http::clock::unix_now;
use crate::http::problem::Problem;
use crate::http::refusal::plan_problem;
use crate::http::tenant::Caller;
use crate::http::work::{Lane, Worker};
use crate::json::{PlanJson, QueryJson, ScidDirText, Text};

pub(super) fn router() -> Router<App> {
    Router::new().route("/api/v1/plans", post(find_plan)).route("/api/v1/plans/maximum", post(find_maximum))
}

/// A payment that may be split.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanQueryJson {
    /// Ends, amount, cost, limits and exclusions, as for a single route; the fee limit is one on all parts together.
    query: QueryJson,
    /// How many parts there may be; 16.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000)]
    part_count_max: Option<u16>,
    /// What each of several parts delivers at least; 1,000.
    #[serde(default)]
    part_min_msat: Option<u64>,
    /// What a channel's htlc_maximum_msat limits.
    #[serde(default)]
    maximum_rule: MaximumRuleJson,
    /// Tell so many plans, from likely to cheap.
    #[serde(default)]
    #[schema(minimum = 2, maximum = 20)]
    frontier: Option<u16>,
}

/// What a channel's htlc_maximum_msat limits.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum MaximumRuleJson {
    /// All parts over the channel together.
    #[default]
    Together,
    /// Each part alone.
    Each,
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

/// The most that can be sent, fees aside.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MaximumAnswer {
    /// No set of parts delivers more, whatever it costs.
    maximum_msat: u64,
    /// What is in the way of more.
    cut: CutJson,
    /// The graph's version.
    graph_version: u64,
}

/// Channels that separate the payer from the payee.
#[derive(Debug, Serialize, ToSchema)]
pub struct CutJson {
    /// payer, payee or between.
    place: &'static str,
    /// What they carry together.
    capacity_msat: u64,
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
    request_body = PlanQueryJson,
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
    JsonBody(json): JsonBody<PlanQueryJson>,
) -> Result<Formed<Timed<PlanAnswer>>, Problem> {
    let asked = Instant::now();
    let (query, knowledge) = prepare(&app, &caller, &json)?;
    let count = match json.frontier {
        Some(count) if !(2..=FRONTIER_COUNT_MAX).contains(&count) => {
            return Err(Problem::bad_field("frontier", "a frontier has 2 to 20 plans"));
        }
        frontier => frontier.map_or(1, usize::from),
    };
    let route = query.route.clone();
    let found =
        app.search(&caller, Lane::Heavy, move |worker| plans(query, knowledge.as_deref(), count, worker));
    let plans = found.await?.map_err(|error| plan_problem(&error))?;
    let first = plans.first().ok_or_else(Problem::internal)?;
    Ok(match format {
        Format::FlatBuffers => Formed::FlatBuffers(encode_plan(first)),
        Format::Json => {
            let all = || plans.iter().map(|plan| PlanJson::new(&route, plan)).collect();
            let frontier = json.frontier.map(|_| all());
            Formed::Json(Timed::new(PlanAnswer { plan: PlanJson::new(&route, first), frontier }, &app, asked))
        }
    })
}

/// Tell the most that can be sent
///
/// Over all paths together, fees aside, and the channels that are in the way of more. The amount counts for nothing.
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
    let asked = Instant::now();
    let (query, knowledge) = prepare(&app, &caller, &json)?;
    let found = app.search(&caller, Lane::Heavy, move |worker| maximum(query, knowledge.as_deref(), worker));
    let answer = found.await?.map_err(|error| plan_problem(&error))?;
    Ok(Json(Timed::new(answer, &app, asked)))
}

type Known = Option<std::sync::Arc<Knowledge>>;

fn prepare(app: &App, caller: &Caller, json: &PlanQueryJson) -> Result<(PlanQuery, Known), Problem> {
    if json.query.alternatives.is_some() || json.query.diverse {
        return Err(Problem::bad_field("query.alternatives", "a plan has no alternatives")
            .with_hint("ask for a frontier"));
    }
    // Plans ask the beliefs themselves, which say more than the layer does.
    let bare = QueryJson { ignore_feedback: true, ..json.query.clone() };
    let mut query = PlanQuery::new(app.query(caller, &bare).map_err(|problem| problem.within("query"))?);
    if let Some(count) = json.part_count_max {
        if !(1..=PART_COUNT_MAX).contains(&count) {
            return Err(Problem::bad_field("part_count_max", "a plan has 1 to 1000 parts"));
        }
        query.part_count_max = usize::from(count);
    }
    query.part_min = json.part_min_msat.map_or(query.part_min, Msat::from_msat);
    query.maximum_rule = match json.maximum_rule {
        MaximumRuleJson::Together => MaximumRule::Together,
        MaximumRuleJson::Each => MaximumRule::Each,
    };
    let knowledge = if json.query.ignore_feedback { None } else { caller.view.knowledge.load_full() };
    Ok((query, knowledge))
}

fn plans(
    mut query: PlanQuery,
    knowledge: Option<&Knowledge>,
    count: usize,
    worker: &mut Worker,
) -> Result<Vec<Plan>, PlanError> {
    query.route.stop = worker.stop.clone();
    let newest = worker.snapshot();
    let space = &mut worker.plans;
    let found = match (knowledge, count) {
        (None, 1) => plan(&newest, &query, space).map(|plan| vec![plan]),
        (None, _) => plan_frontier(&newest, &query, count, space),
        (Some(knowledge), _) => {
            let snapshot = knowledge.snapshot_of(newest);
            let liquidity = believed(knowledge);
            match count {
                1 => plan_with(&snapshot, &query, liquidity, space).map(|plan| vec![plan]),
                _ => plan_frontier_with(&snapshot, &query, liquidity, count, space),
            }
        }
    };
    worker.settled += match &found {
        Ok(plans) => plans.iter().map(|plan| plan.counts.settled).sum(),
        Err(_) => REFUSED_PLAN_WORK,
    };
    found
}

fn maximum(
    mut query: PlanQuery,
    knowledge: Option<&Knowledge>,
    worker: &mut Worker,
) -> Result<MaximumAnswer, PlanError> {
    query.route.stop = worker.stop.clone();
    let newest = worker.snapshot();
    let graph_version = newest.version();
    worker.settled += REFUSED_PLAN_WORK;
    let (most, cut) = match knowledge {
        None => most_sendable(&newest, &query, &mut worker.plans)?,
        Some(knowledge) => {
            let snapshot = knowledge.snapshot_of(newest);
            most_sendable_with(&snapshot, &query, believed(knowledge), &mut worker.plans)?
        }
    };
    Ok(MaximumAnswer { maximum_msat: most.to_msat(), cut: CutJson::new(&cut), graph_version })
}

fn believed(knowledge: &Knowledge) -> BelievedLiquidity<'_> {
    BelievedLiquidity::new(knowledge.beliefs().view(unix_now()), Prior::default())
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
        CutJson { place, capacity_msat: cut.capacity.to_msat(), channels: channels.collect() }
    }
}

/// More parts than a payee accepts HTLCs (BOLT 2) help nobody; this leaves room.
const PART_COUNT_MAX: u16 = 1000;
/// Plans of one frontier.
const FRONTIER_COUNT_MAX: u16 = 20;
/// What is charged where the engine does not tell the work: a look at some thousand nodes.
const REFUSED_PLAN_WORK: u64 = 5000;
