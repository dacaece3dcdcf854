//! Parts with exact amounts: fees are priced backwards along each, and parts that share a channel fit into it together.
//!
//! Flow knows no fees on fees and no whole base fees, so what it sends may be a little more than a full channel holds. A
//! part that does not fit delivers less; what is missing goes to parts with room to spare.

use super::channels::{ArcTerms, ChannelNetwork};
use super::decompose::Paths;
use super::pieces::Pieces;
use super::share::share_out;
use super::tariff::Tariff;
use super::tolls::Overlong;
use crate::belief::{Liquidity, Prior};
use crate::cost::Risky;
use crate::search::problem::{Problem, Suffix};
use crate::search::{Limits, Used};
use crate::sparse::SparseIndex;

/// The parts of a plan while it is made.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) parts: Vec<DraftPart>,
    /// Every arc that a part has used, once.
    pub(super) arcs: Vec<UsedArc>,
    /// The places of arcs among them.
    pub(super) places: SparseIndex,
    /// The hops of the part that is being fitted, payer first.
    pub(super) hops: Vec<DraftHop>,
    /// What each path is asked for in turn.
    wanted: Vec<(usize, u64)>,
    /// Paths of which no part was made when they were last asked, because it would have been below a minimum.
    pub(super) refused: Vec<usize>,
    /// Arcs with these minima, since it was filled.
    pub(super) too_small: Vec<u32>,
    /// Limits that paths have exceeded since it was filled.
    pub(super) overlong: Overlong,
}

/// A part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DraftPart {
    /// Payer first.
    pub(super) hops: Vec<DraftHop>,
    /// What the payee gets, in msat.
    pub(super) amount: u64,
    pub(super) used: Used,
    /// What its fees count for in the cost, as biases weigh them, in msat.
    fee_cost: u64,
}

/// A part's HTLC on an arc.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DraftHop {
    pub(super) arc: u32,
    /// The arc's place among those of the draft.
    pub(super) place: u32,
    /// What the HTLC carries, in msat.
    pub(super) sent: u64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct UsedArc {
    pub(super) terms: ArcTerms,
    /// What all parts send over it, in msat.
    pub(super) sent: u64,
    /// In how many HTLCs.
    htlc_count: u32,
    /// How many HTLCs it takes.
    htlc_count_max: u32,
    /// The cost beside fees, ends in msat.
    beside_fees: Pieces,
}

/// What every part must obey.
#[derive(Debug, Clone, Copy)]
pub(super) struct PartRules {
    /// What it delivers at least, in msat.
    pub(super) amount_min: u64,
    /// How many there may be.
    pub(super) count_max: usize,
    /// What the payee takes of the limited resources.
    pub(super) start: Used,
    pub(super) limits: Limits,
}

impl DraftPart {
    /// The fee, in msat.
    pub(super) fn fee(&self) -> u64 {
        self.hops.first().map_or(0, |first| first.sent - self.amount)
    }
}

impl UsedArc {
    /// What it has left for one more part.
    fn room(&self) -> u64 {
        if !self.has_slot() {
            return 0;
        }
        self.terms.bounds.max.saturating_sub(self.sent).min(self.terms.part_max)
    }

    /// Whether it takes one more HTLC.
    pub(super) fn has_slot(&self) -> bool {
        self.htlc_count < self.htlc_count_max
    }

    fn hold(&mut self, sent: u64) {
        self.sent += sent;
        self.htlc_count += 1;
    }

    fn release(&mut self, sent: u64) {
        self.sent -= sent;
        self.htlc_count -= 1;
    }
}

impl Draft {
    /// Forgets parts and arcs.
    pub(super) fn clear(&mut self) {
        self.parts.clear();
        self.arcs.clear();
        self.places.reset();
        self.refused.clear();
        self.too_small.clear();
    }

    /// Makes parts of paths so that they deliver `amount` msat together; returns what is missing.
    pub(super) fn fill<L: Liquidity + Copy>(
        &mut self,
        network: &ChannelNetwork<'_, L>,
        paths: &Paths,
        rules: &PartRules,
        amount: u64,
    ) -> u64 {
        self.clear();
        self.overlong = Overlong::default();
        let mut wanted = std::mem::take(&mut self.wanted);
        share_out(network, paths, rules.count_max, amount, &mut wanted);
        let mut missing = self.fill_in_turn(network, paths, rules, amount, &wanted);
        if missing > 0 && !self.refused.is_empty() {
            missing = self.raise(network, paths, rules, (amount, missing), &mut wanted);
        }
        self.wanted = wanted;
        missing
    }

