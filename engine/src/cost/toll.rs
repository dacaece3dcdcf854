//! A cost with a toll on every hop and every block of delay beside it: how a search that only knows costs is made to
//! look for routes with fewer of both.
//!
//! Tolls are the multipliers of a Lagrangian relaxation: a route within limits pays at most the tolls of the limits
//! (docs/search.md, lemma 7). They depend on no amount, so all that holds of a cost holds of it with tolls as well. No
//! bias multiplies them: whoever charges a hop's cost adds its toll afterwards.

use super::model::{HopCost, Tuning};
use crate::graph::Record;

/// What is charged for each hop and each block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tolls {
    /// For a hop, the payer's own included, in msat.
    pub(crate) hop: u64,
    /// For a block of `cltv_expiry_delta`, in parts of an msat ([`TOLL_PARTS`]).
    pub(crate) block: u64,
}

/// A cost with tolls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tolled<C> {
    pub(crate) cost: C,
    pub(crate) tolls: Tolls,
}

impl Tolls {
    /// What any route of at most `hops` channels and `blocks` blocks pays at most, in msat; `None` beyond 64 bits.
    /// Rounding every hop down never makes the sum more than this.
    pub(crate) fn most(self, hops: u64, blocks: u64) -> Option<u64> {
        let blocks = u128::from(self.block) * u128::from(blocks) / u128::from(TOLL_PARTS);
        let most = (u128::from(self.hop) * u128::from(hops)).checked_add(blocks)?;
        u64::try_from(most).ok()
    }
}

impl<C: HopCost> HopCost for Tolled<C> {
    #[inline(always)]
    fn forward(self, record: Record, capacity: u64, known: u64, amount: u64) -> u64 {
        self.cost.forward(record, capacity, known, amount)
    }

    #[inline(always)]
    fn first(self, capacity: u64, known: u64, amount: u64) -> u64 {
        self.cost.first(capacity, known, amount)
    }

    fn first_known(self) -> u64 {
        self.cost.first_known()
    }

    #[inline(always)]
    fn least(self) -> u64 {
        self.cost.least().saturating_add(self.tolls.hop)
    }

    const HAS_TWO_LABELS: bool = true;

    fn lambda(self) -> u64 {
        self.cost.lambda()
    }

    fn most(self, amount: u64, hops: u32, blocks: u32) -> u64 {
        self.cost.most(amount, hops, blocks)
    }

    fn tuning(self) -> Tuning {
        self.cost.tuning()
    }

    #[inline(always)]
    fn toll(self, record: Record) -> u64 {
        let blocks = record.cltv().saturating_mul(self.tolls.block) / TOLL_PARTS;
        self.tolls.hop.saturating_add(blocks)
    }

    #[inline(always)]
    fn first_toll(self) -> u64 {
        self.tolls.hop
    }
}

/// Parts of an msat in a toll on a block: deltas are some dozens, fees may be a few msat.
pub(crate) const TOLL_PARTS: u64 = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::FeeOnly;

    #[test]
    fn no_route_pays_more_than_its_limits_allow() {
        let mut seed = 1u64;
        let mut below = |end: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % end
        };
        for _ in 0..2000 {
            let tolls = Tolls { hop: below(1000), block: below(100_000) };
            let cost = Tolled { cost: FeeOnly, tolls };
            let deltas = (0..below(20)).map(|_| below(1 << 16)).collect::<Vec<_>>();
            let forwarded = deltas.iter().map(|&delta| cost.toll(Record::from_words([0, delta, 0])));
            let paid = forwarded.sum::<u64>() + cost.first_toll();
            let (hops, blocks) = (deltas.len() as u64 + 1, deltas.iter().sum());
            let most = tolls.most(hops, blocks).expect("few");
            assert!(paid <= most && most <= paid + hops, "{tolls:?}: {paid}, at most {most}, for {deltas:?}");
        }
        assert_eq!(Tolls { hop: u64::MAX, block: 0 }.most(2, 0), None);
    }
}
