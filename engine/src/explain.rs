//! Looks for the reason why there is no route.
//!
//! Searches without what may be in the way, all of them together with as much work as the query's. They go by routes as the
//! answer does: without loops, which may pay for themselves.

use primitives::Msat;

use crate::cost::FeeOnly;
use crate::no_route::{NoRoute, Resource, Wish};
use crate::query::RouteQuery;
use crate::rounds::{Asked, RouteWorkspace, Unfound, find};
use crate::route::{Price, limits_of, payee_used};
use crate::search::problem::{COST_MAX, Problem, Restrictions};
use crate::search::{Limits, Used};
use crate::snapshot::Snapshot;
use crate::stop::Stop;

/// Looks for the reason; `is_limited` says that a route was found and broke a limit. Costs another search or two, some for each
/// limit that is told, and one for each wish of the query, so it is for the answer that is "no" only.
///
/// By fee, whatever the query's cost: so a fee limit is told by what it is short at least.
pub(crate) fn explain<'a>(
    snapshot: &'a Snapshot,
    query: &'a RouteQuery,
    problem: Problem<'a, FeeOnly>,
    is_limited: bool,
    space: &'a mut RouteWorkspace,
) -> Result<NoRoute, Unfound> {
    let problem = Problem { tolerance: 0, ..problem };
    let settled_max = space.search.settled.saturating_add(query.work_max);
    let unlimited = Problem { amount_max: COST_MAX, ..problem };
    let mut why = Explainer { snapshot, query, unlimited, settled_max, space };
    if let Some(reason) = why.too_strict() {
        return Ok(reason);
    }
    for at_payer in [true, false] {
        let largest = Msat::from_msat(largest_htlc(&problem, at_payer));
        if largest.to_msat() < problem.amount {
            // Where the payer has channels left, what these take says more.
            let wishes: &[Wish] =
                if at_payer && largest > Msat::ZERO { &[] } else { &[Wish::Avoid, Wish::LastHop] };
            // It is true in any case; whose fault it is may take more work than there is.
            let wish = why.closing_wish(wishes).unwrap_or(None);
            let reason = if at_payer {
                NoRoute::PayerCannotSend { largest }
            } else {
                NoRoute::PayeeCannotReceive { largest }
            };
            return Ok(wish.map_or(reason, |wish| NoRoute::Closed { wish }));
        }
    }
    if problem.amount_max < COST_MAX || is_limited {
        match why.cheapest(&unlimited)? {
            Some(Cheapest::Route(found)) => return why.broken_limit(problem, found),
            Some(Cheapest::Lifted { minimum }) => return Ok(NoRoute::HtlcMinimum { minimum }),
            None => {}
        }
    }
    if let Some(reason) = why.short_balance()? {
        return Ok(reason);
    }
    let wish = why.closing_wish(&[Wish::Avoid, Wish::Headroom, Wish::LastHop, Wish::Several])?;
    Ok(wish.map_or(NoRoute::NotConnected, |wish| NoRoute::Closed { wish }))
}

/// What searches for a reason share.
struct Explainer<'a> {
    snapshot: &'a Snapshot,
    query: &'a RouteQuery,
    /// The query's problem without its limit on fees.
    unlimited: Problem<'a, FeeOnly>,
    /// What the workspace may have settled in the end.
    settled_max: u64,
    space: &'a mut RouteWorkspace,
}

/// A route that was found.
#[derive(Clone, Copy)]
struct Found {
    price: Price,
    /// Whether none has a lower fee.
    is_least: bool,
}

/// The cheapest route by fee, whatever limits it breaks.
enum Cheapest {
    /// Of those whose amounts need not be raised, or of all where they may be.
    Route(Found),
    /// There are only such as raise amounts, which may not be: the largest minimum in the way of the cheapest.
    Lifted { minimum: Msat },
}

