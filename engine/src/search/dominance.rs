//! Which of two states of a node the label search keeps, and what minima have to do with it.
//!
//! One state *dominates* another if it is no worse in cost, amount and every limited resource: what the other can
//! become, it can become for less. Only an `htlc_minimum_msat` ahead may turn that around (docs/search.md, lemma 2): it
//! lifts the smaller amount more, or stops it.

use super::discount::node_of;
use super::labels::NO_ARC;
use super::pareto::{Minimum, ParetoLabel, Search};
use super::problem::Suffix;
use super::shortlist::Step;
use crate::cost::HopCost;

impl<C: HopCost> Search<'_, '_, C> {
    /// Notes where a minimum lifts a state, or stops it, that another one with a larger amount may have been dropped for:
    /// the other would have been lifted less, or would have gone on. Whatever carries the minimum has paid the difference to
    /// the payment's amount in fees; `least` is a lower bound on what lies before.
    pub(super) fn note_minimum(
        &mut self,
        label: &ParetoLabel,
        step: &Step,
        next: Option<&Suffix>,
        least: u64,
    ) {
        let (problem, suffix, arc) = (&self.problem, &label.suffix, step.arc);
        match next {
            Some(next) => {
                let minimum = next.forwarded;
                if minimum <= problem.arriving(arc, suffix) {
                    return;
                }
                let reached = label.key.max(problem.least_grown(minimum)).saturating_add(least);
                let compares_beyond = self.task.lifts || problem.with_inbound_fees;
                if problem.has_favour() {
                    self.add_minimum(minimum, reached);
                } else if !compares_beyond {
                    self.least_lost = self.least_lost.min(reached);
                }
            }
            None if problem.strict => {
                let restricted = problem.is_restricted;
                let Some(bounds) = problem.passage(step.record, arc, restricted) else { return };
                let minimum = bounds.min;
                if minimum <= problem.amount_max.min(bounds.max) && minimum > problem.arriving(arc, suffix) {
                    let reached = label.key.max(problem.least_grown(minimum)).saturating_add(least);
                    self.add_minimum(minimum, reached);
                }
            }
            None => {}
        }
    }

    /// Notes a minimum that a route which costs `least` or more may meet.
    fn add_minimum(&mut self, amount: u64, least: u64) {
        if self.is_hopeless(least, 0) {
            return;
        }
        let minima = &mut self.space.minima;
        let place = minima.binary_search_by_key(&amount, |minimum| minimum.amount);
        let at = place.unwrap_or_else(|at| {
            minima.insert(at, Minimum { amount, is_new: true });
            at
        });
        if minima[at].is_new {
            self.least_lost = self.least_lost.min(least);
        }
    }

    /// Whether a state must not come to a node twice, because the larger amount that a loop leads to could pay: it
    /// reaches a minimum, or it has grown for less over favoured hops and a minimum before them demands no more.
    pub(super) fn keeps_loops_out(&self) -> bool {
        !self.space.minima.is_empty() || self.task.lifts && self.problem.has_favour()
    }

    /// Whether whatever `new` can become, `known` can become for no more.
    pub(super) fn dominates(&self, place: u32, known: &ParetoLabel, new: &ParetoLabel) -> bool {
        let (a, b) = (&known.suffix, &new.suffix);
        let (cost_a, cost_b) = (a.cost - known.toll, b.cost - new.toll);
        // A minimum lifts both to the same amount, and a discount takes from both what it may: then the smaller amount's
        // lead in cost shrinks, but what both cost beyond their amounts stays.
        let no_dearer = if self.task.lifts || self.problem.with_inbound_fees {
            cost_a.saturating_add(b.received) <= cost_b.saturating_add(a.received)
        } else {
            cost_a <= cost_b
        };
        let no_worse = no_dearer
            && a.received <= b.received
            && a.forwarded <= b.forwarded
            && known.used.no_more_than(&new.used, &self.task.limits);
        if !no_worse || known.visited & !new.visited != 0 {
            return false;
        }
        if self.space.minima.is_empty() {
            return true;
        }
        let same_amount = a.received == b.received && a.forwarded == b.forwarded;
        (same_amount || !self.has_minimum_between(a, b)) && self.visits_no_more(place, new)
    }

    /// Whether a minimum may stand in the way of the smaller state `a` that the larger `b` can get over.
    fn has_minimum_between(&self, a: &Suffix, b: &Suffix) -> bool {
        // Amounts grow by fees, and fees are costs.
        let left = self.bound().saturating_sub(if self.problem.with_inbound_fees { 0 } else { b.cost });
        let reach = self.problem.amount_max.min(b.received.saturating_add(self.problem.growth(left)));
        let above = self.space.minima.partition_point(|minimum| minimum.amount <= a.forwarded);
        self.space.minima.get(above).is_some_and(|minimum| minimum.amount <= reach)
    }

    pub(super) fn visits(&self, mut place: u32, node: u32) -> bool {
        while place != NO_ARC {
            let label = &self.space.labels[place as usize];
            if node_of(label.node) == node_of(node) {
                return true;
            }
            place = label.parent;
        }
        false
    }

    fn visits_no_more(&self, mut place: u32, new: &ParetoLabel) -> bool {
        while place != NO_ARC {
            let label = &self.space.labels[place as usize];
            if node_of(label.node) != node_of(new.node) && !self.visits(new.parent, label.node) {
                return false;
            }
            place = label.parent;
        }
        true
    }
}
