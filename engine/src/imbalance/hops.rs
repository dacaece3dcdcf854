//! How many hops a node is from the payee at least, whatever they weigh and whether they are open.
//!
//! Nodes are found layer by layer from the payee, until a neighbour of the payer's is among them; no list of that last
//! layer is read. All others are *beyond*: at least as far as the payer. The number is the lesser of the true distance
//! and `beyond`, so along any arc it falls by one at most, and it holds for every search of a query.

use super::weight::World;

/// The distances of one query: 8 bytes a node, reset in O(1).
#[derive(Debug, Default)]
pub(super) struct Hops {
    /// By node: the query's stamp and the distance.
    entries: Vec<u32>,
    /// By node: the stamp where the payer has an arc to it.
    near: Vec<u32>,
    stamp: u32,
    layer: Vec<u32>,
    next: Vec<u32>,
    beyond: u32,
}

impl Hops {
    /// Finds the distances; `false` where no arcs lead from payer to payee. O(arcs within the payer's distance less 2).
    pub(super) fn find(&mut self, world: &World<'_>) -> bool {
        self.reset(world.table.snapshot().node_count());
        let mark = |end: u32| {
            self.near[end as usize] = self.stamp;
            false
        };
        world.visit::<true>(world.payer, mark, |_| ());
        self.layer.push(world.payee);
        self.entries[world.payee as usize] = self.stamp << DISTANCE_BITS;
        let mut is_met = self.near[world.payee as usize] == self.stamp;
        let mut distance = 0;
        while !is_met && !self.layer.is_empty() {
            distance += 1;
            is_met = self.add_layer(world, distance);
        }
        self.beyond = (distance + 1).min(DISTANCE_MAX);
        is_met
    }

    /// A lower bound on the hops from a node to the payee.
    #[inline(always)]
    pub(super) fn at(&self, node: u32) -> u32 {
        let entry = self.entries[node as usize];
        if entry >> DISTANCE_BITS == self.stamp { entry & DISTANCE_MAX } else { self.beyond }
    }

    /// Reads the lists of a layer; whether a neighbour of the payer's is in the next.
    fn add_layer(&mut self, world: &World<'_>, distance: u32) -> bool {
        let (stamp, entries, near, next) = (self.stamp, &mut self.entries, &self.near, &mut self.next);
        let entry = stamp << DISTANCE_BITS | distance.min(DISTANCE_MAX);
        let mut is_met = false;
        for &node in &self.layer {
            let find = |tail: u32| {
                let known = &mut entries[tail as usize];
                if *known >> DISTANCE_BITS != stamp && world.is_passable(tail) {
                    *known = entry;
                    is_met |= near[tail as usize] == stamp;
                    next.push(tail);
                }
                false
            };
            world.visit::<false>(node, find, |_| ());
        }
        self.layer.clear();
        std::mem::swap(&mut self.layer, &mut self.next);
        is_met
    }

    fn reset(&mut self, node_count: usize) {
        self.layer.clear();
        self.next.clear();
        self.stamp = (self.stamp + 1) % (1 << (u32::BITS - DISTANCE_BITS));
        if self.stamp == 0 || self.entries.len() != node_count {
            self.entries = vec![0; node_count];
            self.near = vec![0; node_count];
            self.stamp = 1;
        }
    }
}

const DISTANCE_BITS: u32 = 8;
/// Longer distances count as this one.
const DISTANCE_MAX: u32 = (1 << DISTANCE_BITS) - 1;
