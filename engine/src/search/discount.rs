//! What inbound fees (bLIP-18) may take back from a node's outbound fee: the bounds that keep both searches exact.
//!
//! A node's fee for an HTLC depends on the channel it arrives on as well, which a search that goes node by node does
//! not know yet. So to the searches, a node that gives discounts is two, which share the arcs that leave it:
//!
//! ```text
//! node                  its main door: arcs into it that give no discount; what it charges is known, as of any other node
//! node | SIDE           its side door: arcs that give one
//! node | SIDE | grade   the same to the search that comes over those arcs: a side door for each grade of discounts
//! ```
//! At a side door the node is credited the largest discount that any of its channels gives, or any of that grade: the *key*
//! of a label there may be too low, never too high.

use primitives::{Fee, InboundFee, Msat};

use super::problem::{Problem, Suffix};
use crate::cost::HopCost;
use crate::graph::{NODE_COUNT_MAX, Record, is_discount};

/// The largest discount of a node: its least inbound base fee and its least inbound rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Discount(InboundFee);

impl Discount {
    /// A lower bound on the node's whole fee for an HTLC of `amount` msat or more that leaves over `record` with the
    /// outbound fee `fee` at `amount`.
    ///
    /// With discount base b and rate r, and an outbound fee f(x) = base + p x, the whole fee is
    /// f(x) (1 - r) - r x - b. It never falls with x where p (1 - r) >= r, so its value at `amount` bounds it; else
    /// only zero does.
    #[inline]
    pub(crate) fn least_fee(self, record: Record, fee: u64, amount: u64) -> u64 {
        let rate = u64::from(self.0.proportional_millionths.min(0).unsigned_abs());
        if rate >= MILLION || record.fee_ppm() * (MILLION - rate) < rate * MILLION {
            return 0;
        }
        kept(fee, rate).saturating_sub(self.taken(amount))
    }
}

impl Discount {
    /// The largest discount of a grade, of a node whose largest is this.
    #[inline]
    fn of_grade(self, grade: usize) -> Discount {
        let most = grade.checked_sub(1).and_then(|place| GRADES.get(place));
        let rate = most.map_or(i32::MIN, |&most| -most);
        let proportional_millionths = self.0.proportional_millionths.max(rate);
        Discount(InboundFee { proportional_millionths, ..self.0 })
    }

    /// A lower bound on the node's whole fee for an HTLC of at most `amount_max` msat whose outbound fee is `fee` at least.
    #[inline]
    pub(super) fn least_of(self, fee: u64, amount_max: u64) -> u64 {
        let rate = u64::from(self.0.proportional_millionths.min(0).unsigned_abs());
        kept(fee, rate).saturating_sub(self.taken(amount_max))
    }

    /// What is taken off at most of a fee for `amount`, roundings included.
    #[inline]
    fn taken(self, amount: u64) -> u64 {
        let InboundFee { base_msat, proportional_millionths } = self.0;
        let [base, rate] = [base_msat, proportional_millionths].map(|part| part.min(0).unsigned_abs());
        fee_of(base, rate, amount).saturating_add(ROUNDING)
    }
}

