//! A query in the graph's own numbers, and what crossing one arc does to a payment.
//!
//! Both searches, the certificate, the label search and the reference ask the same few functions here, so that an
//! HTLC's amount grows in one place only.

use std::iter;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use primitives::{InboundFee, Msat};

use super::Counts;
use super::passage::{Believed, Passage};
use super::split::Split;
use crate::belief::{Liquidity, PENALTY_FRACTION_BITS, Prior};
use crate::cost::{HopCost, Tuning};
use crate::graph::{ArcIdx, Discounts, Record, Topology};
use crate::layer::{Adjustments, ArcChange};
use crate::overlay::{Overlay, OverlayArc, OverlayChannel};
use crate::reserve::ReservedTable;

/// A query on one snapshot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Problem<'a, C> {
    pub(crate) topology: &'a Topology,
    /// The snapshot's overlay, that of the query's layers, and the query's own.
    pub(crate) layers: [&'a Overlay; 3],
    pub(crate) payer: u32,
    /// Where a search that goes backwards starts: the payee, or a node that `start` says the state of.
    pub(crate) payee: u32,
    /// The state at a node before the payee from which the rest of the route is fixed; `None` starts at the payee.
    pub(crate) start: Option<Suffix>,
    /// What the payee gets, in msat; with `start`, what the node there forwards. No HTLC that is searched carries less.
    pub(crate) amount: u64,
    /// What every HTLC carries at least that is not for the payee itself (`ends`).
    pub(crate) least_ahead: u64,
    /// What the payer may send at most, in msat.
    pub(crate) amount_max: u64,
    pub(crate) cost: C,
    pub(crate) restrictions: &'a Restrictions,
    /// What is known of liquidity beside the query.
    pub(crate) liquidity: Option<&'a dyn Liquidity>,
    /// Whether arcs must be looked at one by one, see [`Restrictions::concern_arcs`].
    pub(crate) is_restricted: bool,
    /// Whether policies' inbound fees count, as far as any were known when the search began.
    pub(crate) with_inbound_fees: bool,
    /// Whether they count for nothing, whoever has one.
    pub(crate) ignores_inbound_fees: bool,
    /// Whether channels of layers have any.
    pub(crate) has_layered_inbound: bool,
    /// Whether an amount below a hop's minimum ends a route instead of being lifted to it.
    pub(crate) strict: bool,
    /// Whether a route on which an amount is lifted is of no use, so that nobody needs a proof that it is the best.
    pub(crate) refuses_lifts: bool,
    /// Where the payer pays itself: which of its channels may be first, and which last.
    pub(crate) split: Option<Split>,
    /// Nodes that the label search must not visit twice: a discount made a loop there pay for itself.
    pub(crate) once: &'a [u32],
    /// Answers may be this much dearer than the best, in msat.
    pub(crate) tolerance: u64,
    /// Nodes that may be settled before the search gives up.
    pub(crate) settled_max: u64,
}

/// What a query forbids. Avoided nodes are marked in the label table and cost nothing here.
#[derive(Debug, Default, Clone)]
pub(crate) struct Restrictions {
    /// Arcs that may not be used, sorted.
    pub(crate) avoided_arcs: Vec<u32>,
    /// Nodes that may not be used, sorted; the payer and the payee never are.
    pub(crate) avoided_nodes: Vec<u32>,
    /// The payer's arcs that may be used with what they can carry, sorted; `None` allows all.
    pub(crate) first_arcs: Option<Vec<(u32, u64)>>,
    /// The only node that may be last before the payee.
    pub(crate) last_hop: Option<u32>,
    /// The share of the capacity that stays unused, in millionths.
    pub(crate) headroom_millionths: u32,
    /// What layers change.
    pub(crate) adjustments: Option<Arc<Adjustments>>,
    /// What counts instead of that: what layers change of the query's own arcs, and the payer's arcs that it opens itself, with
    /// what layers change of these; sorted.
    pub(crate) own_changes: Vec<(u32, ArcChange)>,
    /// What that does to the bounds on costs.
    pub(crate) tuning: Tuning,
    /// What is believed of the channels' liquidity.
    pub(crate) believed: Option<Believed>,
    /// What is in flight.
    pub(crate) reserved: Option<Arc<ReservedTable>>,
    /// Channels that have the name and the ends of another one with a lesser number, and that number; sorted. Both are one
    /// channel under two guises.
    pub(crate) guises: Vec<(u32, u32)>,
}

