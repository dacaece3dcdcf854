//! Answers queries on a snapshot.
//!
//! A query is compiled into the snapshot's numbers, searched, and the answer priced again from one consistent state
//! of the graph; where that differs from what the search saw, because a policy changed meanwhile, the search is
//! repeated. A `Route` is made in one place, `finish`, and only of arcs whose price obeys every limit.

use primitives::Msat;

use crate::belief::Liquidity;
use crate::compile::{Compiled, CompiledCost, compile};
use crate::cost::{FeeOnly, HopCost};
use crate::explain::{NoRoute, Unexplained, explain, widest_path};
use crate::query::RouteQuery;
use crate::route::{Price, PricedHop, Proof, Route, limits_of, payee_used, price};
use crate::search::problem::{ONCE_COUNT_MAX, Problem};
use crate::search::{
    Answer, Counts, Limits, Outcome, Rules, Used, Workspace, lifts_surely, solve, solve_within,
};
use crate::snapshot::Snapshot;

pub use crate::route_error::{QueryPart, RouteError};

/// What one thread needs to answer queries: the searches' memory and a little of its own.
#[derive(Debug, Default)]
pub struct RouteWorkspace {
    pub(crate) search: Workspace,
    hops: Vec<PricedHop>,
    /// The nodes that the route's arcs lead to.
    heads: Vec<u32>,
    /// The arcs of the last route that was found.
    pub(crate) arcs: Vec<u32>,
}

impl RouteWorkspace {
    /// Nodes and labels that the searches in this memory have expanded since the last call, those without a route and
    /// those that explain why there is none included.
    pub fn take_settled(&mut self) -> u64 {
        std::mem::take(&mut self.search.settled)
    }
}

/// Finds the cheapest route.
///
/// # Errors
/// See [`RouteError`].
pub fn route(
    snapshot: &Snapshot,
    query: &RouteQuery,
    space: &mut RouteWorkspace,
) -> Result<Route, RouteError> {
    let compiled = compile(snapshot, query)?;
    route_compiled(snapshot, query, &compiled, &[], space)
}

/// The largest HTLC that any single path could carry if every channel's funds were on the right side: what to tell
/// somebody whose payment is not connected. Costs a search of the whole graph.
///
/// # Errors
/// As [`route`] for a query that names what is not there. [`RouteError::WorkLimit`] where the query's `stop` is raised.
pub fn widest(snapshot: &Snapshot, query: &RouteQuery) -> Result<Msat, RouteError> {
    let compiled = compile(snapshot, query)?;
    let width = widest_path(&compiled.problem(snapshot, query, FeeOnly), &query.stop);
    width.map(Msat::from_msat).map_err(|settled| RouteError::WorkLimit { settled })
}

/// Finds the cheapest route of a query that is compiled already, among those that end with the arcs `end`. Its arcs
/// are left in the workspace. The compiled restrictions must keep the search off the nodes that `end` leads to; what
/// closes the way to its first node is not explained.
pub(crate) fn route_compiled(
    snapshot: &Snapshot,
    query: &RouteQuery,
    compiled: &Compiled,
    end: &[u32],
    space: &mut RouteWorkspace,
) -> Result<Route, RouteError> {
    route_knowing(snapshot, query, compiled, None, end, space)
}

/// The same by what is known of liquidity beside the query.
pub(crate) fn route_knowing(
    snapshot: &Snapshot,
    query: &RouteQuery,
    compiled: &Compiled,
    known: Option<&dyn Liquidity>,
    end: &[u32],
    space: &mut RouteWorkspace,
) -> Result<Route, RouteError> {
    space.search.stop_with(&query.stop);
    match compiled.cost_knowing(query, known) {
        CompiledCost::Fee(cost) => {
            route_by(snapshot, query, compiled.problem(snapshot, query, cost).knowing(known), end, space)
        }
        CompiledCost::Risk(cost) => {
            route_by(snapshot, query, compiled.problem(snapshot, query, cost).knowing(known), end, space)
        }
        CompiledCost::Probability(cost) => {
            route_by(snapshot, query, compiled.problem(snapshot, query, cost).knowing(known), end, space)
        }
    }
}

