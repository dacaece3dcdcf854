//! What inbound fees (bLIP-18) may take back from a node's outbound fee: the bounds that keep both searches exact.
//!
//! A node's fee for an HTLC depends on the channel it arrives on as well, which a search that goes node by node does
//! not know yet. So a node with inbound fees is credited the largest discount that any of its channels gives: the
//! *key* of a label may be too low, never too high.

use primitives::{InboundFee, Msat};

use super::problem::{Problem, Suffix};
use crate::cost::HopCost;
use crate::graph::{NodeIdx, Record};

/// The largest discount of a node: its least inbound base fee and its least inbound rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Discount(InboundFee);

impl Discount {
    /// A lower bound on the node's whole fee for an HTLC of `amount` msat or more that leaves over `record` with the
    /// outbound fee `fee` at `amount`.
    ///
    /// With discount base b and rate r, and an outbound fee f(x) = base + p x, the whole fee is
    /// f(x) (1 - r) - r x - b. It never falls with x where p (1 - r) >= r, so its value at `amount` bounds it; else
    /// only zero does.
    #[inline]
    pub(crate) fn least_fee(self, record: Record, fee: u64, amount: u64) -> u64 {
        let rate = u64::from(self.0.proportional_millionths.min(0).unsigned_abs());
        if rate >= MILLION || record.fee_ppm() * (MILLION - rate) < rate * MILLION {
            return 0;
        }
        let kept = u128::from(fee) * u128::from(MILLION - rate) / u128::from(MILLION);
        let taken = u128::from(amount) * u128::from(rate) / u128::from(MILLION)
            + u128::from(self.0.base_msat.min(0).unsigned_abs())
            + ROUNDING;
        u64::try_from(kept.saturating_sub(taken)).unwrap_or(u64::MAX)
    }
}

impl<C: HopCost> Problem<'_, C> {
    /// The largest discount of a node, `None` where it gives none.
    #[inline]
    pub(crate) fn discount(&self, node: u32) -> Option<Discount> {
        if !self.with_inbound_fees {
            return None;
        }
        let mut least = self.topology.least_inbound_fee(NodeIdx::from_u32(node));
        for layer in self.layers.iter().filter(|layer| !layer.is_empty()) {
            for arc in layer.outgoing(node) {
                let policy =
                    layer.channel_of(arc.arc).and_then(|channel| channel.policies[arc.arc as usize & 1]);
                let fee = policy.map_or(InboundFee::ZERO, |policy| policy.inbound_fee);
                least.base_msat = least.base_msat.min(fee.base_msat);
                least.proportional_millionths =
                    least.proportional_millionths.min(fee.proportional_millionths);
            }
        }
        (!least.is_zero()).then_some(Discount(least))
    }

    /// The least that the node can end up receiving for a state.
    fn least_received(&self, node: u32, suffix: &Suffix) -> u64 {
        let Some(Discount(least)) = self.discount(node) else { return suffix.received };
        if node == self.payee && suffix.received == self.amount {
            return suffix.received;
        }
        let outbound = Msat::from_msat(suffix.received - suffix.forwarded);
        least.received(Msat::from_msat(suffix.forwarded), outbound).map_or(suffix.received, Msat::to_msat)
    }

    /// The state's cost if the node gave its largest discount: never above what any route through it costs so far.
    #[inline]
    pub(crate) fn key_of(&self, node: u32, suffix: &Suffix) -> u64 {
        suffix.cost + self.least_received(node, suffix) - suffix.received
    }

    /// The state whose `cost` is a key.
    #[inline]
    pub(crate) fn undiscounted(&self, node: u32, keyed: Suffix) -> Suffix {
        let discount = keyed.received - self.least_received(node, &keyed);
        Suffix { cost: keyed.cost + discount, ..keyed }
    }
}

const MILLION: u64 = 1_000_000;
/// Each of the three roundings of a fee is worth less than one msat.
const ROUNDING: u128 = 3;
