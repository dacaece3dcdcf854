//! The proven lower bound: what no plan costs less than.
//!
//! Potentials price a unit: sending it earns the payee's less the payer's, every arc costs its tail's and head's
//! difference. By duality no flow of `amount` costs less than `amount` times the first, less what the arcs could gain at
//! those prices; only arcs with flow gain anything. The gain is taken at the arcs' exact ends in msat, not at whole
//! units, so the bound does not suffer from rounding. Amounts that grow by fees on their way only cost more.

use super::channels::ChannelNetwork;
use super::network::Network;
use super::residual::FlowWorkspace;
use super::tariff::SLOPE_BITS;
use crate::belief::Liquidity;

/// The bound, in msat, after the whole amount was sent.
pub(super) fn least_cost<L: Liquidity + Copy>(network: &ChannelNetwork<'_, L>, space: &FlowWorkspace) -> u64 {
    let price = space.potential(network.payee()) - space.potential(network.payer());
    let mut bound = i128::from(price) * i128::from(network.problem.amount);
    for flow in &space.flows {
        let tension = i128::from(space.potential(flow.head) - space.potential(flow.tail));
        let Some(terms) = network.terms_of(flow.arc) else { continue };
        let pieces = terms.pieces_msat(&network.tariff);
        let mut start = 0;
        for (&end, &slope) in pieces.ends.iter().zip(&pieces.slopes) {
            bound -= (tension - i128::from(slope)).max(0) * i128::from(end - start);
            start = end;
        }
    }
    let bound = (bound.max(0) / i128::from(network.tariff.unit)) >> SLOPE_BITS;
    u64::try_from(bound).unwrap_or(u64::MAX)
}