fn route_by<C: HopCost>(
    snapshot: &Snapshot,
    query: &RouteQuery,
    problem: Problem<'_, C>,
    end: &[u32],
    space: &mut RouteWorkspace,
) -> Result<Route, RouteError> {
    let payee = payee_used(&query.limits, query.amount);
    for _ in 0..TRY_COUNT_MAX {
        let problem = problem.renewed();
        let Some((&first, _)) = end.split_first() else {
            match attempt(snapshot, query, problem, payee, space)? {
                Some((answer, found)) => return Ok(finish(snapshot, query, problem, answer, found, space)),
                // A policy changed under the search: look again.
                None => continue,
            }
        };
        let strict = Problem { strict: !query.may_overpay, ..problem };
        let Some(start) = read(snapshot, &strict, payee, end, &mut space.hops)? else {
            if problem.is_outdated() {
                continue;
            }
            return Err(RouteError::NoRoute(NoRoute::NotConnected));
        };
        let part = problem.starting_at(problem.tail(first), start.suffix);
        let Some((answer, found)) = attempt(snapshot, query, part, start.used, space)? else { continue };
        space.arcs.extend_from_slice(end);
        // Both parts were right, each at its moment; all of it must be at one.
        let whole = read(snapshot, &strict, payee, &space.arcs, &mut space.hops)?;
        if let Some(whole) = whole.filter(|whole| whole.suffix == found.suffix && whole.used == found.used) {
            return Ok(finish(snapshot, query, problem, answer, whole, space));
        }
    }
    Err(RouteError::Contended)
}

/// One search from a state that has used up `start`; `None` where the graph changed under it.
fn attempt<C: HopCost>(
    snapshot: &Snapshot,
    query: &RouteQuery,
    problem: Problem<'_, C>,
    start: Used,
    space: &mut RouteWorkspace,
) -> Result<Option<(Answer, Price)>, RouteError> {
    let all = limits_of(&query.limits);
    let (mut limits, mut once) = (Limits::default(), Vec::new());
    // A search that might lift would only find that it must.
    let mut is_strict = !query.may_overpay && lifts_surely(&problem);
    space.search.best.clear();
    let (mut counts, mut least) = (Counts::default(), 0);
    // Each round limits what the last answer violated; there are four kinds of limit, and nodes to be visited once.
    for round in 0..=4 + ONCE_COUNT_MAX {
        let is_limited = round > 0 || is_strict;
        let part = Problem { strict: is_strict, once: &once, ..problem }.after(counts);
        let mut answer = if is_limited {
            solve_within(part, &mut space.search, &Rules { start, limits, all, least })
        } else {
            solve(part, &mut space.search)
        };
        counts = counts.plus(answer.counts);
        // Each round searches some of the routes of the one before.
        least = answer.least.max(least);
        (answer.counts, answer.least) = (counts, least);
        let Outcome::Route { cost } = answer.outcome else {
            return unfound(query, part, answer, is_limited, space);
        };
        let mut loops = Vec::new();
        let Some(found) = reprice(snapshot, part, start, cost, space, &mut loops)? else { return Ok(None) };
        let binding = Limits {
            cltv: all.cltv.filter(|&max| limits.cltv.is_some() || found.used.cltv > max),
            hops: all.hops.filter(|&max| limits.hops.is_some() || found.used.hops > max),
            payload: all.payload.filter(|&max| limits.payload.is_some() || found.used.payload > max),
        };
        let must_be_strict = is_strict || found.is_lifted && !query.may_overpay;
        if binding == limits && must_be_strict == is_strict && loops.is_empty() {
            return Ok(Some((answer, found)));
        }
        if !loops.is_empty() && once.len() == ONCE_COUNT_MAX {
            return Err(RouteError::WorkLimit { settled: answer.counts.settled });
        }
        (limits, is_strict) = (binding, must_be_strict);
        once.extend(loops);
        once.truncate(ONCE_COUNT_MAX);
    }
    Ok(None)
}

