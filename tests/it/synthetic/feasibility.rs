//! Whether payments between random pairs find any single path: the plainest search there is.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use engine::graph::GraphBuilder;
use primitives::{Fee, Msat, NodeId};

/// Enabled arcs by their head.
pub(super) struct Network {
    arcs_into: Vec<Vec<Arc>>,
    places: HashMap<NodeId, u32>,
}

struct Arc {
    tail: u32,
    fee: Fee,
    htlc_minimum_msat: Msat,
    limit: Msat,
}

impl Network {
    pub(super) fn new(graph: &GraphBuilder) -> Self {
        let mut arcs_into: Vec<Vec<Arc>> = graph.nodes().iter().map(|_| Vec::new()).collect();
        for channel in graph.channels() {
            for (direction, policy) in channel.policies.iter().enumerate() {
                let Some(policy) = policy.filter(|policy| !policy.disabled) else { continue };
                let limit = policy.htlc_maximum_msat.min(channel.capacity.unwrap_or(Msat::MAX));
                arcs_into[channel.nodes[1 - direction] as usize].push(Arc {
                    tail: channel.nodes[direction],
                    fee: policy.fee,
                    htlc_minimum_msat: policy.htlc_minimum_msat,
                    limit,
                });
            }
        }
        let places = graph.nodes().iter().zip(0..).map(|(&id, place)| (id, place)).collect();
        Network { arcs_into, places }
    }

    /// Nodes with an enabled arc in and one out; to the others nothing gets whatever the amount.
    pub(super) fn reachable_nodes(&self, graph: &GraphBuilder) -> Vec<NodeId> {
        let mut has_arc_out = vec![false; self.arcs_into.len()];
        self.arcs_into.iter().flatten().for_each(|arc| has_arc_out[arc.tail as usize] = true);
        let ends = self.arcs_into.iter().zip(has_arc_out);
        let open = ends.zip(graph.nodes()).filter(|((into, out), _)| *out && !into.is_empty());
        open.map(|(_, &id)| id).collect()
    }

    /// The part of these payments that has a route. Backwards from the payee, least amount first; the payer's own
    /// channel is free.
    pub(super) fn routable_share(&self, queries: &[(NodeId, NodeId, Msat)]) -> f64 {
        let routable = queries.iter().filter(|(payer, payee, amount)| {
            self.is_routable(self.places[payer], self.places[payee], *amount)
        });
        routable.count() as f64 / queries.len() as f64
    }

    fn is_routable(&self, payer: u32, payee: u32, amount: Msat) -> bool {
        let mut least = HashMap::from([(payee, amount)]);
        let mut queue = BinaryHeap::from([Reverse((amount, payee))]);
        while let Some(Reverse((amount, head))) = queue.pop() {
            if least[&head] < amount {
                continue;
            }
            for arc in &self.arcs_into[head as usize] {
                if amount < arc.htlc_minimum_msat || amount > arc.limit {
                    continue;
                }
                if arc.tail == payer {
                    return true;
                }
                let Some(before) = arc.fee.of(amount).and_then(|fee| amount.checked_add(fee)) else {
                    continue;
                };
                if least.get(&arc.tail).is_none_or(|&known| before < known) {
                    least.insert(arc.tail, before);
                    queue.push(Reverse((before, arc.tail)));
                }
            }
        }
        false
    }
}
