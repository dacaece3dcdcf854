//! Every simple route of a world, priced with arithmetic of its own: BOLT 7 for fees, bLIP-18 for inbound fees, the
//! documents of `engine::cost` for costs, those of `engine::onion_size` for bytes. Exponential.

use engine::belief::{PENALTY_FRACTION_BITS, Prior};
use engine::cost::{CostModel, ProbabilityWeights, RiskWeights};
use primitives::{Msat, ShortChannelId};

use super::world::{Extra, Origin, Policy, World, scid};

/// A direction of a channel that is open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arc {
    pub(super) name: (ShortChannelId, usize),
    pub(super) tail: u8,
    pub(super) head: u8,
    pub(super) policy: Policy,
    /// In msat, whole sats; `htlc_maximum_msat` rounded up to sats where nobody knows it.
    pub(super) capacity: u64,
    /// What of it is known to be there.
    known: u64,
    /// How likely the amounts between are, in a channel of that capacity, of which that much is in flight.
    prior: Prior,
    whole: u64,
    in_flight: u64,
    /// What fee and other costs are multiplied with, 20 bits behind the point.
    weights: [u64; 2],
    /// What the head charges for what arrives here.
    inbound: (i32, i32),
    /// The largest HTLC: `htlc_maximum_msat`, capacity, headroom and the payer's balance.
    max: u64,
    /// Whether the payer knows that its balance suffices.
    is_known: bool,
    may_be_first: bool,
}

/// What is known of a route from some node on.
#[derive(Debug, Clone, Copy)]
struct Suffix {
    node: u8,
    /// What the node sends on, and what it asks for that before an inbound fee.
    forwarded: u128,
    outbound: u128,
    /// The cost beyond the fee.
    beyond: i128,
    cltv: u32,
    hops: u32,
    payload: u32,
}

/// A whole route.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Priced {
    /// Payer first.
    pub(super) arcs: Vec<usize>,
    /// What each HTLC carries, payer's first.
    pub(super) amounts: Vec<u64>,
    /// Blocks until each HTLC expires.
    pub(super) cltvs: Vec<u32>,
    pub(super) cost: u128,
    pub(super) probability: f64,
}

/// All arcs of a world, and the limits.
pub(super) struct Oracle<'a> {
    world: &'a World,
    pub(super) arcs: Vec<Arc>,
    into: Vec<Vec<usize>>,
    fee_max: u128,
    halvings: Logarithm,
    best: Option<Priced>,
}

impl<'a> Oracle<'a> {
    pub(super) fn new(world: &'a World) -> Self {
        let arcs = arcs(world);
        let mut into = vec![Vec::new(); 256];
        for (at, arc) in arcs.iter().enumerate() {
            into[usize::from(arc.head)].push(at);
        }
        let limits = &world.payment.limits;
        let share = limits
            .fee_millionths_max
            .map(|share| u128::from(world.payment.amount) * u128::from(share) / 1_000_000);
        let fee_max = limits.fee_max.map_or(u128::MAX, |max| u128::from(max.to_msat()));
        let fee_max = fee_max.min(share.unwrap_or(u128::MAX));
        Oracle { world, arcs, into, fee_max, halvings: Logarithm::new(), best: None }
    }

    /// The cheapest of all routes.
    pub(super) fn best(mut self) -> Option<Priced> {
        self.descend(self.root(), &mut Vec::new());
        self.best
    }

    /// Prices one route, payer's arc first; `None` where it breaks a rule.
    pub(super) fn price(&self, route: &[usize]) -> Option<Priced> {
        let payment = &self.world.payment;
        let (&first, others) = route.split_first()?;
        let mut suffix = self.root();
        let (mut amounts, mut cltvs, mut probability) = (Vec::new(), Vec::new(), 1.0);
        for &at in others.iter().rev().chain([&first]) {
            let arc = &self.arcs[at];
            let amount = self.carried(arc, &suffix)?;
            amounts.push(amount);
            cltvs.push(suffix.cltv);
            if !arc.is_known {
                probability *= arc.probability(amount);
            }
            if at != first {
                suffix = self.extended(arc, &suffix, amount)?;
            }
        }
        let arc = &self.arcs[first];
        let amount = *amounts.last()?;
        let cost = self.completed(arc, &suffix, amount)?;
        amounts.reverse();
        cltvs.reverse();
        (arc.tail == payment.payer).then(|| Priced {
            arcs: route.to_vec(),
            amounts,
            cltvs,
            cost,
            probability,
        })
    }

