//! A network whose arcs are listed one by one: what the solver is tested on, and for flows that are no payments.

use super::certificate::{Violation, check};
use super::counts::FlowCounts;
use super::network::Network;
use super::pieces::{PIECE_COUNT, Piece, Pieces};
use super::residual::FlowWorkspace;
use super::resume::{Share, resume};
use super::solve::{End, flow_cost, send};

/// An arc.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplicitArc {
    /// The node it leaves.
    pub tail: u32,
    /// The node it enters.
    pub head: u32,
    /// At most [`PIECE_COUNT`] pieces of rising cost: how many units, and the cost of each, at most
    /// [`SLOPE_MAX`].
    pub pieces: Vec<(u64, u64)>,
}

/// A network; nodes are numbered from 0.
#[derive(Debug)]
pub struct ExplicitNetwork {
    ends: Vec<(u32, u32)>,
    pieces: Vec<Pieces>,
    /// The arcs that leave each node, and those that enter it, cheapest first.
    lists: [Vec<List>; 2],
}

#[derive(Debug, Clone, Default)]
struct List {
    arcs: Vec<u32>,
    bounds: Vec<u64>,
}

/// A flow from one node to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplicitFlow {
    /// Units that were sent: less than asked for where a cut is in the way.
    pub sent: u64,
    /// What they cost together.
    pub cost: u128,
    /// Arcs with flow, by their place in the list, and how much.
    pub arcs: Vec<(u32, u64)>,
    /// Where a cut is in the way: the arcs that cross it, each of them full.
    pub cut: Vec<u32>,
    /// The work it took.
    pub counts: FlowCounts,
}

impl ExplicitNetwork {
    /// Lays out a network of nodes `0..node_count`. O(m log m).
    ///
    /// # Panics
    /// Where an arc names a node that is not there, has more than [`PIECE_COUNT`] pieces, pieces whose costs fall,
    /// or costs beyond [`SLOPE_MAX`].
    pub fn new(node_count: u32, arcs: &[ExplicitArc]) -> Self {
        let pieces: Vec<Pieces> = arcs.iter().map(|arc| pieces_of(&arc.pieces)).collect();
        let mut lists = [(); 2].map(|()| vec![List::default(); node_count as usize]);
        for (arc, place) in arcs.iter().zip(0..) {
            lists[0][arc.tail as usize].arcs.push(place);
            lists[1][arc.head as usize].arcs.push(place);
        }
        let slope = |&arc: &u32| pieces[arc as usize].ahead(0).map_or(u64::MAX, |piece| piece.slope);
        for list in lists.iter_mut().flatten() {
            list.arcs.sort_by_key(slope);
            list.bounds = list.arcs.chunks(BLOCK_SIZE).map(|block| slope(&block[0]).min(SLOPE_MAX)).collect();
        }
        ExplicitNetwork { ends: arcs.iter().map(|arc| (arc.tail, arc.head)).collect(), pieces, lists }
    }

    /// What every arc costs at least of what it cost before. O(m).
    fn share_of(&self, before: &ExplicitNetwork) -> Share {
        let shares = self.pieces.iter().zip(&before.pieces).filter_map(|(now, before)| {
            let now = u128::from(now.ahead(0)?.slope);
            // Of an arc that could carry nothing nobody knows that it was too dear.
            Some(before.ahead(0).map_or(Share::of(0, 1), |before| Share::of(now, u128::from(before.slope))))
        });
        shares.min().unwrap_or(Share::ALL)
    }
}

/// Sends up to `units` from `payer` to `payee` at the least cost. Nothing is left out: the certificate is checked.
///
/// # Errors
/// Where the flow is not what it should be, which would be an error of ours.
///
/// # Panics
/// Where one of the two is not in the network, or they are the same.
pub fn min_cost_flow(
    network: &ExplicitNetwork,
    payer: u32,
    payee: u32,
    units: u64,
    space: &mut FlowWorkspace,
) -> Result<ExplicitFlow, Violation> {
    let node_count = network.lists[0].len() as u32;
    assert!(payer < node_count && payee < node_count && payer != payee, "flow has two ends in its network");
    let ends = Ends { network, payer, payee };
    space.reset();
    let mut counts = FlowCounts::default();
    let (end, sent) = send(&ends, space, units, u64::MAX, &mut counts);
    check(&ends, space, sent)?;
    Ok(told(&ends, space, end, sent, counts))
}

