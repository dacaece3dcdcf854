//! Lower bounds from the payer to every node: the slow preparation of a search under limits.

use super::heap::Heap;
use super::problem::Problem;
use super::resources::Potentials;
use super::workspace::{AVOIDED, LabelTable};
use crate::cost::HopCost;

/// Least cost, blocks and hops from the payer to every node, each on its own, at the payment's own amount.
#[derive(Debug)]
pub(super) struct Whole {
    cost: Vec<u64>,
    cltv: Vec<u32>,
    hops: Vec<u32>,
    settled: u64,
}

impl Whole {
    /// Three searches from the payer. O(m log n).
    pub(super) fn new<C: HopCost>(problem: &Problem<'_, C>, labels: &LabelTable) -> Self {
        let node_count = problem.layers.iter().map(|layer| layer.node_end() as usize).max().unwrap_or(0);
        let node_count = node_count.max(problem.topology.node_count());
        let mut settled = 0;
        let mut search = |weigh: &dyn Fn(u32, u32) -> Option<u64>| {
            let mut least = vec![u64::MAX; node_count];
            let mut queue = Heap::default();
            least[problem.payer as usize] = 0;
            queue.push(0, problem.payer);
            while let Some(entry) = queue.pop() {
                if least[entry.item as usize] != entry.key {
                    continue;
                }
                settled += 1;
                for_each_outgoing(problem, entry.item, |head, arc| {
                    let is_avoided = labels.find(head).is_some_and(|label| label.flags & AVOIDED != 0);
                    let Some(weight) = weigh(entry.item, arc).filter(|_| !is_avoided) else { return };
                    let length = entry.key.saturating_add(weight);
                    if length < least[head as usize] {
                        least[head as usize] = length;
                        queue.push(length, head);
                    }
                });
            }
            least
        };
        let cost = search(&|tail, arc| least_cost(problem, tail, arc));
        let cltv = search(&|tail, arc| {
            least_cost(problem, tail, arc)?;
            Some(if tail == problem.payer { 0 } else { problem.record(arc).cltv() })
        });
        let hops = search(&|tail, arc| least_cost(problem, tail, arc).map(|_| 1));
        let narrow = |values: Vec<u64>| {
            values.into_iter().map(|value| u32::try_from(value).unwrap_or(u32::MAX)).collect()
        };
        Whole { cost, cltv: narrow(cltv), hops: narrow(hops), settled }
    }

    pub(super) fn potentials(&self) -> Potentials<'_> {
        Potentials::Whole { cost: &self.cost, cltv: &self.cltv, hops: &self.hops }
    }

    pub(super) fn settled(&self) -> u64 {
        self.settled
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
    let bounds = problem.passage(record, arc, problem.restrictions.concern_arcs())?;
    if bounds.max < problem.amount || bounds.min > problem.amount_max {
        return None;
    }
    if problem.head(arc) == problem.payee && !problem.is_last_hop(tail) {
        return None;
    }
    if tail == problem.payer {
        return match problem.first_balance(arc)? {
            Some(balance) => {
                (balance >= problem.amount).then(|| bounds.beyond_weight.of(problem.cost.first_known()))
            }
            None => {
                let beyond = problem.cost.first(bounds.capacity, bounds.known, problem.amount);
                Some(bounds.beyond_weight.of(beyond))
            }
        };
    }
    let fee = record.fee(problem.amount);
    let whole =
        problem.discount(tail).map_or(fee, |discount| discount.least_fee(record, fee, problem.amount));
    let beyond = problem.cost.forward(record, bounds.capacity, bounds.known, problem.amount);
    Some(bounds.least_fee_cost(whole, fee).saturating_add(bounds.beyond_weight.of(beyond)))
}