    fn root(&self) -> Suffix {
        let (payment, limits) = (&self.world.payment, &self.world.payment.limits);
        Suffix {
            node: payment.payee,
            forwarded: u128::from(payment.amount),
            outbound: 0,
            beyond: 0,
            cltv: limits.final_cltv_delta,
            hops: 0,
            payload: limits
                .end_payload_size
                .unwrap_or_else(|| final_payload(payment.amount, limits.final_payload_extra)),
        }
    }

    /// `route` holds the arcs so far, payee's first.
    fn descend(&mut self, suffix: Suffix, route: &mut Vec<usize>) {
        let payment = &self.world.payment;
        for at in self.into[usize::from(suffix.node)].clone() {
            let arc = self.arcs[at];
            let Some(amount) = self.carried(&arc, &suffix) else { continue };
            let is_visited = route.iter().any(|&other| self.arcs[other].tail == arc.tail);
            route.push(at);
            if arc.tail == payment.payer {
                let cost = self.completed(&arc, &suffix, amount);
                let is_turned_back = route.len() == 2 && self.arcs[route[0]].name.0 == arc.name.0;
                let known = self.best.as_ref().map_or(u128::MAX, |best| best.cost);
                if cost.is_some_and(|cost| cost < known) && !is_turned_back {
                    let forwards = route.iter().rev().copied().collect::<Vec<_>>();
                    self.best = self.price(&forwards);
                    assert_eq!(self.best.as_ref().map(|best| best.cost), cost);
                }
            } else if arc.tail != payment.payee
                && !is_visited
                && let Some(next) = self.extended(&arc, &suffix, amount)
            {
                self.descend(next, route);
            }
            route.pop();
        }
    }

    /// What the HTLC on `arc` carries; `None` where it may not.
    fn carried(&self, arc: &Arc, suffix: &Suffix) -> Option<u64> {
        let payment = &self.world.payment;
        let is_payee = suffix.hops == 0;
        if is_payee && payment.last_hop.is_some_and(|last| last != arc.tail) {
            return None;
        }
        let arriving = if is_payee || payment.ignore_inbound_fees {
            suffix.forwarded + suffix.outbound
        } else {
            let before = (suffix.forwarded + suffix.outbound) as i128;
            // No discount takes more than all.
            let rate = i128::from(arc.inbound.1.max(-1_000_000));
            let inbound = before * rate / 1_000_000 + i128::from(arc.inbound.0);
            (before + inbound).max(suffix.forwarded as i128) as u128
        };
        let amount = if payment.may_overpay { arriving.max(u128::from(arc.policy.min)) } else { arriving };
        let fits = (u128::from(arc.policy.min)..=u128::from(arc.max)).contains(&amount);
        (fits && amount - u128::from(payment.amount) <= self.fee_max).then_some(amount as u64)
    }

    /// The suffix one forwarding hop further.
    fn extended(&self, arc: &Arc, suffix: &Suffix, amount: u64) -> Option<Suffix> {
        let forwarded = u128::from(amount);
        let cltv = u32::from(arc.policy.cltv);
        let fee = forwarded * u128::from(arc.policy.ppm) / 1_000_000 + u128::from(arc.policy.base);
        let next = Suffix {
            node: arc.tail,
            forwarded,
            outbound: fee,
            beyond: suffix.beyond
                + weighed(
                    self.risk(amount, cltv) + self.hop() + self.improbability(arc, amount),
                    arc.weights[1],
                ) as i128
                + weighed(fee, arc.weights[0]) as i128
                - fee as i128,
            cltv: suffix.cltv + cltv,
            hops: suffix.hops + 1,
            payload: suffix.payload + forward_payload(amount),
        };
        let received = i128::try_from(next.forwarded + next.outbound).ok()?;
        (received < COST_END as i128 && received + next.beyond < COST_END as i128).then_some(next)
    }