/// The same where the workspace holds that of `before`, the same network at other costs or capacities, which sent all of
/// `units`: goes on from there. Costs and the flow's amount are those of [`min_cost_flow`]. Where not all fits any more, it is
/// called.
///
/// # Errors
/// As [`min_cost_flow`].
///
/// # Panics
/// As [`min_cost_flow`], and where the networks differ in their arcs' ends.
pub fn min_cost_flow_again(
    network: &ExplicitNetwork,
    before: &ExplicitNetwork,
    (payer, payee): (u32, u32),
    units: u64,
    space: &mut FlowWorkspace,
) -> Result<ExplicitFlow, Violation> {
    assert!(network.ends == before.ends, "the networks have the same arcs");
    let ends = Ends { network, payer, payee };
    let mut counts = FlowCounts::default();
    match resume(&ends, space, network.share_of(before), u64::MAX, &mut counts) {
        End::Sent => {
            check(&ends, space, units)?;
            Ok(told(&ends, space, End::Sent, units, counts))
        }
        End::Cut | End::WorkLimit => min_cost_flow(network, payer, payee, units, space),
    }
}

fn told(ends: &Ends<'_>, space: &FlowWorkspace, end: End, sent: u64, counts: FlowCounts) -> ExplicitFlow {
    let used = space.flows.iter().filter(|flow| flow.flow > 0);
    let mut arcs: Vec<(u32, u64)> = used.map(|flow| (flow.arc, flow.flow)).collect();
    arcs.sort_unstable();
    let cut = if end == End::Cut { ends.cut(space) } else { Vec::new() };
    ExplicitFlow { sent, cost: flow_cost(space), arcs, cut, counts }
}

/// A network and a flow's ends.
#[derive(Debug, Clone, Copy)]
struct Ends<'a> {
    network: &'a ExplicitNetwork,
    payer: u32,
    payee: u32,
}

impl Ends<'_> {
    fn list<const FORWARD: bool>(&self, node: u32) -> &List {
        &self.network.lists[usize::from(!FORWARD)][node as usize]
    }

    fn end<const FORWARD: bool>(&self, arc: u32) -> u32 {
        let (tail, head) = self.network.ends[arc as usize];
        if FORWARD { head } else { tail }
    }

    fn cut(&self, space: &FlowWorkspace) -> Vec<u32> {
        let side = CutSide::of(space);
        let crosses =
            |&(tail, head): &(u32, u32)| side.is_payers(space, tail) && !side.is_payers(space, head);
        let places = self.network.ends.iter().zip(0..);
        places.filter(|(ends, _)| crosses(ends)).map(|(_, place)| place).collect()
    }
}

/// Which search ran dry, so that its labels are one side of a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CutSide {
    /// Labelled nodes are the payer's.
    Payer,
    /// Labelled nodes are the payee's.
    Payee,
}

impl CutSide {
    pub(super) fn of(space: &FlowWorkspace) -> CutSide {
        if space.frontiers[0].next_node().is_none() { CutSide::Payer } else { CutSide::Payee }
    }

    /// Whether a node is on the payer's side.
    pub(super) fn is_payers(self, space: &FlowWorkspace, node: u32) -> bool {
        match self {
            CutSide::Payer => space.is_labelled(node, 0),
            CutSide::Payee => !space.is_labelled(node, 1),
        }
    }
}