    /// The same where it has no parts yet, with what each path is `wanted` for in turn.
    pub(super) fn fill_in_turn<L: Liquidity + Copy>(
        &mut self,
        network: &ChannelNetwork<'_, L>,
        paths: &Paths,
        rules: &PartRules,
        amount: u64,
        wanted: &[(usize, u64)],
    ) -> u64 {
        self.refused.clear();
        let mut missing = amount;
        for &(path, wanted) in wanted {
            if missing == 0 || self.parts.len() == rules.count_max {
                break;
            }
            if wanted == 0 || !self.follow(network, paths.arcs_of(path)) {
                continue;
            }
            let mut wanted = wanted.min(missing);
            let part_count = self.parts.len();
            while let Some(part) = self.fit(network, rules, wanted) {
                missing -= part.amount;
                wanted -= part.amount;
                self.add(part);
                if !network.may_repeat() || self.parts.len() == rules.count_max {
                    break;
                }
            }
            if self.parts.len() == part_count {
                self.note_minima(path, rules);
            }
        }
        self.spread(network, rules, missing)
    }

    /// One part along each path that delivers its amount in msat; whether they fit.
    pub(super) fn set<'p, L: Liquidity + Copy>(
        &mut self,
        network: &ChannelNetwork<'_, L>,
        mut paths: impl Iterator<Item = (&'p [u32], u64)>,
        rules: &PartRules,
    ) -> bool {
        self.take_parts();
        paths.all(|(arcs, amount)| {
            let is_known = self.follow(network, arcs);
            let part = is_known.then(|| self.fit(network, rules, amount)).flatten();
            let Some(part) = part.filter(|part| part.amount == amount) else { return false };
            self.add(part);
            true
        })
    }

    /// The parts anew, each as much of its path's amount as has room beside those before it.
    pub(super) fn refill<'p, L: Liquidity + Copy>(
        &mut self,
        network: &ChannelNetwork<'_, L>,
        paths: impl Iterator<Item = (&'p [u32], u64)>,
        rules: &PartRules,
    ) {
        self.take_parts();
        for (arcs, amount) in paths {
            if self.follow(network, arcs)
                && let Some(part) = self.fit(network, rules, amount)
            {
                self.add(part);
            }
        }
    }

    fn add(&mut self, part: DraftPart) {
        part.hops.iter().for_each(|hop| self.arcs[hop.place as usize].hold(hop.sent));
        self.parts.push(part);
    }

    /// Takes all parts away.
    pub(super) fn take_parts(&mut self) -> Vec<DraftPart> {
        self.arcs.iter_mut().for_each(|known| (known.sent, known.htlc_count) = (0, 0));
        std::mem::take(&mut self.parts)
    }

    /// Puts other parts in the place of all, which were parts of this draft before.
    pub(super) fn put_parts(&mut self, parts: Vec<DraftPart>) {
        self.take_parts();
        parts.into_iter().for_each(|part| self.add(part));
    }

    /// Gives what is `missing` to parts with room to spare, the widest first; returns what is still missing.
    fn spread<L: Liquidity + Copy>(
        &mut self,
        network: &ChannelNetwork<'_, L>,
        rules: &PartRules,
        mut missing: u64,
    ) -> u64 {
        for at in 0..self.parts.len() {
            if missing == 0 {
                break;
            }
            // The part's own HTLCs are in nobody's way while it is fitted.
            let Draft { parts, arcs, hops, .. } = self;
            hops.clone_from(&parts[at].hops);
            hops.iter().for_each(|hop| arcs[hop.place as usize].release(hop.sent));
            let before = parts[at].amount;
            let larger = self.fit(network, rules, before.saturating_add(missing));
            if let Some(larger) = larger.filter(|larger| larger.amount > before) {
                missing -= larger.amount - before;
                self.parts[at] = larger;
            }
            let Draft { parts, arcs, .. } = self;
            parts[at].hops.iter().for_each(|hop| arcs[hop.place as usize].hold(hop.sent));
        }
        missing
    }

    /// Drops parts, the smallest first, as long as the others can take over what they deliver for less.
    pub(super) fn merge<L: Liquidity + Copy>(&mut self, network: &ChannelNetwork<'_, L>, rules: &PartRules) {
        // Where costs are convex, what does not pay for the smallest part does not for a larger one.
        let try_count = if network.tariff.is_convex() { 1 } else { MERGE_TRY_COUNT };
        let mut cost = self.cost(network);
        while self.parts.len() > 1 {
            let mut order: Vec<usize> = (0..self.parts.len()).collect();
            order.sort_by_key(|&at| self.parts[at].amount);
            let merged =
                order.into_iter().take(try_count).find_map(|at| self.drop_part(network, rules, at, cost));
            let Some(merged) = merged else { return };
            cost = merged;
        }
    }