impl Restrictions {
    /// What the headroom leaves of a capacity.
    pub(crate) fn usable(&self, capacity: u64) -> u64 {
        capacity - (u128::from(capacity) * u128::from(self.headroom_millionths) / 1_000_000) as u64
    }

    /// The number of an arc's channel: of one with several guises the least.
    pub(crate) fn channel_of(&self, arc: u32) -> u32 {
        let channel = arc >> 1;
        let place = self.guises.binary_search_by_key(&channel, |guise| guise.0);
        place.map_or(channel, |place| self.guises[place].1)
    }

    /// An arc under all guises of its channel. O(guises).
    pub(crate) fn guises_of(&self, arc: u32) -> impl Iterator<Item = u32> {
        let channel = self.channel_of(arc);
        let others = self.guises.iter().filter(move |guise| guise.1 == channel).map(|guise| guise.0);
        iter::once(channel).chain(others).map(move |channel| channel << 1 | arc & 1)
    }

    /// Whether arcs must be looked at one by one.
    pub(crate) fn concern_arcs(&self) -> bool {
        !self.avoided_arcs.is_empty()
            || self.headroom_millionths != 0
            || self.last_hop.is_some()
            || self.has_changes()
            || self.believed.is_some()
            || self.reserved.is_some()
    }
}

/// The state of a payment at a node, seen from the payee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Suffix {
    /// The cost so far, the node's own fee included before any inbound fee.
    pub(crate) cost: u64,
    /// What the node must receive, before an inbound fee.
    pub(crate) received: u64,
    /// What the node forwards; at the payee, what it gets.
    pub(crate) forwarded: u64,
}

impl<'a, C: HopCost> Problem<'a, C> {
    /// The same with the work that is left when `tried` has been done.
    pub(crate) fn after(self, tried: Counts) -> Self {
        Problem { settled_max: self.settled_max.saturating_sub(tried.settled), ..self }
    }

