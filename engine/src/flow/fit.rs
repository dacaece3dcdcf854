//! Parts with exact amounts: fees are priced backwards along each, and parts that share a channel fit into it together.
//!
//! Flow knows no fees on fees and no whole base fees, so what it sends may be a little more than a full channel holds. A
//! part that does not fit delivers less; what is missing goes to parts with room to spare.

use super::channels::{ArcTerms, ChannelNetwork};
use super::decompose::Paths;
use super::pieces::Pieces;
use super::share::share_out;
use super::sparse::SparseIndex;
use super::tolls::Overlong;
use crate::belief::{Liquidity, Prior};
use crate::cost::FeeOnly;
use crate::search::problem::{Problem, Suffix};
use crate::search::{Limits, Used};

/// The parts of a plan while it is made.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) parts: Vec<DraftPart>,
    /// Every arc that a part has used, once.
    pub(super) arcs: Vec<UsedArc>,
    /// The places of arcs among them.
    places: SparseIndex,
    /// The hops of the part that is being fitted, payer first.
    hops: Vec<DraftHop>,
    /// What each path is asked for in turn.
    wanted: Vec<(usize, u64)>,
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
}

/// A part's HTLC on an arc.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DraftHop {
    pub(super) arc: u32,
    /// The arc's place among those of the draft.
    place: u32,
    /// What the HTLC carries, in msat.
    pub(super) sent: u64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct UsedArc {
    pub(super) terms: ArcTerms,
    /// What all parts send over it, in msat.
    pub(super) sent: u64,
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
        self.terms.bounds.max.saturating_sub(self.sent).min(self.terms.part_max)
    }
}

impl Draft {
    /// Forgets parts and arcs.
    pub(super) fn clear(&mut self) {
        self.parts.clear();
        self.arcs.clear();
        self.places.reset();
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
        let mut missing = amount;
        let mut wanted = std::mem::take(&mut self.wanted);
        share_out(network, paths, rules.count_max, amount, &mut wanted);
        for &(path, wanted) in &wanted {
            if missing == 0 || self.parts.len() == rules.count_max {
                break;
            }
            if wanted == 0 || !self.follow(network, paths.arcs_of(path)) {
                continue;
            }
            let mut wanted = wanted.min(missing);
            while let Some(part) = self.fit(network, rules, wanted) {
                missing -= part.amount;
                wanted -= part.amount;
                self.add(part);
                if !network.may_repeat() || self.parts.len() == rules.count_max {
                    break;
                }
            }
        }
        self.wanted = wanted;
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
        part.hops.iter().for_each(|hop| self.arcs[hop.place as usize].sent += hop.sent);
        self.parts.push(part);
    }

