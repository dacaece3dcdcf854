//! The passage of an arc in a query: its policy, the query's wishes, its layers and what is in flight, put together in one
//! place; and what biases of layers do to the bounds on costs.

use std::sync::atomic::AtomicU64;

use primitives::{Direction, Msat, ShortChannelId, ShortChannelIdDir};

use super::passage::{Believed, Passage};
use super::problem::{Problem, Restrictions};
use crate::belief::{HeldBeliefs, Prior};
use crate::cost::{HopCost, Weight};
use crate::graph::{ArcIdx, Record};
use crate::layer::ArcChange;
use crate::reserve::{HTLC_COUNT_MAX, Reserved};

/// What is believed of one arc, in msat.
struct Known {
    lower: u64,
    upper: u64,
    /// The capacity that they are bounds in.
    whole: u64,
}

impl Known {
    fn nothing(capacity: u64) -> Self {
        Known { lower: 0, upper: capacity, whole: capacity }
    }
}

impl Restrictions {
    /// Whether anything of any arc is changed.
    #[inline(always)]
    pub(super) fn has_changes(&self) -> bool {
        !self.own_changes.is_empty() || self.adjustments.is_some()
    }

    /// What layers, or the query by naming it with its balance, change of an arc.
    #[inline(always)]
    pub(crate) fn change(&self, arc: u32) -> Option<&ArcChange> {
        if self.has_changes() { self.find_change(arc) } else { None }
    }

    #[inline(never)]
    fn find_change(&self, arc: u32) -> Option<&ArcChange> {
        self.own_change(arc).or_else(|| self.adjustments.as_ref()?.change(arc))
    }

    fn own_change(&self, arc: u32) -> Option<&ArcChange> {
        let place = self.own_changes.binary_search_by_key(&arc, |own| own.0).ok()?;
        Some(&self.own_changes[place].1)
    }

    /// Whether an arc of the generation is to be found beside its list, see [`Overlay`](crate::overlay::Overlay).
    #[inline(always)]
    pub(crate) fn is_moved(&self, arc: u32) -> bool {
        self.has_changes() && self.is_moved_by_any(arc)
    }

    #[inline(never)]
    fn is_moved_by_any(&self, arc: u32) -> bool {
        self.own_change(arc).is_some()
            || self.adjustments.as_ref().is_some_and(|adjustments| adjustments.is_moved(arc))
    }
}

