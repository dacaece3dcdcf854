//! What an arc weighs in a search for paths.
//!
//! All but the share for used channels is the same throughout a query: it depends on the amount that is to arrive, not on
//! what other arcs charge. So weights of paths are sums of weights of arcs, and none is below that of a hop.

use std::sync::atomic::AtomicU64;

use hashbrown::HashMap;

use super::mediate::{Cap, before_fees};
use super::query::PathWeights;
use super::table::ImbalanceTable;
use crate::graph::{ArcIdx, HtlcBounds, Record};
use crate::overlay::Overlay;

/// The graph with a query's weights.
#[derive(Debug, Clone, Copy)]
pub(super) struct World<'a> {
    pub(super) table: &'a ImbalanceTable,
    pub(super) payer: u32,
    pub(super) payee: u32,
    pub(super) amount: u64,
    pub(super) weights: PathWeights,
    /// Nodes from here on have one neighbour, so that no path leads through them.
    pub(super) leaves_from: u32,
}

/// What the fees of arcs weigh, as far as a query has asked: 8 bytes an arc, reset in O(1).
///
/// A stamp of 16 bits and the weight, or ones where there is none.
#[derive(Debug, Default)]
pub(super) struct FeeMemo {
    entries: Vec<u64>,
    stamp: u64,
}

/// How often the paths so far use each channel.
#[derive(Debug, Default)]
pub(super) struct Uses {
    counts: HashMap<u32, u32>,
}

/// An arc as it lies in a node's list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link<'a> {
    /// The node at its other end.
    pub(super) end: u32,
    pub(super) arc: u32,
    pub(super) record: Record,
    wide: &'a [AtomicU64],
}

impl Link<'_> {
    /// What an HTLC on it must obey, `None` where none is taken.
    #[inline(always)]
    fn bounds(self) -> Option<HtlcBounds> {
        self.record.bounds(self.wide)
    }
}

impl FeeMemo {
    /// Forgets everything.
    pub(super) fn begin(&mut self, world: &World<'_>) {
        let arc_count = world.table.snapshot().channel_count() * 2;
        self.stamp = (self.stamp + 1) % (1 << (u64::BITS - FEE_BITS));
        if self.stamp == 0 || self.entries.len() != arc_count {
            self.entries = vec![0; arc_count];
            self.stamp = 1;
        }
    }

    /// [`World::fee`], worked out once a query.
    #[inline(always)]
    pub(super) fn fee(&mut self, world: &World<'_>, arc: u32) -> Option<u64> {
        let entry = &mut self.entries[arc as usize];
        if *entry >> FEE_BITS != self.stamp {
            *entry = self.stamp << FEE_BITS | world.fee(arc).unwrap_or(FEE_NONE);
        }
        Some(*entry & FEE_NONE).filter(|&fee| fee != FEE_NONE)
    }
}

impl Uses {
    pub(super) fn clear(&mut self) {
        self.counts.clear();
    }

    /// One more path uses these arcs.
    pub(super) fn add(&mut self, arcs: &[u32]) {
        for arc in arcs {
            *self.counts.entry(arc >> 1).or_default() += 1;
        }
    }

    #[inline(always)]
    fn of(&self, arc: u32) -> u64 {
        if self.counts.is_empty() { 0 } else { u64::from(self.counts.get(&(arc >> 1)).copied().unwrap_or(0)) }
    }
}

impl<'a> World<'a> {
    /// What one hop weighs at least.
    #[inline(always)]
    pub(super) fn hop(&self) -> u64 {
        u64::from(self.weights.hop)
    }

    /// Whether a path may go on from a node.
    #[inline(always)]
    pub(super) fn is_passable(&self, node: u32) -> bool {
        node < self.leaves_from
    }

    /// How many arcs of the generation enter a node.
    pub(super) fn degree_in(&self, node: u32) -> u32 {
        self.table.snapshot().topology().in_lists().degree(node)
    }

    fn overlay(&self) -> &'a Overlay {
        self.table.snapshot().overlay()
    }

    /// Visits the arcs that leave a node, or, where not `FORWARD`, those that enter it; reads their policies only where
    /// the node at the other end is `wanted`.
    #[inline(always)]
    pub(super) fn visit<const FORWARD: bool>(
        &self,
        node: u32,
        mut wanted: impl FnMut(u32) -> bool,
        mut visit: impl FnMut(Link<'a>),
    ) {
        let topology = self.table.snapshot().topology();
        let lists = if FORWARD { topology.out_lists() } else { topology.in_lists() };
        let list = lists.list(node);
        for ((&end, &arc), record) in list.ends.iter().zip(lists.arcs_of(node)).zip(list.records) {
            if wanted(end) {
                visit(Link { end, arc, record: record.load(), wide: topology.wide() });
            }
        }
        let overlay = self.overlay();
        if overlay.is_empty() {
            return;
        }
        let mut beside = |end, arc, record| {
            if wanted(end) {
                visit(Link { end, arc, record, wide: overlay.wide() });
            }
        };
        if FORWARD {
            overlay.outgoing(node).for_each(|arc| beside(arc.head, arc.arc, arc.record));
        } else {
            overlay.incoming(node).for_each(|arc| beside(arc.tail, arc.arc, arc.record));
        }
    }

    /// The node that an arc leaves.
    pub(super) fn tail(&self, arc: u32) -> u32 {
        self.table.snapshot().tail(ArcIdx::from_u32(arc)).to_u32()
    }

    /// The node that an arc enters.
    pub(super) fn head(&self, arc: u32) -> u32 {
        self.tail(arc ^ 1)
    }

    /// What an HTLC on an arc must obey, `None` where none is taken.
    pub(super) fn bounds(&self, arc: u32) -> Option<HtlcBounds> {
        let topology = self.table.snapshot().topology();
        match self.overlay().arc(arc) {
            Some(beside) => beside.record.bounds(self.overlay().wide()),
            None => topology.in_lists().record(arc).bounds(topology.wide()),
        }
    }

    /// Whether an arc carries the amount, fees aside.
    #[inline(always)]
    pub(super) fn is_open(&self, link: Link<'_>) -> bool {
        self.table.balance(link.arc) >= self.amount
            && link.bounds().is_some_and(|bounds| (bounds.min..=bounds.max).contains(&self.amount))
    }

    /// What an arc weighs, fees aside.
    #[inline(always)]
    pub(super) fn base(&self, arc: u32, uses: &Uses) -> u64 {
        let cannot_refund = self.table.balance(arc ^ 1) < self.amount + self.amount / 10;
        self.hop() * (1 + u64::from(cannot_refund)) + u64::from(self.weights.diversity) * uses.of(arc)
    }

    /// What the fees of an arc weigh: those of its tail on the way out and of its head on the way in, as if one mediator
    /// charged both, at least zero. `None` where they do not fit, or weigh more than [`FEE_WEIGHT_MAX`].
    #[inline]
    pub(super) fn fee(&self, arc: u32) -> Option<u64> {
        let (outgoing, incoming) = (self.table.share(arc), self.table.share(arc ^ 1));
        let before = before_fees(incoming, outgoing.balance, outgoing, self.amount, Cap::AtZero)?;
        let weight = u128::from(before - self.amount) * u128::from(self.weights.fee);
        u64::try_from(weight).ok().filter(|&weight| weight <= FEE_WEIGHT_MAX)
    }
}

const FEE_BITS: u32 = 48;
const FEE_NONE: u64 = (1 << FEE_BITS) - 1;
/// The most that an arc's fees may weigh, so that sums along a path of thousands of hops fit 64 bits.
const FEE_WEIGHT_MAX: u64 = FEE_NONE - 1;
