//! How much each path is asked for.
//!
//! A flow in few paths is sent as it is. Where it has more paths than parts are allowed, the widest are kept at first, and
//! what the others carried is shared out among them, the cheapest next units first: on paths that share no channel that
//! is the best way to do it, because costs are convex. Then paths and amounts are exchanged (`exchange`).

use std::cmp::Reverse;

use super::channels::ChannelNetwork;
use super::decompose::Paths;
use super::pieces::{Piece, Pieces};
use crate::belief::Liquidity;
use crate::sparse::SparseIndex;

/// Paths that may be kept, and what each carries.
#[derive(Debug)]
pub(super) struct Shares {
    /// Every arc of the paths, once.
    pub(super) arcs: Vec<SharedArc>,
    /// The places of each path's arcs.
    pub(super) paths: Vec<Vec<usize>>,
    /// What each path carries, in msat.
    pub(super) sent: Vec<u64>,
    /// Paths that may carry something.
    pub(super) kept: Vec<usize>,
    /// What none of them carries, in msat.
    pub(super) missing: u64,
}

/// An arc of the paths.
#[derive(Debug, Clone, Copy)]
pub(super) struct SharedArc {
    /// Ends in msat.
    pub(super) pieces: Pieces,
    pub(super) sent: u64,
    /// The next units, `None` where it is full.
    pub(super) next: Option<Piece>,
    /// The last units, `None` where there are none.
    pub(super) last: Option<Piece>,
}

impl SharedArc {
    fn new(pieces: Pieces) -> Self {
        SharedArc { pieces, sent: 0, next: pieces.ahead(0), last: None }
    }

    fn carry(&mut self, sent: u64) {
        self.sent = sent;
        self.next = self.pieces.ahead(sent);
        self.last = self.pieces.back(sent);
    }
}

/// Sets which paths are asked in turn, and for how many msat. Where there are too many, those that are not kept come last.
pub(super) fn share_out<L: Liquidity + Copy>(
    network: &ChannelNetwork<'_, L>,
    paths: &Paths,
    count_max: usize,
    amount: u64,
    wanted: &mut Vec<(usize, u64)>,
) {
    let msat = |&(_, units): &(usize, u64)| units.saturating_mul(network.tariff.unit);
    wanted.clear();
    wanted.extend(paths.list.iter().map(msat).enumerate());
    if paths.list.len() <= count_max {
        return;
    }
    let mut shares = Shares::of(network, paths, count_max, amount);
    for &(path, msat) in &wanted[..count_max] {
        shares.send(path, msat.min(shares.missing));
    }
    shares.fill_up();
    shares.exchange();
    shares.even_out();
    shares.kept.sort_unstable_by_key(|&path| Reverse(shares.sent[path]));
    let kept = shares.kept.iter().map(|&path| (path, shares.sent[path]));
    let others = wanted.iter().copied().filter(|(path, _)| !shares.kept.contains(path));
    *wanted = kept.chain(others).collect();
}

impl Shares {
    /// Keeps the first paths. Nothing is sent yet.
    fn of<L: Liquidity + Copy>(
        network: &ChannelNetwork<'_, L>,
        paths: &Paths,
        count_max: usize,
        amount: u64,
    ) -> Self {
        let (mut index, mut arcs) = (SparseIndex::default(), Vec::new());
        let pieces = |arc| network.terms_of(arc).map(|terms| terms.pieces_msat(&network.tariff));
        let mut place = |&arc: &u32| {
            let (place, is_new) = index.place(arc);
            if is_new {
                arcs.push(SharedArc::new(pieces(arc).unwrap_or(Pieces::NONE)));
            }
            place as usize
        };
        let places = |path| paths.arcs_of(path).iter().map(&mut place).collect();
        let list: Vec<Vec<usize>> = (0..paths.list.len()).map(places).collect();
        let sent = vec![0; list.len()];
        Shares { arcs, paths: list, sent, kept: (0..count_max).collect(), missing: amount }
    }

    /// Sends more along a path.
    pub(super) fn send(&mut self, path: usize, msat: u64) {
        for &place in &self.paths[path] {
            let sent = self.arcs[place].sent + msat;
            self.arcs[place].carry(sent);
        }
        self.sent[path] += msat;
        self.missing -= msat;
    }

    /// Sends less along a path.
    pub(super) fn take_back(&mut self, path: usize, msat: u64) {
        for &place in &self.paths[path] {
            let sent = self.arcs[place].sent - msat;
            self.arcs[place].carry(sent);
        }
        self.sent[path] -= msat;
        self.missing += msat;
    }

    /// Sends what is missing, the cheapest next units first.
    pub(super) fn fill_up(&mut self) {
        for _ in 0..STEP_COUNT_MAX {
            let Some((_, path, room)) = self.cheapest().filter(|_| self.missing > 0) else { return };
            self.send(path, room.min(self.missing));
        }
    }

    /// The cheapest next units of all paths that are kept: their slope, the path, how many msat.
    pub(super) fn cheapest(&self) -> Option<(u64, usize, u64)> {
        let next = self.kept.iter().filter_map(|&path| {
            let (slope, room) = self.next_units(path)?;
            Some((slope, path, room))
        });
        next.min()
    }

    /// What the next units along a path cost, and how many there are at that price, in msat.
    pub(super) fn next_units(&self, path: usize) -> Option<(u64, u64)> {
        let mut whole = (0u64, u64::MAX);
        for &place in &self.paths[path] {
            let piece = self.arcs[place].next?;
            whole = (whole.0.saturating_add(piece.slope), whole.1.min(piece.room));
        }
        Some(whole)
    }
}

/// Each step fills a piece; parts have a handful of arcs of five pieces.
const STEP_COUNT_MAX: usize = 10_000;
