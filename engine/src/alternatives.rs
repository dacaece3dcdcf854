//! The next-best routes of a query, in order.
//!
//! All routes are split into classes that share none: at first one class with all of them. The best route R of a class
//! leaves it, and what is left falls apart by where a route joins R for good (Yen, "Finding the k shortest loopless
//! paths in a network", 1971, seen from the payee; Lawler, "A procedure for computing the k best solutions", 1972, for
//! never finding a route twice):
//!
//! ```text
//! class (end, closed):  payer - - - - -> v --end--> payee      whose arc into v is none of `closed`
//! R of that class:      payer -> a -> b -> v --end--> payee
//! what is left:         end of the class, closed + (b,v)
//!                       (b,v) + end,      closed = (a,b)
//!                       (a,b) + (b,v) + end, closed = (payer,a)
//! ```
//!
//! Amounts grow from the payee, so the state at v is known exactly, and the best route of a class is one exact search
//! that starts there. A class costs at least what the route cost that it came from.
//!
//! Not here: routes that share little ([`diverse`](crate::diverse)).

use primitives::Msat;

use crate::compile::{Compiled, compile};
use crate::graph::ArcIdx;
use crate::query::RouteQuery;
use crate::route::{Proof, Route};
use crate::router::{RouteError, RouteWorkspace, route_compiled};
use crate::search::problem::Restrictions;
use crate::snapshot::Snapshot;

/// The cheapest `count` routes of a query, cheapest first; fewer where there are no more. Each visits no node twice
/// (but the payer that pays itself), each obeys all of the query's limits, and no two are the same sequence of
/// channels. The first is the one that [`route`](crate::router::route) finds.
///
/// A route's proof is about the routes that are not before it. Where the work limit or changes of the graph left some open, or
/// the query has a tolerance, it says by how much one that is missing may be cheaper. Where policies change meanwhile, each route was
/// right at its own moment.
///
/// About as many searches as the routes before the last have channels, together.
///
/// # Errors
/// As for a single route, where there is not even one.
pub fn alternatives(
    snapshot: &Snapshot,
    query: &RouteQuery,
    count: usize,
    space: &mut RouteWorkspace,
) -> Result<Vec<Route>, RouteError> {
    let mut compiled = compile(snapshot, query)?;
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut classes = Classes::new(&compiled);
    let route = route_compiled(snapshot, query, &compiled, &[], space)?;
    classes.best.push(Best::new(Class::default(), route, space));
    let mut routes = Vec::with_capacity(count.min(ROUTE_COUNT_USUAL));
    while let Some(best) = classes.take_cheapest() {
        let least = classes.least().min(best.least);
        let gap = best.route.cost.saturating_sub(least);
        let proof = if gap == 0 { Proof::Optimal } else { Proof::Bounded { gap: Msat::from_msat(gap) } };
        routes.push(Route { proof, ..best.route.clone() });
        if routes.len() == count {
            break;
        }
        classes.split(snapshot, query, &mut compiled, best, space)?;
    }
    // A tolerance, or a policy that changed, may have turned two around.
    routes.sort_by_key(|route| route.cost);
    Ok(routes)
}

/// Routes with a common end.
#[derive(Debug, Clone, Default)]
struct Class {
    /// The last arcs of each.
    end: Vec<u32>,
    /// Arcs into the node before `end` that none uses.
    closed: Vec<u32>,
}

/// The best route of a class.
#[derive(Debug)]
struct Best {
    class: Class,
    route: Route,
    /// Its arcs, payer first.
    arcs: Vec<u32>,
    /// No route of the class costs less.
    least: u64,
}

/// All routes that are not listed yet.
#[derive(Debug)]
struct Classes {
    best: Vec<Best>,
    /// The least cost of any route in classes that the work did not suffice for, or that changed all the time.
    open_least: u64,
    /// What the query itself forbids.
    restrictions: Restrictions,
}

