//! What a payment may take. Its fee limit is that of the query.

use primitives::UnixTime;

use crate::belief::Prior;
use crate::cost::{ProbabilityWeights, RiskWeights};

/// Limits on a payment beside those of its query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayBudget {
    /// How often parts may be sent; all parts that one plan makes count once. 30.
    pub attempt_count_max: u32,
    /// By what the price of an attempt grows with each of the first two that failed: who waits already pays more not to wait
    /// again. 2.
    pub impatience: u32,
    /// How many seconds a first stage is given to fail before what is on the way is taken to have got through. 3.
    pub stage_secs: u32,
    /// From this moment on nothing is sent. What is on the way is waited for.
    pub deadline: Option<UnixTime>,
}

impl Default for PayBudget {
    fn default() -> Self {
        PayBudget { attempt_count_max: 30, impatience: 2, stage_secs: 3, deadline: None }
    }
}

impl PayBudget {
    /// How many times as dear as the first the next attempt is where so many failed.
    pub(super) fn dearness(&self, failed_count: u32) -> u64 {
        u64::from(self.impatience).saturating_pow(failed_count.min(IMPATIENCE_COUNT_MAX))
    }
}

/// What a plan is best asked to minimise where the payment is tried again by itself. An attempt takes time, whatever the
/// amount, so less of its price grows with the amount than where a route stands alone. What a hop may lack is in the
/// probability already: beside it a hop is worth next to nothing, and a price would buy shorter ways with fees. Where balances
/// are thought to lie at the ends of channels, nearly every way is as unlikely as the next, and the price of an attempt would buy
/// little with fees: it is lower there. docs/adr/0012-payments.md has what all this is traded against.
pub const fn pay_weights(prior: Prior) -> ProbabilityWeights {
    match prior {
        Prior::Uniform => PAY_WEIGHTS,
        Prior::Bimodal(_) => {
            ProbabilityWeights { attempt_base_msat: 100_000, attempt_millionths: 100, ..PAY_WEIGHTS }
        }
    }
}

const PAY_WEIGHTS: ProbabilityWeights = ProbabilityWeights {
    risk: RiskWeights { hop_millionths: 20, ..RiskWeights::DEFAULT },
    attempt_base_msat: 300_000,
    attempt_millionths: 150,
};
/// More failures do not make an attempt dearer: what is left by then is small, and would be paid for as if it were all.
const IMPATIENCE_COUNT_MAX: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_gets_dearer_twice() {
        let budget = PayBudget::default();
        assert_eq!([0, 1, 2, 3, 29].map(|failed_count| budget.dearness(failed_count)), [1, 2, 4, 4, 4]);
    }
}
