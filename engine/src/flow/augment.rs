//! A shortest path in the residual graph, searched from both ends, and the potentials that keep it searchable.
//!
//! Potentials p make every residual arc (u, v) cost at least p(v) - p(u): its *reduced* cost c + p(u) - p(v) is never
//! below 0, so Dijkstra's search works although giving flow back costs less than nothing. Seen from the payee with -p
//! for p the same holds, so both sides share one code; s(u) stands for p or -p.
//!
//! **Lists.** A block bound b says what arcs cost, not where they lead. Ends with s = 0 or below are at least
//! b + s(u) away. Those above 0 are few (the other side's nodes of earlier rounds): where a list is left in the middle,
//! its rest is looked through for them at once; and for nodes that the other side has reached, because an arc whose
//! both ends' lists are left before it would be seen by neither side although a path over it may be short. Of two such
//! nodes the one that is settled later finds the other.
//!
//! **Potentials after a path of reduced length D.** With a + b = D, where both sides know all distances below a and b:
//! p(v) += min(d(v), a) - a + b - min(e(v), b), d the distance from the payer, e that to the payee. An arc (u, v) of
//! reduced cost w stays at or above 0: the first term lowers it by at most a - d(u), and by at most w; the second by at
//! most b - e(v), and by at most w; both together only where d(u) < a and e(v) < b, and then by at most
//! D - d(u) - e(v), which is w or less because no path is shorter than D. The path's own arcs get 0, so their reverses
//! do, too. Nodes that no side has reached keep their potential: the state stays as small as the search.
//!
//! **Pruning.** A label x of one side is dropped where x plus the other side's least key reaches the best path. Then the
//! side knows its distances only below the least such x. That a + b = D can be had still: say this side dropped x when
//! the other side's least key was k, so x + k >= D, and keys only grow; if the other side dropped y earlier, at this
//! side's key j, then y + j >= D and x >= j; if it did so later, the same with the sides exchanged.
//! (x >= j because labels that are news are never below the key that the side is at.) All of this holds as well where x is
//! a lower bound on the label, as long as it is not below that key: so most arcs are dropped before their end is looked up.
//!
//! **Limits.** A search that looks for nothing longer than some limit takes that for the best path so far. If it finds none,
//! the same potentials with the limit for D make the ends differ by that much more. Within a flow there is a limit for
//! nothing: as long as none of its arcs is full, the path before is a path still, at what its next units cost.

use std::ops::Range;

use super::counts::FlowCounts;
use super::network::Network;
use super::residual::{FAR, FlowWorkspace, NONE, PathStep, Step};
use super::sorted::{SortedArc, SortedList};
use crate::search::frontier::Step as QueueStep;

/// The search of one round.
pub(super) struct Round<'a, N> {
    network: &'a N,
    space: &'a mut FlowWorkspace,
    /// Where paths begin and end.
    ends: [u32; 2],
    /// The length of the shortest path so far, or the limit on it, and a node on the path.
    best: u64,
    meeting: u32,
    /// The least label that each side dropped.
    dropped: [u64; 2],
    pub(super) counts: FlowCounts,
}

impl<'a, N: Network> Round<'a, N> {
    /// The search for a path from one node to another that is shorter than a limit; [`FAR`] is none.
    pub(super) fn between(network: &'a N, space: &'a mut FlowWorkspace, ends: [u32; 2], limit: u64) -> Self {
        space.start_round();
        // The payer's own arcs charge no fee, so that no bound of a list into a node holds for them: they are looked for.
        space.wanted[1].add(network.payer());
        let counts = FlowCounts::default();
        Round { network, space, ends, best: limit, meeting: NONE, dropped: [FAR; 2], counts }
    }

    /// Finds a shortest path, leaves its steps in the workspace and sets the potentials anew. Says whether there is one; if
    /// not and there is no limit, a side whose queue is empty has labelled all that is on its side of a cut.
    pub(super) fn search(&mut self) -> bool {
        let [from, to] = self.ends;
        self.reach::<true>(from, 0, Step::new(0, false, NONE));
        self.reach::<false>(to, 0, Step::new(0, false, NONE));
        let mut work = [self.step::<true>(), 0];
        loop {
            let [forward, backward] = &self.space.frontiers;
            let (Some(from), Some(to)) = (forward.next_node(), backward.next_node()) else { break };
            if forward.least().saturating_add(backward.least()) >= self.best {
                break;
            }
            let next = [self.degree::<true>(from), self.degree::<false>(to)];
            if work[0] + next[0] <= work[1] + next[1] {
                work[0] += self.step::<true>();
            } else {
                work[1] += self.step::<false>();
            }
        }
        let is_found = self.meeting != NONE;
        if is_found {
            self.trace();
        }
        if self.best != FAR {
            self.reprice();
        }
        is_found
    }

