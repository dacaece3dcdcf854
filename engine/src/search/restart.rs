//! Beginning the forward search anew, with what is known by then.
//!
//! Under the pure fee, a cost is an amount. So as soon as a route is known, the forward search need not guess amounts: a
//! better route sends at most a msat less than the known one, its *budget*, and at each node the most of it is left that
//! any way can leave. What is spent is a label like any other: where it and the backward label, which is exact as well,
//! come to no more than the budget, there is a better route, and else there is none (docs/search.md, lemma 10).
//!
//! Before a route is known, arcs are priced at what the backward frontier needs at least. A msat that is not known of can
//! keep thousands of nodes on a plateau of free channels in question.

use super::discount::ungraded;
use super::passage::Passage;
use super::run::Run;
use crate::cost::HopCost;
use crate::graph::Record;

impl<C: HopCost, const INBOUND: bool, const RESTRICTED: bool> Run<'_, '_, C, INBOUND, RESTRICTED> {
    /// What the payer has to send, where the forward labels are what is spent of it.
    #[inline(always)]
    pub(super) fn budget(&self) -> Option<u64> {
        if C::HAS_TWO_LABELS || INBOUND { None } else { self.budget }
    }

    /// Whether the forward search has taken long and would know more now.
    #[inline(always)]
    pub(super) fn must_restart(&self) -> bool {
        !C::HAS_TWO_LABELS
            && self.counts.settled >= self.restart_at
            && self.problem.payer != self.problem.payee
            && (self.budget.is_none() && self.space.backward.least() > self.begun_behind
                || self.may_lower_budget())
    }

    /// Whether a route is known that the budget, if any, does not know of.
    fn may_lower_budget(&self) -> bool {
        let is_new = self.budget.is_none() || self.found < self.best;
        let is_exact = !INBOUND && !self.problem.strict && !self.keeps_bound && !self.is_contradicted;
        is_exact && is_new && !self.space.best.is_empty()
    }

    /// Whether a search that has ended has found a route that is better than its budget, or has been contradicted, and so
    /// proves nothing.
    pub(super) fn must_lower_budget(&self) -> bool {
        let is_proof = self.found >= self.best && !self.is_contradicted;
        !C::HAS_TWO_LABELS && self.budget.is_some() && !is_proof && self.found > self.problem.tolerance
    }

    /// Begins the forward search anew. O(labels it has given).
    #[cold]
    pub(super) fn restart_forward(&mut self) {
        let settled = self.counts.settled;
        self.begun_behind = self.space.backward.least();
        let has_route = self.may_lower_budget();
        self.best = self.best.min(self.found);
        self.budget =
            has_route.then(|| self.payment.saturating_add(self.best_less_tolerance()).saturating_sub(1));
        self.restart_at = match self.budget {
            Some(_) => settled + settled / 2,
            None => settled.saturating_mul(RESTART_GROWTH),
        };
        let space = &mut *self.space;
        for explored in &space.explored {
            space.labels.entry(explored.head).forget_forward();
            if INBOUND {
                space.labels.entry(ungraded(explored.head)).forget_forward();
            }
        }
        space.explored.clear();
        space.met.clear();
        space.forward.clear();
        space.labels.entry(self.problem.payer).forward = 0;
        self.leave_payer();
    }

    /// What is spent on the payer's own arc of what it sends: what the arc cannot carry. `None` where it takes more only.
    /// Without a budget, `cost`.
    #[inline(always)]
    pub(super) fn cost_of_first(&self, arc: u32, passage: Passage, cost: u64) -> Option<u64> {
        let Some(budget) = self.budget() else { return Some(cost) };
        let balance = self.problem.first_balance(arc)?.unwrap_or(u64::MAX);
        let sent = budget.min(passage.max).min(balance).min(self.problem.amount_max);
        (sent >= passage.min).then(|| budget - sent)
    }

    /// A better route was found.
    pub(super) fn note_route(&mut self, cost: u64) {
        self.found = cost;
        if self.budget.is_none() {
            self.best = cost;
        }
    }

    /// Both labels of a node promised a route within the budget.
    pub(super) fn check_promise(&mut self, cost: Option<u64>) {
        let is_kept = cost.is_some_and(|cost| cost < self.best_less_tolerance());
        self.is_contradicted |= self.budget.is_some() && !is_kept;
    }
}

/// What a node that has received at most `received` spends at least on an arc that carries as much of it as can be:
/// its fee, and what the arc cannot carry. `None` where it takes more only.
#[inline(always)]
pub(super) fn spent(received: u64, record: Record, passage: Passage) -> Option<u64> {
    let forwarded = record.forwardable(received)?.min(passage.max);
    (forwarded >= passage.min).then(|| received - forwarded)
}

/// How much longer the next forward search may take that knows of no route.
const RESTART_GROWTH: u64 = 4;
