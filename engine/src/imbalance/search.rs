//! The path of least weight from a node to the payee.
//!
//! A*: nodes are settled by rising `weight + rest`, where the rest is what is left at least, a hop for each hop
//! (`hops`) and the excess ([`Ball`]). Along an arc that sum never falls, so a settled node's weight is final.
//!
//! **Lists in three steps.** Most arcs lead away from the payee, and weighing an arc costs more than all the rest. So a
//! settled node's list is read up to three times: first for heads that are nearer to the payee or in the ball, and where
//! paths become dear enough for it, for heads as far as the node, and for those farther away. A step waits in the queue with
//! the least sum that it can lead to: the node's weight, its hops and 0, 1 or 2 more, and the radius of the time when the
//! first heads were chosen; nothing that is left out is less, however the ball grows later.
//!
//! **The ball grows** where the search goes on: at first by the payee's neighbourhood as far as that is small, later until
//! it has cost as much as the search. So neither side does much more than the other, as in a search from both ends.
//!
//! Weights are at least a hop's, so the search ends: each node is settled once, each list is read three times at most.

use super::ball::Ball;
use super::banned::Banned;
use super::graph::Graph;
use super::query::PathCounts;
use super::weight::{FeeMemo, World};
use crate::search::heap::{Entry, Heap};

/// A search's memory: 32 bytes a node and 8 an arc, reset in O(1).
#[derive(Debug, Default)]
pub(super) struct Search {
    tree: Tree,
    ball: Ball,
    memo: FeeMemo,
}

/// Nodes with the weight from where the search began.
#[derive(Debug, Default)]
struct Tree {
    labels: Vec<Label>,
    stamp: u32,
    heap: Heap,
}

#[derive(Debug, Clone, Copy, Default)]
struct Label {
    /// The search's stamp, and one more where the node is settled or banned.
    stamp: u32,
    /// The arc over which the weight came.
    arc: u32,
    weight: u64,
}

impl Search {
    /// Forgets what arcs weighed in the query before.
    pub(super) fn begin_query(&mut self, world: &World<'_>) {
        self.memo.begin(world);
    }

    /// Finds a path of least weight, appends its arcs to `arcs` and returns its weight; `None` where there is none.
    pub(super) fn find(
        &mut self,
        graph: Graph<'_>,
        from: u32,
        banned: Banned<'_>,
        arcs: &mut Vec<u32>,
        counts: &mut PathCounts,
    ) -> Option<u64> {
        let world = graph.world;
        let Search { tree, ball, memo } = self;
        tree.begin(world.table.snapshot().node_count());
        for &node in banned.avoided.iter().chain(banned.nodes) {
            tree.labels[node as usize] = Label { stamp: tree.stamp + 1, arc: NO_ARC, weight: 0 };
        }
        ball.begin(world);
        ball.grow(graph, (from, banned), memo, SMALL);
        tree.labels[from as usize] = Label { stamp: tree.stamp, arc: NO_ARC, weight: 0 };
        tree.heap.push(0, from);
        let mut run = Run { tree, ball, memo, graph, banned, from, weighed: 0 };
        let weight = run.run(counts);
        counts.searches += 1;
        counts.weighed += run.weighed;
        if weight.is_some() {
            self.tree.trace(world, from, arcs);
        }
        weight
    }
}

impl Tree {
    /// The weight of a node's label, `u64::MAX` where it has none.
    #[inline(always)]
    fn weight(&self, node: u32) -> u64 {
        let label = &self.labels[node as usize];
        if label.stamp >= self.stamp { label.weight } else { u64::MAX }
    }

    /// The arcs to the payee, in order.
    fn trace(&self, world: &World<'_>, from: u32, arcs: &mut Vec<u32>) {
        let start = arcs.len();
        let mut node = world.payee;
        while node != from {
            let arc = self.labels[node as usize].arc;
            arcs.push(arc);
            node = world.tail(arc);
        }
        arcs[start..].reverse();
    }

    fn begin(&mut self, node_count: usize) {
        self.heap.clear();
        self.stamp = self.stamp.wrapping_add(2);
        if self.stamp == 0 || self.labels.len() != node_count {
            self.labels = vec![Label::default(); node_count];
            self.stamp = 2;
        }
    }
}

