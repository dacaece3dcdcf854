//! Compressed adjacency: the arcs of each node side by side, cheapest first.
//!
//! There are two of them, one by tail (the forward search) and one by head (the backward search). Per arc:
//!
//! ```text
//! ends      u32      the node at the other end
//! arcs      u32      which arc this is
//! records   3 x u64  its policy (see `record`)
//! positions u32      by arc: where it lies in the arrays above
//! ```
//! 36 bytes an arc and direction of search, and 4 for the bounds of nodes with more than 16 arcs.

use prefetch_index::prefetch_index;
use rayon::prelude::*;

use super::bounds::{BLOCK_SIZE, BlockBound, FeeBound, LeastFee, REFERENCE_MSAT, UNBLOCKED_DEGREE_MAX};
use super::record::{ArcRecord, Record};

/// The arcs of every node, sorted, with block bounds.
#[derive(Debug)]
pub(crate) struct Adjacency {
    pub(super) offsets: Box<[u32]>,
    pub(super) ends: Box<[u32]>,
    pub(super) arcs: Box<[u32]>,
    pub(super) records: Box<[ArcRecord]>,
    pub(super) positions: Box<[u32]>,
    pub(super) block_offsets: Box<[u32]>,
    pub(super) bounds: Box<[BlockBound]>,
}

/// One node's part of an [`Adjacency`].
#[derive(Clone, Copy)]
pub(crate) struct ArcList<'a> {
    /// Position of the first arc.
    pub(crate) start: u32,
    /// The node at the other end of each arc.
    pub(crate) ends: &'a [u32],
    /// The policy of each arc.
    pub(crate) records: &'a [ArcRecord],
    /// A bound for each block of arcs; empty where the list is short.
    pub(crate) bounds: &'a [BlockBound],
}

/// [`BLOCK_SIZE`] arcs of a list that lie side by side, or its last ones.
#[derive(Clone, Copy)]
pub(crate) struct Block<'a> {
    /// Which block of the list.
    pub(crate) index: usize,
    /// Position of the first arc.
    pub(crate) start: u32,
    /// The node at the other end of each arc.
    pub(crate) ends: &'a [u32],
    /// The policy of each arc.
    pub(crate) records: &'a [ArcRecord],
}

impl<'a> ArcList<'a> {
    /// The arcs, block by block from the `first` on.
    #[inline(always)]
    pub(crate) fn blocks(&self, first: usize) -> impl Iterator<Item = Block<'a>> + use<'a> {
        let from = (first * BLOCK_SIZE).min(self.ends.len());
        let (start, ends, records) = (self.start, &self.ends[from..], &self.records[from..]);
        let blocks = (first..).zip(ends.chunks(BLOCK_SIZE).zip(records.chunks(BLOCK_SIZE)));
        blocks.map(move |(index, (ends, records))| {
            let start = start + (index * BLOCK_SIZE) as u32;
            Block { index, start, ends, records }
        })
    }
}

impl Adjacency {
    /// Lays out the lists. `ends_of` tells of an arc the node whose list it belongs to and the node at its other
    /// end; `records` holds every arc's policy by its number. O(m log d), in parallel over nodes.
    pub(super) fn build(
        node_count: usize,
        ends_of: impl Fn(u32) -> (u32, u32) + Sync,
        records: &[Record],
    ) -> Self {
        let mut offsets = vec![0u32; node_count + 1];
        for arc in 0..records.len() as u32 {
            offsets[ends_of(arc).0 as usize + 1] += 1;
        }
        for node in 0..node_count {
            offsets[node + 1] += offsets[node];
        }
        let mut next = offsets.clone();
        let mut arcs = vec![0u32; records.len()];
        for arc in 0..records.len() as u32 {
            let slot = &mut next[ends_of(arc).0 as usize];
            arcs[*slot as usize] = arc;
            *slot += 1;
        }
        drop(next);
        lists_mut(&mut arcs, &offsets).into_par_iter().for_each(|list| {
            list.sort_unstable_by_key(|&arc| (sort_key(records[arc as usize]), arc));
        });
        let mut positions = vec![0u32; records.len()];
        for (position, &arc) in arcs.iter().enumerate() {
            positions[arc as usize] = position as u32;
        }
        let ends = arcs.par_iter().map(|&arc| ends_of(arc).1).collect::<Vec<_>>();
        let records = arcs.par_iter().map(|&arc| ArcRecord::new(records[arc as usize])).collect::<Vec<_>>();
        Adjacency::from_sorted(offsets, ends, arcs, records, positions)
    }

