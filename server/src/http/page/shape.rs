//! `GET /api/v1/graph/distributions`: size, freshness and distributions of the graph.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use engine::snapshot::Snapshot;
use primitives::{ChannelPolicy, Direction, Msat, UnixTime};
use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use super::distribution::Distribution;
use crate::clock::unix_now;
use crate::http::app::App;
use crate::http::problem::Problem;
use crate::http::tenant::Caller;
use crate::http::work::Lane;

/// What the graph is like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(in crate::http) struct GraphShape {
    /// The graph's version.
    graph_version: u64,
    /// Nodes with an open channel.
    nodes: usize,
    /// Channels that are open.
    channels: usize,
    /// Sum of the capacities that are known.
    capacity_msat: u64,
    /// Directions of channels with a policy.
    policies: usize,
    /// Those of them that may not be used now.
    disabled_policies: usize,
    /// When the oldest policy was signed, in Unix seconds; 0 where none says so.
    oldest_update: u32,
    /// When the newest one was.
    newest_update: u32,
    /// Of nodes' degrees, of channels' capacities, of policies' proportional fees and ages.
    distributions: Vec<Distribution>,
}

/// What was told last, and when.
pub(in crate::http) type Kept = Arc<Mutex<Option<(Instant, Arc<GraphShape>)>>>;

pub(super) fn router() -> Router<App> {
    Router::new().route(PATH, get(graph_distributions)).layer(Extension(Kept::default()))
}

/// Tell how degrees, capacities, fees and ages are distributed
///
/// What was measured in the last seconds is told again.
#[utoipa::path(
    get, path = "/api/v1/graph/distributions", tag = "graph", operation_id = "graph_distributions",
    responses(
        (status = 200, description = "Its distributions", body = GraphShape),
        (status = "default", description = "Why there are none", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn graph_distributions(
    State(app): State<App>,
    caller: Caller,
    Extension(kept): Extension<Kept>,
) -> Result<Response, Problem> {
    // Whoever comes while the graph is measured waits for the same answer.
    let mut kept = kept.lock().await;
    let fresh = kept.as_ref().filter(|(at, _)| at.elapsed() < KEEP).map(|(_, shape)| Arc::clone(shape));
    let shape = match fresh {
        Some(shape) => shape,
        None => {
            let measure = app.search(&caller, Lane::Heavy, |worker| {
                let snapshot = worker.snapshot();
                worker.scan(snapshot.channel_count());
                GraphShape::of(&snapshot, unix_now())
            });
            let shape = Arc::new(measure.await?);
            *kept = Some((Instant::now(), Arc::clone(&shape)));
            shape
        }
    };
    Ok(Json(&*shape).into_response())
}

impl GraphShape {
    /// O(m log m).
    fn of(snapshot: &Snapshot, now: UnixTime) -> Self {
        let mut degrees = vec![0_u64; snapshot.node_count()];
        let mut capacities = Vec::new();
        let mut policies: Vec<ChannelPolicy> = Vec::new();
        let mut channels = 0;
        for channel in snapshot.channels() {
            channels += 1;
            capacities.extend(snapshot.capacity(channel));
            for arc in Direction::BOTH.map(|direction| channel.arc(direction)) {
                degrees[snapshot.tail(arc).to_usize()] += 1;
                policies.extend(snapshot.policy(arc));
            }
        }
        degrees.retain(|&degree| degree > 0);
        let updates = || policies.iter().map(|policy| policy.last_update.to_secs()).filter(|&secs| secs > 0);
        let ages = updates().map(|secs| u64::from(now.to_secs().saturating_sub(secs)));
        let fees = policies.iter().map(|policy| u64::from(policy.fee.fee_proportional_millionths));
        GraphShape {
            graph_version: snapshot.version(),
            nodes: degrees.len(),
            channels,
            capacity_msat: capacities.iter().copied().fold(Msat::ZERO, Msat::saturating_add).to_msat(),
            policies: policies.len(),
            disabled_policies: policies.iter().filter(|policy| policy.disabled).count(),
            oldest_update: updates().min().unwrap_or_default(),
            newest_update: updates().max().unwrap_or_default(),
            distributions: vec![
                Distribution::of("degree", "channels", degrees, &DEGREES),
                Distribution::of(
                    "capacity",
                    "sat",
                    capacities.into_iter().map(Msat::to_sat_floor).collect(),
                    &CAPACITIES,
                ),
                Distribution::of("fee_proportional_millionths", "ppm", fees.collect(), &FEES),
                Distribution::of("policy_age", "s", ages.collect(), &AGES),
            ],
        }
    }
}

/// How long an answer is good for: it takes milliseconds, and what it tells changes slowly.
const KEEP: Duration = Duration::from_secs(10);

const DEGREES: [u64; 14] = [0, 1, 2, 3, 5, 9, 17, 33, 65, 129, 257, 513, 1025, 2049];
const CAPACITIES: [u64; 18] = [
    0,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    200_000_000,
    500_000_000,
    1_000_000_000,
    2_000_000_000,
    5_000_000_000,
];
const FEES: [u64; 15] = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000];
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
const AGES: [u64; 12] =
    [0, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 4 * DAY, 7 * DAY, 14 * DAY, 60 * DAY, 365 * DAY];

/// Where it is asked for.
pub(super) const PATH: &str = "/api/v1/graph/distributions";
