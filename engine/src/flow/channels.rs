//! A snapshot's channels, and a query's own, as a network.

use primitives::Msat;

use super::maximum_rule::MaximumRule;
use super::network::Network;
use super::pieces::{Piece, Pieces};
use super::resume::Share;
use super::tariff::{Charge, Tariff, Weights, penalty};
use crate::belief::{IMPOSSIBLE, Liquidity, LiquidityRange, PENALTY_FRACTION_BITS, Prior};
use crate::cost::{Risky, Weight, chance};
use crate::graph::{Adjacency, ArcIdx, HtlcBounds, Record};
use crate::search::passage::Passage;
use crate::search::problem::Problem;

/// The network of one query.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChannelNetwork<'a, L> {
    pub(super) problem: Problem<'a, Risky>,
    pub(super) tariff: Tariff,
    liquidity: L,
    /// Whether arcs must be asked one by one what the query thinks of them.
    is_restricted: bool,
    /// Nodes from here on have one neighbour and forward nothing.
    leaves_from: u32,
    node_count: u32,
    /// A channel whose minimum is above it takes no part.
    minimum_max: u64,
    /// What flow leaves free of every arc for fees, in millionths.
    kept_millionths: u64,
    maximum_rule: MaximumRule,
}

/// What a query's flow was the cheapest for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Solved {
    tariff: Tariff,
    kept_millionths: u64,
}

/// What limits and prices an arc.
#[derive(Debug, Clone, Copy)]
pub(super) struct ArcTerms {
    pub(super) record: Record,
    pub(super) bounds: HtlcBounds,
    pub(super) range: LiquidityRange,
    /// What one part carries at most, in msat; `bounds.max` is for all of them.
    pub(super) part_max: u64,
    weights: Weights,
    is_own: bool,
}

impl<'a, L: Liquidity + Copy> ChannelNetwork<'a, L> {
    pub(super) fn new(
        problem: Problem<'a, Risky>,
        tariff: Tariff,
        liquidity: L,
        maximum_rule: MaximumRule,
    ) -> Self {
        let forwarders = problem.topology.forwarder_count();
        let ends = problem.layers.iter().map(|layer| layer.node_end());
        let prior = problem.prior_or(liquidity.prior());
        let node_count = ends.fold(problem.topology.node_count() as u32, u32::max);
        ChannelNetwork {
            is_restricted: problem.is_restricted,
            leaves_from: if problem.has_layers() { u32::MAX } else { forwarders },
            node_count,
            kept_millionths: 0,
            maximum_rule,
            minimum_max: if tariff.is_flat() { u64::MAX } else { problem.amount },
            problem,
            tariff: tariff.with_prior(prior),
            liquidity,
        }
    }

    /// The same network, of whose arcs flow leaves a share free; parts may still use it.
    pub(super) fn keeping(self, millionths: u64) -> Self {
        ChannelNetwork { kept_millionths: millionths.min(MILLION), ..self }
    }

    /// What every arc costs at least of what it cost in `before`, a network of the same query.
    pub(super) fn share_of(&self, before: &Solved) -> Option<Share> {
        // An arc that was too small for what was kept may be cheap.
        if self.kept_millionths < before.kept_millionths {
            return None;
        }
        let least = self.problem.restrictions.tuning.weights.map_or(Weight::ONE, |[least, _]| least);
        self.tariff.share_of(&before.tariff, least)
    }

    /// What there is to know of a flow in this network for one in another.
    pub(super) fn solved(&self) -> Solved {
        Solved { tariff: self.tariff, kept_millionths: self.kept_millionths }
    }

    /// The bounds that flow sees.
    #[inline(always)]
    fn flow_bounds(&self, terms: &ArcTerms) -> HtlcBounds {
        let mut bounds = terms.bounds;
        if self.kept_millionths != 0 {
            let kept = u128::from(bounds.max) * u128::from(self.kept_millionths) / u128::from(MILLION);
            bounds.max -= kept as u64;
        }
        bounds
    }