/// Why there is no route; `None` where the graph changed before that was clear.
fn unfound<C: HopCost>(
    query: &RouteQuery,
    problem: Problem<'_, C>,
    answer: Answer,
    is_limited: bool,
    space: &mut RouteWorkspace,
) -> Result<Option<(Answer, Price)>, RouteError> {
    // The reason may take as much work as the answer.
    let whole = Problem { settled_max: query.work_max, ..problem.with_cost(FeeOnly) };
    match answer.outcome {
        Outcome::WorkLimit => Err(RouteError::WorkLimit { settled: answer.counts.settled }),
        Outcome::Changed => Ok(None),
        _ if problem.start.is_some() => Err(RouteError::NoRoute(NoRoute::NotConnected)),
        _ => match explain(query, whole, is_limited, limits_of(&query.limits), &mut space.search) {
            Ok(reason) => Err(RouteError::NoRoute(reason)),
            Err(Unexplained::WorkLimit) => Err(RouteError::WorkLimit { settled: answer.counts.settled }),
            Err(Unexplained::Changed) => Ok(None),
        },
    }
}

/// Prices the workspace's best arcs in one consistent state of the graph; `None` where they no longer make a route of
/// that cost. Where it has loops that pay for themselves, adds their nodes to `once`.
fn reprice<C: HopCost>(
    snapshot: &Snapshot,
    problem: Problem<'_, C>,
    start: Used,
    cost: u64,
    space: &mut RouteWorkspace,
    once: &mut Vec<u32>,
) -> Result<Option<Price>, RouteError> {
    space.arcs.clear();
    space.arcs.extend_from_slice(&space.search.best);
    let RouteWorkspace { search, hops, arcs, heads } = space;
    cut_loops(&problem, arcs, heads);
    let is_cut = arcs.len() < search.best.len();
    let without = read(snapshot, &problem, start, arcs, hops)?;
    let is_as_good = |found: &Price| found.suffix.cost <= cost;
    if !is_cut || without.as_ref().is_some_and(is_as_good) {
        return Ok(without.filter(is_as_good));
    }
    let found = read(snapshot, &problem, start, &search.best, hops)?.filter(is_as_good);
    let heads = || search.best.iter().map(|&arc| problem.head(arc));
    for (at, head) in heads().enumerate() {
        if heads().skip(at + 1).any(|later| later == head) && !once.contains(&head) {
            once.push(head);
        }
    }
    if without.is_some() {
        // What a search that keeps the loops out has to beat.
        search.best.clone_from(arcs);
    }
    Ok(found)
}

/// Prices arcs in one consistent state of the graph.
fn read<C: HopCost>(
    snapshot: &Snapshot,
    problem: &Problem<'_, C>,
    start: Used,
    arcs: &[u32],
    hops: &mut Vec<PricedHop>,
) -> Result<Option<Price>, RouteError> {
    snapshot.read_consistent(|| price(problem, start, arcs, hops)).map_err(|_| RouteError::Contended)
}

/// Cuts out loops, which cost nothing or pay for themselves with inbound fees (bLIP-18) that are discounts.
fn cut_loops<C: HopCost>(problem: &Problem<'_, C>, arcs: &mut Vec<u32>, heads: &mut Vec<u32>) {
    // Each head is asked for once: on a large graph it lies in no cache.
    heads.clear();
    heads.extend(arcs.iter().map(|&arc| problem.head(arc)));
    let mut at = 0;
    while at < heads.len() {
        let later = heads.iter().rposition(|&head| head == heads[at]).unwrap_or(at);
        arcs.drain(at + 1..=later);
        heads.drain(at + 1..=later);
        at += 1;
    }
}

/// Names the arcs: the only place where a `Route` is made.
fn finish<C: HopCost>(
    snapshot: &Snapshot,
    query: &RouteQuery,
    problem: Problem<'_, C>,
    answer: Answer,
    found: Price,
    space: &RouteWorkspace,
) -> Route {
    let mut hops = Vec::with_capacity(space.hops.len());
    let mut probability = 1.0;
    let mut forwarded = None;
    for (at, hop) in space.hops.iter().enumerate() {
        let is_first = at + 1 == space.hops.len();
        let is_known = is_first && query.first_channels.is_some();
        probability *= hop.probability(is_known);
        hops.push(hop.named(problem.names(snapshot, hop.arc), forwarded));
        forwarded = Some(Msat::from_msat(hop.amount()));
    }
    hops.reverse();
    let gap = found.suffix.cost.saturating_sub(answer.least);
    Route {
        payer: query.payer,
        amount: query.amount,
        fee: Msat::from_msat(found.suffix.received - query.amount.to_msat()),
        cltv: found.used.cltv,
        probability,
        cost: found.suffix.cost,
        proof: if gap == 0 { Proof::Optimal } else { Proof::Bounded { gap: Msat::from_msat(gap) } },
        version: snapshot.version(),
        method: answer.method,
        counts: answer.counts,
        hops,
    }
}