/// One search under way.
struct Run<'a> {
    tree: &'a mut Tree,
    ball: &'a mut Ball,
    memo: &'a mut FeeMemo,
    graph: Graph<'a>,
    banned: Banned<'a>,
    from: u32,
    weighed: u64,
}

impl Run<'_> {
    fn run(&mut self, counts: &mut PathCounts) -> Option<u64> {
        let (mut settled, mut next_growth) = (0, FIRST_GROWTH);
        while let Some(entry) = self.tree.heap.pop() {
            let node = entry.item;
            if entry.cursor == 0 {
                let label = self.tree.labels[node as usize];
                let sum = label.weight.saturating_add(self.rest(node));
                if label.stamp != self.tree.stamp || sum == u64::MAX {
                    continue;
                }
                if sum > entry.key {
                    // The ball has grown since, or it is the beginning.
                    self.tree.heap.push(sum, node);
                    continue;
                }
                self.tree.labels[node as usize].stamp += 1;
                settled += 1;
                counts.settled += 1;
                if node == self.graph.world.payee {
                    return Some(label.weight);
                }
            }
            self.read_list(entry);
            if settled == next_growth {
                next_growth *= 2;
                let work_max = self.weighed.max(settled);
                self.ball.grow(self.graph, (self.from, self.banned), self.memo, (u32::MAX, work_max));
            }
        }
        None
    }

    /// What is left at least from a node.
    #[inline(always)]
    fn rest(&self, node: u32) -> u64 {
        self.ball.at(node).saturating_add(self.graph.hops_weight(node))
    }

    /// Reads a settled node's list: at first for heads that are nearer or in the ball, then for heads that are as much
    /// farther than the node, less one, as `cursor` says.
    fn read_list(&mut self, entry: Entry) {
        let Run { tree, ball, memo, graph, banned, from, weighed } = self;
        let (Graph { world, hops, uses }, ball, node) = (*graph, &**ball, entry.item);
        let (distance, weight) = (hops.at(node), tree.weight(node));
        let mut steps_left = [false; STEP_COUNT];
        let wanted = |head: u32| {
            if !world.is_passable(head) && head != world.payee {
                return false;
            }
            let step = (hops.at(head) + 1).saturating_sub(distance).min(STEP_COUNT as u32 - 1);
            let is_first = entry.cursor == 0 && ball.holds(head);
            steps_left[step as usize] |= !is_first;
            is_first || step == entry.cursor
        };
        world.visit::<true>(node, wanted, |link| {
            let rest = ball.at(link.end).saturating_add(graph.hops_weight(link.end));
            let most = tree.weight(link.end).min(tree.weight(world.payee).saturating_sub(rest));
            if weight.saturating_add(world.hop()) >= most || !world.is_open(link) {
                return;
            }
            let base = weight.saturating_add(world.base(link.arc, uses));
            if base >= most || node == *from && banned.arcs.contains(&link.arc) {
                return;
            }
            *weighed += 1;
            let Some(weight) = memo.fee(world, link.arc).map(|fee| base.saturating_add(fee)) else { return };
            if weight < most {
                tree.labels[link.end as usize] = Label { stamp: tree.stamp, arc: link.arc, weight };
                tree.heap.push(weight.saturating_add(rest), link.end);
            }
        });
        let next = (entry.cursor + 1..STEP_COUNT as u32).find(|&step| steps_left[step as usize]);
        if let Some(step) = next {
            let key = match entry.cursor {
                0 => weight
                    .saturating_add(world.hop() * u64::from(distance + step))
                    .saturating_add(ball.radius()),
                // With the radius that was there when the first heads were chosen.
                cursor => entry.key.saturating_add(world.hop() * u64::from(step - cursor)),
            };
            if key < tree.weight(world.payee) {
                tree.heap.push_at(key, node, step);
            }
        }
    }
}

const NO_ARC: u32 = u32::MAX;
/// Heads nearer to the payee than the node, as far, or farther.
const STEP_COUNT: usize = 3;
/// How far the ball grows before a search: while nodes have no more arcs than this, and up to so many arcs.
const SMALL: (u32, u64) = (32, 64);
/// Settled nodes after which it grows again, and then each time that there are twice as many.
const FIRST_GROWTH: u64 = 32;
