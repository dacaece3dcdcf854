//! GetNetworkInfo: how large the graph is.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use engine::snapshot::Snapshot;
use primitives::Direction;
use serde::Serialize;

use super::body::{LndQuery, NoFields};
use super::error::LndError;
use crate::http::app::App;
use crate::http::facade::Unanswered;
use crate::http::tenant::Caller;
use crate::http::work::Lane;
use crate::json::Text;

pub(super) fn router() -> Router<App> {
    Router::new().route("/v1/graph/info", get(info))
}

/// `lnrpc.NetworkInfo`. Sizes are those of the channels whose capacity is known, in sat. The diameter is not searched
/// for and stays 0, as in LND where it is not asked to; so do zombies, which are not counted.
#[derive(Debug, Serialize)]
struct NetworkInfo {
    graph_diameter: u32,
    avg_out_degree: f64,
    max_out_degree: u32,
    num_nodes: usize,
    num_channels: usize,
    total_network_capacity: Text<u64>,
    avg_channel_size: f64,
    min_channel_size: Text<u64>,
    max_channel_size: Text<u64>,
    median_channel_size_sat: Text<u64>,
    num_zombie_chans: Text<u64>,
}

async fn info(
    State(app): State<App>,
    caller: Caller,
    LndQuery(NoFields {}): LndQuery<NoFields>,
) -> Result<Json<NetworkInfo>, LndError> {
    let counted = app.search(&caller, Lane::Heavy, |worker| {
        let snapshot = worker.snapshot();
        worker.scan(snapshot.channel_count());
        NetworkInfo::of(&snapshot)
    });
    Ok(Json(counted.await.map_err(Unanswered::from)?))
}

impl NetworkInfo {
    /// O(n + m log m).
    fn of(snapshot: &Snapshot) -> Self {
        let mut degrees = vec![0_u32; snapshot.node_count()];
        let mut sizes = Vec::new();
        let mut num_channels = 0;
        for channel in snapshot.channels() {
            num_channels += 1;
            sizes.extend(snapshot.capacity(channel).map(|capacity| capacity.to_sat_floor()));
            for direction in Direction::BOTH {
                degrees[snapshot.tail(channel.arc(direction)).to_usize()] += 1;
            }
        }
        degrees.retain(|&degree| degree > 0);
        sizes.sort_unstable();
        let total: u64 = sizes.iter().sum();
        let per = |sum: f64, count: usize| if count == 0 { 0.0 } else { sum / count as f64 };
        NetworkInfo {
            graph_diameter: 0,
            avg_out_degree: per(2.0 * num_channels as f64, degrees.len()),
            max_out_degree: degrees.iter().copied().max().unwrap_or(0),
            num_nodes: degrees.len(),
            num_channels,
            total_network_capacity: Text(total),
            avg_channel_size: per(total as f64, sizes.len()),
            min_channel_size: Text(sizes.first().copied().unwrap_or(0)),
            max_channel_size: Text(sizes.last().copied().unwrap_or(0)),
            median_channel_size_sat: Text(median(&sizes)),
            num_zombie_chans: Text(0),
        }
    }
}

/// The middle of sorted sizes, or the mean of the two in the middle.
fn median(sizes: &[u64]) -> u64 {
    let (low, high) = (sizes.get(sizes.len().saturating_sub(1) / 2), sizes.get(sizes.len() / 2));
    low.zip(high).map_or(0, |(low, high)| low + (high - low) / 2)
}