    fn degree<const FORWARD: bool>(&self, node: u32) -> u64 {
        // One block, unless the list goes on.
        self.network.block_count::<FORWARD>(node).min(1) as u64 * BLOCK_WORK
    }

    /// Labels a node if that is news.
    #[inline(always)]
    fn reach<const FORWARD: bool>(&mut self, node: u32, distance: u64, step: Step) {
        let side = usize::from(!FORWARD);
        let state = self.space.node(node);
        if distance >= state.distance[side] {
            return;
        }
        state.distance[side] = distance;
        state.step[side] = step;
        let whole = distance.saturating_add(state.distance[1 - side]);
        if whole < self.best {
            (self.best, self.meeting) = (whole, node);
        }
        self.space.wanted[1 - side].add(node);
        self.space.frontiers[side].push(distance, node, 0);
    }

    /// Goes on with one side and returns the arcs it looked at.
    fn step<const FORWARD: bool>(&mut self) -> u64 {
        let side = usize::from(!FORWARD);
        let Some((node, first)) = self.next::<FORWARD>() else { return 0 };
        let state = *self.space.node(node);
        let at = Place {
            node,
            distance: state.distance[side],
            potential: signed::<FORWARD>(state.potential),
            carries: if FORWARD { state.first::<false>() } else { state.first::<true>() } != NONE,
        };
        let known = state.read[side];
        let sorted = if known < SORTED_FROM { None } else { self.space.sorted.find::<FORWARD>(node) };
        let seen = match sorted {
            Some(list) => self.read_sorted::<FORWARD>(at, list, first),
            None => self.read::<FORWARD>(at, first, known),
        };
        if first.is_none() {
            let network = self.network;
            network.visit_beside::<FORWARD>(node, |end, arc, piece| {
                self.relax::<FORWARD>(at, end, arc, piece.slope);
            });
            self.give_back::<FORWARD>(at, state.first::<FORWARD>());
        }
        self.counts.relaxed += seen;
        seen
    }

    /// After how many blocks of a list it is as much work to read on as to sort it. The first path may be the only one; but the
    /// payer's own list is read to its end anyway.
    fn worth_sorting<const FORWARD: bool>(&self, node: u32, blocks: usize) -> u16 {
        if FORWARD && node == self.network.payer() && blocks > usize::from(SORTED_FROM) {
            return 0;
        }
        let share = if self.space.flows.is_empty() { 1 } else { SORTED_SHARE };
        SORTED_FROM.max(u16::try_from(blocks / share).unwrap_or(u16::MAX))
    }

    /// Reads a list from a block on, as far as it may matter by now; returns the arcs that were looked at. `known` blocks of it
    /// have been read before in this flow. Where it comes to be as much work as that, the list is sorted.
    fn read<const FORWARD: bool>(&mut self, at: Place, first: Option<usize>, known: u16) -> u64 {
        let side = usize::from(!FORWARD);
        let network = self.network;
        let blocks = network.block_count::<FORWARD>(at.node);
        let mut block = first.unwrap_or(0);
        let (mut seen, mut known) = (0, known);
        let worth = self.worth_sorting::<FORWARD>(at.node, blocks);
        while block < blocks {
            if known >= worth {
                self.space.node(at.node).read[side] = known.max(SORTED_FROM);
                let list = self.space.sorted.make::<N, FORWARD>(network, at.node);
                return seen + self.read_sorted::<FORWARD>(at, list, first.map(|_| 0));
            }
            let bound = network.bound::<FORWARD>(at.node, block) as i64;
            if self.leaves::<FORWARD>(at, bound, block) {
                break;
            }
            network.visit::<FORWARD>(at.node, block, |end, arc, piece| {
                seen += 1;
                self.relax::<FORWARD>(at, end, arc, piece.slope);
            });
            block += 1;
            known = known.saturating_add(1);
        }
        self.space.node(at.node).read[side] = known;
        if first.is_none() && block < blocks {
            let found = self.find_wanted::<FORWARD>(at, block);
            self.relax_all::<FORWARD>(at, found);
        }
        seen
    }