    fn lists<const FORWARD: bool>(&self) -> &'a Adjacency {
        if FORWARD { self.problem.topology.out_lists() } else { self.problem.topology.in_lists() }
    }

    /// What holds for an arc, `None` where the query may not use it.
    #[inline(always)]
    fn terms(&self, record: Record, arc: u32, tail: u32, head: u32) -> Option<ArcTerms> {
        let problem = &self.problem;
        if self.is_restricted && head == problem.payee && !problem.is_last_hop(tail) {
            return None;
        }
        if tail == problem.payer {
            return self.own_terms(record, arc);
        }
        let mut passage = self.passage(record, arc)?;
        let part_max = passage.max;
        passage.max = self.most(&passage);
        let range = self.liquidity.range(ArcIdx::from_u32(arc), Msat::from_msat(passage.whole));
        Some(ArcTerms::new(record, passage.narrowed(range, Prior::Uniform), part_max, false))
    }

    /// The same of one of the payer's own channels.
    #[inline(never)]
    fn own_terms(&self, record: Record, arc: u32) -> Option<ArcTerms> {
        let balance = self.problem.first_balance(arc)?;
        let mut passage = self.passage(record, arc)?;
        if let Some(balance) = balance.filter(|_| record.is_capacity_unknown()) {
            passage = passage.as_large_as(balance);
        }
        let part_max = passage.max;
        passage.max = self.most(&passage);
        let passage = match balance {
            Some(balance) => passage.holding(balance),
            None => {
                let range = self.liquidity.range(ArcIdx::from_u32(arc), Msat::from_msat(passage.whole));
                passage.narrowed(range, Prior::Uniform)
            }
        };
        Some(ArcTerms::new(record, passage, part_max, true))
    }

    #[inline(always)]
    fn passage(&self, record: Record, arc: u32) -> Option<Passage> {
        let passage = self.problem.passage(record, arc, self.is_restricted)?;
        (passage.min <= self.minimum_max).then_some(passage)
    }

    /// What all parts together may send over an arc.
    #[inline(always)]
    fn most(&self, passage: &Passage) -> u64 {
        let usable = self.problem.restrictions.usable(passage.whole);
        let all = || usable.saturating_sub(passage.held).min(passage.capacity);
        match self.maximum_rule {
            MaximumRule::Together => passage.max,
            MaximumRule::Times(count) => passage.max.saturating_mul(count.into()).min(all()),
            MaximumRule::Each => all(),
        }
    }

    /// Whether an arc in a list is to be found beside it.
    #[inline(always)]
    fn is_moved(&self, arc: u32) -> bool {
        self.is_restricted && self.problem.restrictions.is_moved(arc)
    }

    /// Whether a usual record tells at once that the arc carries no unit.
    #[inline(always)]
    fn is_too_small(&self, record: Record) -> bool {
        if record.is_unusual() { !record.is_enabled() } else { record.usual_bounds().1 < self.tariff.unit }
    }

    /// Whether several parts may use a channel that carries no larger one.
    pub(super) fn may_repeat(&self) -> bool {
        self.maximum_rule != MaximumRule::Together
    }

    /// Whether what an arc carries is taken from a maximum that stands for a capacity, and nothing has shown it.
    pub(super) fn is_assumed(&self, arc: u32) -> bool {
        let problem = &self.problem;
        let has_balance =
            problem.tail(arc) == problem.payer && problem.first_balance(arc).flatten().is_some();
        problem.record(arc).is_capacity_unknown()
            && !has_balance
            && !self.liquidity.has_refused(ArcIdx::from_u32(arc))
    }

    /// What holds for an arc by number.
    pub(super) fn terms_of(&self, arc: u32) -> Option<ArcTerms> {
        let problem = &self.problem;
        self.terms(problem.record(arc), arc, problem.tail(arc), problem.head(arc))
    }

    #[inline(always)]
    fn offer<const FORWARD: bool>(
        &self,
        node: u32,
        end: u32,
        arc: u32,
        record: Record,
        visit: &mut impl FnMut(u32, u32, Piece),
    ) {
        let record = if self.is_restricted { self.problem.adjusted(record, arc) } else { record };
        // What a layer says of maxima is not in the record.
        if !self.is_passable(end) || !self.is_restricted && self.is_too_small(record) {
            return;
        }
        let (tail, head) = if FORWARD { (node, end) } else { (end, node) };
        let Some(terms) = self.terms(record, arc, tail, head) else { return };
        let (charge, bounds) = (terms.charge(), self.flow_bounds(&terms));
        if let Some(piece) = self.tariff.first(terms.record, charge, terms.weights, bounds, terms.range) {
            visit(end, arc, piece);
        }
    }
}

impl ArcTerms {
    #[inline(always)]
    fn new(record: Record, passage: Passage, part_max: u64, is_own: bool) -> Self {
        let Passage { min, max, whole, fee_weight, beyond_weight, .. } = passage;
        let (bounds, range) = (HtlcBounds { min, max, capacity: whole }, passage.spare());
        let weights = Weights { fee: fee_weight, beyond: beyond_weight };
        ArcTerms { record, bounds, range, part_max, weights, is_own }
    }

    #[inline(always)]
    fn charge(&self) -> Charge {
        if self.is_own { Charge::Own } else { Charge::Forward }
    }

    /// The cost beside fees, with ends in msat.
    pub(super) fn without_fee(&self, tariff: &Tariff) -> Pieces {
        let charge = if self.is_own { Charge::Own } else { Charge::NoFee };
        tariff.pieces_msat(self.record, charge, self.weights, self.bounds, self.range)
    }

    /// The cost that flow sees, with ends in msat.
    pub(super) fn pieces_msat(&self, tariff: &Tariff) -> Pieces {
        tariff.pieces_msat(self.record, self.charge(), self.weights, self.bounds, self.range)
    }

