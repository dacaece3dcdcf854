//! How much each path is asked for.
//!
//! A flow in few paths is sent as it is. Where it has more paths than parts are allowed, the widest are kept, and what the
//! others carried is shared out among them, the cheapest next units first: on paths that share no channel that is the best
//! way to do it, because costs are convex.

use super::channels::ChannelNetwork;
use super::decompose::Paths;
use super::pieces::{Piece, Pieces};
use crate::belief::Liquidity;

/// An arc of the paths that are kept.
struct SharedArc {
    arc: u32,
    pieces: Pieces,
    sent: u64,
    /// The next units, `None` where it is full.
    next: Option<Piece>,
}

impl SharedArc {
    fn new(arc: u32, pieces: Pieces) -> Self {
        SharedArc { arc, pieces, sent: 0, next: pieces.ahead(0) }
    }

    fn send(&mut self, more: u64) {
        self.sent += more;
        self.next = self.pieces.ahead(self.sent);
    }
}

/// Sets what each path is asked for, in msat.
pub(super) fn share_out<L: Liquidity + Copy>(
    network: &ChannelNetwork<'_, L>,
    paths: &Paths,
    count_max: usize,
    amount: u64,
    wanted: &mut Vec<u64>,
) {
    wanted.clear();
    wanted.extend(paths.list.iter().map(|&(_, units)| units.saturating_mul(network.tariff.unit)));
    if paths.list.len() <= count_max {
        return;
    }
    let mut arcs = Vec::new();
    let kept: Vec<Vec<usize>> =
        (0..count_max).map(|path| places(network, paths.arcs_of(path), &mut arcs)).collect();
    let mut missing = amount;
    for (places, wanted) in kept.iter().zip(wanted.iter()) {
        let sent = (*wanted).min(missing);
        places.iter().for_each(|&place| arcs[place].send(sent));
        missing -= sent;
    }
    for _ in 0..STEP_COUNT_MAX {
        let next = kept.iter().enumerate().filter_map(|(path, places)| {
            let (slope, room) = next_units(&arcs, places)?;
            Some((slope, path, room))
        });
        let Some((_, path, room)) = next.min().filter(|_| missing > 0) else { return };
        let sent = room.min(missing);
        kept[path].iter().for_each(|&place| arcs[place].send(sent));
        wanted[path] += sent;
        missing -= sent;
    }
}

/// Where a path's arcs lie in the list, which they are added to.
fn places<L: Liquidity + Copy>(
    network: &ChannelNetwork<'_, L>,
    path: &[u32],
    arcs: &mut Vec<SharedArc>,
) -> Vec<usize> {
    let place = |&arc: &u32| {
        arcs.iter().position(|known| known.arc == arc).unwrap_or_else(|| {
            let pieces =
                network.terms_of(arc).map_or(Pieces::NONE, |terms| terms.pieces_msat(&network.tariff));
            arcs.push(SharedArc::new(arc, pieces));
            arcs.len() - 1
        })
    };
    path.iter().map(place).collect()
}

/// What the next units along a path cost, and how many there are at that price, in msat.
fn next_units(arcs: &[SharedArc], places: &[usize]) -> Option<(u64, u64)> {
    let mut whole = (0u64, u64::MAX);
    for &place in places {
        let piece = arcs[place].next?;
        whole = (whole.0.saturating_add(piece.slope), whole.1.min(piece.room));
    }
    Some(whole)
}

/// Each step fills a piece; parts have a handful of arcs of five pieces.
const STEP_COUNT_MAX: usize = 10_000;