    /// The cost of the route that `arc` completes.
    fn completed(&self, arc: &Arc, suffix: &Suffix, amount: u64) -> Option<u128> {
        let limits = &self.world.payment.limits;
        let is_within =
            suffix.cltv <= limits.cltv_max && suffix.hops < limits.hop_count_max && suffix.payload <= 1300;
        let improbability = if arc.is_known { 0 } else { self.improbability(arc, amount) };
        let fee = i128::from(amount - self.world.payment.amount);
        let cost = fee + suffix.beyond + weighed(self.hop() + improbability, arc.weights[1]) as i128;
        let cost = u128::try_from(cost).expect("costs are never negative");
        (arc.may_be_first && is_within && cost < COST_END).then_some(cost)
    }

    fn weights(&self) -> Option<(RiskWeights, Option<ProbabilityWeights>)> {
        match self.world.payment.cost {
            CostModel::Fee => None,
            CostModel::Risk(risk) => Some((risk, None)),
            CostModel::Probability(weights) => Some((weights.risk, Some(weights))),
        }
    }

    fn hop(&self) -> u128 {
        self.weights()
            .map_or(0, |(risk, _)| u128::from(risk.hop_base_msat) + self.of_payment(risk.hop_millionths))
    }

    fn risk(&self, amount: u64, cltv: u32) -> u128 {
        let billionths = self.weights().map_or(0, |(risk, _)| risk.risk_billionths);
        u128::from(amount) * u128::from(cltv) * u128::from(billionths) / 1_000_000_000
    }

    fn improbability(&self, arc: &Arc, amount: u64) -> u128 {
        let Some((_, Some(weights))) = self.weights() else { return 0 };
        let attempt = u128::from(weights.attempt_base_msat) + self.of_payment(weights.attempt_millionths);
        let halving = attempt * 693_147_181 / 1_000_000_000;
        if arc.prior != Prior::Uniform {
            return (attempt * u128::from(arc.penalty(amount))) >> PENALTY_FRACTION_BITS;
        }
        let log = |value: u64| self.halvings.of(value);
        let left = arc.capacity - amount.max(arc.known);
        (halving * u128::from(log(arc.capacity - arc.known + 1) - log(left + 1))) >> 24
    }

    fn of_payment(&self, millionths: u32) -> u128 {
        u128::from(self.world.payment.amount) * u128::from(millionths) / 1_000_000
    }
}

impl Arc {
    /// What a prior that is not uniform says; those have tests of their own.
    fn penalty(&self, amount: u64) -> u64 {
        let msat = |beside| Msat::from_msat(beside + self.in_flight);
        self.prior.penalty(msat(amount), (msat(self.known), msat(self.capacity)), Msat::from_msat(self.whole))
    }

    fn probability(&self, amount: u64) -> f64 {
        if self.prior != Prior::Uniform {
            return (-(self.penalty(amount) as f64) / 2f64.powi(PENALTY_FRACTION_BITS as i32)).exp();
        }
        let whole = (self.capacity - self.known) as f64 + 1.0;
        (whole - amount.saturating_sub(self.known) as f64) / whole
    }
}

/// A direction of a channel before the query's wishes.
struct Draft {
    name: (ShortChannelId, usize),
    ends: (u8, u8),
    policy: Option<Policy>,
    capacity_sat: Option<u64>,
    /// What the two sides hold at least, its own first, in a channel of that capacity in msat.
    believed: Option<([u64; 2], u64)>,
    inbound: (i32, i32),
    /// What the payer can send, where it said of which channels it can.
    balance: Option<Option<u64>>,
}