impl Explainer<'_> {
    /// The route of the least fee within some limits.
    fn find(
        &mut self,
        problem: &Problem<'_, FeeOnly>,
        limits: Limits,
        may_overpay: bool,
    ) -> Result<Found, Unfound> {
        let settled_max = self.settled_max.saturating_sub(self.space.search.settled);
        let asked = Asked { start: self.payee(), limits, may_overpay };
        let problem = Problem { settled_max, ..*problem };
        let (answer, price) = find(self.snapshot, problem, asked, self.space)?;
        Ok(Found { price, is_least: answer.least >= price.suffix.cost })
    }

    /// What the payee itself uses up.
    fn payee(&self) -> Used {
        payee_used(&self.query.limits, self.query.amount)
    }

    /// A limit that no route keeps to.
    fn too_strict(&self) -> Option<NoRoute> {
        let (all, least) = (limits_of(&self.query.limits), self.payee().sent());
        Resource::ALL.into_iter().find_map(|resource| {
            let (limit, least) = (resource.limit(&all)?, resource.of(&least));
            (limit < least).then_some(NoRoute::TooStrict { resource, limit, least })
        })
    }

    /// Where there are only routes that lift amounts which may not be lifted, the cheapest of these is looked for, too.
    fn cheapest(&mut self, problem: &Problem<'_, FeeOnly>) -> Result<Option<Cheapest>, Unfound> {
        let (free, may_overpay) = (Limits::default(), self.query.may_overpay);
        match self.find(problem, free, may_overpay) {
            Ok(found) => Ok(Some(Cheapest::Route(found))),
            Err(Unfound::NoRoute { is_limited, .. }) if is_limited && !may_overpay => {
                if !is_found(self.find(problem, free, true))? {
                    return Ok(None);
                }
                let hops = self.space.hops.iter();
                let lifted = hops.filter(|hop| hop.amount() > hop.arriving()).map(|hop| hop.amount());
                let minimum = Msat::from_msat(lifted.max().unwrap_or(problem.amount));
                Ok(Some(Cheapest::Lifted { minimum }))
            }
            Err(Unfound::NoRoute { .. }) => Ok(None),
            Err(unfound) => Err(unfound),
        }
    }

    /// Which limits of the query stand against the cheapest route. `problem` has that on the fee.
    fn broken_limit(&mut self, problem: Problem<'_, FeeOnly>, cheapest: Found) -> Result<NoRoute, Unfound> {
        let (all, unlimited) = (limits_of(&self.query.limits), self.unlimited);
        let Price { suffix, used, .. } = cheapest.price;
        let is_dear = suffix.received > problem.amount_max;
        match (is_dear, all.allow(&used)) {
            // The query would have found it.
            (false, true) => Err(Unfound::Changed),
            (true, true) => Ok(self.fee_limit(cheapest)),
            (false, false) => self.single_limit(problem, used),
            // Another one may be within the other limits, and then its fee is what is needed.
            (true, false) => match self.find(&unlimited, all, self.query.may_overpay) {
                Ok(within) => Ok(self.fee_limit(within)),
                Err(Unfound::NoRoute { .. } | Unfound::WorkLimit { .. }) => {
                    Ok(several(&used, Some(self.fee_of(&cheapest))))
                }
                Err(unfound) => Err(unfound),
            },
        }
    }

    fn fee_of(&self, found: &Found) -> Msat {
        Msat::from_msat(found.price.suffix.received - self.unlimited.amount)
    }

    fn fee_limit(&self, found: Found) -> NoRoute {
        let limit = self.query.limits.fee_limit(self.query.amount);
        NoRoute::FeeLimit { limit, needed: self.fee_of(&found), is_least: found.is_least }
    }

    /// The limit, beside that on the fee, without which there is a route. The cheapest uses up `used`.
    fn single_limit(&mut self, problem: Problem<'_, FeeOnly>, used: Used) -> Result<NoRoute, Unfound> {
        let (all, may_overpay) = (limits_of(&self.query.limits), self.query.may_overpay);
        let without = |resource: Resource| resource.limited(all, None);
        let only = Resource::ALL.into_iter().find(|&resource| without(resource).allow(&used));
        let mut single = only.map(|resource| (resource, used));
        for resource in Resource::ALL {
            if single.is_some() {
                break;
            }
            match self.find(&problem, without(resource), may_overpay) {
                Ok(found) => single = Some((resource, found.price.used)),
                Err(Unfound::NoRoute { .. } | Unfound::WorkLimit { .. }) => {}
                Err(unfound) => return Err(unfound),
            }
        }
        let Some((resource, used)) = single else { return Ok(several(&used, None)) };
        let limit = resource.limit(&all).unwrap_or(u32::MAX);
        let (needed, is_least) = self.least(&problem, resource, limit, resource.of(&used))?;
        let fee_limit =
            (problem.amount_max < COST_MAX).then(|| self.query.limits.fee_limit(self.query.amount));
        let unlimited = self.unlimited;
        let within = fee_limit.and_then(|_| self.find(&unlimited, all, may_overpay).ok());
        let fee_needed = within.map(|within| self.fee_of(&within));
        Ok(NoRoute::Limit { resource, limit, needed, is_least, fee_limit, fee_needed })
    }

    /// The least of a resource that a route takes within the other limits, by halves: more than `lacking`, and not more than
    /// `enough`. And whether it is that, or the work ran out.
    fn least(
        &mut self,
        problem: &Problem<'_, FeeOnly>,
        resource: Resource,
        mut lacking: u32,
        mut enough: u32,
    ) -> Result<(u32, bool), Unfound> {
        let all = limits_of(&self.query.limits);
        while enough.saturating_sub(lacking) > 1 {
            let middle = lacking + (enough - lacking) / 2;
            match self.find(problem, resource.limited(all, Some(middle)), self.query.may_overpay) {
                Ok(found) => enough = resource.of(&found.price.used).min(middle),
                Err(Unfound::NoRoute { .. }) => lacking = middle,
                Err(Unfound::WorkLimit { .. }) => return Ok((enough, false)),
                Err(unfound) => return Err(unfound),
            }
        }
        Ok((enough, true))
    }

    /// What is in the way of routes that exist if the payer's channels which hold the amount hold any fee, too.
    fn short_balance(&mut self) -> Result<Option<NoRoute>, Unfound> {
        let unlimited = self.unlimited;
        let Some(known) = &unlimited.restrictions.first_arcs else { return Ok(None) };
        let holding = known.iter().filter(|&&(_, balance)| balance >= unlimited.amount);
        let first_arcs = Some(holding.map(|&(arc, _)| (arc, u64::MAX)).collect());
        let restrictions = Restrictions { first_arcs, ..unlimited.restrictions.clone() };
        let problem = Problem { restrictions: &restrictions, ..unlimited };
        let reason = match self.cheapest(&problem)? {
            None => return Ok(None),
            Some(Cheapest::Lifted { minimum }) => {
                let balance = Msat::from_msat(known.iter().map(|&(_, balance)| balance).max().unwrap_or(0));
                if balance < minimum {
                    NoRoute::BalanceShort { balance, needed: minimum }
                } else {
                    NoRoute::HtlcMinimum { minimum }
                }
            }
            Some(Cheapest::Route(found)) => {
                let first = self.space.arcs.first().copied().ok_or(Unfound::Changed)?;
                let (balance, needed) =
                    (unlimited.first_balance(first).flatten(), found.price.suffix.received);
                // With a balance that suffices, the search before would have found it.
                let balance = balance.filter(|&balance| balance < needed).ok_or(Unfound::Changed)?;
                NoRoute::BalanceShort { balance: Msat::from_msat(balance), needed: Msat::from_msat(needed) }
            }
        };
        Ok(Some(reason))
    }

    /// The first of some wishes without which there is a route.
    fn closing_wish(&mut self, wishes: &[Wish]) -> Result<Option<Wish>, Unfound> {
        let (query, unlimited) = (self.query, self.unlimited);
        for &wish in wishes.iter().filter(|wish| wish.is_of(query)) {
            let restrictions = wish.lifted(unlimited.restrictions);
            let is_restricted = restrictions.concern_arcs() || unlimited.liquidity.is_some();
            let problem = Problem { restrictions: &restrictions, is_restricted, ..unlimited };
            if is_found(self.find(&problem, Limits::default(), true))? {
                return Ok(Some(wish));
            }
        }
        Ok(None)
    }
}

