//! The textbook as a contender: `petgraph::algo::dijkstra` from the payee over reversed arcs.
//!
//! What someone would write in an afternoon. Every arc costs the fee for the *payment's* amount, not for the larger one
//! that would pass it, so that the cost of an arc is known beforehand and the stock algorithm applies. The path is then
//! priced exactly. It may therefore miss the least fee by a little, and a path whose limits the grown amount breaks
//! counts as none. Lock time and length are not limited.

use std::collections::HashMap;

use engine::graph::GraphBuilder;
use petgraph::Direction::Incoming;
use petgraph::algo::dijkstra;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{EdgeFiltered, EdgeRef};
use primitives::{ChannelPolicy, Direction, Msat, NodeId};

use crate::{Answer, BuildError, Contender, Mode, NoRoute, Query};

/// The reversed channel graph, and where each node is in it.
pub struct Pet {
    reversed: DiGraph<(), Arc>,
    places: HashMap<NodeId, NodeIndex>,
}

/// One enabled direction of a channel.
#[derive(Debug, Clone, Copy)]
struct Arc {
    policy: ChannelPolicy,
    /// The lesser of `htlc_maximum_msat` and the capacity.
    amount_max: Msat,
}

impl Contender for Pet {
    const NAME: &'static str = "petgraph";
    const MODES: &'static [Mode] = &[Mode::MinFee];
    type Request = Query;
    type Scratch = ();

    fn build(draft: &GraphBuilder) -> Result<Self, BuildError> {
        let mut reversed = DiGraph::with_capacity(draft.nodes().len(), 2 * draft.channels().len());
        let places = draft.nodes().iter().map(|&node_id| (node_id, reversed.add_node(()))).collect();
        for channel in draft.channels() {
            for direction in Direction::BOTH {
                let Some(policy) = channel.policies[direction.as_usize()].filter(|policy| !policy.disabled)
                else {
                    continue;
                };
                let tail = NodeIndex::new(channel.nodes[direction.as_usize()] as usize);
                let head = NodeIndex::new(channel.nodes[direction.reversed().as_usize()] as usize);
                let amount_max = policy.htlc_maximum_msat.min(channel.capacity.unwrap_or(Msat::MAX));
                reversed.add_edge(head, tail, Arc { policy, amount_max });
            }
        }
        Ok(Pet { reversed, places })
    }

    fn request(&self, query: &Query, _mode: Mode) -> Result<Query, NoRoute> {
        Ok(*query)
    }

    fn scratch(&self) {}

    fn route(&self, _scratch: &mut (), query: &Query) -> Result<Answer, NoRoute> {
        let place = |node_id| self.places.get(&node_id).copied().ok_or(NoRoute("unknown node"));
        let (payer, payee) = (place(query.payer)?, place(query.payee)?);
        let cost = |tail: NodeIndex, arc: &Arc| if tail == payer { 1 } else { arc.cost(query.amount) };
        let usable = EdgeFiltered::from_fn(&self.reversed, |edge| edge.weight().carries(query.amount));
        let costs = dijkstra(&usable, payee, Some(payer), |edge| cost(edge.target(), edge.weight()));
        let path = self.walk(
            payer,
            payee,
            |node| costs.get(&node).copied(),
            |tail, arc| arc.carries(query.amount).then(|| cost(tail, arc)),
        )?;
        price(&path, query.amount)
    }
}

impl Pet {
    /// Follows the costs downhill from payer to payee. Each arc costs at least 1, so this ends.
    fn walk(
        &self,
        payer: NodeIndex,
        payee: NodeIndex,
        costs: impl Fn(NodeIndex) -> Option<u64>,
        cost: impl Fn(NodeIndex, &Arc) -> Option<u64>,
    ) -> Result<Vec<Arc>, NoRoute> {
        let (mut node, mut path) = (payer, Vec::new());
        let mut here = costs(payer).ok_or(NoRoute("not connected"))?;
        while node != payee {
            let step = self.reversed.edges_directed(node, Incoming).find_map(|edge| {
                let there = costs(edge.source())?;
                let fits = there.checked_add(cost(node, edge.weight())?) == Some(here);
                fits.then(|| (edge.source(), there, *edge.weight()))
            });
            let (next, there, arc) = step.ok_or(NoRoute("the search left no path"))?;
            path.push(arc);
            (node, here) = (next, there);
        }
        Ok(path)
    }
}

impl Arc {
    fn carries(&self, amount: Msat) -> bool {
        (self.policy.htlc_minimum_msat..=self.amount_max).contains(&amount)
    }

    /// The fee in the upper bits, one hop in the lowest eight: of equal fees the shortest path wins, and no path is a
    /// circle. Fees beyond reason (2^40 msat are 11 BTC) all cost the same, so that no sum overflows.
    fn cost(&self, amount: Msat) -> u64 {
        let fee = self.policy.fee.of(amount).unwrap_or(Msat::MAX).to_msat();
        fee.min(1 << 40) << 8 | 1
    }
}

/// Prices a path from its end; the first arc is the payer's own and free.
fn price(path: &[Arc], amount: Msat) -> Result<Answer, NoRoute> {
    let mut carried = amount;
    for (at, arc) in path.iter().enumerate().rev() {
        if !arc.carries(carried) {
            return Err(NoRoute("fees grow the amount beyond a limit"));
        }
        if at > 0 {
            let fee = arc.policy.fee.of(carried);
            carried = fee.and_then(|fee| carried.checked_add(fee)).ok_or(NoRoute("the fee overflows"))?;
        }
    }
    Ok(Answer {
        fee_msat: carried.saturating_sub(amount).to_msat(),
        hops: u32::try_from(path.len()).unwrap_or(u32::MAX),
        cltv: path.iter().skip(1).map(|arc| u32::from(arc.policy.cltv_expiry_delta.to_blocks())).sum(),
        parts: 1,
    })
}
