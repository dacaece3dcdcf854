//! The arcs of all nodes, by tail and by head: decoded, then walked once each.
//!
//! A walk goes through memory in order but for one store an arc (where it lies), which finds out as well that every
//! arc is in one list: as many stores as places, and no place left out. All else that joins distant things (both
//! directions tell of one graph, both arcs of a channel of the same nodes) goes through fingerprints.

use std::hint::black_box;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

use primitives::NodeId;
use rayon::prelude::*;

use super::error::{Rule, SnapshotError};
use super::fingerprint::{Fingerprint, Keys};
use super::records;
use super::section::Bytes;
use crate::graph::{Adjacency, ArcRecord, Record};

/// What the lists refer to.
pub(super) struct Context<'a> {
    pub(super) node_ids: &'a [NodeId],
    /// By node: the first bytes of its id, which decide nearly every comparison.
    pub(super) id_prefixes: &'a [u32],
    pub(super) offsets: &'a [u32],
    pub(super) forwarder_count: usize,
    pub(super) wide: &'a [AtomicU64],
    /// By wide value: whether a record refers to it, as far as is known.
    pub(super) claims: &'a [AtomicBool],
}

/// The sections of one direction.
pub(super) struct Sections<'a> {
    pub(super) arcs: Bytes<'a>,
    pub(super) ends: Bytes<'a>,
    pub(super) records: Bytes<'a>,
}

/// The columns of one direction.
struct Half<'a> {
    sections: Sections<'a>,
    arcs: Vec<u32>,
    ends: Vec<u32>,
    records: Vec<ArcRecord>,
    positions: Vec<AtomicU32>,
}

/// What a walk finds.
struct Tally {
    arcs: Fingerprint,
    /// Channels as the arcs of direction 0 and 1 tell of them.
    channels: [Fingerprint; 2],
    /// References to wide values.
    wide_count: usize,
}

/// Decodes and checks both directions.
pub(super) fn read(
    context: &Context<'_>,
    outgoing: Sections<'_>,
    incoming: Sections<'_>,
) -> Result<[Adjacency; 2], SnapshotError> {
    let keys = Keys::new();
    let (outgoing, incoming) = (Half::decode(outgoing), Half::decode(incoming));
    let (by_tail, by_head) = rayon::join(
        || outgoing.walk(context, |nodes| outgoing.visit_outgoing(context, &keys, nodes)),
        || incoming.walk(context, |nodes| Ok(incoming.visit_incoming(context, &keys, nodes))),
    );
    let (by_tail, by_head) = (by_tail?, by_head?);
    compare(Rule::ListsAgree, &incoming.sections.arcs, by_tail.arcs, by_head.arcs)?;
    let [one, two] = by_tail.channels;
    compare(Rule::ArcsPaired, &outgoing.sections.ends, one, two)?;
    // As many references as values referred to: no two to one.
    let claimed = context.claims.par_iter().filter(|claim| claim.load(Relaxed)).count();
    if claimed != by_tail.wide_count {
        let (expected, found) = (by_tail.wide_count as u64, claimed as u64);
        return Err(Rule::WideOnce.broken_at(&outgoing.sections.records, 0, expected, found));
    }
    let (outgoing, incoming) = rayon::join(|| outgoing.finish(context), || incoming.finish(context));
    Ok([outgoing, incoming])
}

fn compare(rule: Rule, at: &Bytes<'_>, one: Fingerprint, other: Fingerprint) -> Result<(), SnapshotError> {
    let (expected, found) = (one.value(), other.value());
    if expected == found { Ok(()) } else { Err(rule.broken_at(at, 0, expected, found)) }
}

impl<'a> Half<'a> {
    fn decode(sections: Sections<'a>) -> Self {
        let arcs = sections.arcs.decode(|arc| u32::from_le_bytes(*arc));
        let mut positions = Vec::new();
        (0..arcs.len()).into_par_iter().map(|_| AtomicU32::new(NOWHERE)).collect_into_vec(&mut positions);
        Half {
            ends: sections.ends.decode(|end| u32::from_le_bytes(*end)),
            records: sections.records.decode(|record: &[u8; 24]| {
                let (words, _) = record.as_chunks::<8>();
                let word = |at: usize| u64::from_le_bytes(words[at]);
                ArcRecord::new(Record::from_words([word(0), word(1), word(2)]))
            }),
            arcs,
            positions,
            sections,
        }
    }