impl<C: HopCost> Problem<'_, C> {
    /// The record of an arc after layers changed it; `record` is what its list holds.
    #[inline(always)]
    pub(crate) fn adjusted(&self, record: Record, arc: u32) -> Record {
        if self.restrictions.change(arc).is_some() { self.record(arc) } else { record }
    }

    /// What an HTLC on an arc must obey, the query's own wishes included; `None` where it may not be used at all.
    /// `record` is the adjusted one.
    #[inline(always)]
    pub(crate) fn passage(&self, record: Record, arc: u32, restricted: bool) -> Option<Passage> {
        let passage = Passage::of(record.bounds(self.wide_of_fast(arc))?);
        if restricted { self.restricted(passage, record, arc) } else { Some(passage) }
    }

    fn restricted(&self, mut passage: Passage, record: Record, arc: u32) -> Option<Passage> {
        let restrictions = self.restrictions;
        if restrictions.avoided_arcs.binary_search(&arc).is_ok() {
            return None;
        }
        let change = restrictions.change(arc);
        if let Some(change) = change {
            (passage.min, passage.max, passage.capacity) =
                change.limits(record, [passage.min, passage.max, passage.capacity])?;
        }
        let usable = restrictions.usable(passage.capacity);
        let reserved = self.reserved(arc);
        if reserved.htlc_count >= HTLC_COUNT_MAX {
            return None;
        }
        (passage.whole, passage.held) = (passage.capacity, reserved.msat);
        let (mut lower, mut upper) = change.map_or((0, u64::MAX), ArcChange::liquidity);
        if let Some(believed) = &restrictions.believed {
            let known = self.believed(believed, record, arc, passage.capacity);
            (lower, upper) = (lower.max(known.lower), upper.min(known.upper));
            (passage.prior, passage.whole) = (believed.held.prior, known.whole);
        }
        let upper = upper.min(passage.capacity);
        passage.max = passage.max.min(usable.min(upper).saturating_sub(reserved.msat));
        passage.capacity = upper.saturating_sub(reserved.msat);
        passage.known = lower.min(upper).saturating_sub(reserved.msat);
        if let Some(weights) = change.and_then(|change| self.weights(change)) {
            [passage.fee_weight, passage.beyond_weight] = weights;
        }
        Some(match self.liquidity {
            Some(liquidity) => {
                let range = liquidity.range(ArcIdx::from_u32(arc), Msat::from_msat(passage.whole));
                passage.narrowed(range, liquidity.prior())
            }
            None => passage,
        })
    }

    /// How many more HTLCs an arc takes.
    pub(crate) fn htlc_slots(&self, arc: u32) -> u32 {
        HTLC_COUNT_MAX.saturating_sub(self.reserved(arc).htlc_count)
    }

    fn reserved(&self, arc: u32) -> Reserved {
        let Some(table) = &self.restrictions.reserved else { return Reserved::default() };
        let (short_channel_id, direction) = (self.short_channel_id(arc), Direction::BOTH[arc as usize & 1]);
        table.get(ShortChannelIdDir { short_channel_id, direction })
    }

    fn short_channel_id(&self, arc: u32) -> ShortChannelId {
        match self.channel_beside(arc) {
            Some(beside) => beside.short_channel_id,
            None => self.topology.short_channel_id(ArcIdx::from_u32(arc).channel()),
        }
    }

    /// What is believed of an arc with the policy `record`, in a channel of that capacity.
    fn believed(&self, believed: &Believed, record: Record, arc: u32, capacity: u64) -> Known {
        let unknown = Known::nothing(capacity);
        let HeldBeliefs { beliefs, now, .. } = &believed.held;
        let channel = if believed.is_numbered {
            ArcIdx::from_u32(arc).channel()
        } else {
            let Some(channel) = beliefs.channel(self.short_channel_id(arc)) else { return unknown };
            channel
        };
        if !beliefs.is_known(channel) {
            return unknown;
        }
        // Where nobody knows the capacity, the two directions differ in what stands for it.
        let stand_in = if record.is_capacity_unknown() { beliefs.capacity(channel) } else { None };
        let whole = stand_in.map_or(capacity, Msat::to_msat);
        let direction = Direction::BOTH[arc as usize & 1];
        let (lower, upper) = beliefs.view(*now).bounds(channel.to_u32(), direction, Msat::from_msat(whole));
        Known { lower: lower.to_msat(), upper: upper.to_msat(), whole: whole.max(capacity) }
    }

    /// The smallest HTLC of an arc.
    pub(crate) fn minimum(&self, arc: u32) -> u64 {
        let minimum = self.record(arc).htlc_minimum_msat(self.wide_of(arc));
        self.restrictions.change(arc).and_then(ArcChange::minimum).unwrap_or(minimum)
    }

    /// How likely amounts are where somebody who asks has `prior` in mind: the query's beliefs may know better than
    /// nothing.
    pub(crate) fn prior_or(&self, prior: Prior) -> Prior {
        let believed = self.restrictions.believed.as_ref().filter(|_| prior == Prior::Uniform);
        believed.map_or(prior, |believed| believed.held.prior)
    }

    /// What the fee of an arc is multiplied with in the cost.
    pub(crate) fn fee_weight(&self, arc: u32) -> Weight {
        let change = self.restrictions.change(arc);
        change.and_then(|change| self.weights(change)).map_or(Weight::ONE, |[fee_weight, _]| fee_weight)
    }

    /// What a change multiplies the fee and the rest of a hop's cost with.
    fn weights(&self, change: &ArcChange) -> Option<[Weight; 2]> {
        // Where only the fee counts, one state a node suffices because fees are not weighed, nor are they with tolls on hops.
        let weight = change.weight().filter(|_| self.cost.tuning().weights.is_some())?;
        // What a discount takes back is money; of a fee that counts for less it could take back more than was charged.
        let is_full = weight.is_favour() && self.with_inbound_fees;
        Some([if is_full { Weight::ONE } else { weight }, weight])
    }

    /// What an amount grows by at most on a way that costs no more than `cost`, in msat: fees may count for less than they
    /// are.
    pub(crate) fn growth(&self, cost: u64) -> u64 {
        self.least_weight().map_or(cost, |weight| weight.undone(cost))
    }

    /// The largest HTLC of a route that costs less than `cost`: what it sends beyond the amount is a cost (Lemma 8).
    pub(crate) fn largest_below(&self, cost: u64) -> u64 {
        self.amount_max.min(self.amount.saturating_add(self.growth(cost)))
    }

    /// What a route can cost at most whose payer sends `sent` msat, `fee` more than arrives, over at most `hops` channels,
    /// and whose cost beyond fees is `beyond` without biases.
    pub(crate) fn most_weighed(&self, sent: u64, fee: u64, beyond: u64, hops: u32) -> u64 {
        let Some([_, most]) = self.restrictions.tuning.weights.filter(|_| C::HAS_TWO_LABELS) else {
            return fee.saturating_add(beyond);
        };
        // Discounts are paid out of fees that then are more than what the payer pays.
        let dearest = sent.saturating_mul(RATE_MAX).saturating_add(u64::from(u32::MAX));
        let fees = if self.with_inbound_fees { dearest.saturating_mul(u64::from(hops)) } else { fee };
        let roundings = 2 * u64::from(hops);
        most.of(fees.saturating_add(beyond)).saturating_add(fee).saturating_add(roundings)
    }

    /// What it costs at least that a payment's amount grows to `amount`: where hops are favoured, less than the
    /// difference.
    pub(crate) fn least_grown(&self, amount: u64) -> u64 {
        let growth = amount.saturating_sub(self.amount);
        self.least_weight().map_or(growth, |weight| weight.of(growth))
    }

    /// Whether a larger amount, or a loop, may pay without any discount: over favoured hops, an amount grows for less than
    /// the growth, which a minimum before them then demands no more.
    pub(crate) fn has_favour(&self) -> bool {
        self.least_weight().is_some_and(Weight::is_favour)
    }

    /// The least factor on fees, where there is one.
    fn least_weight(&self) -> Option<Weight> {
        let counts = C::HAS_TWO_LABELS && !self.with_inbound_fees;
        self.restrictions.tuning.weights.filter(|_| counts).map(|[least, _]| least)
    }

    #[inline(always)]
    fn wide_of_fast(&self, arc: u32) -> &[AtomicU64] {
        if self.has_layers() { self.wide_of(arc) } else { self.topology.wide() }
    }
}

/// No fee is more than this many times the amount beside its base: a rate is 32 bits of millionths.
const RATE_MAX: u64 = 4295;
