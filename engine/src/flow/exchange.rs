//! Better paths in the place of others, and better amounts for each, where a flow has more paths than parts are allowed.
//!
//! The widest paths of a flow are not those that best carry all of it: asked for what the others carried, some of them get
//! full and dear. What one more unit costs is a price: a path that is not kept gains what its units up to that price cost
//! less, a path that is kept is worth what its units cost less than the others would. So the path that gains most takes the
//! place of the one that is worth least, as long as that makes all of it cheaper; which of the best few do is tried. That is
//! a local search: its answer is no proof, the bound (`relaxed`) is.

use std::cmp::Reverse;

use super::explicit::SLOPE_MAX;
use super::share::{SharedArc, Shares};

/// Amounts to return to.
#[derive(Debug, Default)]
struct Backup {
    arcs: Vec<SharedArc>,
    sent: Vec<u64>,
    missing: u64,
}

impl Backup {
    fn take(&mut self, shares: &Shares) {
        self.arcs.clone_from(&shares.arcs);
        self.sent.clone_from(&shares.sent);
        self.missing = shares.missing;
    }

    fn put_back(&self, shares: &mut Shares) {
        shares.arcs.clone_from(&self.arcs);
        shares.sent.clone_from(&self.sent);
        shares.missing = self.missing;
    }
}

impl Shares {
    /// Exchanges paths until none of those that are tried saves anything. Every try costs O(arcs).
    pub(super) fn exchange(&mut self) {
        let mut backup = Backup::default();
        let mut cost = self.cost();
        let mut tries = TRY_WORK_MAX / self.paths.len().max(1);
        while let Some(found) = self.exchange_one(&mut backup, cost, &mut tries) {
            cost = found;
        }
    }

    /// Makes the first of the most promising exchanges that makes all of it cheaper than `cost`; returns what it costs then.
    fn exchange_one(&mut self, backup: &mut Backup, cost: u128, tries: &mut usize) -> Option<u128> {
        let price = if self.missing > 0 { None } else { self.cheapest() };
        let price = price.map_or(MISSING_SLOPE, |(slope, ..)| slope);
        let worth = |(at, &path): (usize, &usize)| (self.worth(path, price), at);
        let mut losers: Vec<(i128, usize)> = self.kept.iter().enumerate().map(worth).collect();
        losers.sort_unstable();
        let others = (0..self.paths.len()).filter(|path| !self.kept.contains(path));
        let gains = others.map(|path| (Reverse(self.gain(path, price)), path));
        let mut gainers: Vec<(Reverse<u128>, usize)> = gains.filter(|gain| gain.0.0 > 0).collect();
        gainers.sort_unstable();
        backup.take(self);
        for &(_, path) in gainers.iter().take(GAINER_COUNT) {
            for &(_, at) in losers.iter().take(LOSER_COUNT) {
                *tries = tries.checked_sub(1)?;
                let dropped = std::mem::replace(&mut self.kept[at], path);
                self.take_back(dropped, self.sent[dropped]);
                self.fill_up();
                let found = self.cost();
                if found < cost {
                    return Some(found);
                }
                self.kept[at] = dropped;
                backup.put_back(self);
            }
        }
        None
    }

    /// What all of it costs, with a price for what is missing that no path has.
    fn cost(&self) -> u128 {
        let arcs = self.arcs.iter().map(|arc| arc.pieces.cost(arc.sent)).sum::<u128>();
        arcs + u128::from(self.missing) * u128::from(MISSING_SLOPE)
    }

    /// By how much a path's units cost less than `price`.
    fn worth(&self, path: usize, price: u64) -> i128 {
        let msat = self.sent[path];
        let cost = |&place: &usize| {
            let SharedArc { pieces, sent, .. } = self.arcs[place];
            pieces.cost(sent) - pieces.cost(sent - msat)
        };
        let cost = self.paths[path].iter().map(cost).sum::<u128>();
        (u128::from(msat) * u128::from(price)) as i128 - cost as i128
    }

    /// By how much more units over a path would cost less than `price`.
    fn gain(&self, path: usize, price: u64) -> u128 {
        let whole = self.sent.iter().sum::<u64>() + self.missing;
        let (mut gain, mut more) = (0, 0);
        while more < whole {
            let (mut slope, mut room) = (0, whole - more);
            for &place in &self.paths[path] {
                let SharedArc { pieces, sent, .. } = self.arcs[place];
                let Some(piece) = pieces.ahead(sent + more) else { return gain };
                (slope, room) = (slope + piece.slope, room.min(piece.room));
            }
            let Some(each) = price.checked_sub(slope).filter(|&each| each > 0) else { break };
            gain += u128::from(each) * u128::from(room);
            more += room;
        }
        gain
    }

    /// Moves amounts from path to path as long as that saves something, where a msat saves most first.
    pub(super) fn even_out(&mut self) {
        for _ in 0..MOVE_COUNT_MAX {
            let Some((_, from, to, msat)) = self.best_move() else { return };
            self.take_back(from, msat);
            self.send(to, msat);
        }
    }

    /// What a msat saves, from which path it goes to which, and how many do: of the dearest to the cheapest.
    fn best_move(&self) -> Option<(u64, usize, usize, u64)> {
        let last = |path: usize| self.paths[path].iter().filter_map(|&place| self.arcs[place].last);
        let slope = |path: usize| last(path).map(|piece| piece.slope).sum::<u64>();
        let carrying = self.kept.iter().filter(|&&path| self.sent[path] > 0);
        let mut givers: Vec<(u64, usize)> = carrying.map(|&path| (slope(path), path)).collect();
        givers.sort_unstable_by_key(|&giver| Reverse(giver));
        let mut takers: Vec<(u64, usize)> = (self.kept.iter())
            .map(|&path| (self.next_units(path).map_or(u64::MAX, |(slope, _)| slope), path))
            .collect();
        takers.sort_unstable();
        let givers = givers.iter().take(PAIR_COUNT);
        let pairs =
            givers.flat_map(|&(_, from)| takers.iter().take(PAIR_COUNT).map(move |&(_, to)| (from, to)));
        let moves = pairs.filter_map(|(from, to)| {
            let (saved, room) = self.saving(from, to)?;
            Some((saved, from, to, room.min(self.sent[from])))
        });
        moves.max()
    }

    /// What each msat saves that one path takes instead of another, and how many do. Arcs of both do not matter.
    fn saving(&self, from: usize, to: usize) -> Option<(u64, u64)> {
        let (from, to) = (&self.paths[from], &self.paths[to]);
        let (mut saved, mut cost, mut room) = (0, 0, u64::MAX);
        for &place in to.iter().filter(|place| !from.contains(place)) {
            let piece = self.arcs[place].next?;
            (cost, room) = (cost + piece.slope, room.min(piece.room));
        }
        for &place in from.iter().filter(|place| !to.contains(place)) {
            let piece = self.arcs[place].last?;
            (saved, room) = (saved + piece.slope, room.min(piece.room));
        }
        (saved > cost).then(|| (saved - cost, room))
    }
}

/// What a msat that no path carries costs: more than any path of 64 arcs.
const MISSING_SLOPE: u64 = SLOPE_MAX << 6;
/// Exchanges that are tried, times the paths: some 300 for 16 parts, where most payments need some dozens.
const TRY_WORK_MAX: usize = 10_000;
/// How many paths that gain are tried in the place of how many that are worth little.
const GAINER_COUNT: usize = 4;
const LOSER_COUNT: usize = 6;
/// More moves save next to nothing.
const MOVE_COUNT_MAX: usize = 200;
/// Of how many paths the best pair moves.
const PAIR_COUNT: usize = 16;