    /// Drops a part if that makes the others cost less than `cost` with what it delivers; says what they cost then.
    fn drop_part<L: Liquidity + Copy>(
        &mut self,
        network: &ChannelNetwork<'_, L>,
        rules: &PartRules,
        part: usize,
        cost: u64,
    ) -> Option<u64> {
        let before = self.parts.clone();
        let dropped = self.parts.remove(part);
        dropped.hops.iter().for_each(|hop| self.arcs[hop.place as usize].release(hop.sent));
        let missing = self.spread(network, rules, dropped.amount);
        let merged = self.cost(network);
        if missing == 0 && merged < cost {
            return Some(merged);
        }
        self.put_parts(before);
        None
    }

    /// The part that delivers as much along the path that is followed as fits beside the others, up to `wanted`.
    fn fit<L: Liquidity + Copy>(
        &mut self,
        network: &ChannelNetwork<'_, L>,
        rules: &PartRules,
        wanted: u64,
    ) -> Option<DraftPart> {
        let Draft { arcs, hops, overlong, .. } = self;
        let problem = &network.problem;
        let mut has_room = |amount: u64| {
            let sent = send_freely(problem, hops, amount);
            sent.is_some() && hops.iter().all(|hop| hop.sent <= arcs[hop.place as usize].room())
        };
        let mut amount = wanted;
        if !has_room(amount) {
            // No HTLC grows where the part delivers less, so what fits is found by halves. By how much each of them shrinks
            // depends: by more than that where fees are charged, by less where an inbound fee is a discount.
            amount = most_below(wanted, &mut has_room);
            // The hops are those that were tried last.
            has_room(amount);
        }
        if amount < rules.amount_min {
            return None;
        }
        let (used, fee_cost) = price(problem, rules.start, hops, amount)?;
        let is_within = overlong.is_within(&rules.limits, &used);
        is_within.then(|| DraftPart { hops: hops.clone(), amount, used, fee_cost })
    }

    /// Whether every part still costs what it did. Reads each policy of a part once.
    pub(super) fn is_current<L: Liquidity + Copy>(
        &self,
        network: &ChannelNetwork<'_, L>,
        start: Used,
    ) -> bool {
        let mut hops = Vec::with_capacity(HOP_COUNT_USUAL);
        self.parts.iter().all(|part| {
            hops.clone_from(&part.hops);
            let priced = price(&network.problem, start, &mut hops, part.amount);
            priced == Some((part.used, part.fee_cost)) && hops == part.hops
        })
    }

    /// Takes a path for the part that is fitted next; `false` where one of its arcs may not be used any more.
    pub(super) fn follow<L: Liquidity + Copy>(
        &mut self,
        network: &ChannelNetwork<'_, L>,
        arcs: &[u32],
    ) -> bool {
        self.hops.clear();
        for &arc in arcs {
            let place = match self.places.find(arc) {
                Some(place) => place,
                None => {
                    let Some(terms) = network.terms_of(arc) else { return false };
                    let beside_fees = terms.without_fee(&network.tariff);
                    let htlc_count_max = network.problem.htlc_slots(arc);
                    self.arcs.push(UsedArc { terms, sent: 0, htlc_count: 0, htlc_count_max, beside_fees });
                    self.places.place(arc).0
                }
            };
            self.hops.push(DraftHop { arc, place, sent: 0 });
        }
        true
    }

    /// Takes the prices of another network for what arcs cost beside fees.
    pub(super) fn rebase<L: Liquidity + Copy>(&mut self, network: &ChannelNetwork<'_, L>) {
        for known in &mut self.arcs {
            known.beside_fees = known.terms.without_fee(&network.tariff);
        }
    }

    /// By how much the fees are more than the flow's slopes say, in msat.
    pub(super) fn base_fees<L: Liquidity + Copy>(&self, network: &ChannelNetwork<'_, L>) -> u64 {
        let tariff = &network.tariff;
        let linear = self.arcs.iter().map(|known| {
            let (whole, beside) = (known.terms.pieces_msat(tariff), known.terms.without_fee(tariff));
            tariff.cost_msat(&whole, known.sent).saturating_sub(tariff.cost_msat(&beside, known.sent))
        });
        self.fee_cost(tariff).saturating_sub(linear.sum())
    }

    /// All fees, in msat.
    pub(super) fn fee(&self) -> u64 {
        self.parts.iter().map(DraftPart::fee).fold(0, u64::saturating_add)
    }

    /// What they count for in the cost, in msat.
    fn fee_cost(&self, tariff: &Tariff) -> u64 {
        if !tariff.is_biased() {
            return self.fee();
        }
        self.parts.iter().map(|part| part.fee_cost).fold(0, u64::saturating_add)
    }

