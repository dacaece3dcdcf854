//! Many queries at once: a handle to a changing graph that any number of threads may share.
//!
//! ```text
//! queries  | chunk | chunk | chunk | ...      rayon's threads take chunks
//!               |  one workspace of the pool, one snapshot
//! answers  | chunk | chunk | chunk | ...      in the order of the queries
//! ```
//! No lock: the pool is a bounded queue of workspaces, taken and put back by one compare-and-swap each. A thread that
//! finds it empty makes a workspace; one that finds it full drops its own.

use crossbeam::queue::ArrayQueue;
use rayon::prelude::*;

use crate::query::RouteQuery;
use crate::route::Route;
use crate::router::{RouteError, RouteWorkspace, route};
use crate::snapshot::{ChannelGraph, Snapshot};

/// Answers queries on a graph that may change meanwhile.
///
/// ```
/// use engine::batch::Router;
/// use engine::graph::Topology;
/// use engine::query::RouteQuery;
/// use engine::snapshot::ChannelGraph;
/// use engine::synthetic::{AmountRange, SyntheticConfig, generate, random_queries};
///
/// let network = generate(&SyntheticConfig::new(1, 1000), &mut |_| {})?;
/// let payments = random_queries(network.nodes(), 100, 1, AmountRange::default());
/// let (graph, _writer) = ChannelGraph::new(Topology::build(network)?);
///
/// let router = Router::new(graph);
/// let queries: Vec<_> =
///     payments.into_iter().map(|(payer, payee, amount)| RouteQuery::new(payer, payee, amount)).collect();
/// let answers = router.route_batch(&queries);
/// assert_eq!(answers.len(), queries.len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Router {
    graph: ChannelGraph,
    pool: ArrayQueue<Box<RouteWorkspace>>,
}

impl Router {
    /// A router with a pool for the threads of rayon's current pool, and as many others.
    pub fn new(graph: ChannelGraph) -> Self {
        Router { graph, pool: ArrayQueue::new(2 * rayon::current_num_threads().max(1)) }
    }

    /// The graph that it searches.
    pub fn graph(&self) -> &ChannelGraph {
        &self.graph
    }

    /// Finds the cheapest route in the newest snapshot.
    ///
    /// # Errors
    /// See [`RouteError`].
    pub fn route(&self, query: &RouteQuery) -> Result<Route, RouteError> {
        self.with_workspace(|snapshot, space| route(snapshot, query, space))
    }

    /// Finds the cheapest route of each query, on all threads of rayon's current pool, in the order of the queries.
    /// Each answer is the one that [`Router::route`] would have given. Queries that lie together see the same snapshot;
    /// later ones see newer snapshots, so that a long batch keeps no former generation of the graph alive.
    pub fn route_batch(&self, queries: &[RouteQuery]) -> Vec<Result<Route, RouteError>> {
        let chunks = queries.par_chunks(CHUNK_SIZE).with_max_len(1);
        let answers = chunks.flat_map_iter(|chunk| {
            self.with_workspace(|snapshot, space| -> Vec<_> {
                chunk.iter().map(|query| route(snapshot, query, space)).collect()
            })
        });
        answers.collect()
    }

    /// Runs `work` on the newest snapshot with a workspace of the pool: for operations that need more than one route,
    /// such as [`alternatives`](crate::alternatives::alternatives).
    pub fn with_workspace<R>(&self, work: impl FnOnce(&Snapshot, &mut RouteWorkspace) -> R) -> R {
        let mut space = self.pool.pop().unwrap_or_default();
        let result = work(&self.graph.snapshot(), &mut space);
        // A full pool drops it.
        let _ = self.pool.push(space);
        result
    }
}

/// Queries that share a snapshot and a workspace: enough to make their price vanish, few enough to share the work
/// evenly and to let go of a snapshot within milliseconds. Every chunk can be stolen: one query in thousands takes as long
/// as all others of a chunk together, a thousand times over.
const CHUNK_SIZE: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Topology;
    use crate::stop::Stop;
    use crate::synthetic::{AmountRange, SyntheticConfig, generate, random_queries};

    #[test]
    fn a_batch_answers_in_order_and_as_one_by_one() {
        let network = generate(&SyntheticConfig::new(3, 1000), &mut |_| {}).unwrap();
        let payments = random_queries(network.nodes(), 101, 5, AmountRange::default());
        let (graph, _writer) = ChannelGraph::new(Topology::build(network).unwrap());
        let router = Router::new(graph);
        let queries: Vec<RouteQuery> = payments
            .into_iter()
            .map(|(payer, payee, amount)| RouteQuery::new(payer, payee, amount))
            .collect();
        let batch = router.route_batch(&queries);
        assert_eq!(batch.len(), queries.len());
        for (query, answer) in queries.iter().zip(batch) {
            assert_eq!(router.route(query), answer);
        }
        assert!(router.route_batch(&[]).is_empty());
        assert!(!router.pool.is_empty() && router.pool.len() <= router.pool.capacity());
    }

    #[test]
    fn a_raised_flag_ends_queries_and_a_lowered_one_does_not() {
        let network = generate(&SyntheticConfig::new(3, 5000), &mut |_| {}).unwrap();
        let payments = random_queries(network.nodes(), 40, 5, AmountRange::default());
        let (graph, _writer) = ChannelGraph::new(Topology::build(network).unwrap());
        let (router, stop) = (Router::new(graph), Stop::new());
        let queries: Vec<RouteQuery> = payments
            .into_iter()
            .map(|(payer, payee, amount)| RouteQuery {
                stop: stop.clone(),
                ..RouteQuery::new(payer, payee, amount)
            })
            .collect();
        let before = router.route_batch(&queries);
        assert!(before.iter().filter(|answer| answer.is_ok()).count() > 10);
        stop.set(true);
        for (answer, before) in router.route_batch(&queries).iter().zip(&before) {
            match answer {
                // Routes of one or two hops are found before anything is expanded.
                Ok(route) => assert!(route.hops.len() <= 2, "{route:?}"),
                Err(RouteError::WorkLimit { .. }) => {}
                Err(error) => assert_eq!(before.as_ref().unwrap_err(), error),
            }
        }
        let plan_query = crate::flow::PlanQuery::new(queries[0].clone());
        let stopped =
            crate::flow::most_sendable(&router.graph().snapshot(), &plan_query, &mut Default::default());
        assert!(matches!(stopped, Err(crate::flow::PlanError::WorkLimit { augmentations: 0 })));
        stop.set(false);
        assert_eq!(router.route_batch(&queries), before);
    }
}