fn is_found(found: Result<Found, Unfound>) -> Result<bool, Unfound> {
    match found {
        Ok(_) => Ok(true),
        Err(Unfound::NoRoute { .. }) => Ok(false),
        Err(unfound) => Err(unfound),
    }
}

/// What a route uses up that breaks several limits.
fn several(used: &Used, fee: Option<Msat>) -> NoRoute {
    let &Used { cltv, hops, payload } = used;
    NoRoute::RouteLimits { cltv, hop_count: hops, payload_size: payload, fee }
}

impl Resource {
    /// All, those first that a query may lift.
    const ALL: [Resource; 3] = [Resource::Hops, Resource::Blocks, Resource::PayloadBytes];

    /// How much of it is used.
    fn of(self, used: &Used) -> u32 {
        match self {
            Resource::Hops => used.hops,
            Resource::Blocks => used.cltv,
            Resource::PayloadBytes => used.payload,
        }
    }

    fn limit(self, limits: &Limits) -> Option<u32> {
        match self {
            Resource::Hops => limits.hops,
            Resource::Blocks => limits.cltv,
            Resource::PayloadBytes => limits.payload,
        }
    }

    /// The same limits with another one on it.
    fn limited(self, limits: Limits, max: Option<u32>) -> Limits {
        match self {
            Resource::Hops => Limits { hops: max, ..limits },
            Resource::Blocks => Limits { cltv: max, ..limits },
            Resource::PayloadBytes => Limits { payload: max, ..limits },
        }
    }
}

