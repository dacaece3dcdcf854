//! What a key may use up.

use std::time::Instant;

use super::bucket::{Bucket, Rate};

/// How fast the budgets of a key fill; none has no bound.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rates {
    pub(super) requests: Option<Rate>,
    pub(super) work: Option<Rate>,
}

/// The budgets of a key. All accounts that are ever made for it share them, so that what goes on while keys are read anew
/// has no budget of its own beside them.
#[derive(Debug)]
pub(super) struct Budgets {
    /// Requests.
    pub(super) requests: Bucket,
    /// Steps of work.
    pub(super) work: Bucket,
}

impl Budgets {
    /// Full ones.
    pub(super) fn new(rates: Rates, now: Instant) -> Self {
        Budgets { requests: Bucket::new(rates.requests, now), work: Bucket::new(rates.work, now) }
    }

    /// Fills them at other rates from now on.
    pub(super) fn set_rates(&self, rates: Rates, now: Instant) {
        self.requests.set_rate(rates.requests, now);
        self.work.set_rate(rates.work, now);
    }
}