    /// The same of a list in the order of costs, from a place on.
    fn read_sorted<const FORWARD: bool>(&mut self, at: Place, list: SortedList, first: Option<usize>) -> u64 {
        let side = usize::from(!FORWARD);
        let Range { start, end: list_end } = list.places;
        let begin = start + first.unwrap_or(0);
        let mut place = begin;
        while place < list_end {
            let SortedArc { slope, arc, end } = self.space.sorted.at(&list, place);
            if self.leaves::<FORWARD>(at, slope as i64, place - start) {
                break;
            }
            self.relax::<FORWARD>(at, end, arc, slope);
            place += 1;
        }
        if first.is_none() && place < list_end {
            let mut found = std::mem::take(&mut self.space.found);
            let marks = &self.space.wanted[side];
            let near = self.space.sorted.near(&list, place, |slope| !self.is_beyond::<FORWARD>(at, slope));
            let wanted = near.iter().filter(|arc| marks.may_hold(arc.end));
            found.extend(wanted.map(|arc| (arc.end, arc.arc, arc.slope)));
            self.relax_all::<FORWARD>(at, found);
        }
        (place - begin) as u64
    }

    /// Arcs of a list's rest, from a block on, that lead to nodes that are looked for, as far as a label there may matter by the
    /// block's bound: most are dropped before their records are read.
    fn find_wanted<const FORWARD: bool>(&mut self, at: Place, block: usize) -> Vec<(u32, u32, u64)> {
        let side = usize::from(!FORWARD);
        let network = self.network;
        let bound = network.bound::<FORWARD>(at.node, block) as i64;
        let mut found = std::mem::take(&mut self.space.found);
        let (space, best) = (&*self.space, self.best);
        let other = space.frontiers[1 - side].least();
        let mut dropped = self.dropped[side];
        let wanted = |end| {
            if !space.wanted[side].may_hold(end) {
                return false;
            }
            if end == network.payer() {
                // No bound holds for its own arcs.
                return true;
            }
            let (potential, labels) = space.peek(end);
            let distance = at.distance.saturating_add(at.reduced(bound, signed::<FORWARD>(potential)));
            if distance >= labels[side] {
                return false;
            }
            let is_near = distance.saturating_add(other.min(labels[1 - side])) < best;
            if !is_near {
                dropped = dropped.min(distance);
            }
            is_near
        };
        network.visit_wanted::<FORWARD>(at.node, block, wanted, |end, arc, piece| {
            found.push((end, arc, piece.slope));
        });
        self.dropped[side] = dropped;
        found
    }

    /// Looks at what was found and gives the memory back.
    fn relax_all<const FORWARD: bool>(&mut self, at: Place, mut found: Vec<(u32, u32, u64)>) {
        for (end, arc, slope) in found.drain(..) {
            self.relax::<FORWARD>(at, end, arc, slope);
        }
        self.space.found = found;
    }

    /// Leaves a list before `place`, whose arcs cost `bound` or more, where others come first or nothing there can matter.
    #[inline(always)]
    fn leaves<const FORWARD: bool>(&mut self, at: Place, bound: i64, place: usize) -> bool {
        let side = usize::from(!FORWARD);
        let next = at.distance.saturating_add(at.reduced(bound, 0));
        let other = self.space.frontiers[1 - side].least();
        let leaves = next.saturating_add(other) >= self.best || next > self.space.frontiers[side].least();
        if leaves {
            self.space.frontiers[side].leave(next, at.node, place, 0);
        }
        leaves
    }

    /// Whether arcs that cost `slope` or more lead to no end that is near enough, however high it is.
    #[inline(always)]
    fn is_beyond<const FORWARD: bool>(&self, at: Place, slope: u64) -> bool {
        let highest = self.space.highest[usize::from(!FORWARD)];
        at.distance.saturating_add(at.reduced(slope as i64, highest)) >= self.best
    }

    /// Takes a side's next step: its node, and where to go on in the node's list if not at its start.
    fn next<const FORWARD: bool>(&mut self) -> Option<(u32, Option<usize>)> {
        let side = usize::from(!FORWARD);
        match self.space.frontiers[side].pop()? {
            QueueStep::GoOn { node, block } => Some((node, Some(block))),
            QueueStep::Settle { node, key } => {
                let state = self.space.node(node);
                let is_stale = state.settled >> side & 1 != 0 || state.distance[side] != key;
                state.settled |= 1 << side;
                self.counts.settled += u64::from(!is_stale);
                let goal = self.ends[1 - side];
                (!is_stale && node != goal).then_some((node, None))
            }
        }
    }

    /// Looks at the arcs that give back flow into the node (seen from the payer), or out of it.
    fn give_back<const FORWARD: bool>(&mut self, at: Place, first: u32) {
        let mut next = first;
        while next != NONE {
            let flow = self.space.flows[next as usize];
            next = flow.next::<FORWARD>();
            let end = if FORWARD { flow.tail } else { flow.head };
            if let Some(piece) = flow.pieces.back(flow.flow) {
                let step = Step::new(flow.arc, true, at.node);
                self.offer::<FORWARD>(at, end, -(piece.slope as i64), step);
            }
        }
    }