impl<C: HopCost> Problem<'_, C> {
    /// The largest discount of a node, `None` where it gives none.
    #[inline]
    pub(crate) fn discount(&self, node: u32) -> Option<Discount> {
        if !self.with_inbound_fees {
            return None;
        }
        let mut least = self.topology.discounts().map_or(InboundFee::ZERO, |discounts| discounts.least(node));
        let layers = self.layers.iter().filter(|_| self.has_layered_inbound);
        for fee in layers.filter_map(|layer| layer.least_inbound(node)) {
            least.base_msat = least.base_msat.min(fee.base_msat);
            least.proportional_millionths = least.proportional_millionths.min(fee.proportional_millionths);
        }
        (!least.is_zero()).then_some(Discount(least))
    }

    /// The largest discount on what arrives by a door.
    #[inline(never)]
    pub(super) fn discount_at(&self, door: u32) -> Option<Discount> {
        let largest = self.discount(node_of(door)).filter(|_| is_side(door))?;
        Some(largest.of_grade(((door & GRADE) >> GRADE.trailing_zeros()) as usize))
    }

    /// The least that the node can end up receiving for a state over what arrives by a door.
    #[inline(never)]
    pub(super) fn least_received(&self, door: u32, suffix: &Suffix) -> u64 {
        let Some(Discount(least)) = self.discount_at(door) else { return suffix.received };
        if node_of(door) == self.payee && suffix.received == self.amount {
            return suffix.received;
        }
        let outbound = Msat::from_msat(suffix.received - suffix.forwarded);
        least.received(Msat::from_msat(suffix.forwarded), outbound).map_or(suffix.received, Msat::to_msat)
    }

    /// The state's cost if the node gave its largest discount: never above what any route through it costs so far.
    #[inline]
    pub(crate) fn key_of(&self, node: u32, suffix: &Suffix) -> u64 {
        self.key_at(node | SIDE, suffix)
    }

    /// The least that the state can have cost where it arrives by this door.
    #[inline(always)]
    pub(super) fn key_at(&self, door: u32, suffix: &Suffix) -> u64 {
        if !is_side(door) {
            return suffix.cost;
        }
        suffix.cost + self.least_received(door, suffix) - suffix.received
    }

    /// The state at a door whose `cost` is a key.
    #[inline(always)]
    pub(super) fn undiscounted(&self, door: u32, keyed: Suffix) -> Suffix {
        if !is_side(door) {
            return keyed;
        }
        let discount = keyed.received - self.least_received(door, &keyed);
        Suffix { cost: keyed.cost + discount, ..keyed }
    }

    /// Whether a node has a side door.
    #[inline(always)]
    pub(super) fn gives(&self, node: u32) -> bool {
        let gives_above =
            || self.layers.iter().any(|layer| layer.least_inbound(node).is_some_and(is_discount));
        self.has_doors_at(node)
            && (self.topology.discounts().is_some_and(|discounts| discounts.gives(node))
                || self.has_layered_inbound && gives_above())
    }

    /// Whether a node may charge for what arrives over a listed arc.
    #[inline(always)]
    pub(super) fn charges(&self, node: u32) -> bool {
        self.has_doors_at(node) && self.topology.discounts().is_some_and(|discounts| discounts.charges(node))
    }

    /// What the head of an arc charges at least, beyond its outbound fee, for what arrives over it, if it forwards `amount`
    /// or more; nothing where it may give a discount.
    #[inline(never)]
    pub(super) fn least_charge(&self, arc: u32, amount: u64) -> u64 {
        let inbound = self.inbound_fee(arc);
        if is_discount(inbound) {
            return 0;
        }
        let received = inbound.received(Msat::from_msat(amount), Msat::ZERO);
        received.map_or(u64::MAX, Msat::to_msat).saturating_sub(amount)
    }

    /// The payee forwards nothing and so charges nothing, unless the rest of the route is fixed; and a search does not
    /// go through the payer.
    #[inline(always)]
    fn has_doors_at(&self, node: u32) -> bool {
        self.with_inbound_fees && node != self.payer && (node != self.payee || self.start.is_some())
    }

    /// The door by which an arc enters a node.
    #[inline(always)]
    pub(super) fn door(&self, head: u32, arc: impl Fn() -> u32) -> u32 {
        if self.gives(head) && self.is_given(arc()) { head | SIDE } else { head }
    }

    /// The same to the search that comes over the arc.
    #[inline(always)]
    pub(super) fn graded_door(&self, head: u32, arc: impl Fn() -> u32) -> u32 {
        if self.gives(head) { head | self.side_and_grade(arc()) } else { head }
    }

    /// What the number of a side door has beside its node's where an arc enters by it, else nothing.
    #[inline(never)]
    fn side_and_grade(&self, arc: u32) -> u32 {
        if !self.is_given(arc) {
            return 0;
        }
        let rate = -self.inbound_fee(arc).proportional_millionths.clamp(-i32::MAX, 0);
        let grade = GRADES.partition_point(|&most| most < rate) as u32 + 1;
        SIDE | grade << GRADE.trailing_zeros()
    }

    /// Whether the head of an arc may give a discount on what arrives over it.
    #[inline(always)]
    pub(super) fn is_given(&self, arc: u32) -> bool {
        if self.is_beside(arc) {
            return is_discount(self.inbound_fee(arc));
        }
        self.topology.discounts().is_some_and(|discounts| discounts.is_given(arc))
    }

    /// Visits the tail and the position of each listed arc that leads from a giver to a node.
    pub(super) fn for_each_giver_into(&self, head: u32, visit: &mut dyn FnMut(u32, u32)) {
        let listed = self.topology.discounts().map_or(Some(&[][..]), |discounts| discounts.arcs_into(head));
        match listed.filter(|_| !self.has_layered_discounts()) {
            Some(arcs) => arcs.iter().for_each(|arc| visit(arc.tail, arc.position)),
            None => {
                let list = self.topology.in_lists().list(head);
                let ends = list.ends.iter().zip(list.start..);
                ends.filter(|&(&tail, _)| self.gives(tail))
                    .for_each(|(&tail, position)| visit(tail, position));
            }
        }
    }

    /// Whether there may be any.
    #[inline(always)]
    pub(super) fn has_givers_into(&self, head: u32) -> bool {
        let listed = self.topology.discounts().map_or(Some(&[][..]), |discounts| discounts.arcs_into(head));
        listed.is_none_or(|arcs| !arcs.is_empty()) || self.has_layered_discounts()
    }

    fn has_layered_discounts(&self) -> bool {
        self.has_layered_inbound && self.layers.iter().any(|layer| layer.has_discounts())
    }
}