    /// What `amount` msat cost beside fees, as [`Tariff::in_msat`] reads it; `pieces` are those of [`ArcTerms::without_fee`].
    /// Where they lie below what the prior says, because that is not convex, the prior counts.
    pub(super) fn cost_beside_fees(&self, tariff: &Tariff, pieces: &Pieces, amount: u64) -> u128 {
        let convex = pieces.cost(amount);
        if tariff.is_convex() || amount == 0 {
            return convex;
        }
        let charge = if self.is_own { Charge::Own } else { Charge::NoFee };
        let capacity = self.bounds.capacity;
        let exact = tariff.exact_msat(self.record, charge, self.weights, self.range, capacity, amount);
        convex.max(tariff.of_msat(exact))
    }

    /// The fee of forwarding `amount` msat, in msat.
    pub(super) fn fee(&self, amount: u64) -> u64 {
        if self.is_own { 0 } else { self.record.fee(amount) }
    }

    /// The same as biases weigh it.
    pub(super) fn weighed_fee(&self, amount: u64) -> u64 {
        self.weights.fee.of(self.fee(amount))
    }

    /// The chance that the arc can carry `amount` msat.
    pub(super) fn probability(&self, prior: Prior, amount: u64) -> f64 {
        let (lower, upper) = (self.range.lower.to_msat(), self.range.upper.to_msat());
        if amount <= lower {
            return 1.0;
        }
        match prior {
            Prior::Uniform => chance(lower, upper, amount),
            Prior::Bimodal(_) => match penalty(prior, self.range, self.bounds.capacity, amount) {
                IMPOSSIBLE => 0.0,
                penalty => (-(penalty as f64) / (1u64 << PENALTY_FRACTION_BITS) as f64).exp(),
            },
        }
    }
}

impl<L: Liquidity + Copy> Network for ChannelNetwork<'_, L> {
    fn payer(&self) -> u32 {
        self.problem.payer
    }

    fn payee(&self) -> u32 {
        self.problem.payee
    }

    fn node_count(&self) -> u32 {
        self.node_count
    }

    #[inline(always)]
    fn is_passable(&self, node: u32) -> bool {
        if node == self.problem.payer || node == self.problem.payee {
            return true;
        }
        let avoided = &self.problem.restrictions.avoided_nodes;
        node < self.leaves_from && (avoided.is_empty() || avoided.binary_search(&node).is_err())
    }

    #[inline(always)]
    fn block_count<const FORWARD: bool>(&self, node: u32) -> usize {
        (self.lists::<FORWARD>().degree(node) as usize).div_ceil(crate::graph::BLOCK_SIZE)
    }

    #[inline(always)]
    fn bound<const FORWARD: bool>(&self, node: u32, block: usize) -> u64 {
        if FORWARD && node == self.problem.payer {
            // Its own channels charge nothing, so the order of its list tells nothing.
            return 0;
        }
        let list = self.lists::<FORWARD>().list(node);
        list.bounds.get(block).map_or(0, |bound| self.tariff.bound(bound.at(self.tariff.place)))
    }

    #[inline(always)]
    fn visit<const FORWARD: bool>(&self, node: u32, block: usize, mut visit: impl FnMut(u32, u32, Piece)) {
        let lists = self.lists::<FORWARD>();
        let Some(block) = lists.list(node).blocks(block).next() else { return };
        for at in 0..block.ends.len().min(block.records.len()) {
            let arc = lists.arc_at(block.start + at as u32);
            if self.is_moved(arc) {
                continue;
            }
            self.offer::<FORWARD>(node, block.ends[at], arc, block.records[at].load(), &mut visit);
        }
    }

    fn visit_wanted<const FORWARD: bool>(
        &self,
        node: u32,
        first: usize,
        mut wanted: impl FnMut(u32) -> bool,
        mut visit: impl FnMut(u32, u32, Piece),
    ) {
        let lists = self.lists::<FORWARD>();
        let list = lists.list(node);
        let from = (first * crate::graph::BLOCK_SIZE).min(list.ends.len());
        for at in from..list.ends.len() {
            let end = list.ends[at];
            if !wanted(end) {
                continue;
            }
            let arc = lists.arc_at(list.start + at as u32);
            if self.is_moved(arc) {
                continue;
            }
            self.offer::<FORWARD>(node, end, arc, list.records[at].load(), &mut visit);
        }
    }

    fn visit_beside<const FORWARD: bool>(&self, node: u32, mut visit: impl FnMut(u32, u32, Piece)) {
        for layer in self.problem.layers.iter().filter(|layer| self.is_restricted || !layer.is_empty()) {
            if FORWARD {
                for arc in layer.outgoing(node) {
                    self.offer::<FORWARD>(node, arc.head, arc.arc, arc.record, &mut visit);
                }
            } else {
                for arc in layer.incoming(node) {
                    self.offer::<FORWARD>(node, arc.tail, arc.arc, arc.record, &mut visit);
                }
            }
        }
    }

    fn pieces(&self, arc: u32) -> Pieces {
        let Some(terms) = self.terms_of(arc) else { return Pieces::NONE };
        let (charge, bounds) = (terms.charge(), self.flow_bounds(&terms));
        self.tariff.pieces(terms.record, charge, terms.weights, bounds, terms.range)
    }
}

const MILLION: u64 = 1_000_000;
