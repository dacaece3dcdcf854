//! What is left of a path at least, beyond its hops: exact near the payee, a radius elsewhere.
//!
//! Hops alone tell little where a payee has one channel that paths before used, or where fees weigh more than hops. So
//! nodes around the payee get exact weights by Dijkstra's search against the arcs, in *excess* weights: `weight - hop *
//! (hops(tail) - hops(head))`, which are never below zero. Nodes that are not settled are at least as far as the least that
//! waits, the radius. Distances that are cut off at a radius fall along an arc by no more than its excess weight, so hops
//! and excess together never rise faster than weights: what a search by A* needs. The ball may grow while such a search
//! is under way: then bounds rise, and what was settled stays settled.
//!
//! Where nothing waits any more, nodes outside cannot reach the payee at all.

use super::banned::Banned;
use super::graph::Graph;
use super::weight::{FeeMemo, World};
use crate::search::heap::{Entry, Heap};

/// The excess of nodes near the payee: 16 bytes a node, reset in O(1).
#[derive(Debug, Default)]
pub(super) struct Ball {
    labels: Vec<Excess>,
    stamp: u32,
    heap: Heap,
    radius: u64,
    /// Arcs that were looked at.
    work: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Excess {
    /// The search's stamp, and one more where the node is settled.
    stamp: u32,
    excess: u64,
}

impl Ball {
    /// The payee alone.
    pub(super) fn begin(&mut self, world: &World<'_>) {
        let node_count = world.table.snapshot().node_count();
        self.heap.clear();
        self.stamp = self.stamp.wrapping_add(2);
        if self.stamp == 0 || self.labels.len() != node_count {
            self.labels = vec![Excess::default(); node_count];
            self.stamp = 2;
        }
        (self.radius, self.work) = (0, 0);
        self.labels[world.payee as usize] = Excess { stamp: self.stamp, excess: 0 };
        self.heap.push(0, world.payee);
    }

    /// The least excess of a node; `u64::MAX` where it cannot reach the payee.
    #[inline(always)]
    pub(super) fn at(&self, node: u32) -> u64 {
        let label = self.labels[node as usize];
        if label.stamp == self.stamp + 1 { label.excess } else { self.radius }
    }

    /// Whether the node's excess is exact.
    #[inline(always)]
    pub(super) fn holds(&self, node: u32) -> bool {
        self.labels[node as usize].stamp == self.stamp + 1
    }

    /// The least excess of nodes that it does not hold.
    #[inline(always)]
    pub(super) fn radius(&self) -> u64 {
        self.radius
    }

    /// Settles nodes until `from` is one, the next has more than `degree_max` arcs, or `work_max` arcs were looked at.
    pub(super) fn grow(
        &mut self,
        graph: Graph<'_>,
        (from, banned): (u32, Banned<'_>),
        memo: &mut FeeMemo,
        (degree_max, work_max): (u32, u64),
    ) {
        while let Some(Entry { key, item: node, .. }) = self.heap.peek() {
            if self.holds(node) {
                self.heap.pop();
                continue;
            }
            self.radius = key;
            let is_enough = self.work >= work_max || self.holds(from);
            if is_enough || graph.world.degree_in(node) > degree_max {
                return;
            }
            self.heap.pop();
            self.labels[node as usize] = Excess { stamp: self.stamp + 1, excess: key };
            self.read_list(graph, (from, banned), memo, (node, key));
        }
        self.radius = u64::MAX;
    }

    fn read_list(
        &mut self,
        graph: Graph<'_>,
        (from, banned): (u32, Banned<'_>),
        memo: &mut FeeMemo,
        (node, excess): (u32, u64),
    ) {
        let Graph { world, uses, .. } = graph;
        let wanted = |tail: u32| world.is_passable(tail) || tail == from;
        world.visit::<false>(node, wanted, |link| {
            self.work += 1;
            let label = self.labels[link.end as usize];
            let known = if label.stamp >= self.stamp { label.excess } else { u64::MAX };
            let is_banned = link.end == from && banned.arcs.contains(&link.arc);
            if known <= excess || is_banned || !world.is_open(link) {
                return;
            }
            // At least a hop, hence no less than what the hops fall by.
            let base = excess.saturating_add(world.base(link.arc, uses) + graph.hops_weight(node));
            let gain = graph.hops_weight(link.end);
            if base.saturating_sub(gain) >= known || banned.holds(link.end) {
                return;
            }
            let Some(weight) = memo.fee(world, link.arc).map(|fee| base.saturating_add(fee) - gain) else {
                return;
            };
            if weight < known {
                self.labels[link.end as usize] = Excess { stamp: self.stamp, excess: weight };
                self.heap.push(weight, link.end);
            }
        });
    }
}