    /// Takes all parts away.
    pub(super) fn take_parts(&mut self) -> Vec<DraftPart> {
        self.arcs.iter_mut().for_each(|known| known.sent = 0);
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
            hops.iter().for_each(|hop| arcs[hop.place as usize].sent -= hop.sent);
            let before = parts[at].amount;
            let larger = self.fit(network, rules, before.saturating_add(missing));
            if let Some(larger) = larger.filter(|larger| larger.amount > before) {
                missing -= larger.amount - before;
                self.parts[at] = larger;
            }
            let Draft { parts, arcs, .. } = self;
            parts[at].hops.iter().for_each(|hop| arcs[hop.place as usize].sent += hop.sent);
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
        dropped.hops.iter().for_each(|hop| self.arcs[hop.place as usize].sent -= hop.sent);
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
        let mut amount = wanted;
        for _ in 0..FIT_COUNT_MAX {
            send_freely(problem, hops, amount)?;
            let over = hops.iter().map(|hop| hop.sent.saturating_sub(arcs[hop.place as usize].room()));
            let over = over.max().unwrap_or(0);
            if over == 0 {
                break;
            }
            // Every HTLC shrinks by at least what the part delivers less.
            amount = amount.checked_sub(over)?;
        }
        if amount < rules.amount_min {
            return None;
        }
        let used = price(problem, rules.start, hops, amount)?;
        overlong.is_within(&rules.limits, &used).then(|| DraftPart { hops: hops.clone(), amount, used })
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
            let used = price(&network.problem, start, &mut hops, part.amount);
            used == Some(part.used) && hops == part.hops
        })
    }

    /// Takes a path for the part that is fitted next; `false` where one of its arcs may not be used any more.
    fn follow<L: Liquidity + Copy>(&mut self, network: &ChannelNetwork<'_, L>, arcs: &[u32]) -> bool {
        self.hops.clear();
        for &arc in arcs {
            let place = match self.places.find(arc) {
                Some(place) => place,
                None => {
                    let Some(terms) = network.terms_of(arc) else { return false };
                    let beside_fees = terms.without_fee(&network.tariff);
                    self.arcs.push(UsedArc { terms, sent: 0, beside_fees });
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
        self.fee().saturating_sub(linear.sum())
    }

    /// All fees, in msat.
    pub(super) fn fee(&self) -> u64 {
        self.parts.iter().map(DraftPart::fee).fold(0, u64::saturating_add)
    }

    /// The fees in millionths of what the parts deliver; 0 where there is none.
    pub(super) fn fee_millionths(&self) -> u64 {
        let delivered = self.parts.iter().map(|part| u128::from(part.amount)).sum::<u128>().max(1);
        u64::try_from(u128::from(self.fee()) * u128::from(MILLION) / delivered)
            .map_or(MILLION, |share| share.min(MILLION))
    }

    /// What the plan costs in the model: exact fees, and what its arcs cost beside them, in msat.
    pub(super) fn cost<L: Liquidity + Copy>(&self, network: &ChannelNetwork<'_, L>) -> u64 {
        let beside = self
            .arcs
            .iter()
            .filter(|known| known.sent > 0)
            .map(|known| known.terms.cost_beside_fees(&network.tariff, &known.beside_fees, known.sent));
        let beside = beside.fold(0, u128::saturating_add);
        self.fee().saturating_add(network.tariff.in_msat(beside))
    }

    /// By how much the fees are less than what a flow of `amount` pays for what the parts deliver, because each hop's fee is
    /// rounded down (BOLT 7), in msat rounded up.
    pub(super) fn rounded_off(&self, amount: u64) -> u64 {
        let of_part = |part: &DraftPart| {
            let whole =
                part.hops.iter().map(|hop| u128::from(self.arcs[hop.place as usize].terms.fee(amount)));
            whole.sum::<u128>().saturating_mul(u128::from(part.amount))
        };
        let linear = self.parts.iter().map(of_part).fold(0, u128::saturating_add);
        u64::try_from(linear.div_ceil(u128::from(amount)))
            .map_or(0, |linear| linear.saturating_sub(self.fee()))
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

/// The HTLCs of `amount` along `hops` as if nothing limited them.
fn send_freely(problem: &Problem<'_, FeeOnly>, hops: &mut [DraftHop], amount: u64) -> Option<()> {
    let mut suffix = Suffix { cost: 0, received: amount, forwarded: amount };
    for hop in hops.iter_mut().rev() {
        hop.sent = problem.arriving(hop.arc, &suffix);
        let is_own = problem.tail(hop.arc) == problem.payer;
        let fee = if is_own { 0 } else { problem.record(hop.arc).fee(hop.sent) };
        suffix = Suffix { cost: 0, received: hop.sent.checked_add(fee)?, forwarded: hop.sent };
    }
    Some(())
}

/// Prices a part backwards from the payee: what its HTLCs carry, and what it takes of limited resources.
fn price(problem: &Problem<'_, FeeOnly>, start: Used, hops: &mut [DraftHop], amount: u64) -> Option<Used> {
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
    Some(used)
}

/// Parts that are tried to be dropped where costs are not convex.
const MERGE_TRY_COUNT: usize = 8;
/// Channels of a usual part, to reserve room for.
const HOP_COUNT_USUAL: usize = 8;
/// A part shrinks by what is too much, once for all arcs; inbound fees may make it take another turn.
const FIT_COUNT_MAX: usize = 4;
const MILLION: u64 = 1_000_000;