impl Wish {
    /// Whether a query has it.
    fn is_of(self, query: &RouteQuery) -> bool {
        let avoid = &query.avoid;
        match self {
            Wish::Avoid => {
                !(avoid.nodes.is_empty() && avoid.channels.is_empty() && avoid.directions.is_empty())
            }
            Wish::Headroom => query.headroom_millionths != 0,
            Wish::LastHop => query.last_hop.is_some(),
            Wish::Several => {
                let single = [Wish::Avoid, Wish::Headroom, Wish::LastHop];
                single.into_iter().filter(|wish| wish.is_of(query)).count() > 1
            }
        }
    }

    /// The same restrictions without it.
    fn lifted(self, restrictions: &Restrictions) -> Restrictions {
        let mut left = restrictions.clone();
        let is_lifted = |wish| self == wish || self == Wish::Several;
        if is_lifted(Wish::Avoid) {
            left.avoided_nodes.clear();
            left.avoided_arcs.clear();
        }
        if is_lifted(Wish::Headroom) {
            left.headroom_millionths = 0;
        }
        if is_lifted(Wish::LastHop) {
            left.last_hop = None;
        }
        left
    }
}

/// The largest HTLC over any arc that leaves the payer, or enters the payee.
fn largest_htlc(problem: &Problem<'_, FeeOnly>, at_payer: bool) -> u64 {
    let lists = if at_payer { problem.topology.out_lists() } else { problem.topology.in_lists() };
    let node = if at_payer { problem.payer } else { problem.payee };
    let mut arcs = lists.arcs_of(node).to_vec();
    for layer in problem.layers {
        if at_payer {
            arcs.extend(layer.outgoing(node).map(|arc| arc.arc));
        } else {
            arcs.extend(layer.incoming(node).map(|arc| arc.arc));
        }
    }
    arcs.into_iter().filter_map(|arc| problem.width(arc)).max().unwrap_or(0)
}

/// The width of the widest path: a Dijkstra search that maximises the least `htlc_maximum_msat`. O(m log n).
///
/// # Errors
/// How many nodes were settled when `stop` was raised.
pub(crate) fn widest_path(problem: &Problem<'_, FeeOnly>, stop: &Stop) -> Result<u64, u64> {
    let mut settled = 0;
    let node_count = problem.layers.iter().map(|layer| layer.node_end() as usize).max().unwrap_or(0);
    let mut width = vec![0u64; node_count.max(problem.topology.node_count())];
    let mut queue = std::collections::BinaryHeap::new();
    width[problem.payer as usize] = u64::MAX;
    queue.push((u64::MAX, problem.payer));
    while let Some((known, node)) = queue.pop() {
        if node == problem.payee && problem.payer != problem.payee {
            return Ok(known);
        }
        if width[node as usize] != known || problem.restrictions.avoided_nodes.binary_search(&node).is_ok() {
            continue;
        }
        if stop.is_set() {
            return Err(settled);
        }
        settled += 1;
        let mut visit = |arc: u32, head: u32| {
            let wide = problem.width(arc).unwrap_or(0).min(known);
            if wide > width[head as usize] {
                width[head as usize] = wide;
                queue.push((wide, head));
            }
        };
        problem.topology.out_lists().arcs_of(node).iter().for_each(|&arc| visit(arc, problem.head(arc)));
        for layer in problem.layers {
            layer.outgoing(node).for_each(|arc| visit(arc.arc, arc.head));
        }
    }
    Ok(0)
}

impl Problem<'_, FeeOnly> {
    /// The largest HTLC on an arc, `None` where the query may not use it.
    fn width(&self, arc: u32) -> Option<u64> {
        if self.head(arc) == self.payee && !self.is_last_hop(self.tail(arc)) {
            return None;
        }
        let bounds = self.passage(self.record(arc), arc, self.is_restricted)?;
        if self.tail(arc) != self.payer {
            return Some(bounds.max);
        }
        self.first_balance(arc).map(|balance| balance.unwrap_or(bounds.max).min(bounds.max))
    }
}
