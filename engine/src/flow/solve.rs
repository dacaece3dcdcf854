//! Sends flow path after path, each the cheapest that is left: the flow is a cheapest one for its amount at any time.
//!
//! Successive shortest paths (Ahuja, Magnanti and Orlin, "Network Flows", 1993, section 9.7), on arcs with convex costs
//! (section 14.5): a path takes as many units as its piece with the least room.

use super::augment::Round;
use super::counts::FlowCounts;
use super::network::Network;
use super::residual::{FAR, FlowWorkspace};

/// How sending ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// All was sent.
    Sent,
    /// No path is left: what is reached on one side is that side of a least cut.
    Cut,
    /// The paths or the query's work ran out, or it was stopped.
    WorkLimit,
}

/// Sends `units` more on top of what the workspace holds, along at most `paths_max` paths. Returns how it ended and how
/// many units were sent.
pub(super) fn send<N: Network>(
    network: &N,
    space: &mut FlowWorkspace,
    units: u64,
    paths_max: u64,
    counts: &mut FlowCounts,
) -> (End, u64) {
    let ends = [network.payer(), network.payee()];
    let (mut sent, mut paths, mut limit) = (0, 0, FAR);
    while sent < units {
        let is_spent = space.settled_end.is_some_and(|end| space.settled >= end);
        if paths == paths_max || is_spent || space.stop.is_set() {
            return (End::WorkLimit, sent);
        }
        paths += 1;
        let mut round = Round::between(network, space, ends, limit);
        let is_found = round.search();
        let took = round.counts;
        space.settled += took.settled;
        *counts = counts.plus(took);
        if is_found {
            sent += push_along(network, space, units - sent);
            counts.augmentations += 1;
            limit = limit_after(network, space, ends);
        } else if limit == FAR {
            return (End::Cut, sent);
        } else {
            // Policies have changed meanwhile.
            limit = FAR;
        }
    }
    (End::Sent, sent)
}

/// Sends at most `units` along the workspace's path, as many as its piece with the least room takes; returns how many.
pub(super) fn push_along<N: Network>(network: &N, space: &mut FlowWorkspace, units: u64) -> u64 {
    let path = std::mem::take(&mut space.path);
    let rooms = path.iter().map(|step| space.residual(network, step).map_or(0, |piece| piece.room));
    let pushed = rooms.fold(units, u64::min);
    path.iter().for_each(|step| space.push(network, step, pushed));
    space.path = path;
    pushed
}

/// What the next path is shorter than: the workspace's path can be taken once more, unless one of its arcs is full.
fn limit_after<N: Network>(network: &N, space: &FlowWorkspace, [payer, payee]: [u32; 2]) -> u64 {
    let slopes = space.path.iter().map(|step| {
        let slope = space.residual(network, step)?.slope as i64;
        Some(if step.is_back { -slope } else { slope })
    });
    let tension = space.potential(payee) - space.potential(payer);
    slopes.sum::<Option<i64>>().map_or(FAR, |length| (length - tension).max(0) as u64 + 1)
}

/// What the workspace's flow costs.
pub(super) fn flow_cost(space: &FlowWorkspace) -> u128 {
    space.flows.iter().map(|flow| flow.pieces.cost(flow.flow)).sum()
}