    /// Visits all parts, in parallel; then looks for an arc that no list had.
    fn walk(
        &self,
        context: &Context<'_>,
        visit: impl Fn(Range<usize>) -> Result<Tally, SnapshotError> + Sync,
    ) -> Result<Tally, SnapshotError> {
        let parts = (0..self.arcs.len() / ARCS_PER_PART + 1).into_par_iter();
        let tally = parts
            .map(|part| {
                let nodes = context.part(part);
                self.note_positions(context, context.positions(&nodes))?;
                visit(nodes)
            })
            .try_reduce(Tally::new, |one, other| Ok(one.merge(other)))?;
        let absent = self.positions.par_iter().position_first(|position| position.load(Relaxed) == NOWHERE);
        match absent {
            Some(arc) => Err(Rule::ArcOnce.broken_at(&self.sections.arcs, 0, arc as u64, NOWHERE.into())),
            None => Ok(tally),
        }
    }

    /// Notes where each arc lies, once it and its other end are in range.
    fn note_positions(&self, context: &Context<'_>, part: Range<usize>) -> Result<(), SnapshotError> {
        let node_count = context.node_ids.len();
        for position in part {
            let (arc, end) = (self.arcs[position], self.ends[position]);
            let Some(place) = self.positions.get(arc as usize) else {
                let (max, found) = (self.positions.len() as u64, arc.into());
                return Err(Rule::ArcInRange.broken_at(&self.sections.arcs, position, max, found));
            };
            if end as usize >= node_count {
                let (max, found) = (node_count as u64, end.into());
                return Err(Rule::EndInRange.broken_at(&self.sections.ends, position, max, found));
            }
            place.store(position as u32, Relaxed);
        }
        Ok(())
    }

    /// Everything that is checked once an arc. Each check has its own loop: those that miss the cache are short, so
    /// that the processor waits for many misses at a time.
    fn visit_outgoing(
        &self,
        context: &Context<'_>,
        keys: &Keys,
        nodes: Range<usize>,
    ) -> Result<Tally, SnapshotError> {
        let mut tally = Tally::new();
        for node in nodes.clone() {
            let tail = node as u32;
            for position in context.list(node) {
                let (arc, head, record) = self.arc(position);
                tally.arcs.insert(keys, arc_words(arc, tail, head, record));
                let ends = if arc & 1 == 0 { [tail, head] } else { [head, tail] };
                let words = channel_words(arc / 2, ends, record, context.wide);
                tally.channels[(arc & 1) as usize].insert(keys, words);
            }
        }
        for node in nodes.clone() {
            self.check_names(context, node)?;
            let list = context.list(node);
            context.check_order(node, &self.ends[list.clone()]).map_err(|(expected, found)| {
                Rule::NodeOrder.broken_at(&self.sections.ends, list.start, expected, found)
            })?;
        }
        tally.wide_count = self.check_records(context, context.positions(&nodes))?;
        Ok(tally)
    }

    fn visit_incoming(&self, context: &Context<'_>, keys: &Keys, nodes: Range<usize>) -> Tally {
        let mut tally = Tally::new();
        for node in nodes {
            for position in context.list(node) {
                let (arc, tail, record) = self.arc(position);
                tally.arcs.insert(keys, arc_words(arc, tail, node as u32, record));
            }
        }
        tally
    }

    /// Whether the node has the lesser id of the two at its arcs of direction 0, and the greater at the others.
    fn check_names(&self, context: &Context<'_>, node: usize) -> Result<(), SnapshotError> {
        let list = context.list(node);
        let own = context.id_prefixes[node];
        let mut is_doubtful = false;
        for (&arc, &end) in self.arcs[list.clone()].iter().zip(&self.ends[list.clone()]) {
            let other = context.id_prefixes[end as usize];
            is_doubtful |= (own == other) | ((own < other) != (arc & 1 == 0));
        }
        if !is_doubtful {
            return Ok(());
        }
        for position in list {
            let (arc, end, _) = self.arc(position);
            let order = context.node_ids[node].cmp(&context.node_ids[end as usize]);
            if order.is_eq() || order.is_lt() != (arc & 1 == 0) {
                let (expected, found) = (u64::from(end), node as u64);
                return Err(Rule::NodesInOrder.broken_at(&self.sections.ends, position, expected, found));
            }
        }
        Ok(())
    }

