//! Answers queries on a snapshot.
//!
//! A query is compiled into the snapshot's numbers, searched, and the answer priced again from one consistent state
//! of the graph; where that differs from what the search saw, because a policy changed meanwhile, the search is
//! repeated. A `Route` is made in one place, `finish`, and only of arcs whose price obeys every limit.

use primitives::Msat;

use crate::belief::Liquidity;
use crate::compile::{Compiled, CompiledCost, compile};
use crate::cost::{FeeOnly, HopCost};
use crate::explain::{explain, widest_path};
use crate::no_route::NoRoute;
use crate::query::RouteQuery;
use crate::rounds::{Asked, Unfound, find, read};
use crate::route::{Price, Proof, Route, limits_of, payee_used};
use crate::search::problem::Problem;
use crate::search::{Answer, Used};
use crate::snapshot::Snapshot;

pub use crate::rounds::RouteWorkspace;
pub use crate::route_error::{QueryPart, RouteError};

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

/// The cheapest route that keeps to the limits, from a state that has used up `start`; `None` where the graph changed under
/// the search.
fn attempt<C: HopCost>(
    snapshot: &Snapshot,
    query: &RouteQuery,
    problem: Problem<'_, C>,
    start: Used,
    space: &mut RouteWorkspace,
) -> Result<Option<(Answer, Price)>, RouteError> {
    let asked = Asked { start, limits: limits_of(&query.limits), may_overpay: query.may_overpay };
    match find(snapshot, problem, asked, space) {
        Ok(found) => Ok(Some(found)),
        Err(Unfound::Changed) => Ok(None),
        Err(Unfound::NoRoute { settled, is_limited }) if problem.start.is_none() => {
            match explain(snapshot, query, problem.with_cost(FeeOnly), is_limited, space) {
                Ok(reason) => Err(RouteError::NoRoute(reason)),
                Err(Unfound::Changed) => Ok(None),
                Err(Unfound::Contended) => Err(RouteError::Contended),
                Err(Unfound::NoRoute { .. } | Unfound::WorkLimit { .. }) => {
                    Err(RouteError::WorkLimit { settled })
                }
            }
        }
        Err(unfound) => Err(unfound.into()),
    }
}

impl From<Unfound> for RouteError {
    fn from(unfound: Unfound) -> Self {
        match unfound {
            // What closes the way is told by `explain`.
            Unfound::NoRoute { .. } => RouteError::NoRoute(NoRoute::NotConnected),
            Unfound::WorkLimit { settled } => RouteError::WorkLimit { settled },
            Unfound::Changed | Unfound::Contended => RouteError::Contended,
        }
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