    /// Adds the bounds to lists that are laid out already.
    pub(crate) fn from_sorted(
        offsets: Vec<u32>,
        ends: Vec<u32>,
        arcs: Vec<u32>,
        records: Vec<ArcRecord>,
        positions: Vec<u32>,
    ) -> Self {
        let mut block_offsets = Vec::with_capacity(offsets.len());
        let mut blocks = 0u32;
        for list in offsets.windows(2) {
            block_offsets.push(blocks);
            blocks += block_count(list[1] - list[0]);
        }
        block_offsets.push(blocks);
        let bounds = (0..blocks).into_par_iter().map(|_| BlockBound::default()).collect::<Vec<_>>();
        // The first nodes have most arcs, so parts are small enough to be shared out evenly.
        (0..offsets.len() - 1).into_par_iter().with_max_len(NODES_PER_PART).for_each(|node| {
            let blocks = block_offsets[node] as usize..block_offsets[node + 1] as usize;
            if !blocks.is_empty() {
                fill_bounds(&bounds[blocks], &records[offsets[node] as usize..offsets[node + 1] as usize]);
            }
        });
        Adjacency {
            offsets: offsets.into(),
            ends: ends.into(),
            arcs: arcs.into(),
            records: records.into(),
            positions: positions.into(),
            block_offsets: block_offsets.into(),
            bounds: bounds.into(),
        }
    }