    /// Checks all records of a part; returns how many wide values they refer to.
    fn check_records(&self, context: &Context<'_>, part: Range<usize>) -> Result<usize, SnapshotError> {
        let record = |position: usize| self.records[position].load();
        let unusual = part.filter(|&position| records::is_unusual(record(position))).collect::<Vec<_>>();
        // Reads the wide values for no other reason than to have them in the cache when they are asked for one by one.
        let values = unusual.iter().flat_map(|&position| records::wide_places(record(position)));
        black_box(
            values
                .filter_map(|place| context.wide.get(place as usize))
                .fold(0, |sum, value| sum ^ value.load(Relaxed)),
        );
        let mut count = 0;
        for position in unusual {
            records::check(record(position), context.wide).map_err(|(rule, expected, found)| {
                rule.broken_at(&self.sections.records, position, expected, found)
            })?;
            for place in records::wide_places(record(position)) {
                context.claims[place as usize].store(true, Relaxed);
                count += 1;
            }
        }
        Ok(count)
    }

    #[inline(always)]
    fn arc(&self, position: usize) -> (u32, u32, Record) {
        (self.arcs[position], self.ends[position], self.records[position].load())
    }

    fn finish(self, context: &Context<'_>) -> Adjacency {
        let positions = self.positions.into_iter().map(AtomicU32::into_inner).collect();
        let offsets = context.offsets.to_vec();
        Adjacency::from_sorted(offsets, self.ends, self.arcs, self.records, positions)
    }
}

impl Context<'_> {
    /// Positions of a node's list.
    fn list(&self, node: usize) -> Range<usize> {
        self.offsets[node] as usize..self.offsets[node + 1] as usize
    }

    /// The nodes of a part: those whose lists begin in it.
    fn part(&self, part: usize) -> Range<usize> {
        let lists = &self.offsets[..self.node_ids.len()];
        let first = |arcs: usize| lists.partition_point(|&offset| (offset as usize) < arcs);
        first(part * ARCS_PER_PART)..first((part + 1) * ARCS_PER_PART)
    }

    /// Positions of the lists of neighbouring nodes.
    fn positions(&self, nodes: &Range<usize>) -> Range<usize> {
        self.offsets[nodes.start] as usize..self.offsets[nodes.end] as usize
    }

    /// Whether a node stands where its neighbours and its degree put it; else what was expected and found.
    fn check_order(&self, node: usize, ends: &[u32]) -> Result<(), (u64, u64)> {
        let can_forward = ends.iter().any(|end| *end != ends[0]);
        let is_first = node == 0 || node == self.forwarder_count;
        if can_forward != (node < self.forwarder_count) {
            return Err((u64::from(!can_forward), u64::from(can_forward)));
        }
        if !is_first && self.list(node - 1).len() < ends.len() {
            return Err((self.list(node - 1).len() as u64, ends.len() as u64));
        }
        Ok(())
    }
}

impl Tally {
    fn new() -> Self {
        Tally { arcs: Fingerprint::EMPTY, channels: [Fingerprint::EMPTY; 2], wide_count: 0 }
    }

    fn merge(self, other: Tally) -> Tally {
        Tally {
            arcs: self.arcs.merge(other.arcs),
            channels: [0, 1].map(|side| self.channels[side].merge(other.channels[side])),
            wide_count: self.wide_count + other.wide_count,
        }
    }
}

/// An arc in five words of 60 bits: the tops of its record's words stand beside its number.
#[inline(always)]
fn arc_words(arc: u32, tail: u32, head: u32, record: Record) -> [u64; 5] {
    let [a, b, c] = record.words();
    let tops = a >> 60 | b >> 60 << 4 | c >> 60 << 8;
    [u64::from(arc) << 12 | tops, u64::from(tail) << 32 | u64::from(head), a & LOW_60, b & LOW_60, c & LOW_60]
}

/// A channel in three words of 60 bits, as one of its arcs tells of it.
#[inline(always)]
fn channel_words(channel: u32, nodes: [u32; 2], record: Record, wide: &[AtomicU64]) -> [u64; 3] {
    let capacity = record.capacity(wide);
    let msat = capacity.map_or(0, |capacity| capacity.to_msat());
    let number = u64::from(channel) << 5 | msat >> 60 << 1 | u64::from(capacity.is_some());
    [number, u64::from(nodes[0]) << 32 | u64::from(nodes[1]), msat & LOW_60]
}

const LOW_60: u64 = (1 << 60) - 1;
/// Stands for no position; arcs are numbered below 2^30.
const NOWHERE: u32 = u32::MAX;
/// Arcs that are checked at a time: half a megabyte, which a core's cache holds.
const ARCS_PER_PART: usize = 1 << 14;
