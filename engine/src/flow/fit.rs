//! Parts with exact amounts: fees are priced backwards along each, and parts that share a channel fit into it together.
//!
//! Flow knows no fees on fees and no whole base fees, so what it sends may be a little more than a full channel holds. A
//! part that does not fit delivers less; what is missing goes to parts with room to spare.

use super::channels::{ArcTerms, ChannelNetwork};
use super::decompose::Paths;
use super::pieces::Pieces;
use super::share::share_out;
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
    /// The HTLCs of the part that is being fitted, payer first.
    sent: Vec<u64>,
    /// What each path is asked for.
    wanted: Vec<u64>,
}

/// A part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DraftPart {
    /// Payer first.
    pub(super) arcs: Vec<u32>,
    /// What the HTLC on each arc carries, in msat.
    pub(super) sent: Vec<u64>,
    /// What the payee gets, in msat.
    pub(super) amount: u64,
    pub(super) used: Used,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct UsedArc {
    pub(super) arc: u32,
    pub(super) terms: ArcTerms,
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
        self.sent.first().map_or(0, |sent| sent - self.amount)
    }
}

impl Draft {
    /// Makes parts of paths so that they deliver `amount` msat together; returns what is missing.
    pub(super) fn fill<L: Liquidity + Copy>(
        &mut self,
        network: &ChannelNetwork<'_, L>,
        paths: &Paths,
        rules: &PartRules,
        amount: u64,
    ) -> u64 {
        self.parts.clear();
        self.arcs.clear();
        let mut missing = amount;
        let mut wanted = std::mem::take(&mut self.wanted);
        share_out(network, paths, rules.count_max, amount, &mut wanted);
        for (path, &wanted) in wanted.iter().enumerate() {
            if missing == 0 || self.parts.len() == rules.count_max {
                break;
            }
            let arcs = paths.arcs_of(path);
            if !self.know(network, arcs) {
                continue;
            }
            let mut wanted = wanted.min(missing);
            while let Some(part) = self.fit(network, arcs, rules, wanted, usize::MAX) {
                missing -= part.amount;
                wanted -= part.amount;
                self.parts.push(part);
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
        self.parts.clear();
        paths.all(|(arcs, amount)| {
            let is_known = self.know(network, arcs);
            let part = is_known.then(|| self.fit(network, arcs, rules, amount, usize::MAX)).flatten();
            let part = part.filter(|part| part.amount == amount);
            let fits = part.is_some();
            self.parts.extend(part);
            fits
        })
    }

    /// The parts anew, each as much of its path's amount as has room beside those before it.
    pub(super) fn refill<'p, L: Liquidity + Copy>(
        &mut self,
        network: &ChannelNetwork<'_, L>,
        paths: impl Iterator<Item = (&'p [u32], u64)>,
        rules: &PartRules,
    ) {
        self.parts.clear();
        for (arcs, amount) in paths {
            let part = self.fit(network, arcs, rules, amount, usize::MAX);
            self.parts.extend(part);
        }
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
            let (arcs, before) = (std::mem::take(&mut self.parts[at].arcs), self.parts[at].amount);
            let larger = self.fit(network, &arcs, rules, before.saturating_add(missing), at);
            self.parts[at].arcs = arcs;
            if let Some(larger) = larger.filter(|larger| larger.amount > before) {
                missing -= larger.amount - before;
                self.parts[at] = larger;
            }
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
        let missing = self.spread(network, rules, dropped.amount);
        let merged = self.cost(network);
        if missing == 0 && merged < cost {
            return Some(merged);
        }
        self.parts = before;
        None
    }

    /// The part that delivers as much along `arcs` as fits beside the others (but `instead_of`), up to `wanted`.
    fn fit<L: Liquidity + Copy>(
        &mut self,
        network: &ChannelNetwork<'_, L>,
        arcs: &[u32],
        rules: &PartRules,
        wanted: u64,
        instead_of: usize,
    ) -> Option<DraftPart> {
        let problem = &network.problem;
        let mut amount = wanted;
        for _ in 0..FIT_COUNT_MAX {
            self.send_freely(problem, arcs, amount)?;
            let over = arcs
                .iter()
                .zip(&self.sent)
                .map(|(&arc, &sent)| sent.saturating_sub(self.room(arc, instead_of)));
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
        let used = price(problem, rules.start, arcs, amount, &mut self.sent)?;
        let part = || DraftPart { arcs: arcs.to_vec(), sent: self.sent.clone(), amount, used };
        rules.limits.allow(&used).then(part)
    }

    /// Whether every part still costs what it did. Reads each policy of a part once.
    pub(super) fn is_current<L: Liquidity + Copy>(
        &self,
        network: &ChannelNetwork<'_, L>,
        start: Used,
    ) -> bool {
        let mut sent = Vec::with_capacity(HOP_COUNT_USUAL);
        self.parts.iter().all(|part| {
            let used = price(&network.problem, start, &part.arcs, part.amount, &mut sent);
            used == Some(part.used) && sent == part.sent
        })
    }

    /// The HTLCs along `arcs` as if nothing limited them.
    fn send_freely(&mut self, problem: &Problem<'_, FeeOnly>, arcs: &[u32], amount: u64) -> Option<()> {
        self.sent.clear();
        let mut suffix = Suffix { cost: 0, received: amount, forwarded: amount };
        for &arc in arcs.iter().rev() {
            let sent = problem.arriving(arc, &suffix);
            let fee = if problem.tail(arc) == problem.payer { 0 } else { problem.record(arc).fee(sent) };
            suffix = Suffix { cost: 0, received: sent.checked_add(fee)?, forwarded: sent };
            self.sent.push(sent);
        }
        self.sent.reverse();
        Some(())
    }

    /// What an arc has left for one part beside the others.
    fn room(&self, arc: u32, instead_of: usize) -> u64 {
        let known = self.arcs.iter().find(|known| known.arc == arc);
        known.map_or(0, |known| {
            let beside = known.terms.bounds.max.saturating_sub(self.sent_over(arc, instead_of));
            beside.min(known.terms.part_max)
        })
    }

    /// What all parts but one send over an arc.
    pub(super) fn sent_over(&self, arc: u32, except: usize) -> u64 {
        let others = self.parts.iter().enumerate().filter(|&(at, _)| at != except).map(|(_, part)| part);
        let hops = others.flat_map(|part| part.arcs.iter().zip(&part.sent));
        hops.filter(|&(&other, _)| other == arc).map(|(_, &sent)| sent).sum()
    }

    /// Looks up arcs; `false` where one may not be used any more.
    fn know<L: Liquidity + Copy>(&mut self, network: &ChannelNetwork<'_, L>, arcs: &[u32]) -> bool {
        for &arc in arcs {
            if self.arcs.iter().all(|known| known.arc != arc) {
                let Some(terms) = network.terms_of(arc) else { return false };
                self.arcs.push(UsedArc { arc, terms, beside_fees: terms.without_fee(&network.tariff) });
            }
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
            let sent = self.sent_over(known.arc, usize::MAX);
            let (whole, beside) = (known.terms.pieces_msat(tariff), known.terms.without_fee(tariff));
            tariff.cost_msat(&whole, sent).saturating_sub(tariff.cost_msat(&beside, sent))
        });
        self.fee().saturating_sub(linear.sum())
    }

    /// All fees, in msat.
    pub(super) fn fee(&self) -> u64 {
        self.parts.iter().map(DraftPart::fee).sum()
    }

    /// The fees in millionths of what the parts deliver; 0 where there is none.
    pub(super) fn fee_millionths(&self) -> u64 {
        let delivered = self.parts.iter().map(|part| u128::from(part.amount)).sum::<u128>().max(1);
        u64::try_from(u128::from(self.fee()) * 1_000_000 / delivered)
            .map_or(1_000_000, |share| share.min(1_000_000))
    }

    /// What the plan costs in the model: exact fees, and what its arcs cost beside them, in msat.
    pub(super) fn cost<L: Liquidity + Copy>(&self, network: &ChannelNetwork<'_, L>) -> u64 {
        let beside = self.arcs.iter().map(|known| {
            let sent = self.sent_over(known.arc, usize::MAX);
            known.terms.cost_beside_fees(&network.tariff, &known.beside_fees, sent)
        });
        beside.fold(self.fee(), u64::saturating_add)
    }

    /// The chance that every channel can carry all that the parts send over it.
    pub(super) fn probability(&self, prior: Prior) -> f64 {
        let arcs = self.arcs.iter();
        arcs.map(|known| known.terms.probability(prior, self.sent_over(known.arc, usize::MAX))).product()
    }

    /// The chance that the channels of one part can carry it, if it is sent alone.
    pub(super) fn part_probability(&self, prior: Prior, part: &DraftPart) -> f64 {
        let hops = part.arcs.iter().zip(&part.sent);
        let chance = |arc: u32, sent: u64| {
            let known = self.arcs.iter().find(|known| known.arc == arc);
            known.map_or(0.0, |known| known.terms.probability(prior, sent))
        };
        hops.map(|(&arc, &sent)| chance(arc, sent)).product()
    }
}

/// Prices a part backwards from the payee: its HTLCs into `sent`, payer first, and what it takes of limited resources.
fn price(
    problem: &Problem<'_, FeeOnly>,
    start: Used,
    arcs: &[u32],
    amount: u64,
    sent: &mut Vec<u64>,
) -> Option<Used> {
    sent.clear();
    let (mut suffix, mut used) = (Suffix { cost: 0, received: amount, forwarded: amount }, start);
    for &arc in arcs.iter().rev() {
        suffix = problem.extend(arc, &suffix)?;
        sent.push(suffix.forwarded);
        used = if problem.tail(arc) == problem.payer {
            used.sent()
        } else {
            used.extended(problem.record(arc), &suffix)
        };
    }
    sent.reverse();
    Some(used)
}

/// Parts that are tried to be dropped where costs are not convex.
const MERGE_TRY_COUNT: usize = 8;
/// Channels of a usual part, to reserve room for.
const HOP_COUNT_USUAL: usize = 8;
/// A part shrinks by what is too much, once for all arcs; inbound fees may make it take another turn.
const FIT_COUNT_MAX: usize = 4;
