//! Writes a snapshot file.
//!
//! Two passes over the columns: one for the checksums, in parallel, and one that writes them behind the directory.
//! Policies are copied once before, so that both passes and both directions tell of the same ones.

use std::io::{self, Write};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rayon::prelude::*;

use super::header::{Contents, DIRECTORY_SIZE_MAX, Entry, SnapshotMeta};
use super::section::{ALIGNMENT, PART_COUNT, Section, aligned, checksum, parts};
use crate::graph::{Columns, FOREIGN, Record, Topology};

/// Stores a graph as it is laid out, with its current policies; returns how many bytes were written.
///
/// Channels that closed since the generation was built stay, marked as closed: leaving them out would change the
/// layout, which is the business of the next generation. No policy may be stored while this runs: call it where the
/// writer's deltas are applied. (If it happens nevertheless, a policy may be torn or the file be refused.)
///
/// Holds a copy of all records, 24 bytes an arc. O(n + m).
///
/// # Errors
/// Those of `out`; `InvalidInput` where features and `meta` do not fit a directory (1 GiB).
pub fn write_snapshot(topology: &Topology, meta: &SnapshotMeta, mut out: impl Write) -> io::Result<u64> {
    let columns = topology.columns();
    let texts = columns.feature_sets.iter().map(|set| set.as_be_bytes().len() as u64 + 64).sum::<u64>();
    if texts + meta.generator.len() as u64 + 4096 > DIRECTORY_SIZE_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "features do not fit the directory"));
    }
    let copy = Copy::of(topology, &columns);
    let stored = Section::ALL.into_iter().filter_map(|section| {
        let count = copy.count(&columns, section)?;
        Some((section, count, copy.checksum(&columns, section, count)))
    });
    let mut end = 0;
    let mut entries = Vec::new();
    for (section, count, checksum) in stored {
        let length = (count * section.width()) as u64;
        entries.push(Entry { section, offset: end, length, checksum });
        end = aligned(end + length);
    }
    let contents = Contents {
        meta,
        node_count: columns.node_ids.len() as u32,
        channel_count: columns.short_channel_ids.len() as u32,
        forwarder_count: columns.forwarder_count,
        feature_sets: columns.feature_sets,
    };
    let front = contents.to_bytes(entries.clone());
    out.write_all(&front)?;
    for entry in &entries {
        let count = entry.length as usize / entry.section.width();
        copy.write(&columns, entry.section, count, &mut out)?;
    }
    out.flush()?;
    Ok(front.len() as u64 + end)
}

/// What may change in a generation, as it was at one moment.
struct Copy {
    /// By arc.
    records: Vec<Record>,
    /// By arc.
    last_update: Vec<u32>,
    /// By arc.
    inbound_fees: Option<Vec<u64>>,
    wide: Vec<u64>,
}

impl Copy {
    fn of(topology: &Topology, columns: &Columns<'_>) -> Self {
        let load = |values: &[AtomicU64]| values.par_iter().map(|value| value.load(Relaxed)).collect();
        let arcs = 0..columns.last_update.len() as u32;
        Copy {
            records: arcs.into_par_iter().map(|arc| topology.in_lists().record(arc)).collect(),
            last_update: columns.last_update.par_iter().map(|time| time.load(Relaxed)).collect(),
            inbound_fees: columns.inbound_fees.map(load),
            // Last, so that it holds every value that a record refers to.
            wide: load(topology.columns().wide),
        }
    }

    /// How many values a section has, `None` where it is left out.
    fn count(&self, columns: &Columns<'_>, section: Section) -> Option<usize> {
        match section {
            Section::NodeIds | Section::NodeFeatures => Some(columns.node_ids.len()),
            Section::ShortChannelIds | Section::ChannelFeatures => Some(columns.short_channel_ids.len()),
            Section::InboundFees => self.inbound_fees.as_ref().map(Vec::len),
            Section::WideValues => Some(self.wide.len()),
            Section::Offsets => Some(columns.outgoing.offsets.len()),
            Section::LastUpdate
            | Section::OutgoingArcs
            | Section::OutgoingEnds
            | Section::OutgoingRecords
            | Section::IncomingArcs
            | Section::IncomingEnds
            | Section::IncomingRecords => Some(self.records.len()),
        }
    }

    fn checksum(&self, columns: &Columns<'_>, section: Section, count: usize) -> u32 {
        let encode = |range: Range<usize>| {
            let mut bytes = Vec::with_capacity(range.len() * section.width());
            self.encode(columns, section, range, &mut bytes);
            bytes
        };
        checksum(parts(count).map(encode))
    }

    fn write(
        &self,
        columns: &Columns<'_>,
        section: Section,
        count: usize,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(PART_COUNT * section.width());
        for start in (0..count).step_by(PART_COUNT) {
            bytes.clear();
            self.encode(columns, section, start..count.min(start + PART_COUNT), &mut bytes);
            out.write_all(&bytes)?;
        }
        let length = (count * section.width()) as u64;
        out.write_all(&[0; ALIGNMENT as usize][..(aligned(length) - length) as usize])
    }

    /// Appends the values of a part of a section, little-endian.
    fn encode(&self, columns: &Columns<'_>, section: Section, part: Range<usize>, bytes: &mut Vec<u8>) {
        let (outgoing, incoming) = (&columns.outgoing, &columns.incoming);
        match section {
            Section::NodeIds => columns.node_ids[part].iter().for_each(|id| bytes.extend(id.as_bytes())),
            Section::NodeFeatures => put(bytes, &columns.node_features[part], |value| value.to_le_bytes()),
            Section::ShortChannelIds => {
                put(bytes, &columns.short_channel_ids[part], |value| value.to_le_bytes());
            }
            Section::ChannelFeatures => {
                put(bytes, &columns.channel_features[part], |value| value.to_le_bytes());
            }
            Section::LastUpdate => put(bytes, &self.last_update[part], |value| value.to_le_bytes()),
            Section::InboundFees => {
                let fees = self.inbound_fees.as_deref().unwrap_or_default();
                put(bytes, &fees[part], |value| value.to_le_bytes());
            }
            Section::WideValues => put(bytes, &self.wide[part], |value| value.to_le_bytes()),
            Section::Offsets => put(bytes, &outgoing.offsets[part], |value| value.to_le_bytes()),
            Section::OutgoingArcs => put(bytes, &outgoing.arcs[part], |value| value.to_le_bytes()),
            Section::OutgoingEnds => put(bytes, &outgoing.ends[part], |value| value.to_le_bytes()),
            Section::OutgoingRecords => put(bytes, &outgoing.arcs[part], |&arc| self.record_bytes(arc)),
            Section::IncomingArcs => put(bytes, &incoming.arcs[part], |value| value.to_le_bytes()),
            Section::IncomingEnds => put(bytes, &incoming.ends[part], |value| value.to_le_bytes()),
            Section::IncomingRecords => put(bytes, &incoming.arcs[part], |&arc| self.record_bytes(arc)),
        }
    }

    fn record_bytes(&self, arc: u32) -> [u8; 24] {
        let words = self.records[arc as usize].without_flag(FOREIGN).words().map(u64::to_le_bytes);
        std::array::from_fn(|at| words[at / 8][at % 8])
    }
}

fn put<T, const N: usize>(bytes: &mut Vec<u8>, values: &[T], encode: impl Fn(&T) -> [u8; N]) {
    values.iter().for_each(|value| bytes.extend(encode(value)));
}
