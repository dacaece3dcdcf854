//! What nobody could have paid: the greatest flow over the true balances, fees aside.
//!
//! Ford and Fulkerson's algorithm with scaling (Ahuja, Magnanti, Orlin, "Network Flows", 1993, section 7.3): paths that carry
//! much are looked for first. Plain on purpose; planners are held against it.

use std::collections::VecDeque;

use primitives::Msat;
use rand::Rng;

use super::hidden::HiddenNetwork;
use super::stream::{Purpose, stream};
use crate::graph::{ArcIdx, NodeIdx, Topology};

/// The most that payer can get to payee over enabled channels, as far as it matters: at most `enough`. Minima, maxima of
/// single HTLCs, fees and expiries are left out, so what is more than this is beyond everybody. O(m) a path.
pub fn most_payable(
    topology: &Topology,
    network: &HiddenNetwork,
    payer: NodeIdx,
    payee: NodeIdx,
    enough: Msat,
) -> Msat {
    let room = (0..2 * topology.channel_count() as u32).map(|arc| {
        let arc = ArcIdx::from_u32(arc);
        let is_open = topology.policy(arc).is_some_and(|policy| !policy.disabled);
        if is_open { network.spendable(arc).to_msat() } else { 0 }
    });
    let mut residual =
        Residual { topology, room: room.collect(), sent: vec![0; 2 * topology.channel_count()] };
    let enough = enough.to_msat();
    let mut found = 0;
    let mut least = enough.max(1).next_power_of_two();
    while least > 0 && found < enough {
        match residual.path(payer, payee, least) {
            Some(path) => found += residual.push(&path, enough - found),
            None => least /= 2,
        }
    }
    Msat::from_msat(found)
}

/// Payments to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaymentDraw {
    /// What each payee gets.
    pub amount: Msat,
    /// How many feasible ones.
    pub count: usize,
    /// Starts the random stream.
    pub seed: u64,
}

/// Payments that were drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawnPayments {
    /// Payers and payees of feasible ones: fewer than wanted where they are rare.
    pub payments: Vec<(NodeIdx, NodeIdx)>,
    /// How many were drawn that nobody could have made.
    pub infeasible_count: usize,
}

/// Draws payments between the ends of random channels, so that large nodes pay and are paid often, until enough are feasible
/// by [`most_payable`]. Gives up where not one in 40 is. O(m) each.
pub fn draw_payments(topology: &Topology, network: &HiddenNetwork, draw: PaymentDraw) -> DrawnPayments {
    let mut rng = stream(draw.seed ^ draw.amount.to_msat(), Purpose::Payments, 0);
    let mut drawn = DrawnPayments { payments: Vec::new(), infeasible_count: 0 };
    let arc_count = 2 * topology.channel_count() as u32;
    let drawn_max = draw.count.saturating_mul(DRAWN_PER_PAYMENT_MAX);
    for _ in 0..if arc_count == 0 { 0 } else { drawn_max } {
        if drawn.payments.len() == draw.count {
            break;
        }
        let mut end = || topology.tail(ArcIdx::from_u32(rng.random_range(0..arc_count)));
        let (payer, payee) = (end(), end());
        if payer == payee {
            continue;
        }
        if most_payable(topology, network, payer, payee, draw.amount) < draw.amount {
            drawn.infeasible_count += 1;
        } else {
            drawn.payments.push((payer, payee));
        }
    }
    drawn
}

struct Residual<'a> {
    topology: &'a Topology,
    /// What each arc can send more.
    room: Vec<u64>,
    /// What each arc sends, which its head may give back.
    sent: Vec<u64>,
}