    /// Looks at an arc whose first units cost `slope`.
    #[inline(always)]
    fn relax<const FORWARD: bool>(&mut self, at: Place, end: u32, arc: u32, first: u64) {
        let mut slope = first;
        if at.carries
            && let Some(flow) = self.space.flow_arc(arc)
        {
            let Some(ahead) = flow.pieces.ahead(flow.flow) else { return };
            slope = ahead.slope;
        }
        self.offer::<FORWARD>(at, end, slope as i64, Step::new(arc, false, at.node));
    }

    #[inline(always)]
    fn offer<const FORWARD: bool>(&mut self, at: Place, end: u32, slope: i64, step: Step) {
        let side = usize::from(!FORWARD);
        let other = self.space.frontiers[1 - side].least();
        if !self.space.wanted[side].may_hold(end) {
            // It is not above 0, and the other side has no label there.
            let distance = at.distance.saturating_add(at.reduced(slope, 0));
            if distance.saturating_add(other) >= self.best {
                self.dropped[side] = self.dropped[side].min(distance);
                return;
            }
        }
        let (potential, labels) = self.space.peek(end);
        let distance = at.distance.saturating_add(at.reduced(slope, signed::<FORWARD>(potential)));
        // A block may tell of an arc twice, and two sides of one meeting: only news counts.
        if distance >= labels[side] {
            return;
        }
        let other = other.min(labels[1 - side]);
        if distance.saturating_add(other) >= self.best {
            self.dropped[side] = self.dropped[side].min(distance);
            return;
        }
        self.reach::<FORWARD>(end, distance, step);
    }

    /// Writes down the path through the meeting point, payer first, without the loops that cost nothing.
    fn trace(&mut self) {
        let mut path = std::mem::take(&mut self.space.path);
        path.clear();
        let mut node = self.meeting;
        while node != self.ends[0] {
            let step = self.space.node(node).step[0];
            path.push(path_step(step, step.from, node));
            node = step.from;
        }
        path.reverse();
        node = self.meeting;
        while node != self.ends[1] {
            let step = self.space.node(node).step[1];
            path.push(path_step(step, node, step.from));
            node = step.from;
        }
        let mut at = 0;
        while at < path.len() {
            let entered = entered(&path[at]);
            let last = (at + 1..path.len()).rev().find(|&later| self::entered(&path[later]) == entered);
            if let Some(last) = last {
                path.drain(at + 1..=last);
            }
            at += 1;
        }
        self.space.path = path;
    }

    /// Moves the potentials so that the path's arcs cost nothing.
    fn reprice(&mut self) {
        let whole = self.best;
        let known = [0, 1].map(|side| self.space.frontiers[side].least().min(self.dropped[side]));
        let from = whole.min(known[0]);
        let to = whole - from;
        debug_assert!(to <= known[1], "the sides' keys reach the path's length together");
        let FlowWorkspace { states, labelled, marks, highest, .. } = &mut *self.space;
        for &place in labelled.iter() {
            let state = &mut states[place as usize];
            let [forward, backward] = state.distance;
            let change = forward.min(from) as i64 - from as i64 + to as i64 - backward.min(to) as i64;
            state.potential += change;
            if state.potential > 0 {
                marks[0].add(state.node);
                highest[0] = highest[0].max(state.potential);
            } else if state.potential < 0 {
                marks[1].add(state.node);
                highest[1] = highest[1].max(-state.potential);
            }
        }
    }
}

/// A node that a side goes on from.
#[derive(Debug, Clone, Copy)]
struct Place {
    node: u32,
    distance: u64,
    potential: i64,
    /// Whether some of its arcs have flow.
    carries: bool,
}

impl Place {
    /// Below 0 only where a bound is meant, or a policy has changed since the potentials were set.
    #[inline(always)]
    fn reduced(self, slope: i64, potential: i64) -> u64 {
        (slope + self.potential - potential).max(0) as u64
    }
}

fn signed<const FORWARD: bool>(potential: i64) -> i64 {
    if FORWARD { potential } else { -potential }
}

fn path_step(step: Step, from: u32, to: u32) -> PathStep {
    let (tail, head) = if step.is_back() { (to, from) } else { (from, to) };
    PathStep { arc: step.arc(), is_back: step.is_back(), tail, head }
}

/// The node that a residual arc enters.
fn entered(step: &PathStep) -> u32 {
    if step.is_back { step.tail } else { step.head }
}

/// A list is not sorted before so many blocks of it have been read, nor before this part of it has: then reading has been as
/// much work as sorting is.
const SORTED_FROM: u16 = 3;
const SORTED_SHARE: usize = 8;
/// Arcs in a block.
const BLOCK_WORK: u64 = 8;
