//! Why there is no route, in words that a user can act on.

use std::fmt;

use primitives::Msat;

use crate::cost::FeeOnly;
use crate::query::RouteQuery;
use crate::route::{Price, payee_used, price};
use crate::search::problem::{COST_MAX, Problem, Restrictions};
use crate::search::{Limits, Outcome, Rules, Used, Workspace, solve, solve_within};
use crate::stop::Stop;

/// What closes the way.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoRoute {
    /// No channel of the payer can send the amount.
    PayerCannotSend {
        /// The largest HTLC that one of its channels takes.
        largest: Msat,
    },
    /// No channel of the payee can receive the amount.
    PayeeCannotReceive {
        /// The largest HTLC that one of its channels takes.
        largest: Msat,
    },
    /// Every route is over the fee limit.
    FeeLimit {
        /// The limit.
        limit: Msat,
        /// The least fee of any route that keeps to all else that is asked of it; where the work ran out before that was found,
        /// of any route whose amounts need not be raised.
        needed: Msat,
    },
    /// Routes exist, but none within the limits on blocks, hops and onion size.
    RouteLimits {
        /// Blocks of the cheapest route, of those whose amounts need not be raised.
        cltv: u32,
        /// Hops of the cheapest route.
        hop_count: u32,
        /// Bytes of onion payload of the cheapest route.
        payload_size: u32,
    },
    /// Routes exist, but each would send less than some hop's `htlc_minimum_msat`.
    HtlcMinimum {
        /// The amount that the cheapest one must be raised to.
        minimum: Msat,
    },
    /// Routes exist, but the payer cannot send what they charge beside the amount.
    BalanceShort {
        /// What the payer can send over the first channel of the cheapest one.
        balance: Msat,
        /// What it must send over it, fees included.
        needed: Msat,
    },
    /// Routes exist, but a wish of the query closes each of them.
    Closed {
        /// Which.
        wish: Wish,
    },
    /// Both ends can carry the amount, but nothing in between that leads from one to the other can. What a single
    /// path could carry is told by [`widest`](crate::router::widest).
    NotConnected,
}

/// What a query asks for beside its ends, its amount and its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wish {
    /// To leave out nodes and channels.
    Avoid,
    /// To leave a share of each channel unused.
    Headroom,
    /// A certain node before the payee.
    LastHop,
    /// Several of these, of which none closes the way alone.
    Several,
}

impl fmt::Display for NoRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoRoute::PayerCannotSend { largest } => {
                write!(f, "the payer has no usable channel of that size, its largest takes {largest}")
            }
            NoRoute::PayeeCannotReceive { largest } => {
                write!(f, "the payee has no usable inbound channel of that size, its largest takes {largest}")
            }
            NoRoute::FeeLimit { limit, needed } => {
                let short = needed.saturating_sub(*limit);
                write!(f, "the fee limit of {limit} is short by {short}: a route would cost {needed}")
            }
            NoRoute::RouteLimits { cltv, hop_count, payload_size } => write!(
                f,
                "none within the limits: the cheapest one takes {cltv} blocks, {hop_count} hops and {payload_size} \
                 bytes of onion payload"
            ),
            NoRoute::HtlcMinimum { minimum } => write!(
                f,
                "every way has a channel with a larger htlc_minimum_msat; raise the amount to {minimum} or allow overpaying"
            ),
            NoRoute::BalanceShort { balance, needed } => {
                let short = needed.saturating_sub(*balance);
                write!(
                    f,
                    "the payer's balance of {balance} is short by {short}: with fees and minima, the cheapest way takes \
                     {needed}; lower the amount or send over a channel that holds more"
                )
            }
            NoRoute::Closed { wish } => wish.fmt(f),
            NoRoute::NotConnected => {
                write!(f, "no single path from the payer to the payee carries the amount")
            }
        }
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wish::Avoid => "every way leads over a node or a channel that is to be avoided; avoid less",
            Wish::Headroom => "every way needs what the headroom keeps unused; lower the headroom",
            Wish::LastHop => "no way ends over the last hop that is asked for; ask for another one or for none",
            Wish::Several => {
                "what is to be avoided, the headroom and the last hop close every way together; ask for less of them"
            }
        })
    }
}

/// Why the reason is not known either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unexplained {
    /// The work ran out before it was found.
    WorkLimit,
    /// The graph changed meanwhile: it may have a route now.
    Changed,
}