impl Residual<'_> {
    fn left(&self, arc: ArcIdx, is_back: bool) -> u64 {
        if is_back { self.sent[arc.to_usize()] } else { self.room[arc.to_usize()] }
    }

    /// The arcs of a path each of which carries at least `least`, and whether they give back; payee first.
    fn path(&self, payer: NodeIdx, payee: NodeIdx, least: u64) -> Option<Vec<(ArcIdx, bool)>> {
        let mut came: Vec<Option<(ArcIdx, bool)>> = vec![None; self.topology.node_count()];
        let mut queue = VecDeque::from([payer]);
        while let Some(node) = queue.pop_front() {
            let ahead = self.topology.outgoing(node).map(|arc| (arc, false, self.topology.head(arc)));
            let back = self.topology.incoming(node).map(|arc| (arc, true, self.topology.tail(arc)));
            for (arc, is_back, end) in ahead.chain(back) {
                let is_new = end != payer && came[end.to_usize()].is_none();
                if is_new && self.left(arc, is_back) >= least {
                    came[end.to_usize()] = Some((arc, is_back));
                    if end == payee {
                        return Some(self.trace(&came, payer, payee));
                    }
                    queue.push_back(end);
                }
            }
        }
        None
    }

    fn trace(&self, came: &[Option<(ArcIdx, bool)>], payer: NodeIdx, payee: NodeIdx) -> Vec<(ArcIdx, bool)> {
        let (mut path, mut node) = (Vec::new(), payee);
        while node != payer {
            let step = came[node.to_usize()].expect("every node of the path was reached");
            path.push(step);
            node = if step.1 { self.topology.head(step.0) } else { self.topology.tail(step.0) };
        }
        path
    }

    fn push(&mut self, path: &[(ArcIdx, bool)], most: u64) -> u64 {
        let pushed = path.iter().map(|&(arc, is_back)| self.left(arc, is_back)).fold(most, u64::min);
        for &(arc, is_back) in path {
            let (from, to) =
                if is_back { (&mut self.sent, &mut self.room) } else { (&mut self.room, &mut self.sent) };
            from[arc.to_usize()] -= pushed;
            to[arc.to_usize()] += pushed;
        }
        pushed
    }
}

/// Of the largest payments on a real network some percent are feasible.
const DRAWN_PER_PAYMENT_MAX: usize = 40;

#[cfg(test)]
mod tests {
    use petgraph::algo::ford_fulkerson;
    use petgraph::graph::DiGraph;

    use super::*;
    use crate::synthetic::{BalanceLaw, SyntheticConfig, generate};

    #[test]
    fn it_is_the_greatest_flow() {
        let config = SyntheticConfig { node_count: Some(60), ..SyntheticConfig::new(7, 200) };
        let graph = generate(&config, &mut |_| ()).expect("small");
        let topology = Topology::build(graph).expect("small");
        let mut some = 0;
        for seed in 0..40 {
            let network = HiddenNetwork::draw(&topology, BalanceLaw::Uniform, seed);
            let mut twin = DiGraph::<(), u64>::new();
            let nodes: Vec<_> = (0..topology.node_count()).map(|_| twin.add_node(())).collect();
            for arc in (0..2 * topology.channel_count() as u32).map(ArcIdx::from_u32) {
                if topology.policy(arc).is_some_and(|policy| !policy.disabled) {
                    let [tail, head] =
                        [topology.tail(arc), topology.head(arc)].map(|node| nodes[node.to_usize()]);
                    twin.add_edge(tail, head, network.spendable(arc).to_msat());
                }
            }
            // Ends of channels: most of the others are cut off.
            let [payer, payee] =
                [7 * seed, 9 * seed + 5].map(|arc| topology.tail(ArcIdx::from_u32(arc as u32 % 400)));
            if payer == payee {
                continue;
            }
            let known = ford_fulkerson(&twin, nodes[payer.to_usize()], nodes[payee.to_usize()]).0;
            let found = most_payable(&topology, &network, payer, payee, Msat::from_msat(1 << 60));
            assert_eq!(found.to_msat(), known, "seed {seed}");
            let half = Msat::from_msat(known / 2);
            assert_eq!(most_payable(&topology, &network, payer, payee, half), half);
            some += usize::from(known > 0);
        }
        assert!(some > 10, "{some}");
    }
}
