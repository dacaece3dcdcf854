//! Goes on from a cheapest flow where costs or capacities have changed, instead of from nothing.
//!
//! The out-of-kilter method (Fulkerson 1961; Ahuja, Magnanti and Orlin, "Network Flows", 1993, section 9.9), on arcs with
//! convex costs and on the lazily explored residual graph. Potentials are kept up to a factor: where no arc costs less than
//! some share of what it did, that share of the potentials leaves no arc without flow with a reduced cost below 0. Arcs with
//! flow are few, so all of them are looked at. For one whose last units cost more than its ends' potentials allow, a path
//! beside it is looked for that is shorter than what is too much; if there is one, flow moves there, else the potentials
//! can be moved apart until the arc is in order. An arc of whose next units that holds takes flow from elsewhere likewise.
//!
//! Searches are as long as what is too much, so a small change costs little; and no step undoes another: potentials never
//! make a reduced cost fall below 0, nor one that is there already fall further.

use super::augment::Round;
use super::counts::FlowCounts;
use super::network::Network;
use super::residual::{FAR, FlowWorkspace};
use super::solve::{End, push_along};

/// A share from nothing to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Share(u64);

impl Share {
    /// All of it.
    pub(super) const ALL: Share = Share(1 << SHARE_BITS);

    /// `part` of `whole`, rounded down; all where the part is no less.
    pub(super) fn of(part: u128, whole: u128) -> Share {
        if part >= whole {
            return Share::ALL;
        }
        // Both lose the same digits, the part more than the whole.
        let shift = (64 - SHARE_BITS + 64).saturating_sub(whole.leading_zeros());
        let (part, whole) = (part >> shift, (whole >> shift) + u128::from(shift > 0));
        Share(u64::try_from((part << SHARE_BITS) / whole).unwrap_or(0))
    }

    /// The share of something that is not negative, rounded down.
    pub(super) fn of_cost(self, cost: u64) -> u64 {
        ((u128::from(cost) * u128::from(self.0)) >> SHARE_BITS) as u64
    }

    /// Less by one part in 2^`bits`.
    pub(super) fn lessened(self, bits: u32) -> Share {
        Share(self.0 - (self.0 >> bits))
    }

    /// Rounded down, so that a difference of two grows by less than one.
    fn of_potential(self, potential: i64) -> i64 {
        ((i128::from(potential) * i128::from(self.0)) >> SHARE_BITS) as i64
    }
}

/// What is wrong with an arc that has flow: what a path from one node to another must stay below to be better.
struct Disorder {
    ends: [u32; 2],
    limit: u64,
    /// Units that the path may take over, or give.
    units: u64,
    is_over: bool,
}

/// Makes the workspace's flow the cheapest of its amount again. No arc without flow, nor the first piece of any other, may
/// cost less than `share` of what it did when the flow was the cheapest. [`End::Cut`] where the amount does not fit any more;
/// then neither flow nor potentials are of use.
pub(super) fn resume<N: Network>(
    network: &N,
    space: &mut FlowWorkspace,
    share: Share,
    paths_max: u64,
    counts: &mut FlowCounts,
) -> End {
    space.states.iter_mut().for_each(|state| state.potential = share.of_potential(state.potential));
    // Rounding down may have made a potential lower by one.
    space.highest = space.highest.map(|highest| highest.saturating_add(1));
    space.sorted.reset();
    space.states.iter_mut().for_each(|state| state.read = [0; 2]);
    space.flows.iter_mut().for_each(|flow| flow.pieces = network.pieces(flow.arc));
    let (mut at, mut rounds) = (0, 0);
    while at < space.flows.len() {
        let Some(disorder) = Disorder::of(space, at) else {
            at += 1;
            continue;
        };
        if rounds == paths_max || space.stop.is_set() {
            return End::WorkLimit;
        }
        rounds += 1;
        let mut round = Round::between(network, space, disorder.ends, disorder.limit);
        let is_found = round.search();
        let took = round.counts;
        space.settled += took.settled;
        *counts = counts.plus(took);
        if is_found {
            let pushed = push_along(network, space, disorder.units);
            let flow = &mut space.flows[at].flow;
            *flow = if disorder.is_over { *flow - pushed } else { *flow + pushed };
            counts.augmentations += 1;
        } else if disorder.limit == FAR {
            return End::Cut;
        }
    }
    End::Sent
}

impl Disorder {
    fn of(space: &FlowWorkspace, at: usize) -> Option<Disorder> {
        let arc = &space.flows[at];
        let (tail, head) = (arc.tail, arc.head);
        let capacity = arc.pieces.capacity();
        if arc.flow > capacity {
            let units = arc.flow - capacity;
            return Some(Disorder { ends: [tail, head], limit: FAR, units, is_over: true });
        }
        let tension = space.potential(head) - space.potential(tail);
        let over = arc.pieces.back(arc.flow).map(|piece| (piece.slope as i64 - tension, piece.room));
        if let Some((limit, units)) = over.filter(|&(limit, _)| limit > 0) {
            return Some(Disorder { ends: [tail, head], limit: limit as u64, units, is_over: true });
        }
        let under = arc.pieces.ahead(arc.flow).map(|piece| (tension - piece.slope as i64, piece.room));
        let (limit, units) = under.filter(|&(limit, _)| limit > 0)?;
        Some(Disorder { ends: [head, tail], limit: limit as u64, units, is_over: false })
    }
}

const SHARE_BITS: u32 = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_never_too_large() {
        for (part, whole) in
            [(1, 3), (2, 3), (u128::MAX / 7, u128::MAX / 2), ((1 << 99) - 1, 1 << 99), (0, 9)]
        {
            let Share(share) = Share::of(part, whole);
            let exact = part as f64 / whole as f64;
            let found = share as f64 / f64::from(1u32 << 31) / 2.0;
            assert!(found <= exact && exact - found < 1e-9, "{part} of {whole}: {found}");
        }
        assert_eq!((Share::of(7, 7), Share::of(8, 7)), (Share::ALL, Share::ALL));
        assert_eq!(Share::of(1, 2).of_potential(-3), -2);
        assert_eq!(Share::of(1, 2).of_cost(3), 1);
    }
}
