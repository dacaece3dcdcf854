//! A cost model's weights for one amount, for whoever prices flow instead of single HTLCs.

use primitives::Msat;

use super::model::{CostModel, Probable, Risky, Tuning};

/// What the terms of a cost model are worth, for one payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prices {
    /// A hop, in msat.
    pub(crate) hop: u64,
    /// A block of locking, in billionths of what is locked.
    pub(crate) risk_billionths: u64,
    /// Halving the probability, in msat.
    pub(crate) halving: u64,
    /// What is charged for a hop beside its cost, in msat. No bias multiplies it, as none does a search's
    /// [`Tolls`](super::Tolls).
    pub(crate) hop_toll: u64,
    /// The same for a block of locking, in billionths of what is locked.
    pub(crate) block_toll_billionths: u64,
    /// Whether biases of layers count.
    pub(crate) is_biased: bool,
}

impl Prices {
    /// Fees alone, as they are paid.
    pub(crate) const FEES: Prices = Prices {
        hop: 0,
        risk_billionths: 0,
        halving: 0,
        hop_toll: 0,
        block_toll_billionths: 0,
        is_biased: false,
    };
}

impl CostModel {
    /// The prices for a payment of `amount`.
    pub(crate) fn prices(self, amount: Msat) -> Prices {
        let fees = Prices { is_biased: true, ..Prices::FEES };
        let (risky, halving) = match self {
            CostModel::Fee => return fees,
            CostModel::Risk(weights) => (Risky::new(weights, amount, Tuning::default()), 0),
            CostModel::Probability(weights) => {
                let probable = Probable::new(weights, amount, Tuning::default());
                (probable.risky, probable.halving)
            }
        };
        Prices { hop: risky.hop, risk_billionths: risky.risk_billionths, halving, ..fees }
    }
}
