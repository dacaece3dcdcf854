//! One payer and all nodes, or all payers and one payee.
//!
//! Amounts grow backwards from a payee, so what a route costs is only known from its payee's side. Hence three answers:
//!
//! - [`reach`] goes forward from a payer at a fixed amount. Its costs are *lower bounds*: no HTLC of a route carries less
//!   than what the payee gets, and no cost falls with the amount. What it does not reach has no route.
//! - [`reach_exactly`] asks the route search for the nodes that were reached: exact, within all limits, a search each.
//! - [`reach_to`] goes backward from a payee and is exact, for the fee alone.
//!
//! The first and the last do not look at limits on blocks, hops and onion size. Both are one Dijkstra search of the whole
//! graph: O(m log n) and a table of all nodes.

use rayon::prelude::*;

use crate::compile::{CompiledCost, compile};
use crate::cost::{FeeOnly, HopCost};
use crate::graph::NodeIdx;
use crate::query::RouteQuery;
use crate::route::Route;
use crate::router::{QueryPart, RouteError, RouteWorkspace, route};
use crate::search::heap::Heap;
use crate::search::problem::{Problem, Suffix};
use crate::search::{for_each_outgoing, least_cost};
use crate::snapshot::Snapshot;
use crate::stop::Stop;

/// A node that may be reached, or that may pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReachEntry {
    /// The node, by its number in the snapshot.
    pub node: NodeIdx,
    /// The least cost, in msat, of a route between this node and the one that was asked for; a lower bound on it in
    /// [`reach`].
    pub least_cost: u64,
    /// Channels on a path of that cost.
    pub hop_count: u32,
}

/// Lower bounds on the cost from the query's payer to every node that may be reached, cheapest first. The query's
/// payee and last hop count for nothing, all else does as for a route.
///
/// - A node that is missing has no route for this amount, or is to be avoided.
/// - A route to a node that is there costs `least_cost` or more. There may be none: amounts that grow on the way may
///   not fit where the payee's amount does.
///
/// # Errors
/// Where a name of the query is unknown, or the query contradicts itself. [`RouteError::WorkLimit`] where the query's
/// `stop` is raised.
pub fn reach(snapshot: &Snapshot, query: &RouteQuery) -> Result<Vec<ReachEntry>, RouteError> {
    let query = RouteQuery { payee: query.payer, last_hop: None, ..query.clone() };
    let compiled = compile(snapshot, &query)?;
    match compiled.cost(&query) {
        CompiledCost::Fee(cost) => forward(&compiled.problem(snapshot, &query, cost), &query.stop),
        CompiledCost::Risk(cost) => forward(&compiled.problem(snapshot, &query, cost), &query.stop),
        CompiledCost::Probability(cost) => forward(&compiled.problem(snapshot, &query, cost), &query.stop),
    }
}

/// Finds the cheapest route from the query's payer to each of these nodes, on all threads of rayon's current pool, and
/// returns what `each` makes of the answers, in the order of `reached`. With all that [`reach`] has found, nobody else can
/// be paid. The query's payee counts for nothing, all else does as for a route.
///
/// Nodes that only the query's extra arcs or layers lead to are left out: the snapshot has no name for them. One search a node.
pub fn reach_exactly<R: Send>(
    snapshot: &Snapshot,
    query: &RouteQuery,
    reached: &[ReachEntry],
    each: impl Fn(&ReachEntry, Result<Route, RouteError>) -> R + Sync,
) -> Vec<R> {
    let named = reached.par_iter().filter(|entry| entry.node.to_usize() < snapshot.node_count());
    let answers = named.map_init(RouteWorkspace::default, |space, entry| {
        let query = RouteQuery { payee: snapshot.node_id(entry.node), ..query.clone() };
        each(entry, route(snapshot, &query, space))
    });
    answers.collect()
}

/// The least fee with which each node can pay the query's payee, cheapest first; exactly the cost of its route under
/// [`CostModel::Fee`] where that keeps within blocks, hops and onion size. A node that is missing has none.
///
/// The query's payer and first channels count for nothing; the cost is the fee, and an amount below a minimum is lifted
/// to it, whatever the query says. Biases of layers do not count.
///
/// # Errors
/// As [`reach`]. [`RouteError::BadQuery`] in a graph with inbound fees (bLIP-18) that the query does not ignore: with
/// them, one state a node does not tell the cost.
pub fn reach_to(snapshot: &Snapshot, query: &RouteQuery) -> Result<Vec<ReachEntry>, RouteError> {
    if snapshot.has_inbound_fees() && !query.ignore_inbound_fees {
        return Err(RouteError::BadQuery {
            part: QueryPart::InboundFees,
            reason: "the fees of all payers are known without inbound fees only",
        });
    }
    let query = RouteQuery { payer: query.payee, first_channels: None, ..query.clone() };
    let compiled = compile(snapshot, &query)?;
    // All nodes are payers, so none is the payer.
    let problem = Problem { payer: u32::MAX, ..compiled.problem(snapshot, &query, FeeOnly) };
    backward(&problem, &query.stop)
}