/// The arcs that the payment may use.
fn arcs(world: &World) -> Vec<Arc> {
    let payment = &world.payment;
    let mut drafts = Vec::new();
    for (place, channel) in world.channels.iter().enumerate() {
        if channel.origin == Origin::Closed || payment.avoided_channels.contains(&place) {
            continue;
        }
        let balance = payment
            .first
            .as_ref()
            .map(|first| first.iter().find(|&&(at, _)| at == place).map(|&(_, balance)| balance));
        for direction in [0, 1] {
            if !payment.avoided_directions.contains(&(place, direction)) {
                drafts.push(Draft {
                    name: (scid(place), direction),
                    ends: (channel.ends[direction], channel.ends[1 - direction]),
                    policy: channel.policies[direction],
                    capacity_sat: channel.capacity_sat,
                    believed: believed(world, place, direction),
                    inbound: channel.policies[1 - direction].map_or((0, 0), |policy| policy.inbound),
                    balance,
                });
            }
        }
    }
    let balance = payment.first.as_ref().map(|_| None);
    for extra in &world.extra {
        let name = (extra.scid, usize::from(extra.tail > extra.head));
        let is_avoided = payment.avoided_channels.iter().any(|&place| scid(place) == name.0)
            || payment.avoided_directions.iter().any(|&(place, direction)| (scid(place), direction) == name);
        if !is_avoided {
            let (ends, policy, capacity_sat) =
                ((extra.tail, extra.head), Some(extra.policy), extra.capacity_sat);
            let inbound = inbound_of_extra(world, extra);
            drafts.push(Draft { name, ends, policy, capacity_sat, believed: None, inbound, balance });
        }
    }
    for (name, created) in world.changes.created() {
        for direction in [0, 1] {
            let ends = (created.ends[direction], created.ends[1 - direction]);
            let (name, capacity_sat) = ((name, direction), Some(created.capacity_sat));
            let (policy, believed) = (None, None);
            drafts.push(Draft { name, ends, policy, capacity_sat, believed, inbound: (0, 0), balance });
        }
    }
    drafts.into_iter().filter_map(|draft| arc(world, draft)).collect()
}

/// What the head of an extra arc charges for what arrives: as the other direction says, where the query tells of it.
fn inbound_of_extra(world: &World, extra: &Extra) -> (i32, i32) {
    let leads_back =
        |other: &&Extra| (other.scid, other.tail, other.head) == (extra.scid, extra.head, extra.tail);
    world.extra.iter().find(leads_back).map_or((0, 0), |other| other.policy.inbound)
}

/// What is believed of a direction; nothing of channels that opened after the table was made.
fn believed(world: &World, place: usize, direction: usize) -> Option<([u64; 2], u64)> {
    let channel = world.channels[place];
    let draft = world.changes.believed.as_ref().filter(|_| channel.origin != Origin::Opened)?;
    Some((draft.floors(place, direction, channel.whole())?, channel.whole()))
}

fn arc(world: &World, draft: Draft) -> Option<Arc> {
    let Draft { name, ends: (tail, head), policy, capacity_sat, believed, inbound, balance } = draft;
    let payment = &world.payment;
    let is_avoided =
        |node| node != payment.payer && node != payment.payee && payment.avoided_nodes.contains(&node);
    let is_first = tail == payment.payer;
    let known = balance.filter(|_| is_first);
    // What the payer names with its balance is open and known, whatever gossip says.
    let policy = if known.flatten().is_some() { Some(opened(policy, capacity_sat)) } else { policy };
    let policy = world.changes.policy(name, policy, capacity_sat)?;
    if policy.disabled || is_avoided(tail) || is_avoided(head) || world.changes.closes(name, tail, head) {
        return None;
    }
    let capacity = capacity_sat.unwrap_or(policy.max.div_ceil(1000)) * 1000;
    let kept = u128::from(capacity) * u128::from(payment.headroom_millionths) / 1_000_000;
    let (mut lower, mut upper) = world.changes.liquidity(name, capacity);
    let mut whole = capacity;
    if let Some(([own, other], believed_whole)) = believed {
        whole = believed_whole.max(capacity);
        lower = lower.max(own.min(believed_whole.saturating_sub(other)));
        upper = upper.min(believed_whole.saturating_sub(other));
        lower = lower.min(upper);
    }
    let in_flight = world.changes.in_flight(name)?;
    let max = policy.max.min((capacity - kept as u64).min(upper).saturating_sub(in_flight));
    let beyond_weight = world.changes.weight(name, tail, head);
    let is_full = beyond_weight < 1 << 20 && has_inbound_fees(world);
    Some(Arc {
        name,
        tail,
        head,
        policy,
        capacity: upper.saturating_sub(in_flight),
        known: lower.saturating_sub(in_flight),
        prior: world.changes.believed.as_ref().map_or(Prior::Uniform, |draft| draft.prior),
        whole,
        in_flight,
        weights: [if is_full { 1 << 20 } else { beyond_weight }, beyond_weight],
        inbound,
        max: known.flatten().map_or(max, |balance| balance.min(max)),
        is_known: known.flatten().is_some(),
        may_be_first: known.is_none_or(|balance| balance.is_some()),
    })
}

