//! The proven lower bound: what no plan costs less than.
//!
//! Potentials price a unit: sending it earns the payee's less the payer's, every arc costs its tail's and head's
//! difference. By duality no flow of `amount` costs less than `amount` times the first, less what the arcs could gain at
//! those prices; only arcs with flow gain anything. The gain is taken at the arcs' exact ends in msat, not at whole
//! units, so the bound does not suffer from rounding. Amounts that grow by fees on their way only cost more.
//!
//! **Few parts.** A part enters a node and leaves it at most once: of the arcs into a node, no more have flow than there are
//! parts. So the gain of so many counts, the largest. And where more arcs of the payer, or of the payee, have flow, the bound
//! holds as well for any higher price there, at which fewer of them would carry the amount: the best is taken. (As a function
//! of that price the bound is concave: it rises as long as the arcs that gain most would carry less than the amount.)

use std::cmp::Reverse;

use super::channels::ChannelNetwork;
use super::explicit::SLOPE_MAX;
use super::network::Network;
use super::pieces::Pieces;
use super::residual::FlowWorkspace;
use super::tariff::SLOPE_BITS;
use crate::belief::Liquidity;

/// An arc of the payer or the payee.
#[derive(Debug, Clone, Copy)]
struct EndArc {
    arc: u32,
    /// By how much its head's potential exceeds its tail's.
    tension: i128,
    /// In msat.
    pieces: Pieces,
}

/// The bound on plans in at most `part_count_max` parts, in msat, after the whole amount was sent.
pub(super) fn least_cost<L: Liquidity + Copy>(
    network: &ChannelNetwork<'_, L>,
    space: &FlowWorkspace,
    part_count_max: usize,
) -> u64 {
    let (payer, payee) = (network.payer(), network.payee());
    let mut between = Vec::new();
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for flow in &space.flows {
        let Some(arc) = end_arc(network, space, flow.arc, [flow.tail, flow.head]) else { continue };
        if flow.tail == payer {
            first.push(arc);
        } else if flow.head == payee {
            last.push(arc);
        } else {
            between.push((flow.head, Reverse(arc.gain(0).0)));
        }
    }
    between.sort_unstable();
    let groups = between.chunk_by(|one, other| one.0 == other.0);
    let gains: i128 = groups.flat_map(|group| group.iter().take(part_count_max)).map(|gain| gain.1.0).sum();
    let amount = i128::from(network.problem.amount);
    let price = i128::from(space.potential(payee) - space.potential(payer));
    let (is_wide_first, is_wide_last) = (first.len() > part_count_max, last.len() > part_count_max);
    if is_wide_first {
        first = arcs_at::<L, true>(network, space, payer);
    }
    let mut raised = 0;
    if is_wide_last {
        last = arcs_at::<L, false>(network, space, payee);
        raised = best_rise(&last, amount, part_count_max);
        // What leads from the one to the other has both prices, and at the higher one may gain without any flow.
        first.retain(|arc| network.problem.head(arc.arc) != payee);
        first.extend(last.extract_if(.., |arc| network.problem.tail(arc.arc) == payer));
    }
    let bound_at = |raised: i128| {
        let mut first = first.clone();
        for arc in first.iter_mut().filter(|arc| network.problem.head(arc.arc) == payee) {
            arc.tension += raised;
        }
        let raised_first = if is_wide_first { best_rise(&first, amount, part_count_max) } else { 0 };
        let gained =
            largest(&last, raised, part_count_max).0 + largest(&first, raised_first, part_count_max).0;
        (price + raised + raised_first) * amount - gains - gained
    };
    let mut bound = bound_at(0);
    if raised > 0 {
        // With channels from the one to the other, the rise that is best for the payee need not be best for both.
        bound = bound.max(bound_at(raised));
    }
    let bound = (bound.max(0) / i128::from(network.tariff.unit)) >> SLOPE_BITS;
    u64::try_from(bound).unwrap_or(u64::MAX)
}

fn end_arc<L: Liquidity + Copy>(
    network: &ChannelNetwork<'_, L>,
    space: &FlowWorkspace,
    arc: u32,
    [tail, head]: [u32; 2],
) -> Option<EndArc> {
    let pieces = network.terms_of(arc)?.pieces_msat(&network.tariff);
    let tension = i128::from(space.potential(head) - space.potential(tail));
    Some(EndArc { arc, tension, pieces })
}

/// All arcs that leave a node, or enter it, and that flow looks at.
fn arcs_at<L: Liquidity + Copy, const FORWARD: bool>(
    network: &ChannelNetwork<'_, L>,
    space: &FlowWorkspace,
    node: u32,
) -> Vec<EndArc> {
    let mut arcs = Vec::new();
    let mut add = |end, arc, _| {
        let ends = if FORWARD { [node, end] } else { [end, node] };
        arcs.extend(end_arc(network, space, arc, ends));
    };
    for block in 0..network.block_count::<FORWARD>(node) {
        network.visit::<FORWARD>(node, block, &mut add);
    }
    network.visit_beside::<FORWARD>(node, &mut add);
    arcs.sort_unstable_by_key(|arc| arc.arc);
    arcs.dedup_by_key(|arc| arc.arc);
    arcs
}

impl EndArc {
    /// What it gains where the end's price is raised, and the msat that gain something.
    fn gain(&self, raised: i128) -> (i128, u64) {
        let (mut gain, mut start) = (0, 0);
        for (&end, &slope) in self.pieces.ends.iter().zip(&self.pieces.slopes) {
            let each = self.tension + raised - i128::from(slope);
            if each <= 0 {
                break;
            }
            gain += each * i128::from(end - start);
            start = end;
        }
        (gain, start)
    }
}

/// What the `count_max` arcs that gain most gain together, and what they carry.
fn largest(arcs: &[EndArc], raised: i128, count_max: usize) -> (i128, i128) {
    let mut gains: Vec<(i128, u64)> = arcs.iter().map(|arc| arc.gain(raised)).collect();
    if count_max < gains.len() {
        gains.select_nth_unstable_by_key(count_max, |&gain| Reverse(gain));
        gains.truncate(count_max);
    }
    gains.iter().fold((0, 0), |sum, &(gain, msat)| (sum.0 + gain, sum.1 + i128::from(msat)))
}

/// By how much the end's price is best raised: until the arcs that gain most carry the amount.
fn best_rise(arcs: &[EndArc], amount: i128, count_max: usize) -> i128 {
    let (mut low, mut high) = (0, RISE_MAX);
    while low < high {
        let middle = (low + high) / 2;
        if largest(arcs, middle, count_max).1 < amount {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// By more than any path costs.
const RISE_MAX: i128 = (SLOPE_MAX as i128) << 6;