fn forward<C: HopCost>(problem: &Problem<'_, C>, stop: &Stop) -> Result<Vec<ReachEntry>, RouteError> {
    let mut settled = 0;
    let mut least = vec![(u64::MAX, 0); node_count(problem)];
    let mut queue = Heap::default();
    least[problem.payer as usize] = (0, 0);
    queue.push(0, problem.payer);
    while let Some(entry) = queue.pop() {
        let (cost, hops) = least[entry.item as usize];
        if cost != entry.key {
            continue;
        }
        settled = settled_next(settled, stop)?;
        for_each_outgoing(problem, entry.item, |head, arc| {
            let Some(weight) = least_cost(problem, entry.item, arc) else { return };
            let cost = cost.saturating_add(weight);
            if cost < least[head as usize].0 && !is_avoided(problem, head) {
                least[head as usize] = (cost, hops + 1);
                queue.push(cost, head);
            }
        });
    }
    Ok(entries(&least, problem.payer))
}

/// Each node has two labels: as one that forwards, which others pass through, and as a payer, whose own channel is
/// free. Without inbound fees, the state of least fee has the least amount, too, so it is the best for whatever comes
/// before it.
fn backward(problem: &Problem<'_, FeeOnly>, stop: &Stop) -> Result<Vec<ReachEntry>, RouteError> {
    let mut settled = 0;
    let mut least = vec![(u64::MAX, 0); node_count(problem)];
    let mut states: Vec<Option<(Suffix, u32)>> = vec![None; node_count(problem)];
    let mut queue = Heap::default();
    states[problem.payee as usize] = Some((problem.root(), 0));
    queue.push(0, problem.payee);
    while let Some(entry) = queue.pop() {
        let Some((state, hops)) = states[entry.item as usize] else { continue };
        if state.cost != entry.key {
            continue;
        }
        settled = settled_next(settled, stop)?;
        for_each_incoming(problem, entry.item, |tail, arc| {
            if tail == problem.payee || is_avoided(problem, tail) {
                return;
            }
            let Some((sent, forwarded)) = before(problem, tail, arc, &state) else { return };
            if sent < least[tail as usize].0 {
                least[tail as usize] = (sent, hops + 1);
            }
            let known = &mut states[tail as usize];
            let better = forwarded.filter(|next| known.is_none_or(|(known, _)| next.cost < known.cost));
            if let Some(next) = better {
                *known = Some((next, hops + 1));
                queue.push(next.cost, tail);
            }
        });
    }
    Ok(entries(&least, problem.payee))
}

/// One node more, unless the flag is raised.
fn settled_next(settled: u64, stop: &Stop) -> Result<u64, RouteError> {
    if stop.is_set() { Err(RouteError::WorkLimit { settled }) } else { Ok(settled + 1) }
}

/// What it costs the tail of an arc to pay over it, and its state if it forwards.
fn before(
    problem: &Problem<'_, FeeOnly>,
    tail: u32,
    arc: u32,
    state: &Suffix,
) -> Option<(u64, Option<Suffix>)> {
    if problem.head(arc) == problem.payee && !problem.is_last_hop(tail) {
        return None;
    }
    let bounds = problem.passage(problem.record(arc), arc, problem.is_restricted)?;
    let sent = problem.sent(bounds, arc, state.cost, state.received, state.received)?;
    Some((sent.cost, problem.extend(arc, state)))
}

fn for_each_incoming<C: HopCost>(problem: &Problem<'_, C>, node: u32, mut visit: impl FnMut(u32, u32)) {
    for &arc in problem.topology.in_lists().arcs_of(node) {
        visit(problem.tail(arc), arc);
    }
    for layer in problem.layers {
        for arc in layer.incoming(node) {
            visit(arc.tail, arc.arc);
        }
    }
}

fn is_avoided<C>(problem: &Problem<'_, C>, node: u32) -> bool {
    problem.restrictions.avoided_nodes.binary_search(&node).is_ok()
}

fn node_count<C>(problem: &Problem<'_, C>) -> usize {
    let ends = problem.layers.iter().map(|layer| layer.node_end() as usize);
    ends.fold(problem.topology.node_count(), usize::max)
}

fn entries(least: &[(u64, u32)], from: u32) -> Vec<ReachEntry> {
    let reached = least.iter().zip(0..).filter(|&(label, node)| label.0 != u64::MAX && node != from);
    let mut entries: Vec<ReachEntry> = reached
        .map(|(&(least_cost, hop_count), node)| ReachEntry {
            node: NodeIdx::from_u32(node),
            least_cost,
            hop_count,
        })
        .collect();
    entries.sort_by_key(|entry| (entry.least_cost, entry.node));
    entries
}