/// The policy of a channel that its payer names: where nobody has told any, open to all that it holds.
fn opened(policy: Option<Policy>, capacity_sat: Option<u64>) -> Policy {
    let untold = Policy { max: capacity_sat.map_or(1 << 62, |sat| sat * 1000), ..Policy::FREE };
    Policy { disabled: false, ..policy.unwrap_or(untold) }
}

/// Whether inbound fees count: some policy has one, or had since the generation was built, or an extra arc has.
fn has_inbound_fees(world: &World) -> bool {
    let known = world.channels.iter().flat_map(|channel| {
        let former = if let Origin::Changed(former) = channel.origin { Some(former) } else { None };
        [0, 1].into_iter().flat_map(move |at| {
            let policy = channel.policies[at];
            [policy, policy.and(former).map(|former| former[at])].into_iter().flatten()
        })
    });
    let extra = world.extra.iter().map(|extra| extra.policy);
    !world.payment.ignore_inbound_fees && known.chain(extra).any(|policy| policy.inbound != (0, 0))
}

/// A cost times a factor with 20 bits behind the point, rounded up.
fn weighed(cost: u128, weight: u64) -> u128 {
    (cost * u128::from(weight)).div_ceil(1 << 20)
}

/// BOLT 4: length, `amt_to_forward`, `outgoing_cltv_value` of three bytes, `short_channel_id`, hmac.
fn forward_payload(amount: u64) -> u32 {
    framed(2 + bytes(amount) + 5 + 10)
}

/// BOLT 4: length, amount, expiry, `payment_data`, what the payee wants beside, hmac.
fn final_payload(amount: u64, extra: u32) -> u32 {
    framed(2 + bytes(amount) + 5 + 2 + 32 + bytes(amount) + extra)
}

fn framed(records: u32) -> u32 {
    records + if records < 253 { 1 } else { 3 } + 32
}

fn bytes(amount: u64) -> u32 {
    (0..8).map(|byte| amount >> (8 * byte)).take_while(|&rest| rest > 0).count() as u32
}

/// log2 with 24 bits behind the point: 256 straight lines, rounded down.
struct Logarithm(Vec<u64>);

impl Logarithm {
    fn new() -> Self {
        let unit = f64::from(1 << 24);
        Logarithm((0..=256).map(|part| ((1.0 + f64::from(part) / 256.0).log2() * unit) as u64).collect())
    }

    fn of(&self, value: u64) -> u64 {
        let exponent = value.max(1).ilog2();
        // The value in [1, 2) with 64 bits behind the point: 8 of them choose the line, 24 the place on it.
        let fraction = ((u128::from(value.max(1)) << 64) >> exponent) as u64;
        let (line, along) = ((fraction >> 56) as usize, fraction >> 32 & 0xff_ffff);
        let (low, high) = (self.0[line], self.0[line + 1]);
        u64::from(exponent) * (1 << 24) + low + (((high - low) * along) >> 24)
    }
}

/// No route costs as much.
const COST_END: u128 = 1 << 62;