    /// The same problem at another cost.
    pub(crate) fn with_cost<D: HopCost>(&self, cost: D) -> Problem<'a, D> {
        let &Problem { topology, layers, payer, payee, start, amount, least_ahead, amount_max, .. } = self;
        let &Problem { with_inbound_fees, ignores_inbound_fees, has_layered_inbound, strict, .. } = self;
        let &Problem { refuses_lifts, split, once, restrictions, liquidity, is_restricted, .. } = self;
        let &Problem { tolerance, settled_max, .. } = self;
        Problem {
            topology,
            layers,
            payer,
            payee,
            start,
            amount,
            least_ahead,
            amount_max,
            cost,
            restrictions,
            liquidity,
            is_restricted,
            with_inbound_fees,
            ignores_inbound_fees,
            has_layered_inbound,
            strict,
            refuses_lifts,
            split,
            once,
            tolerance,
            settled_max,
        }
    }

    /// The same problem where something is known of liquidity, which its cost must have been made for.
    pub(crate) fn knowing(self, liquidity: Option<&'a dyn Liquidity>) -> Self {
        Problem { liquidity, is_restricted: self.is_restricted || liquidity.is_some(), ..self }
    }

    /// Whether the first inbound fee of the generation was set since the problem was made, which then prices without it. Read
    /// together with policies it says whether the problem may price them.
    #[inline]
    pub(crate) fn is_outdated(&self) -> bool {
        !self.with_inbound_fees && !self.ignores_inbound_fees && self.topology.has_inbound_fees()
    }

    /// The same problem as it is now.
    pub(crate) fn renewed(self) -> Self {
        Problem { with_inbound_fees: self.with_inbound_fees || self.is_outdated(), ..self }
    }

    /// The state that a search backwards starts from.
    pub(crate) fn root(&self) -> Suffix {
        self.start.unwrap_or(Suffix { cost: 0, received: self.amount, forwarded: self.amount })
    }

    /// The problem of the best way to a node from which the rest of the route is fixed: `start` is the state there.
    /// The nodes behind it must be avoided.
    pub(crate) fn starting_at(&self, node: u32, start: Suffix) -> Self {
        let amount = start.forwarded;
        Problem { payee: node, start: Some(start), amount, least_ahead: amount, ..*self }
    }

    /// The table of wide values that an arc's record refers to.
    pub(crate) fn wide_of(&self, arc: u32) -> &[AtomicU64] {
        let layer = self.layers.iter().filter(|_| self.is_beside(arc)).find(|layer| layer.arc(arc).is_some());
        layer.map_or(self.topology.wide(), |layer| layer.wide())
    }

    /// Whether an arc lies beside the lists: numbers of the generation come first.
    #[inline(always)]
    pub(super) fn is_beside(&self, arc: u32) -> bool {
        arc as usize / 2 >= self.topology.channel_count()
    }

    #[inline(always)]
    fn beside(&self, arc: u32) -> Option<&'a OverlayArc> {
        self.layers.into_iter().filter(|_| self.is_beside(arc)).find_map(|layer| layer.arc(arc))
    }

    /// The channel of an arc that lies beside the lists.
    #[inline(always)]
    pub(crate) fn channel_beside(&self, arc: u32) -> Option<&'a OverlayChannel> {
        self.layers.into_iter().filter(|_| self.is_beside(arc)).find_map(|layer| layer.channel_of(arc))
    }

    /// The policy of an arc by number, wherever it lies, as the query's layers change it.
    pub(crate) fn record(&self, arc: u32) -> Record {
        let record = match self.beside(arc) {
            Some(arc) => arc.record,
            None => self.topology.in_lists().record(arc),
        };
        self.restrictions.change(arc).map_or(record, |change| change.record(record))
    }

    /// The node that an arc leaves.
    pub(crate) fn tail(&self, arc: u32) -> u32 {
        match self.beside(arc) {
            Some(arc) => arc.tail,
            None => self.topology.in_lists().end_of(arc),
        }
    }

    /// The node that an arc enters.
    pub(crate) fn head(&self, arc: u32) -> u32 {
        match self.beside(arc) {
            Some(arc) => arc.head,
            None => self.topology.out_lists().end_of(arc),
        }
    }

    /// What the head of `arc` charges for an HTLC that arrives over it.
    pub(crate) fn inbound_fee(&self, arc: u32) -> InboundFee {
        let has_none = |discounts: &Discounts| !discounts.is_charged(arc);
        if !self.with_inbound_fees || !self.is_beside(arc) && self.topology.discounts().is_none_or(has_none) {
            return InboundFee::ZERO;
        }
        let reverse = ArcIdx::from_u32(arc).reversed();
        match self.channel_beside(arc) {
            Some(channel) => channel.policies[reverse.direction().as_usize()]
                .map_or(InboundFee::ZERO, |policy| policy.inbound_fee),
            None => self.topology.inbound_fee(reverse),
        }
    }

    /// What the HTLC on `arc` carries so that its head has what `suffix` needs; `u64::MAX` beyond 64 bits.
    #[inline(always)]
    pub(crate) fn arriving(&self, arc: u32, suffix: &Suffix) -> u64 {
        if !self.with_inbound_fees {
            return suffix.received;
        }
        let inbound = self.inbound_fee(arc);
        if inbound.is_zero() || suffix.received == suffix.forwarded && self.is_payee_suffix(arc) {
            return suffix.received;
        }
        received(inbound, suffix)
    }

    fn is_payee_suffix(&self, arc: u32) -> bool {
        self.start.is_none() && self.head(arc) == self.payee
    }

    /// Carries an HTLC of `arriving` msat backwards over a forwarding hop: what the tail then needs. `cost` holds fees up
    /// to `from`; what arrives may be less where an inbound fee is a discount. `None` where the hop cannot carry it.
    #[inline(always)]
    pub(crate) fn forwarded(
        &self,
        record: Record,
        passage: Passage,
        cost: u64,
        from: u64,
        arriving: u64,
    ) -> Option<Suffix> {
        let amount = self.carried(passage, arriving)?;
        let fee = record.fee(amount);
        let received = amount.checked_add(fee)?;
        // An inbound fee may still take the node's fee back: then the HTLC before it counts.
        if received > self.amount_max && !self.with_inbound_fees {
            return None;
        }
        let with_fee = (cost + amount - from).checked_add(passage.fee_weight.of(fee))?;
        let cost = with_fee.checked_add(self.beyond_fee(record, passage, amount))?;
        (cost <= COST_MAX).then_some(Suffix { cost, received, forwarded: amount })
    }

    /// As [`Problem::forwarded`] over a hop that carries what `suffix` receives without being lifted, where no inbound
    /// fee counts and nothing changes the policy; `fee` is what its tail charges for it.
    #[inline(always)]
    pub(crate) fn unlifted(
        &self,
        record: Record,
        passage: Passage,
        suffix: &Suffix,
        fee: u64,
    ) -> Option<Suffix> {
        let forwarded = suffix.received;
        let received = forwarded.checked_add(fee).filter(|&received| received <= self.amount_max)?;
        let cost = suffix.cost.checked_add(fee)?.checked_add(self.beyond_fee(record, passage, forwarded))?;
        (cost <= COST_MAX).then_some(Suffix { cost, received, forwarded })
    }

    /// The same over the payer's own channel, which charges nothing.
    #[inline(always)]
    pub(crate) fn sent(
        &self,
        passage: Passage,
        arc: u32,
        cost: u64,
        from: u64,
        arriving: u64,
    ) -> Option<Suffix> {
        let balance = self.first_balance(arc)?;
        let max = balance.map_or(passage.max, |balance| passage.max.min(balance));
        let amount = self.carried(Passage { max, ..passage }, arriving)?;
        let beyond_fee = self.beyond_first(passage, balance, amount);
        let cost = (cost + amount - from).checked_add(beyond_fee)?;
        (cost <= COST_MAX).then_some(Suffix { cost, received: amount, forwarded: amount })
    }

    /// The cost of a forwarding hop that carries `amount`, beyond its fee.
    #[inline(always)]
    pub(crate) fn beyond_fee(&self, record: Record, passage: Passage, amount: u64) -> u64 {
        let beyond = match passage.prior {
            Prior::Uniform => self.cost.forward(record, passage.capacity, passage.known, amount),
            // As if all of it were known to be there, and what the prior thinks of it.
            Prior::Bimodal(_) => {
                let certain = self.cost.forward(record, passage.capacity, passage.capacity, amount);
                certain.saturating_add(self.improbability(passage, amount))
            }
        };
        passage.beyond_weight.of(beyond).saturating_add(self.cost.toll(record))
    }

    /// The same of the payer's own hop, whose balance may be known.
    #[inline(always)]
    pub(crate) fn beyond_first(&self, passage: Passage, balance: Option<u64>, amount: u64) -> u64 {
        let beyond = match balance {
            Some(_) => self.cost.first_known(),
            None if passage.prior == Prior::Uniform => {
                self.cost.first(passage.capacity, passage.known, amount)
            }
            None => self.cost.first_known().saturating_add(self.improbability(passage, amount)),
        };
        passage.beyond_weight.of(beyond).saturating_add(self.cost.first_toll())
    }

    /// lambda * -ln P of an amount that a prior speaks of.
    fn improbability(&self, passage: Passage, amount: u64) -> u64 {
        if self.cost.lambda() == 0 {
            return 0;
        }
        let cost = u128::from(self.cost.lambda()) * u128::from(passage.penalty(amount));
        u64::try_from(cost >> PENALTY_FRACTION_BITS).unwrap_or(u64::MAX)
    }

    /// What an arc's HTLC carries so that `arriving` arrives. An amount below the arc's minimum is lifted to it, the
    /// payer pays the difference as a fee. `None` where that is too much, or must not be.
    #[inline(always)]
    fn carried(&self, passage: Passage, arriving: u64) -> Option<u64> {
        let amount = arriving.max(passage.min);
        let is_too_large = amount > passage.max || amount > self.amount_max;
        (!is_too_large && (amount == arriving || !self.strict)).then_some(amount)
    }

    /// The largest HTLC that the payer can send over one of its channels, in msat. O(channels of the payer).
    pub(crate) fn largest_sent(&self) -> u64 {
        let listed = self.topology.out_lists().arcs_of(self.payer).iter().copied();
        let beside = self.layers.into_iter().flat_map(|layer| layer.outgoing(self.payer)).map(|arc| arc.arc);
        let largest = listed.chain(beside).filter_map(|arc| {
            let max = self.passage(self.record(arc), arc, self.is_restricted)?.max;
            Some(self.first_balance(arc)?.map_or(max, |balance| balance.min(max)))
        });
        largest.max().unwrap_or(0).min(self.amount_max)
    }

    /// The known balance of the payer's arc; `None` where the query does not allow the arc.
    pub(crate) fn first_balance(&self, arc: u32) -> Option<Option<u64>> {
        if self.split.is_some_and(|split| !split.may_be_first(self.restrictions.channel_of(arc))) {
            return None;
        }
        match &self.restrictions.first_arcs {
            None => Some(None),
            Some(allowed) => {
                allowed.binary_search_by_key(&arc, |entry| entry.0).ok().map(|at| Some(allowed[at].1))
            }
        }
    }

    /// Goes backwards over any arc by number: the state at its tail.
    pub(crate) fn extend(&self, arc: u32, suffix: &Suffix) -> Option<Suffix> {
        self.extend_from(self.tail(arc), arc, suffix)
    }

    /// The same where the arc's tail is known.
    pub(crate) fn extend_from(&self, tail: u32, arc: u32, suffix: &Suffix) -> Option<Suffix> {
        self.extend_over(tail, arc, self.record(arc), suffix)
    }

    /// The same where its policy is as well.
    pub(crate) fn extend_over(&self, tail: u32, arc: u32, record: Record, suffix: &Suffix) -> Option<Suffix> {
        let is_last_chosen = self.split.is_some() || self.is_restricted;
        if is_last_chosen && self.head(arc) == self.payee && !self.may_be_last(arc, tail) {
            return None;
        }
        self.cross(tail, arc, record, suffix)
    }

    /// The same over an arc whose tail and policy are known, and that may be the last if it enters the payee.
    #[inline]
    pub(crate) fn cross(&self, tail: u32, arc: u32, record: Record, suffix: &Suffix) -> Option<Suffix> {
        let passage = self.passage(record, arc, self.is_restricted)?;
        let arriving = self.arriving(arc, suffix);
        if tail == self.payer {
            self.sent(passage, arc, suffix.cost, suffix.received, arriving)
        } else {
            self.forwarded(record, passage, suffix.cost, suffix.received, arriving)
        }
    }

    /// Whether an arc into the payee may be the last.
    pub(crate) fn may_be_last(&self, arc: u32, tail: u32) -> bool {
        let is_other = |split: Split| split.may_be_last(self.restrictions.channel_of(arc));
        self.is_last_hop(tail) && self.split.is_none_or(is_other)
    }

    /// Whether a node may be the last before the payee.
    #[inline(always)]
    pub(crate) fn is_last_hop(&self, tail: u32) -> bool {
        self.start.is_some() || self.restrictions.last_hop.is_none_or(|last| last == tail)
    }

    /// Whether the query or the snapshot has channels beside the lists.
    #[inline(always)]
    pub(crate) fn has_layers(&self) -> bool {
        self.layers.iter().any(|layer| !layer.is_empty())
    }
}

/// Nodes in [`Problem::once`] at most: a bit each in a label.
pub(crate) const ONCE_COUNT_MAX: usize = 64;
/// No route costs more, so that sums of a cost and an amount fit 64 bits.
pub(crate) const COST_MAX: u64 = 1 << 62;

fn received(inbound: InboundFee, suffix: &Suffix) -> u64 {
    let outbound = Msat::from_msat(suffix.received - suffix.forwarded);
    inbound.received(Msat::from_msat(suffix.forwarded), outbound).map_or(u64::MAX, Msat::to_msat)
}
