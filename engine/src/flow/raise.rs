//! Parts that are raised to the minima of their channels.
//!
//! Flow knows no `htlc_minimum_msat`: what it sends along a path may be less than a channel of it takes. Such a path is left
//! out at first. Where the others do not make up for it, it is asked again, before them and for the least that it takes, and
//! the others share what is left; until no path is refused anew, or nothing is missing.

use super::channels::ChannelNetwork;
use super::decompose::Paths;
use super::fit::{Draft, PartRules, send_freely};
use crate::belief::Liquidity;

impl Draft {
    /// Takes down which minima the part of a path was below that could not be made; the path is still followed.
    pub(super) fn note_minima(&mut self, path: usize, rules: &PartRules) {
        let Draft { hops, arcs, too_small, refused, .. } = self;
        // A part that is too small for the query has met a full channel, or a payer who wants few.
        if hops.last().is_none_or(|last| last.sent < rules.amount_min) {
            return;
        }
        let mut is_refused = false;
        for hop in hops.iter().filter(|hop| hop.sent < arcs[hop.place as usize].terms.bounds.min) {
            is_refused = true;
            if !too_small.contains(&hop.arc) {
                too_small.push(hop.arc);
            }
        }
        if is_refused {
            refused.push(path);
        }
    }

    /// The least minimum that parts were below, and its arc.
    pub(super) fn least_minimum(&self) -> Option<(u64, u32)> {
        let minimum = |&arc: &u32| {
            let place = self.places.find(arc)?;
            Some((self.arcs[place as usize].terms.bounds.min, arc))
        };
        self.too_small.iter().filter_map(minimum).min()
    }

    /// Asks the paths that minima have refused for as much as they take at least, before all others, where their parts and
    /// what others left `missing` of `amount`. Returns what is missing then.
    pub(super) fn raise<L: Liquidity + Copy>(
        &mut self,
        network: &ChannelNetwork<'_, L>,
        paths: &Paths,
        rules: &PartRules,
        (amount, mut missing): (u64, u64),
        wanted: &mut Vec<(usize, u64)>,
    ) -> u64 {
        let mut raised_count = 0;
        for _ in 0..RAISE_COUNT_MAX {
            let raised_before = raised_count;
            for path in std::mem::take(&mut self.refused) {
                let place = wanted.iter().position(|wanted| wanted.0 == path);
                let Some(place) = place.filter(|&place| place >= raised_count) else { continue };
                if !self.follow(network, paths.arcs_of(path)) {
                    continue;
                }
                if let Some(least) = self.least_taken(network, amount) {
                    wanted.remove(place);
                    wanted.insert(raised_count, (path, least.max(rules.amount_min)));
                    raised_count += 1;
                }
            }
            if raised_count == raised_before {
                break;
            }
            let before = self.take_parts();
            let still_missing = self.fill_in_turn(network, paths, rules, amount, wanted);
            if still_missing < missing {
                missing = still_missing;
            } else {
                self.put_parts(before);
            }
            if missing == 0 {
                break;
            }
        }
        missing
    }

    /// The least that all channels of the path that is followed take as one part, `None` where that is more than `most`.
    fn least_taken<L: Liquidity + Copy>(
        &mut self,
        network: &ChannelNetwork<'_, L>,
        most: u64,
    ) -> Option<u64> {
        let Draft { hops, arcs, .. } = self;
        let mut is_taken = |amount: u64| {
            let sent = send_freely(&network.problem, hops, amount);
            sent.is_some() && hops.iter().all(|hop| hop.sent >= arcs[hop.place as usize].terms.bounds.min)
        };
        if !is_taken(most) {
            return None;
        }
        // No HTLC shrinks where the part delivers more.
        let (mut below, mut least) = (0, most);
        while least - below > 1 {
            let middle = below + (least - below) / 2;
            if is_taken(middle) { least = middle } else { below = middle }
        }
        Some(least)
    }
}

/// How often paths are raised; each time those that were refused for what the last ones took.
const RAISE_COUNT_MAX: usize = 16;
