//! The arcs of all nodes, by tail and by head: decoded, then walked once each.
//!
//! A walk goes through memory in order but for one store an arc (where it lies), which finds out as well that every
//! arc is in one list: as many stores as places, and no place left out. All else that joins distant things (both
//! directions tell of one graph, both arcs of a channel of the same nodes) goes through fingerprints.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

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
    pub(super) id_prefixes: &'a [u64],
    pub(super) offsets: &'a [u32],
    pub(super) arc_count: usize,
    pub(super) forwarder_count: usize,
    pub(super) wide: &'a [AtomicU64],
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
    wide_places: Vec<u32>,
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
        || outgoing.walk(context, |node, tally| outgoing.visit_outgoing(context, &keys, node, tally)),
        || incoming.walk(context, |node, tally| incoming.visit_incoming(context, &keys, node, tally)),
    );
    let (by_tail, by_head) = (by_tail?, by_head?);
    compare(Rule::ListsAgree, &incoming.sections.arcs, by_tail.arcs, by_head.arcs)?;
    let [one, two] = by_tail.channels;
    compare(Rule::ArcsPaired, &outgoing.sections.ends, one, two)?;
    let mut places = by_tail.wide_places;
    places.par_sort_unstable();
    if let Some(twice) = places.windows(2).find(|pair| pair[0] == pair[1]) {
        let place = u64::from(twice[0]);
        return Err(Rule::WideOnce.broken_at(&outgoing.sections.records, 0, place + 1, place));
    }
    let (outgoing, incoming) = rayon::join(|| outgoing.finish(context), || incoming.finish(context));
    Ok([outgoing?, incoming?])
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

    /// Visits all nodes, in parallel; then looks for an arc that no list had.
    fn walk(
        &self,
        context: &Context<'_>,
        visit: impl Fn(usize, &mut Tally) -> Result<(), SnapshotError> + Sync,
    ) -> Result<Tally, SnapshotError> {
        // The first nodes have most arcs, so parts are small enough to be shared out evenly.
        let parts = (0..context.node_ids.len()).into_par_iter().with_max_len(NODES_PER_PART);
        let tally = parts
            .try_fold(Tally::new, |mut tally, node| visit(node, &mut tally).map(|()| tally))
            .try_reduce(Tally::new, |one, other| Ok(one.merge(other)))?;
        let absent = self.positions.par_iter().position_first(|position| position.load(Relaxed) == NOWHERE);
        match absent {
            Some(arc) => Err(Rule::ArcOnce.broken_at(&self.sections.arcs, 0, arc as u64, NOWHERE.into())),
            None => Ok(tally),
        }
    }

    fn visit_outgoing(
        &self,
        context: &Context<'_>,
        keys: &Keys,
        node: usize,
        tally: &mut Tally,
    ) -> Result<(), SnapshotError> {
        let range = context.list(node);
        for position in range.clone() {
            let (arc, end, record) = self.arc(context, position)?;
            tally.arcs.insert(keys, arc_words(arc, node as u32, end, record));
            records::check(record, context.wide, &mut tally.wide_places).map_err(
                |(rule, expected, found)| rule.broken_at(&self.sections.records, position, expected, found),
            )?;
            let nodes = if arc & 1 == 0 { [node as u32, end] } else { [end, node as u32] };
            if arc & 1 == 0 && !context.is_before(nodes) {
                let (expected, found) = (u64::from(end), node as u64);
                return Err(Rule::NodesInOrder.broken_at(&self.sections.ends, position, expected, found));
            }
            tally.channels[(arc & 1) as usize]
                .insert(keys, channel_words(arc / 2, nodes, record, context.wide));
        }
        context.check_order(node, &self.ends[range.clone()]).map_err(|(expected, found)| {
            Rule::NodeOrder.broken_at(&self.sections.ends, range.start, expected, found)
        })
    }

    fn visit_incoming(
        &self,
        context: &Context<'_>,
        keys: &Keys,
        node: usize,
        tally: &mut Tally,
    ) -> Result<(), SnapshotError> {
        for position in context.list(node) {
            let (arc, end, record) = self.arc(context, position)?;
            tally.arcs.insert(keys, arc_words(arc, end, node as u32, record));
        }
        Ok(())
    }

    /// The arc at a position with its other end, both in range; notes where it lies.
    #[inline(always)]
    fn arc(&self, context: &Context<'_>, position: usize) -> Result<(u32, u32, Record), SnapshotError> {
        let (arc, end) = (self.arcs[position], self.ends[position]);
        let Some(place) = self.positions.get(arc as usize) else {
            let (max, found) = (context.arc_count as u64, u64::from(arc));
            return Err(Rule::ArcInRange.broken_at(&self.sections.arcs, position, max, found));
        };
        if end as usize >= context.node_ids.len() {
            let (max, found) = (context.node_ids.len() as u64, u64::from(end));
            return Err(Rule::EndInRange.broken_at(&self.sections.ends, position, max, found));
        }
        place.store(position as u32, Relaxed);
        Ok((arc, end, self.records[position].load()))
    }

    fn finish(self, context: &Context<'_>) -> Result<Adjacency, SnapshotError> {
        let positions = self.positions.into_iter().map(AtomicU32::into_inner).collect();
        let offsets = context.offsets.to_vec();
        Ok(Adjacency::from_sorted(offsets, self.ends, self.arcs, self.records, positions))
    }
}

impl Context<'_> {
    /// Positions of a node's list.
    fn list(&self, node: usize) -> std::ops::Range<usize> {
        self.offsets[node] as usize..self.offsets[node + 1] as usize
    }

    /// Whether the first node has the lesser id.
    fn is_before(&self, [one, two]: [u32; 2]) -> bool {
        let (one, two) = (one as usize, two as usize);
        match self.id_prefixes[one].cmp(&self.id_prefixes[two]) {
            std::cmp::Ordering::Equal => self.node_ids[one] < self.node_ids[two],
            order => order.is_lt(),
        }
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
        Tally { arcs: Fingerprint::EMPTY, channels: [Fingerprint::EMPTY; 2], wide_places: Vec::new() }
    }

    fn merge(mut self, mut other: Tally) -> Tally {
        // The longer list takes in the shorter one, so that no value is moved more than a few times.
        if self.wide_places.len() < other.wide_places.len() {
            std::mem::swap(&mut self.wide_places, &mut other.wide_places);
        }
        self.wide_places.append(&mut other.wide_places);
        Tally {
            arcs: self.arcs.merge(other.arcs),
            channels: [0, 1].map(|side| self.channels[side].merge(other.channels[side])),
            wide_places: self.wide_places,
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
const NODES_PER_PART: usize = 1 << 10;
