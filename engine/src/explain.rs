//! Why there is no route, in words that a user can act on.

use std::fmt;

use primitives::Msat;

use crate::cost::FeeOnly;
use crate::query::RouteQuery;
use crate::route::{payee_used, price};
use crate::search::problem::{COST_MAX, Problem};
use crate::search::{Limits, Outcome, Rules, Workspace, labels_max, solve, solve_within};
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
        /// The least fee of any route, whatever else is asked of it but that its amounts may not be raised.
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
    /// Both ends can carry the amount, but nothing in between that leads from one to the other can. What a single
    /// path could carry is told by [`widest`](crate::router::widest).
    NotConnected,
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
            NoRoute::NotConnected => {
                write!(
                    f,
                    "no single path from the payer to the payee has the capacity; split the payment or lower it"
                )
            }
        }
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

/// Looks for the reason; `is_limited` says that a route was found and broke a limit. Costs another search or two, so it is for
/// the answer that is "no" only.
///
/// By fee, whatever the query's cost: so a fee limit is told by what it is short at least.
pub(crate) fn explain(
    query: &RouteQuery,
    problem: Problem<'_, FeeOnly>,
    is_limited: bool,
    space: &mut Workspace,
) -> Result<NoRoute, Unexplained> {
    let largest = largest_htlc(&problem, true);
    if largest < problem.amount {
        return Ok(NoRoute::PayerCannotSend { largest: Msat::from_msat(largest) });
    }
    let largest = largest_htlc(&problem, false);
    if largest < problem.amount {
        return Ok(NoRoute::PayeeCannotReceive { largest: Msat::from_msat(largest) });
    }
    if problem.amount_max < COST_MAX || is_limited {
        let unlimited = Problem { amount_max: COST_MAX, strict: false, tolerance: 0, ..problem };
        match solve(unlimited, space).outcome {
            Outcome::WorkLimit => return Err(Unexplained::WorkLimit),
            Outcome::Changed => return Err(Unexplained::Changed),
            Outcome::Route { .. } => return broken_limit(query, problem.amount_max, &unlimited, space),
            Outcome::NoRoute => {}
        }
    }
    Ok(NoRoute::NotConnected)
}

/// What the workspace's best arcs break. Where they lift amounts that may not be lifted, what the cheapest route breaks that
/// lifts none; where there is none, the minimum that is in the way.
fn broken_limit(
    query: &RouteQuery,
    amount_max: u64,
    unlimited: &Problem<'_, FeeOnly>,
    space: &mut Workspace,
) -> Result<NoRoute, Unexplained> {
    let (start, mut hops) = (payee_used(&query.limits, query.amount), Vec::new());
    let mut priced = |problem: &Problem<'_, FeeOnly>, arcs: &[u32]| {
        price(problem, start, arcs, &mut hops).ok_or(Unexplained::Changed)
    };
    let mut found = priced(unlimited, &space.best)?;
    if found.is_lifted && !query.may_overpay {
        let strict = Problem { strict: true, ..*unlimited };
        let (limits, labels_max) = (Limits::default(), labels_max(query.work_max, true));
        let rules = Rules { start, limits, all: limits, labels_max, least: 0 };
        match solve_within(strict, space, &rules).outcome {
            Outcome::WorkLimit => return Err(Unexplained::WorkLimit),
            Outcome::Changed => return Err(Unexplained::Changed),
            Outcome::NoRoute => {
                let lifted = hops.iter().filter(|hop| hop.amount() > hop.arriving()).map(|hop| hop.amount());
                let minimum = Msat::from_msat(lifted.max().unwrap_or(unlimited.amount));
                return Ok(NoRoute::HtlcMinimum { minimum });
            }
            Outcome::Route { .. } => found = priced(&strict, &space.best)?,
        }
    }
    if found.suffix.received > amount_max {
        let needed = Msat::from_msat(found.suffix.received - unlimited.amount);
        return Ok(NoRoute::FeeLimit { limit: query.limits.fee_limit(query.amount), needed });
    }
    let used = found.used;
    Ok(NoRoute::RouteLimits { cltv: used.cltv, hop_count: used.hops, payload_size: used.payload })
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
