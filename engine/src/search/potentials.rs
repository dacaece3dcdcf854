//! Lower bounds on what lies between the payer and a node.

use super::labels::{FORWARD_SETTLED, LabelTable};
use super::problem::Problem;
use crate::cost::HopCost;

/// The fast search's forward ball: its labels, and for nodes that it has not settled a bound that holds for all of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ball {
    pub(super) frontier: u64,
}

impl Ball {
    /// The least cost of any way to a node.
    #[inline]
    pub(super) fn least(self, labels: &LabelTable, node: u32) -> u64 {
        match labels.find(node) {
            Some(label) if label.flags & FORWARD_SETTLED != 0 => label.forward,
            _ => self.frontier,
        }
    }
}

/// Visits the head and number of each arc that leaves a node.
pub(crate) fn for_each_outgoing<C: HopCost>(
    problem: &Problem<'_, C>,
    node: u32,
    mut visit: impl FnMut(u32, u32),
) {
    for &arc in problem.topology.out_lists().arcs_of(node) {
        visit(problem.head(arc), arc);
    }
    for layer in problem.layers {
        for arc in layer.outgoing(node) {
            visit(arc.head, arc.arc);
        }
    }
}

/// The least that crossing an arc can cost, whatever inbound fees take back; `None` where it can't be crossed.
pub(crate) fn least_cost<C: HopCost>(problem: &Problem<'_, C>, tail: u32, arc: u32) -> Option<u64> {
    let record = problem.record(arc);
    let passage = problem.passage(record, arc, problem.is_restricted)?;
    if passage.max < problem.amount || passage.min > problem.amount_max {
        return None;
    }
    if problem.head(arc) == problem.payee && !problem.is_last_hop(tail) {
        return None;
    }
    if tail == problem.payer {
        return match problem.first_balance(arc)? {
            Some(balance) if balance < problem.amount => None,
            balance => Some(problem.beyond_first(passage, balance, problem.amount)),
        };
    }
    let fee = record.fee(problem.amount);
    let whole =
        problem.discount(tail).map_or(fee, |discount| discount.least_fee(record, fee, problem.amount));
    let beyond = problem.beyond_fee(record, passage, problem.amount);
    Some(passage.least_fee_cost(whole, fee).saturating_add(beyond))
}