impl Classes {
    fn new(compiled: &Compiled) -> Self {
        Classes { best: Vec::new(), open_least: u64::MAX, restrictions: compiled.restrictions.clone() }
    }

    /// Takes out the class with the cheapest route; among equals the one that was found first.
    fn take_cheapest(&mut self) -> Option<Best> {
        let costs = self.best.iter().enumerate();
        let cheapest = costs.min_by_key(|(_, best)| best.route.cost).map(|(at, _)| at)?;
        Some(self.best.remove(cheapest))
    }

    /// No route of any class costs less.
    fn least(&self) -> u64 {
        self.best.iter().map(|best| best.least).fold(self.open_least, u64::min)
    }

    /// Replaces a class, without its best route, by smaller ones.
    fn split(
        &mut self,
        snapshot: &Snapshot,
        query: &RouteQuery,
        compiled: &mut Compiled,
        best: Best,
        space: &mut RouteWorkspace,
    ) -> Result<(), RouteError> {
        let Best { class, arcs, least, .. } = best;
        let end_from = arcs.len() - class.end.len();
        for at in (0..end_from).rev() {
            let mut closed = vec![arcs[at]];
            if at + 1 == end_from {
                closed.extend_from_slice(&class.closed);
            }
            let part = Class { end: arcs[at + 1..].to_vec(), closed };
            compiled.restrictions = self.restrict(snapshot, compiled, &part);
            let found = route_compiled(snapshot, query, compiled, &part.end, space);
            self.add(part, found, least, space)?;
        }
        Ok(())
    }

    /// Adds a class with its best route, if it has any; where that is not known, it costs `least` or more.
    fn add(
        &mut self,
        class: Class,
        found: Result<Route, RouteError>,
        least: u64,
        space: &RouteWorkspace,
    ) -> Result<(), RouteError> {
        match found {
            Ok(route) => self.best.push(Best::new(class, route, space)),
            Err(RouteError::NoRoute(_)) => {}
            // What was found so far is still worth having.
            Err(RouteError::WorkLimit { .. } | RouteError::Contended) => {
                self.open_least = self.open_least.min(least);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// What the query and a class forbid together.
    fn restrict(&self, snapshot: &Snapshot, compiled: &Compiled, class: &Class) -> Restrictions {
        let mut restrictions = self.restrictions.clone();
        restrictions.avoided_arcs.extend_from_slice(&class.closed);
        let mut end = class.end.as_slice();
        if let Some((last, before)) = end.split_last().filter(|_| compiled.is_circular()) {
            // The payee may not be avoided where it is the payer, who must not send over the channel it receives on.
            let guises = self.restrictions.guises_of(*last);
            restrictions.avoided_arcs.extend(guises.map(|arc| ArcIdx::from_u32(arc).reversed().to_u32()));
            end = before;
        }
        restrictions.avoided_nodes.extend(end.iter().map(|&arc| compiled.head(snapshot, arc)));
        restrictions.avoided_arcs.sort_unstable();
        restrictions.avoided_nodes.sort_unstable();
        restrictions
    }
}

impl Best {
    /// A route that was just found, its arcs still in the workspace.
    fn new(class: Class, route: Route, space: &RouteWorkspace) -> Self {
        let gap = match route.proof {
            Proof::Optimal => 0,
            Proof::Bounded { gap } => gap.to_msat(),
        };
        Best { class, arcs: space.arcs.clone(), least: route.cost - gap, route }
    }
}

/// Room for as many routes as a payer usually asks for.
const ROUTE_COUNT_USUAL: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_search_leaves_open_takes_away_no_route() {
        let space = RouteWorkspace::default();
        for error in [RouteError::WorkLimit { settled: 9 }, RouteError::Contended] {
            let restrictions = Restrictions::default();
            let mut classes = Classes { best: Vec::new(), open_least: u64::MAX, restrictions };
            let added = classes.add(Class::default(), Err(error.clone()), 7, &space);
            assert_eq!((added, classes.least()), (Ok(()), 7), "{error}");
        }
    }
}