    /// The fees in millionths of what the parts deliver; 0 where there is none.
    pub(super) fn fee_millionths(&self) -> u64 {
        let delivered = self.parts.iter().map(|part| u128::from(part.amount)).sum::<u128>().max(1);
        u64::try_from(u128::from(self.fee()) * u128::from(MILLION) / delivered)
            .map_or(MILLION, |share| share.min(MILLION))
    }

    /// What the plan costs in the model: exact fees, and what its arcs cost beside them, both as biases weigh them, in msat.
    pub(super) fn cost<L: Liquidity + Copy>(&self, network: &ChannelNetwork<'_, L>) -> u64 {
        let beside = self
            .arcs
            .iter()
            .filter(|known| known.sent > 0)
            .map(|known| known.terms.cost_beside_fees(&network.tariff, &known.beside_fees, known.sent));
        let beside = beside.fold(0, u128::saturating_add);
        self.fee_cost(&network.tariff).saturating_add(network.tariff.in_msat(beside))
    }

    /// By how much the fees count for less than those of a flow of `amount` do for what the parts deliver, because each hop's
    /// fee is rounded down (BOLT 7), in msat rounded up.
    pub(super) fn rounded_off(&self, tariff: &Tariff, amount: u64) -> u64 {
        let fee = |hop: &DraftHop| {
            let terms = &self.arcs[hop.place as usize].terms;
            u128::from(if tariff.is_biased() { terms.weighed_fee(amount) } else { terms.fee(amount) })
        };
        let of_part = |part: &DraftPart| {
            let whole = part.hops.iter().map(fee);
            whole.sum::<u128>().saturating_mul(u128::from(part.amount))
        };
        let linear = self.parts.iter().map(of_part).fold(0, u128::saturating_add);
        u64::try_from(linear.div_ceil(u128::from(amount)))
            .map_or(0, |linear| linear.saturating_sub(self.fee_cost(tariff)))
    }

    /// The chance that every channel can carry all that the parts send over it.
    pub(super) fn probability(&self, prior: Prior) -> f64 {
        self.arcs.iter().map(|known| known.terms.probability(prior, known.sent)).product()
    }

    /// The chance that the channels of one part can carry it, if it is sent alone.
    pub(super) fn part_probability(&self, prior: Prior, part: &DraftPart) -> f64 {
        let chance = |hop: &DraftHop| self.arcs[hop.place as usize].terms.probability(prior, hop.sent);
        part.hops.iter().map(chance).product()
    }
}

/// The most below `above` that has room; 0 where nothing has.
fn most_below(above: u64, mut has_room: impl FnMut(u64) -> bool) -> u64 {
    let (mut least, mut above) = (0, above);
    while above.saturating_sub(least) > 1 {
        let middle = least + (above - least) / 2;
        if has_room(middle) { least = middle } else { above = middle }
    }
    least
}

/// The HTLCs of `amount` along `hops` as if nothing limited them.
pub(super) fn send_freely(problem: &Problem<'_, Risky>, hops: &mut [DraftHop], amount: u64) -> Option<()> {
    let mut suffix = Suffix { cost: 0, received: amount, forwarded: amount };
    for hop in hops.iter_mut().rev() {
        hop.sent = problem.arriving(hop.arc, &suffix);
        let is_own = problem.tail(hop.arc) == problem.payer;
        let fee = if is_own { 0 } else { problem.record(hop.arc).fee(hop.sent) };
        suffix = Suffix { cost: 0, received: hop.sent.checked_add(fee)?, forwarded: hop.sent };
    }
    Some(())
}

/// Prices a part backwards from the payee: what its HTLCs carry, what it takes of limited resources, and what its fees count
/// for in the cost.
fn price(
    problem: &Problem<'_, Risky>,
    start: Used,
    hops: &mut [DraftHop],
    amount: u64,
) -> Option<(Used, u64)> {
    let (mut suffix, mut used) = (Suffix { cost: 0, received: amount, forwarded: amount }, start);
    for hop in hops.iter_mut().rev() {
        suffix = problem.extend(hop.arc, &suffix)?;
        hop.sent = suffix.forwarded;
        used = if problem.tail(hop.arc) == problem.payer {
            used.sent()
        } else {
            used.extended(problem.record(hop.arc), &suffix)
        };
    }
    Some((used, suffix.cost))
}

/// Parts that are tried to be dropped where costs are not convex.
const MERGE_TRY_COUNT: usize = 8;
/// Channels of a usual part, to reserve room for.
const HOP_COUNT_USUAL: usize = 8;
const MILLION: u64 = 1_000_000;