    /// The arcs of a node; empty for one that this adjacency does not know.
    #[inline(always)]
    pub(crate) fn list(&self, node: u32) -> ArcList<'_> {
        let node = node as usize;
        let (Some(&start), Some(&end)) = (self.offsets.get(node), self.offsets.get(node + 1)) else {
            return ArcList { start: 0, ends: &[], records: &[], bounds: &[] };
        };
        let range = start as usize..end as usize;
        // Most lists are short, and on a large graph a look at another array is a wait.
        let bounds = if range.len() <= UNBLOCKED_DEGREE_MAX {
            &[]
        } else {
            &self.bounds[self.block_offsets[node] as usize..self.block_offsets[node + 1] as usize]
        };
        ArcList { start, ends: &self.ends[range.clone()], records: &self.records[range], bounds }
    }

    /// Has the processor fetch what tells where a node's list lies, while it does something else: on a large graph the search
    /// waits for memory most of the time.
    #[inline(always)]
    pub(crate) fn prefetch_offsets(&self, node: u32) {
        prefetch_index(&self.offsets, node as usize);
    }

    /// The same of the beginning of the list.
    #[inline(always)]
    pub(crate) fn prefetch_list(&self, node: u32) {
        let node = node as usize;
        let (Some(&start), Some(&end)) = (self.offsets.get(node), self.offsets.get(node + 1)) else { return };
        let (start, degree) = (start as usize, (end - start) as usize);
        let is_blocked = degree > UNBLOCKED_DEGREE_MAX;
        let count = if is_blocked { BLOCK_SIZE } else { degree };
        // Few lists begin with a cache line, so both ends of what is wanted are asked for.
        for at in [start, start + count.saturating_sub(1)] {
            prefetch_index(&self.ends, at);
            prefetch_index(&self.arcs, at);
        }
        for at in (start..start + count).step_by(RECORDS_PER_LINE) {
            prefetch_index(&self.records, at);
        }
        if is_blocked {
            prefetch_index(&self.bounds, self.block_offsets[node] as usize);
        }
    }

    /// How many arcs a node has.
    #[inline(always)]
    pub(crate) fn degree(&self, node: u32) -> u32 {
        let node = node as usize;
        match (self.offsets.get(node), self.offsets.get(node + 1)) {
            (Some(start), Some(end)) => end - start,
            _ => 0,
        }
    }

    /// The arcs of a node by number, cheapest first.
    pub(crate) fn arcs_of(&self, node: u32) -> &[u32] {
        let node = node as usize;
        match (self.offsets.get(node), self.offsets.get(node + 1)) {
            (Some(&start), Some(&end)) => &self.arcs[start as usize..end as usize],
            _ => &[],
        }
    }

    /// The arc at a position.
    #[inline(always)]
    pub(crate) fn arc_at(&self, position: u32) -> u32 {
        self.arcs[position as usize]
    }

    /// The node at the far end of an arc.
    #[inline(always)]
    pub(crate) fn end_of(&self, arc: u32) -> u32 {
        self.ends[self.positions[arc as usize] as usize]
    }

    /// The policy of an arc.
    #[inline(always)]
    pub(crate) fn record(&self, arc: u32) -> Record {
        self.records[self.positions[arc as usize] as usize].load()
    }

    /// Where an arc lies in the arrays.
    pub(super) fn position(&self, arc: u32) -> u32 {
        self.positions[arc as usize]
    }

    /// The node at the far end of the arc at a position.
    pub(crate) fn end_at(&self, position: u32) -> u32 {
        self.ends[position as usize]
    }

    /// The policy of the arc at a position.
    pub(crate) fn record_at(&self, position: u32) -> Record {
        self.records[position as usize].load()
    }

    /// Lowers the bounds of a node's list so that they hold for `record` too, before it is stored: no reader shall
    /// meet a policy below them. A dearer policy leaves them low until the next generation. Writer only.
    pub(super) fn lower_bounds(&self, node: u32, position: u32, record: Record) {
        let list = self.list(node);
        if record.is_enabled() && !list.bounds.is_empty() {
            let block = (position - list.start) as usize / BLOCK_SIZE;
            let bound = FeeBound::of(record.fee_base_msat(), record.fee_ppm());
            let _ = list.bounds[..=block].iter().rev().all(|stored| stored.lower(bound));
        }
    }

    /// Replaces the policy at a position in place. Writer only.
    pub(super) fn store_at(&self, position: u32, record: Record) {
        self.records[position as usize].store(record);
    }

    /// Bytes held.
    pub(super) fn size_bytes(&self) -> usize {
        size_of_val(&*self.offsets)
            + size_of_val(&*self.ends)
            + size_of_val(&*self.arcs)
            + size_of_val(&*self.records)
            + size_of_val(&*self.positions)
            + size_of_val(&*self.block_offsets)
            + size_of_val(&*self.bounds)
    }
}

/// Cheapest at the reference amount first; what cannot be used last.
fn sort_key(record: Record) -> u64 {
    if record.is_enabled() { record.fee(REFERENCE_MSAT) } else { u64::MAX }
}

fn block_count(degree: u32) -> u32 {
    if degree as usize <= UNBLOCKED_DEGREE_MAX { 0 } else { degree.div_ceil(BLOCK_SIZE as u32) }
}

/// Sets the bounds of one list: for each block the least of it and all later ones.
fn fill_bounds(bounds: &[BlockBound], records: &[ArcRecord]) {
    let mut least = LeastFee::NONE;
    for (bound, block) in bounds.iter().zip(records.chunks(BLOCK_SIZE)).rev() {
        for record in block.iter().map(ArcRecord::load).filter(|record| record.is_enabled()) {
            least.add(record.fee_base_msat(), record.fee_ppm());
        }
        bound.store(least.bound());
    }
}

/// Records that lie wholly in a cache line of 64 bytes.
const RECORDS_PER_LINE: usize = 64 / size_of::<ArcRecord>();

/// Nodes whose bounds are set at a time.
const NODES_PER_PART: usize = 1 << 10;

/// Cuts an array into the lists of the nodes.
fn lists_mut<'a>(mut arcs: &'a mut [u32], offsets: &[u32]) -> Vec<&'a mut [u32]> {
    let mut lists = Vec::with_capacity(offsets.len() - 1);
    for list in offsets.windows(2) {
        let (head, tail) = arcs.split_at_mut((list[1] - list[0]) as usize);
        lists.push(head);
        arcs = tail;
    }
    lists
}
