//! Diverse paths, one after the other: each is the path of least weight that is new and can be paid, under weights that
//! grow with every path that uses a channel before it (Raiden's pathfinding service, `get_paths`).
//!
//! A greedy choice, like that service's. The paths are alternatives: each by itself fits the balances, and nothing is said
//! of two at once. Splitting a payment is the business of [`flow`](crate::flow).

use primitives::{Msat, NodeId, ShortChannelIdDir};

use super::graph::Graph;
use super::hops::Hops;
use super::price::{delivered, price};
use super::query::{DiversePaths, FeePath, FeePathHop, PathCounts, PathError, PathQuery, PathsEnd};
use super::ranking::{Candidate, Next, Ranking};
use super::search::Search;
use super::table::ImbalanceTable;
use super::weight::{Uses, World};
use crate::graph::{ArcIdx, NodeIdx};

/// A thread's memory for such queries: 40 bytes a node and 8 an arc.
#[derive(Debug, Default)]
pub struct PathWorkspace {
    hops: Hops,
    search: Search,
    uses: Uses,
    amounts: Vec<u64>,
}

/// Up to `query.path_count` paths; none is no error.
///
/// One search a path, and more where a path is of least weight that was found before or cannot be paid.
///
/// # Errors
/// Where the query contradicts itself or an end is not in the graph.
pub fn diverse_paths(
    table: &ImbalanceTable,
    query: &PathQuery,
    space: &mut PathWorkspace,
) -> Result<DiversePaths, PathError> {
    query.check()?;
    let world = world(table, query)?;
    let snapshot = table.snapshot();
    let number = |node_id: &NodeId| snapshot.node(node_id).map(NodeIdx::to_u32);
    let mut avoided: Vec<u32> = query.avoided_nodes.iter().filter_map(number).collect();
    avoided.sort_unstable();
    let mut answer =
        DiversePaths { paths: Vec::new(), end: PathsEnd::NoOther, counts: PathCounts::default() };
    let are_ends_open = !avoided.contains(&world.payer) && !avoided.contains(&world.payee);
    if !are_ends_open || !space.hops.find(&world) {
        return Ok(answer);
    }
    space.uses.clear();
    space.search.begin_query(&world);
    let mut known: Vec<Vec<u32>> = Vec::new();
    while answer.paths.len() < query.path_count {
        let PathWorkspace { hops, search, uses, amounts } = space;
        let mut priced = 0;
        let mut is_contended = false;
        let graph = Graph { world: &world, hops, uses };
        let mut ranking = Ranking { graph, avoided: &avoided, search, counts: &mut answer.counts };
        let next = ranking.next(|arcs| {
            if known.iter().any(|known| known == arcs) {
                return false;
            }
            priced += 1;
            let fits = snapshot.read_consistent(|| price(&world, arcs, amounts));
            is_contended |= fits.is_err();
            fits.unwrap_or(false)
        });
        answer.counts.priced += priced;
        if is_contended {
            return Err(PathError::Contended);
        }
        match next {
            Next::Path(candidate) => {
                answer.paths.push(told(&world, &candidate, amounts));
                uses.add(&candidate.arcs);
                known.push(candidate.arcs);
            }
            Next::NoOther => return Ok(answer),
            Next::WorkLimit => return Ok(DiversePaths { end: PathsEnd::WorkLimit, ..answer }),
        }
    }
    Ok(DiversePaths { end: PathsEnd::Enough, ..answer })
}

impl ImbalanceTable {
    /// What arrives where a payer sends `sent` along these hops and every mediator works out by itself what it passes on,
    /// as Raiden's do; `None` where nothing does, or the hops are no path of this snapshot. O(hops log amount).
    ///
    /// Of a path of [`diverse_paths`] that is the amount, or more where a mediator pays for being rebalanced; of a msat
    /// less it is less than the amount.
    pub fn delivered(&self, hops: &[FeePathHop], sent: Msat) -> Option<Msat> {
        let (snapshot, sent) = (self.snapshot(), sent.to_msat());
        let arc = |hop: &FeePathHop| {
            Some(snapshot.channel(hop.channel.short_channel_id)?.arc(hop.channel.direction))
        };
        let arcs: Vec<ArcIdx> = hops.iter().map(arc).collect::<Option<_>>()?;
        let is_path = arcs.windows(2).all(|pair| snapshot.head(pair[0]) == snapshot.tail(pair[1]));
        let arcs: Vec<u32> = arcs.into_iter().map(ArcIdx::to_u32).collect();
        let is_there = arcs.first().is_some_and(|&arc| self.balance(arc) >= sent);
        (is_path && is_there).then(|| delivered(self, &arcs, sent)).flatten().map(Msat::from_msat)
    }
}

fn world<'a>(table: &'a ImbalanceTable, query: &PathQuery) -> Result<World<'a>, PathError> {
    let snapshot = table.snapshot();
    let node = |node_id: NodeId| {
        snapshot.node(&node_id).map(NodeIdx::to_u32).ok_or(PathError::UnknownNode { node_id })
    };
    // A channel that opened lately may give a leaf a second neighbour.
    let has_overlay = !snapshot.overlay().is_empty();
    Ok(World {
        table,
        payer: node(query.payer)?,
        payee: node(query.payee)?,
        amount: query.amount.to_msat(),
        weights: query.weights,
        leaves_from: if has_overlay { u32::MAX } else { snapshot.topology().forwarder_count() },
    })
}

/// A path by names.
fn told(world: &World<'_>, candidate: &Candidate, amounts: &[u64]) -> FeePath {
    let hop = |(&arc, &amount): (&u32, &u64)| {
        let (snapshot, arc) = (world.table.snapshot(), ArcIdx::from_u32(arc));
        let short_channel_id = snapshot.short_channel_id(arc.channel());
        let channel = ShortChannelIdDir { short_channel_id, direction: arc.direction() };
        FeePathHop { channel, node_id: snapshot.node_id(snapshot.head(arc)), amount: Msat::from_msat(amount) }
    };
    FeePath {
        hops: candidate.arcs.iter().zip(amounts).map(hop).collect(),
        fee_msat: amounts[0] as i64 - world.amount as i64,
        weight: candidate.weight,
    }
}