/// Looks for the reason; `is_limited` says that a route was found and broke a limit, and `limits` are all of the query beside
/// that on the fee. Costs another search or two, and one for
/// each wish of the query, so it is for the answer that is "no" only.
///
/// By fee, whatever the query's cost: so a fee limit is told by what it is short at least.
pub(crate) fn explain(
    query: &RouteQuery,
    problem: Problem<'_, FeeOnly>,
    is_limited: bool,
    limits: Limits,
    space: &mut Workspace,
) -> Result<NoRoute, Unexplained> {
    let unlimited = Problem { amount_max: COST_MAX, strict: false, tolerance: 0, ..problem };
    for at_payer in [true, false] {
        let largest = Msat::from_msat(largest_htlc(&problem, at_payer));
        if largest.to_msat() < problem.amount {
            // Where the payer has channels left, what these take says more.
            let wishes: &[Wish] =
                if at_payer && largest > Msat::ZERO { &[] } else { &[Wish::Avoid, Wish::LastHop] };
            // It is true in any case; whose fault it is may take more work than there is.
            let wish = closing_wish(query, &unlimited, wishes, space).unwrap_or(None);
            let reason = if at_payer {
                NoRoute::PayerCannotSend { largest }
            } else {
                NoRoute::PayeeCannotReceive { largest }
            };
            return Ok(wish.map_or(reason, |wish| NoRoute::Closed { wish }));
        }
    }
    if (problem.amount_max < COST_MAX || is_limited)
        && let Some(cheapest) = cheapest(query, &unlimited, space)?
    {
        let price = match &cheapest {
            // Another one may be within the other limits, and then its fee is what is needed.
            Cheapest::Route { price, .. }
                if price.suffix.received > problem.amount_max && !limits.allow(&price.used) =>
            {
                price
            }
            _ => return Ok(cheapest.broken_limit(query, &problem)),
        };
        return Ok(match cheapest_within(query, &unlimited, limits, space) {
            Ok(Some(within)) => within.broken_limit(query, &problem),
            Ok(None) => Cheapest::limits_of(price),
            Err(Unexplained::WorkLimit) => cheapest.broken_limit(query, &problem),
            Err(error) => return Err(error),
        });
    }
    if let Some(reason) = short_balance(query, &unlimited, space)? {
        return Ok(reason);
    }
    let wishes = [Wish::Avoid, Wish::Headroom, Wish::LastHop, Wish::Several];
    let wish = closing_wish(query, &unlimited, &wishes, space)?;
    Ok(wish.map_or(NoRoute::NotConnected, |wish| NoRoute::Closed { wish }))
}

/// The cheapest route by fee, whatever limits it breaks.
enum Cheapest {
    /// Of those whose amounts need not be raised, or of all where they may be.
    Route {
        price: Price,
        /// The payer's arc.
        first: u32,
    },
    /// There are only such as raise amounts, which may not be: the largest minimum in the way of the cheapest.
    Lifted { minimum: Msat },
}

/// Where the cheapest route of all lifts amounts that may not be lifted, the cheapest that lifts none is looked for, too.
fn cheapest(
    query: &RouteQuery,
    problem: &Problem<'_, FeeOnly>,
    space: &mut Workspace,
) -> Result<Option<Cheapest>, Unexplained> {
    if !is_found(solve(*problem, space).outcome)? {
        return Ok(None);
    }
    let (start, mut hops) = (payee_used(&query.limits, query.amount), Vec::new());
    let mut priced = |problem: &Problem<'_, FeeOnly>, arcs: &[u32]| {
        price(problem, start, arcs, &mut hops).ok_or(Unexplained::Changed)
    };
    let mut found = priced(problem, &space.best)?;
    if found.is_lifted && !query.may_overpay {
        let strict = Problem { strict: true, ..*problem };
        let limits = Limits::default();
        let rules = Rules { start, limits, all: limits, least: 0 };
        if !is_found(solve_within(strict, space, &rules).outcome)? {
            let lifted = hops.iter().filter(|hop| hop.amount() > hop.arriving()).map(|hop| hop.amount());
            let minimum = Msat::from_msat(lifted.max().unwrap_or(problem.amount));
            return Ok(Some(Cheapest::Lifted { minimum }));
        }
        found = priced(&strict, &space.best)?;
    }
    Ok(space.best.first().map(|&first| Cheapest::Route { price: found, first }))
}

