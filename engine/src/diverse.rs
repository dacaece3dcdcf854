//! Routes that share no channel, for payments in parts or for the attempt after a failure.
//!
//! A greedy choice: each route is the best one that keeps off the channels of those before it. The set as a whole is
//! not the cheapest of its kind, and a first route that is cheap may cut off two others; each route by itself is
//! exactly the best under what was left to it, and its proof says so.
//!
//! Not here: the next-best routes, which mostly differ in one channel ([`alternatives`](crate::alternatives)).

use crate::compile::compile;
use crate::graph::ArcIdx;
use crate::query::RouteQuery;
use crate::route::Route;
use crate::router::{RouteError, RouteWorkspace, route_compiled};
use crate::search::problem::Restrictions;
use crate::snapshot::Snapshot;

/// Up to `count` routes, the best first, of which no two share a channel in either direction, with one exception:
/// where no route is left otherwise, the payer's or the payee's channels on earlier routes may be used again, first
/// the payer's, then the payee's, then both. No two routes are the same, and a channel that leads from the payer
/// straight to the payee is never used twice.
///
/// They come by how little they share, and of those that may share the same by cost (within the tolerance): a route that
/// uses an end's channel again may cost less than one before it. To ask for more adds routes behind those, and changes none.
///
/// At most four searches a route.
///
/// # Errors
/// As for a single route, where there is not even one.
pub fn diverse(
    snapshot: &Snapshot,
    query: &RouteQuery,
    count: usize,
    space: &mut RouteWorkspace,
) -> Result<Vec<Route>, RouteError> {
    let mut compiled = compile(snapshot, query)?;
    let own = compiled.restrictions.clone();
    let mut used = Used::default();
    let mut routes = Vec::new();
    'routes: while routes.len() < count {
        for shared in SHARED {
            compiled.restrictions = used.restrict(&own, shared);
            match route_compiled(snapshot, query, &compiled, &[], space) {
                Ok(route) => {
                    used.add(&space.arcs);
                    routes.push(route);
                    continue 'routes;
                }
                Err(error) if routes.is_empty() => return Err(error),
                Err(RouteError::NoRoute(_)) => {}
                // What was found so far is still worth having.
                Err(RouteError::WorkLimit { .. } | RouteError::Contended) => break 'routes,
                Err(error) => return Err(error),
            }
        }
        break;
    }
    Ok(routes)
}

/// Which ends a route may share with those before it.
#[derive(Debug, Clone, Copy)]
struct Shared {
    first: bool,
    last: bool,
}

const SHARED: [Shared; 4] = [
    Shared { first: false, last: false },
    Shared { first: true, last: false },
    Shared { first: false, last: true },
    Shared { first: true, last: true },
];

/// The arcs of the routes so far.
#[derive(Debug, Default)]
struct Used {
    routes: Vec<Vec<u32>>,
}

impl Used {
    fn add(&mut self, arcs: &[u32]) {
        self.routes.push(arcs.to_vec());
    }

    /// What the query and the routes so far forbid together. Of each route at least one channel stays forbidden, so
    /// that none comes twice: of two channels, one.
    fn restrict(&self, own: &Restrictions, shared: Shared) -> Restrictions {
        let mut restrictions = own.clone();
        for arcs in &self.routes {
            let is_open = |at: usize| {
                let is_first = at == 0 && shared.first && arcs.len() > 1;
                let is_last =
                    at + 1 == arcs.len() && shared.last && arcs.len() > if shared.first { 2 } else { 1 };
                is_first || is_last
            };
            for (_, &arc) in arcs.iter().enumerate().filter(|&(at, _)| !is_open(at)) {
                let both_ways = |arc| [arc, ArcIdx::from_u32(arc).reversed().to_u32()];
                restrictions.avoided_arcs.extend(own.guises_of(arc).flat_map(both_ways));
            }
        }
        restrictions.avoided_arcs.sort_unstable();
        restrictions
    }
}