/// Searches of one query before the graph is called too restless.
const TRY_COUNT_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use primitives::{
        ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, GraphDelta, InboundFee, NodeId,
        ShortChannelId,
    };

    use super::*;
    use crate::cost::CostModel;
    use crate::graph::{GraphBuilder, Topology};
    use crate::snapshot::{ChannelGraph, GraphWriter};

    fn node(number: u8) -> NodeId {
        let mut bytes = [number; 33];
        bytes[0] = 2;
        NodeId::from_bytes(bytes).expect("prefix 2")
    }

    fn updated(channel: u64, direction: Direction, inbound_base_msat: i32) -> GraphDelta {
        let policy = ChannelPolicy {
            fee: Fee { fee_base_msat: 1000, fee_proportional_millionths: 0 },
            inbound_fee: InboundFee { base_msat: inbound_base_msat, proportional_millionths: 0 },
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(10),
            htlc_minimum_msat: Msat::from_msat(1),
            htlc_maximum_msat: Msat::from_msat(1_000_000_000),
            disabled: false,
            last_update: Default::default(),
        };
        GraphDelta::PolicyUpdated { short_channel_id: ShortChannelId::from_u64(channel), direction, policy }
    }

    /// Node 1 to 2 to 3 over channels 1 and 2, without inbound fees.
    fn line() -> (ChannelGraph, GraphWriter) {
        let mut builder = GraphBuilder::new();
        for (channel, from) in [(1, 1), (2, 2)] {
            let opened = GraphDelta::ChannelOpened {
                short_channel_id: ShortChannelId::from_u64(channel),
                node_id_1: node(from),
                node_id_2: node(from + 1),
                capacity: Some(Msat::from_msat(1_000_000_000)),
                features: Features::default(),
            };
            builder.apply(&opened).expect("new");
            for direction in Direction::BOTH {
                builder.apply(&updated(channel, direction, 0)).expect("known");
            }
        }
        ChannelGraph::new(Topology::build(builder).expect("small"))
    }

    #[test]
    fn the_first_inbound_fee_in_the_middle_of_a_query_is_priced() {
        let query = RouteQuery::new(node(1), node(3), Msat::from_msat(50_000)).with_cost(CostModel::Fee);
        let ignoring = RouteQuery { ignore_inbound_fees: true, ..query.clone() };
        for (inbound, fee) in [(700, 1700), (-300, 700)] {
            for (query, fee) in [(&query, fee), (&ignoring, 1000)] {
                let (graph, mut writer) = line();
                let (snapshot, mut space) = (graph.snapshot(), RouteWorkspace::default());
                let compiled = compile(&snapshot, query).expect("known names");
                let problem = compiled.problem(&snapshot, query, FeeOnly);
                let arcs = [1, 2].map(|channel| {
                    let channel = snapshot.channel(ShortChannelId::from_u64(channel)).expect("open");
                    channel.arc(Direction::NodeOneToTwo).to_u32()
                });
                // What node 2 takes for what arrives from node 1.
                writer.apply(&updated(1, Direction::NodeTwoToOne, inbound)).expect("known");
                let used = payee_used(&query.limits, query.amount);
                let stale =
                    read(&snapshot, &problem, used, &arcs, &mut space.hops).expect("a writer at rest");
                assert_eq!(stale.is_some(), query.ignore_inbound_fees, "priced without the fee");
                for end in [&arcs[2..], &arcs[1..]] {
                    let mut restricted = compiled.restrictions.clone();
                    restricted.avoided_nodes.extend(end.iter().map(|&arc| problem.head(arc)));
                    let problem = Problem { restrictions: &restricted, ..problem };
                    let found = route_by(&snapshot, query, problem, end, &mut space).expect("a way");
                    assert_eq!(found.fee.to_msat(), fee, "{found:?}");
                }
            }
        }
    }
}
