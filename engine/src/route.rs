//! A route, priced and checked hop by hop.

use primitives::{Direction, Msat, NodeId, ShortChannelId, ShortChannelIdDir};

use crate::cost::HopCost;
use crate::onion_size::{PAYLOAD_BYTES_MAX, final_payload_size};
use crate::query::RouteLimits;
use crate::reserve::Htlc;
use crate::search::problem::{Problem, Suffix};
use crate::search::{Counts, Limits, Method, Used};

/// A route that obeyed every rule at one moment during its query. Only the router makes one.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Route {
    /// Who pays.
    pub payer: NodeId,
    /// What the payee gets.
    pub amount: Msat,
    /// The channels, the payer's own first.
    pub hops: Vec<Hop>,
    /// What the payer pays beyond the amount.
    pub fee: Msat,
    /// Blocks from now to the expiry of the payer's HTLC, the final delta included.
    pub cltv: u32,
    /// How likely every hop has the liquidity, where any balance is equally likely.
    pub probability: f64,
    /// What was minimised, in msat.
    pub cost: u64,
    /// What is known of better routes.
    pub proof: Proof,
    /// The graph's version.
    pub version: u64,
    /// Which search found it.
    pub method: Method,
    /// The work it took.
    pub counts: Counts,
}

/// An HTLC on a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop {
    /// The channel.
    pub short_channel_id: ShortChannelId,
    /// Which way along it.
    pub direction: Direction,
    /// The node it leads to.
    pub node_id: NodeId,
    /// What the HTLC carries.
    pub amount: Msat,
    /// What that node keeps for forwarding.
    pub fee: Msat,
    /// Blocks from now to the HTLC's expiry.
    pub cltv: u32,
}

/// What is known of better routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// There is none within the limits.
    Optimal,
    /// None within the limits costs less than this one by more than `gap`.
    Bounded {
        /// The difference to the proven lower bound.
        gap: Msat,
    },
}

impl Route {
    /// Its HTLCs, the payer's first: what to [reserve](crate::reserve::ReservationBook::reserve) while it is tried.
    pub fn htlcs(&self) -> Vec<Htlc> {
        self.hops.iter().map(|hop| Htlc { channel: hop.channel(), amount: hop.amount }).collect()
    }
}

impl Hop {
    /// Its channel, and which way along it.
    pub fn channel(&self) -> ShortChannelIdDir {
        ShortChannelIdDir { short_channel_id: self.short_channel_id, direction: self.direction }
    }
}

/// A hop while its route is being priced.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PricedHop {
    pub(crate) arc: u32,
    amount: u64,
    arriving: u64,
    cltv: u32,
    /// The chance that the channel has the liquidity.
    probability: f64,
}

/// A route's price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Price {
    pub(crate) suffix: Suffix,
    pub(crate) used: Used,
    /// Whether an amount was lifted to a minimum.
    pub(crate) is_lifted: bool,
}

/// Prices the arcs from the payee back, as a payment would be. `None` where a hop cannot carry its HTLC, or the problem is
/// outdated. Fills `hops`, payee's hop first. Reads each policy once, from one place.
pub(crate) fn price<C: HopCost>(
    problem: &Problem<'_, C>,
    start: Used,
    arcs: &[u32],
    hops: &mut Vec<PricedHop>,
) -> Option<Price> {
    hops.clear();
    if problem.is_outdated() {
        return None;
    }
    let mut suffix = problem.root();
    let mut used = start;
    let mut is_lifted = false;
    for &arc in arcs.iter().rev() {
        let (tail, record) = (problem.tail(arc), problem.record(arc));
        let arriving = problem.arriving(arc, &suffix);
        let next = problem.extend_over(tail, arc, record, &suffix)?;
        let amount = next.forwarded;
        is_lifted |= amount > arriving;
        let passage = problem.passage(record, arc, problem.is_restricted)?;
        let probability = passage.probability(amount);
        hops.push(PricedHop { arc, amount, arriving, cltv: used.cltv, probability });
        used = if tail == problem.payer { used.sent() } else { used.extended(record, &next) };
        suffix = next;
    }
    Some(Price { suffix, used, is_lifted })
}

/// The limits that a price must obey.
pub(crate) fn limits_of(limits: &RouteLimits) -> Limits {
    Limits { cltv: Some(limits.cltv_max), hops: Some(limits.hop_count_max), payload: Some(PAYLOAD_BYTES_MAX) }
}

/// What the payee itself uses up.
pub(crate) fn payee_used(limits: &RouteLimits, amount: Msat) -> Used {
    let plain = || final_payload_size(amount.to_msat(), limits.final_payload_extra);
    let payload = limits.end_payload_size.unwrap_or_else(plain);
    Used { cltv: limits.final_cltv_delta, hops: 0, payload }
}

impl PricedHop {
    /// The chance that the channel has the liquidity; 1 where the balance is known.
    pub(crate) fn probability(&self, is_known: bool) -> f64 {
        if is_known { 1.0 } else { self.probability }
    }

    /// The hop in names; `forwarded` is what the next hop's HTLC carries, `None` at the payee.
    pub(crate) fn named(&self, names: (ShortChannelId, Direction, NodeId), forwarded: Option<Msat>) -> Hop {
        let amount = Msat::from_msat(self.amount);
        let (short_channel_id, direction, node_id) = names;
        let fee = forwarded.map_or(Msat::ZERO, |forwarded| amount.saturating_sub(forwarded));
        Hop { short_channel_id, direction, node_id, amount, fee, cltv: self.cltv }
    }

    /// What the channel's head wanted, before a minimum lifted it.
    pub(crate) fn arriving(&self) -> u64 {
        self.arriving
    }

    /// What the HTLC carries.
    pub(crate) fn amount(&self) -> u64 {
        self.amount
    }
}
