//! How many routes a query is answered with, and of which kind.

use clap::Args;
use engine::alternatives::alternatives;
use engine::diverse::diverse;
use engine::query::RouteQuery;
use engine::route::Route;
use engine::router::{RouteError, RouteWorkspace, route};
use engine::snapshot::Snapshot;
use server::json::RouteJson;

/// Flags that ask for more than one route.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct WantedFlags {
    /// Tell up to K further routes, the next-best ones in order
    ///
    /// Each search of a further route costs as much as the first one, and there are some for each.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(1..=1000))]
    alternatives: Option<u16>,
    /// Let no two of them share a channel
    ///
    /// Where no other is left, the payer's or the payee's own channels are used again. Routes that share nothing come first,
    /// then those that share the payer's channels, the payee's, and both; of each kind, the cheapest first. So one that shares
    /// a channel may cost less than one before it.
    #[arg(long, requires = "alternatives")]
    diverse: bool,
}

/// What was found for one query.
#[derive(Debug)]
pub(crate) struct Found {
    /// The cheapest route.
    pub(crate) best: Route,
    /// The others; `None` where they were not asked for.
    pub(crate) further: Option<Vec<Route>>,
}

impl WantedFlags {
    /// Finds the routes of a query.
    pub(crate) fn find(
        self,
        snapshot: &Snapshot,
        query: &RouteQuery,
        space: &mut RouteWorkspace,
    ) -> Result<Found, RouteError> {
        let Some(further_count) = self.further_count() else {
            return Ok(Found { best: route(snapshot, query, space)?, further: None });
        };
        let find = if self.diverse { diverse } else { alternatives };
        let mut routes = find(snapshot, query, 1 + further_count, space)?.into_iter();
        let best = routes.next().expect("where there is not even one, that is an error");
        Ok(Found { best, further: Some(routes.collect()) })
    }

    /// How many further routes are asked for.
    pub(crate) fn further_count(self) -> Option<usize> {
        self.alternatives.map(usize::from)
    }
}

impl Found {
    /// As JSON.
    pub(crate) fn to_json(&self, query: &RouteQuery) -> RouteJson {
        let best = RouteJson::new(query, &self.best);
        match &self.further {
            Some(further) => best.with_alternatives(query, further),
            None => best,
        }
    }
}
