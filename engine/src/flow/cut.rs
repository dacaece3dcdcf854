//! What is in the way of an amount: the channels of a least cut, all of them full.

use std::fmt;

use primitives::{Direction, Msat, ShortChannelId, ShortChannelIdDir};

use super::channels::ChannelNetwork;
use super::explicit::CutSide;
use super::network::Network;
use super::residual::FlowWorkspace;
use crate::belief::Liquidity;
use crate::search::problem::Problem;
use crate::snapshot::Snapshot;

/// Channels that separate the payer from the payee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Where it lies.
    pub place: CutPlace,
    /// No more than this can be sent over all of them together.
    pub capacity: Msat,
    /// Whether that is known. Where nobody knows a channel's capacity, its `htlc_maximum_msat` stands for it until it refuses
    /// less, and it may well carry several HTLCs of that size.
    pub is_known: bool,
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

impl fmt::Display for Cut {
    /// Where it lies, what it carries, and the channels that carry most of that.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place {
            CutPlace::Payer => "the payer's channels",
            CutPlace::Payee => "the channels into the payee",
            CutPlace::Between => "the channels between payer and payee",
        };
        write!(f, "{place} carry {} at most", self.capacity)?;
        for (at, &CutChannel { short_channel_id, direction, capacity }) in
            self.channels.iter().take(NAMED_COUNT).enumerate()
        {
            let channel = ShortChannelIdDir { short_channel_id, direction };
            let before = if at == 0 { ": " } else { ", " };
            write!(f, "{before}{channel} {capacity}")?;
        }
        match self.channels.len().saturating_sub(NAMED_COUNT) {
            0 => Ok(()),
            rest => write!(f, " and {rest} more with less"),
        }
    }
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
        let is_payers = side.is_payers(space, node);
        let is_across = |end| side.is_payers(space, end) != is_payers;
        match side {
            CutSide::Payer if is_payers => _ = list::<true, L>(network, node, &is_across, None, &mut arcs),
            CutSide::Payee if !is_payers => _ = list::<false, L>(network, node, &is_across, None, &mut arcs),
            CutSide::Payer | CutSide::Payee => {}
        }
    }
    if arcs.is_empty() {
        // No way at all: an end that lets nothing through is to blame, if there is one.
        let at_end = cut_at_end(snapshot, network, Msat::from_msat(1));
        return at_end.unwrap_or_else(|| named(snapshot, network, CutPlace::Between, arcs));
    }
    let problem = &network.problem;
    let place = if arcs.iter().all(|&(arc, _)| problem.tail(arc) == problem.payer) {
        CutPlace::Payer
    } else if arcs.iter().all(|&(arc, _)| problem.head(arc) == problem.payee) {
        CutPlace::Payee
    } else {
        CutPlace::Between
    };
    named(snapshot, network, place, arcs)
}

/// The channels of one end, where all of them together carry less than `amount`: no flow need be looked for to know that it
/// cannot be sent. O(channels of both ends) where there is such a cut; else it ends with the first of each that suffice.
pub(super) fn cut_at_end<L: Liquidity + Copy>(
    snapshot: &Snapshot,
    network: &ChannelNetwork<'_, L>,
    amount: Msat,
) -> Option<Cut> {
    let Problem { payer, payee, .. } = network.problem;
    let mut arcs = Vec::new();
    let place = if list::<true, L>(network, payer, &|_| true, Some(amount), &mut arcs) < amount {
        CutPlace::Payer
    } else {
        arcs.clear();
        if list::<false, L>(network, payee, &|_| true, Some(amount), &mut arcs) >= amount {
            return None;
        }
        CutPlace::Payee
    };
    Some(named(snapshot, network, place, arcs))
}

/// Adds the arcs from (`FORWARD`) or to a node whose other ends lie across, until they carry `enough`. Returns what they carry.
fn list<const FORWARD: bool, L: Liquidity + Copy>(
    network: &ChannelNetwork<'_, L>,
    node: u32,
    is_across: &dyn Fn(u32) -> bool,
    enough: Option<Msat>,
    arcs: &mut Vec<(u32, Msat)>,
) -> Msat {
    let mut sum = Msat::ZERO;
    let block_count = network.block_count::<FORWARD>(node);
    for block in 0..=block_count {
        let look = |end, arc, _| {
            if is_across(end) {
                let capacity = Msat::from_msat(network.terms_of(arc).map_or(0, |terms| terms.bounds.max));
                sum = sum.saturating_add(capacity);
                arcs.push((arc, capacity));
            }
        };
        if block < block_count {
            network.visit::<FORWARD>(node, block, look);
        } else {
            network.visit_beside::<FORWARD>(node, look);
        }
        if enough.is_some_and(|enough| sum >= enough) {
            break;
        }
    }
    sum
}

fn named<L: Liquidity + Copy>(
    snapshot: &Snapshot,
    network: &ChannelNetwork<'_, L>,
    place: CutPlace,
    mut arcs: Vec<(u32, Msat)>,
) -> Cut {
    let is_known = !arcs.iter().any(|&(arc, _)| network.is_assumed(arc));
    let capacity = arcs.iter().fold(Msat::ZERO, |sum, &(_, capacity)| sum.saturating_add(capacity));
    arcs.sort_unstable_by_key(|&(arc, capacity)| (std::cmp::Reverse(capacity), arc));
    arcs.truncate(CUT_CHANNEL_COUNT_MAX);
    let channels = arcs.into_iter().map(|(arc, capacity)| {
        let (short_channel_id, direction, _) = network.problem.names(snapshot, arc);
        CutChannel { short_channel_id, direction, capacity }
    });
    Cut { place, capacity, is_known, channels: channels.collect() }
}

/// More would help nobody.
pub const CUT_CHANNEL_COUNT_MAX: usize = 1000;
/// Channels that a sentence names.
const NAMED_COUNT: usize = 3;
