//! What an HTLC on one arc must obey and is weighed with (`terms` puts it together).
//!
//! A search without wishes and layers reads the record alone: the other fields are constants that the compiler removes.

use primitives::Msat;

use crate::belief::{HeldBeliefs, LiquidityRange, PENALTY_FRACTION_BITS, Prior};
use crate::cost::{Weight, chance};
use crate::graph::{HtlcBounds, Record};

/// What an arc asks of an HTLC and what it costs beyond its policy; amounts in msat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Passage {
    /// The smallest HTLC.
    pub(crate) min: u64,
    /// The largest HTLC.
    pub(crate) max: u64,
    /// What the channel may hold beyond what is in flight.
    pub(crate) capacity: u64,
    /// What it is known to hold, at most `capacity`.
    pub(crate) known: u64,
    /// How likely amounts between `known` and `capacity` are, in a channel of the capacity `whole`, of which `held` is in
    /// flight.
    pub(crate) prior: Prior,
    pub(crate) whole: u64,
    pub(crate) held: u64,
    /// What the fee is multiplied with in the cost.
    pub(crate) fee_weight: Weight,
    /// What the cost beyond the fee is multiplied with.
    pub(crate) beyond_weight: Weight,
}

impl Passage {
    /// As the policy has it.
    #[inline(always)]
    pub(crate) fn of(bounds: HtlcBounds) -> Self {
        let HtlcBounds { min, max, capacity } = bounds;
        let (prior, whole, held) = (Prior::Uniform, capacity, 0);
        let (fee_weight, beyond_weight) = (Weight::ONE, Weight::ONE);
        Passage { min, max, capacity, known: 0, prior, whole, held, fee_weight, beyond_weight }
    }

    /// The same where the arc is also known to hold what `range` says. What is held of it counts against
    /// `htlc_maximum_msat`, by which many nodes tell what they can forward in all.
    #[inline(always)]
    pub(crate) fn narrowed(self, range: LiquidityRange, prior: Prior) -> Passage {
        let more = range.held.to_msat();
        let held = self.held.saturating_add(more);
        let upper = self.capacity.saturating_add(self.held).min(range.upper.to_msat());
        let lower = self.known.saturating_add(self.held).max(range.lower.to_msat()).min(upper);
        let capacity = upper.saturating_sub(held);
        Passage {
            max: self.max.saturating_sub(more).min(capacity),
            capacity,
            known: lower.saturating_sub(held),
            prior: if prior == Prior::Uniform { self.prior } else { prior },
            held,
            ..self
        }
    }

    /// The same of an own channel that holds `balance`.
    #[inline(always)]
    pub(crate) fn holding(self, balance: u64) -> Passage {
        let balance = balance.min(self.capacity);
        Passage { max: self.max.min(balance), capacity: balance, known: balance, ..self }
    }

    /// The same of an own channel whose capacity nobody knows: it holds `balance` at least.
    pub(crate) fn as_large_as(self, balance: u64) -> Passage {
        Passage { capacity: balance, whole: self.whole.max(balance.saturating_add(self.held)), ..self }
    }

    /// What it holds beside what is in flight.
    #[inline(always)]
    pub(crate) fn spare(&self) -> LiquidityRange {
        let (lower, upper) = (Msat::from_msat(self.known), Msat::from_msat(self.capacity));
        LiquidityRange { lower, upper, held: Msat::from_msat(self.held) }
    }

    /// The same of a record that says nothing unusual.
    #[inline(always)]
    pub(crate) fn usual(record: Record) -> Self {
        let (min, max) = record.usual_bounds();
        Passage::of(HtlcBounds { min, max, capacity: record.usual_capacity() })
    }

    /// -ln of the chance that it carries `amount` beside what is held, given that it carries that.
    pub(crate) fn penalty(&self, amount: u64) -> u64 {
        let msat = |beside: u64| Msat::from_msat(beside.saturating_add(self.held));
        let bounds = (msat(self.known), msat(self.capacity));
        self.prior.penalty(msat(amount.min(self.capacity)), bounds, Msat::from_msat(self.whole))
    }

    /// That chance.
    pub(crate) fn probability(&self, amount: u64) -> f64 {
        match self.prior {
            Prior::Uniform => chance(self.known, self.capacity, amount),
            Prior::Bimodal(_) => {
                (-(self.penalty(amount) as f64) / f64::from(1u32 << PENALTY_FRACTION_BITS)).exp()
            }
        }
    }

    /// A lower bound on the cost of the tail's whole fee: `whole` is one on the fee, `fee` what it is without inbound
    /// fees, which are never weighed.
    #[inline(always)]
    pub(crate) fn least_fee_cost(&self, whole: u64, fee: u64) -> u64 {
        if self.fee_weight == Weight::ONE {
            return whole;
        }
        self.fee_weight.of(fee).saturating_add(whole).saturating_sub(fee)
    }
}

/// What a query believes, in the numbers of its snapshot.
#[derive(Debug, Clone)]
pub(crate) struct Believed {
    pub(crate) held: HeldBeliefs,
    /// Whether its channels have the numbers of the snapshot.
    pub(crate) is_numbered: bool,
}
