//! What HTLCs carry at least, as far as the payer's side of the fast search can know.

use super::labels::{BACKWARD_SETTLED, UNREACHED};
use super::problem::COST_MAX;
use super::run::Run;
use crate::cost::HopCost;
use crate::graph::Record;

impl<C: HopCost, const INBOUND: bool, const RESTRICTED: bool> Run<'_, '_, C, INBOUND, RESTRICTED> {
    /// What an HTLC carries at least that enters a node which the backward search has not settled. Where the cost is the
    /// fee, such a node needs what the payee gets and the fees behind the backward frontier.
    #[inline(always)]
    pub(super) fn least_amount(&self) -> u64 {
        self.amount_behind(self.space.backward.least()).unwrap_or(self.problem.least_ahead)
    }

    /// What an HTLC carries at least that enters `head`.
    pub(super) fn least_amount_into(&self, head: u32) -> u64 {
        if C::HAS_TWO_LABELS {
            return self.problem.least_into(head);
        }
        let amount = self.least_amount();
        if !self.space.backward.may_reach(head) {
            return amount;
        }
        let label = self.space.labels.find(head).filter(|label| label.flags & BACKWARD_SETTLED != 0);
        let known = label.and_then(|label| self.amount_behind(label.backward));
        known.map_or(amount, |known| known.min(amount))
    }

    /// What an arc charges at least, if it charges `fee` for [`Run::least_amount`].
    #[inline(always)]
    pub(super) fn least_fee(&self, head: u32, record: Record, fee: u64) -> u64 {
        if !self.space.backward.may_reach(head) {
            return fee;
        }
        let label = self.space.labels.find(head).filter(|label| label.flags & BACKWARD_SETTLED != 0);
        let amount = label.and_then(|label| self.amount_behind(label.backward));
        amount.map_or(fee, |amount| fee.min(record.fee(amount)))
    }

    /// What a node receives behind which a route costs `cost`, where the cost tells.
    #[inline(always)]
    fn amount_behind(&self, cost: u64) -> Option<u64> {
        // Keys take all discounts off, so they hold where inbound fees count. A circular route's payer is left before
        // anything is known of the other side.
        (!C::HAS_TWO_LABELS && cost != UNREACHED).then(|| self.payment.saturating_add(cost.min(COST_MAX)))
    }
}