impl Network for Ends<'_> {
    fn payer(&self) -> u32 {
        self.payer
    }

    fn payee(&self) -> u32 {
        self.payee
    }

    fn node_count(&self) -> u32 {
        self.network.lists[0].len() as u32
    }

    fn is_passable(&self, _: u32) -> bool {
        true
    }

    fn block_count<const FORWARD: bool>(&self, node: u32) -> usize {
        self.list::<FORWARD>(node).bounds.len()
    }

    fn bound<const FORWARD: bool>(&self, node: u32, block: usize) -> u64 {
        self.list::<FORWARD>(node).bounds[block]
    }

    fn visit<const FORWARD: bool>(&self, node: u32, block: usize, mut visit: impl FnMut(u32, u32, Piece)) {
        let arcs = self.list::<FORWARD>(node).arcs.chunks(BLOCK_SIZE).nth(block);
        for &arc in arcs.into_iter().flatten() {
            if let Some(piece) = self.network.pieces[arc as usize].ahead(0) {
                visit(self.end::<FORWARD>(arc), arc, piece);
            }
        }
    }

    fn visit_wanted<const FORWARD: bool>(
        &self,
        node: u32,
        first: usize,
        mut wanted: impl FnMut(u32) -> bool,
        mut visit: impl FnMut(u32, u32, Piece),
    ) {
        for block in first..self.block_count::<FORWARD>(node) {
            self.visit::<FORWARD>(node, block, |end, arc, piece| {
                if wanted(end) {
                    visit(end, arc, piece);
                }
            });
        }
    }

    fn visit_beside<const FORWARD: bool>(&self, _: u32, _: impl FnMut(u32, u32, Piece)) {}

    fn pieces(&self, arc: u32) -> Pieces {
        self.network.pieces[arc as usize]
    }
}

fn pieces_of(pieces: &[(u64, u64)]) -> Pieces {
    assert!(pieces.len() <= PIECE_COUNT, "an arc has at most {PIECE_COUNT} pieces");
    assert!(pieces.is_sorted_by_key(|&(_, slope)| slope), "the costs of an arc's pieces rise");
    let Some(&(_, last)) = pieces.last() else { return Pieces::NONE };
    assert!(last <= SLOPE_MAX, "a unit costs at most {SLOPE_MAX}");
    let mut whole = Pieces::linear(pieces.iter().map(|&(units, _)| units).sum(), last);
    let mut end = 0;
    for (at, &(units, slope)) in pieces.iter().enumerate() {
        end += units;
        (whole.ends[at], whole.slopes[at]) = (end, slope);
    }
    whole
}

/// So small that lists of few arcs can be left in the middle, too.
const BLOCK_SIZE: usize = 2;
/// The most that a unit of flow costs on an arc: sums along paths stay far below 2^62.
pub const SLOPE_MAX: u64 = 1 << 44;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_sees_what_is_wrong() {
        let arc = |tail, head, cost| ExplicitArc { tail, head, pieces: vec![(2, cost)] };
        let network = ExplicitNetwork::new(3, &[arc(0, 1, 1), arc(1, 2, 1), arc(0, 2, 5)]);
        let ends = Ends { network: &network, payer: 0, payee: 2 };
        let mut space = FlowWorkspace::default();
        space.reset();
        let sent = send(&ends, &mut space, 1, 10, &mut FlowCounts::default());
        assert_eq!((sent, check(&ends, &space, 1)), ((End::Sent, 1), Ok(())));
        assert!(matches!(check(&ends, &space, 2), Err(Violation::Conservation { .. })));
        for flow in &mut space.flows {
            flow.flow = 3;
        }
        assert!(matches!(check(&ends, &space, 3), Err(Violation::Capacity { flow: 3, capacity: 2, .. })));
        for flow in &mut space.flows {
            flow.flow = 1;
        }
        space.node(2).potential += 4;
        assert!(matches!(check(&ends, &space, 1), Err(Violation::NotCheapest { .. })));
    }

    #[test]
    fn flow_that_was_sent_the_short_way_is_given_back_for_the_cheaper_whole() {
        // The first unit takes 0-1-2-3 for 3; two units must not cross 1-2 at all, or pay 21 instead of 20.
        let arc = |tail, head, cost| ExplicitArc { tail, head, pieces: vec![(1, cost)] };
        let arcs = [arc(0, 1, 1), arc(1, 2, 1), arc(2, 3, 1), arc(0, 2, 9), arc(1, 3, 9)];
        let network = ExplicitNetwork::new(4, &arcs);
        let found = min_cost_flow(&network, 0, 3, 2, &mut FlowWorkspace::default()).expect("a sound flow");
        assert_eq!((found.sent, found.cost, found.counts.augmentations), (2, 20, 2));
        assert!(found.arcs.iter().all(|&(arc, _)| arc != 1));
    }
}