/// The cheapest within these limits.
fn cheapest_within(
    query: &RouteQuery,
    problem: &Problem<'_, FeeOnly>,
    limits: Limits,
    space: &mut Workspace,
) -> Result<Option<Cheapest>, Unexplained> {
    let start = payee_used(&query.limits, query.amount);
    let problem = Problem { strict: !query.may_overpay, ..*problem };
    let rules = Rules { start, limits, all: limits, least: 0 };
    if !is_found(solve_within(problem, space, &rules).outcome)? {
        return Ok(None);
    }
    let found = price(&problem, start, &space.best, &mut Vec::new()).ok_or(Unexplained::Changed)?;
    Ok(space.best.first().map(|&first| Cheapest::Route { price: found, first }))
}

fn is_found(outcome: Outcome) -> Result<bool, Unexplained> {
    match outcome {
        Outcome::Route { .. } => Ok(true),
        Outcome::NoRoute => Ok(false),
        Outcome::WorkLimit => Err(Unexplained::WorkLimit),
        Outcome::Changed => Err(Unexplained::Changed),
    }
}

impl Cheapest {
    /// Which limit of the query and of its problem it breaks.
    fn broken_limit(&self, query: &RouteQuery, problem: &Problem<'_, FeeOnly>) -> NoRoute {
        match *self {
            Cheapest::Lifted { minimum } => NoRoute::HtlcMinimum { minimum },
            Cheapest::Route { price, .. } if price.suffix.received > problem.amount_max => {
                let needed = Msat::from_msat(price.suffix.received - problem.amount);
                NoRoute::FeeLimit { limit: query.limits.fee_limit(query.amount), needed }
            }
            Cheapest::Route { price, .. } => Cheapest::limits_of(&price),
        }
    }

    /// That it needs more than the limits beside that on the fee.
    const fn limits_of(price: &Price) -> NoRoute {
        let Used { cltv, hops, payload } = price.used;
        NoRoute::RouteLimits { cltv, hop_count: hops, payload_size: payload }
    }
}

/// What is in the way of routes that exist if the payer's channels which hold the amount hold any fee, too.
fn short_balance(
    query: &RouteQuery,
    unlimited: &Problem<'_, FeeOnly>,
    space: &mut Workspace,
) -> Result<Option<NoRoute>, Unexplained> {
    let Some(known) = &unlimited.restrictions.first_arcs else { return Ok(None) };
    let holding = known.iter().filter(|&&(_, balance)| balance >= unlimited.amount);
    let first_arcs = Some(holding.map(|&(arc, _)| (arc, u64::MAX)).collect());
    let restrictions = Restrictions { first_arcs, ..unlimited.restrictions.clone() };
    let problem = Problem { restrictions: &restrictions, ..*unlimited };
    let reason = match cheapest(query, &problem, space)? {
        None => return Ok(None),
        Some(Cheapest::Lifted { minimum }) => {
            let balance = Msat::from_msat(known.iter().map(|&(_, balance)| balance).max().unwrap_or(0));
            if balance < minimum {
                NoRoute::BalanceShort { balance, needed: minimum }
            } else {
                NoRoute::HtlcMinimum { minimum }
            }
        }
        Some(Cheapest::Route { price, first }) => {
            let (balance, needed) = (unlimited.first_balance(first).flatten(), price.suffix.received);
            // With a balance that suffices, the search before would have found it.
            let balance = balance.filter(|&balance| balance < needed).ok_or(Unexplained::Changed)?;
            NoRoute::BalanceShort { balance: Msat::from_msat(balance), needed: Msat::from_msat(needed) }
        }
    };
    Ok(Some(reason))
}

/// The first of some wishes without which there is a route.
fn closing_wish(
    query: &RouteQuery,
    unlimited: &Problem<'_, FeeOnly>,
    wishes: &[Wish],
    space: &mut Workspace,
) -> Result<Option<Wish>, Unexplained> {
    for &wish in wishes.iter().filter(|wish| wish.is_of(query)) {
        let restrictions = wish.lifted(unlimited.restrictions);
        let is_restricted = restrictions.concern_arcs() || unlimited.liquidity.is_some();
        let problem = Problem { restrictions: &restrictions, is_restricted, ..*unlimited };
        if is_found(solve(problem, space).outcome)? {
            return Ok(Some(wish));
        }
    }
    Ok(None)
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
