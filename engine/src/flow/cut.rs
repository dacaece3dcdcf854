//! What is in the way of an amount: the channels of a least cut, all of them full.

use primitives::{Direction, Msat, ShortChannelId};

use super::channels::ChannelNetwork;
use super::explicit::CutSide;
use super::network::Network;
use super::residual::FlowWorkspace;
use crate::belief::Liquidity;
use crate::snapshot::Snapshot;

/// Channels that separate the payer from the payee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Where it lies.
    pub place: CutPlace,
    /// No more than this can be sent over all of them together.
    pub capacity: Msat,
    /// The channels, at most [`CUT_CHANNEL_COUNT_MAX`]; those that carry most come first.
    pub channels: Vec<CutChannel>,
}

/// Where a cut lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutPlace {
    /// The payer's own channels.
    Payer,
    /// The channels into the payee.
    Payee,
    /// Channels between others.
    Between,
}

/// One direction of a channel in a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutChannel {
    /// The channel.
    pub short_channel_id: ShortChannelId,
    /// Which way along it.
    pub direction: Direction,
    /// The most that it carries.
    pub capacity: Msat,
}

/// Names the cut at which a workspace's flow ended. O(arcs at the nodes of its smaller side).
pub(super) fn name_cut<L: Liquidity + Copy>(
    snapshot: &Snapshot,
    network: &ChannelNetwork<'_, L>,
    space: &FlowWorkspace,
) -> Cut {
    let side = CutSide::of(space);
    let mut arcs = Vec::new();
    for state in &space.states {
        let node = state.node;
        match side {
            CutSide::Payer if side.is_payers(space, node) => {
                crossing::<true, L>(network, space, side, node, &mut arcs)
            }
            CutSide::Payee if !side.is_payers(space, node) => {
                crossing::<false, L>(network, space, side, node, &mut arcs)
            }
            CutSide::Payer | CutSide::Payee => {}
        }
    }
    let problem = &network.problem;
    let place = if arcs.iter().all(|&(arc, _)| problem.tail(arc) == problem.payer) {
        CutPlace::Payer
    } else if arcs.iter().all(|&(arc, _)| problem.head(arc) == problem.payee) {
        CutPlace::Payee
    } else {
        CutPlace::Between
    };
    let capacity = arcs.iter().fold(Msat::ZERO, |sum, &(_, capacity)| sum.saturating_add(capacity));
    arcs.sort_unstable_by_key(|&(arc, capacity)| (std::cmp::Reverse(capacity), arc));
    arcs.truncate(CUT_CHANNEL_COUNT_MAX);
    let channels = arcs.into_iter().map(|(arc, capacity)| {
        let (short_channel_id, direction, _) = problem.names(snapshot, arc);
        CutChannel { short_channel_id, direction, capacity }
    });
    Cut { place, capacity, channels: channels.collect() }
}

/// The arcs of one node that lead to the cut's other side.
fn crossing<const FORWARD: bool, L: Liquidity + Copy>(
    network: &ChannelNetwork<'_, L>,
    space: &FlowWorkspace,
    side: CutSide,
    node: u32,
    arcs: &mut Vec<(u32, Msat)>,
) {
    let is_payers = side.is_payers(space, node);
    let mut look = |end, arc, _| {
        if side.is_payers(space, end) != is_payers {
            let capacity = network.terms_of(arc).map_or(0, |terms| terms.bounds.max);
            arcs.push((arc, Msat::from_msat(capacity)));
        }
    };
    for block in 0..network.block_count::<FORWARD>(node) {
        network.visit::<FORWARD>(node, block, &mut look);
    }
    network.visit_beside::<FORWARD>(node, &mut look);
}

/// More would help nobody.
pub const CUT_CHANNEL_COUNT_MAX: usize = 1000;