/// The node of a door.
#[inline(always)]
pub(super) fn node_of(door: u32) -> u32 {
    door & !(SIDE | GRADE)
}

/// The door that a state has which leads to a door: states do not know yet over which channel they are come to.
#[inline(always)]
pub(super) fn ungraded(door: u32) -> u32 {
    door & !GRADE
}

/// Whether what arrives by a door gets a discount.
#[inline(always)]
pub(super) fn is_side(door: u32) -> bool {
    door & SIDE != 0
}

/// The side door of a node has its number and this bit: there are fewer nodes (`NODE_COUNT_MAX`).
pub(super) const SIDE: u32 = 1 << 31;
/// And these bits tell its grade, 0 where it is not known.
const GRADE: u32 = SIDE - NODE_COUNT_MAX as u32;
/// The largest rate, in millionths, of each grade from 1 on but the last, as people choose them.
const GRADES: [i32; 30] = [
    0, 10, 20, 30, 50, 75, 100, 125, 150, 175, 200, 225, 250, 300, 350, 400, 450, 500, 600, 700, 800, 900,
    1000, 1200, 1500, 2000, 2500, 3000, 5000, 10_000,
];
const MILLION: u64 = 1_000_000;
/// Each of the three roundings of a fee is worth less than one msat.
const ROUNDING: u64 = 3;

/// What is left of a fee when `rate` millionths are taken off, rounded down.
#[inline(always)]
fn kept(fee: u64, rate: u64) -> u64 {
    fee_of(0, MILLION.saturating_sub(rate) as u32, fee)
}

#[inline(always)]
fn fee_of(fee_base_msat: u32, fee_proportional_millionths: u32, amount: u64) -> u64 {
    let fee = Fee { fee_base_msat, fee_proportional_millionths };
    fee.of(Msat::from_msat(amount)).map_or(u64::MAX, Msat::to_msat)
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Some of these fees are never left by any discount, others nearly always.
    fn random_fee(rng: &mut ChaCha8Rng) -> Fee {
        let end = [2, 3000, 300_000, 2_000_000][rng.random_range(0..4)];
        Fee { fee_base_msat: rng.random_range(0..end), fee_proportional_millionths: rng.random_range(0..end) }
    }

    fn random_discount(rng: &mut ChaCha8Rng) -> InboundFee {
        let end = [2, 3000, 300_000, 2_000_000][rng.random_range(0..4)];
        InboundFee {
            base_msat: -rng.random_range(0..end),
            proportional_millionths: -rng.random_range(0..end),
        }
    }

    #[test]
    fn no_discount_leaves_less_than_the_bounds_say() {
        let (mut rng, mut positive) = (ChaCha8Rng::seed_from_u64(1), [0, 0]);
        for _ in 0..200_000 {
            let (fee, largest) = (random_fee(&mut rng), random_discount(&mut rng));
            let record = Record::from_words([0; 3])
                .with_fee_base(fee.fee_base_msat)
                .with_fee_ppm(fee.fee_proportional_millionths);
            let amount_end = 1u64 << rng.random_range(1..40);
            let amount = rng.random_range(1..amount_end);
            let forwarded = amount + rng.random_range(0..=amount / 8);
            let given = InboundFee {
                base_msat: rng.random_range(largest.base_msat..=0),
                proportional_millionths: rng.random_range(largest.proportional_millionths..=0),
            };
            let outbound = Msat::from_msat(record.fee(forwarded));
            let received = given.received(Msat::from_msat(forwarded), outbound).expect("small amounts");
            let whole = received.to_msat() - forwarded;
            let discount = Discount(largest);
            let one = discount.least_fee(record, record.fee(amount), amount);
            let several = discount.least_of(record.fee(amount), forwarded);
            assert!(one <= whole && several <= whole, "{fee:?} {largest:?} {given:?} {amount} {forwarded}");
            positive[0] += usize::from(one > 0);
            positive[1] += usize::from(several > 0);
        }
        assert!(positive.iter().all(|&count| count > 10_000), "{positive:?}: the test tests little");
    }
}
