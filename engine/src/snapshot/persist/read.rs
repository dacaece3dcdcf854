//! Reads a snapshot file.
//!
//! ```text
//! header, directory -> checksums of all sections -> node ids -+-> look-up of node ids
//!                                                            +-> columns -> lists, by tail and by head
//! ```
//! Everything is copied out of the bytes, so that a mapped file may go as soon as the graph is there.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};

use primitives::NodeId;
use rayon::prelude::*;

use super::columns;
use super::error::{Rule, SnapshotError};
use super::header::Front;
use super::lists::{self, Context, Sections};
use super::section::{Bytes, Section};
use crate::graph::{Adjacency, NodePlaces, Parts, Topology};

/// Reads a graph that [`write_snapshot`](super::write_snapshot) stored, and checks every rule that it must obey.
/// O(n + m), in parallel.
///
/// # Errors
/// Where the bytes are no snapshot of this version, are damaged, or hold no valid graph. Of several offences any may
/// be told.
pub fn read_snapshot(bytes: &[u8]) -> Result<Topology, SnapshotError> {
    let front = Front::read(bytes)?;
    front.verify_checksums()?;
    let id_bytes = front.section(Section::NodeIds, front.info.node_count as usize)?;
    let node_ids = columns::node_ids(&id_bytes)?;
    let (node_places, parts) =
        rayon::join(|| places(&id_bytes, &node_ids), || Columns::read(&front, &node_ids));
    let (node_places, columns) = (node_places?, parts?);
    let [outgoing, incoming] = columns.adjacencies;
    Ok(Topology::assemble(Parts {
        node_places,
        node_ids: node_ids.into(),
        node_features: columns.node_features.into(),
        forwarder_count: front.forwarder_count,
        feature_sets: front.feature_sets,
        short_channel_ids: columns.short_channel_ids.into(),
        channel_features: columns.channel_features.into(),
        last_update: columns.last_update.into(),
        outgoing,
        incoming,
        inbound_fees: columns
            .inbound_fees
            .map_or_else(OnceLock::new, |fees| OnceLock::from(fees.into_boxed_slice())),
        wide: columns.wide,
    }))
}

fn places(bytes: &Bytes<'_>, node_ids: &[NodeId]) -> Result<NodePlaces, SnapshotError> {
    NodePlaces::build(node_ids)
        .map_err(|place| Rule::NodeIdsDistinct.broken_at(bytes, place, node_ids.len() as u64, place as u64))
}

/// All columns but the node ids.
struct Columns {
    node_features: Vec<u16>,
    short_channel_ids: Vec<u64>,
    channel_features: Vec<u16>,
    last_update: Vec<AtomicU32>,
    inbound_fees: Option<Vec<AtomicU64>>,
    wide: Vec<u64>,
    adjacencies: [Adjacency; 2],
}

impl Columns {
    fn read(front: &Front<'_>, node_ids: &[NodeId]) -> Result<Self, SnapshotError> {
        let channel_count = front.info.channel_count as usize;
        let arc_count = 2 * channel_count;
        let set_count = front.feature_sets.len();
        let sections = |arcs, ends, records| {
            Ok(Sections {
                arcs: front.section(arcs, arc_count)?,
                ends: front.section(ends, arc_count)?,
                records: front.section(records, arc_count)?,
            })
        };
        let outgoing = sections(Section::OutgoingArcs, Section::OutgoingEnds, Section::OutgoingRecords)?;
        let incoming = sections(Section::IncomingArcs, Section::IncomingEnds, Section::IncomingRecords)?;
        let wide = wide(front)?;
        let offsets = columns::offsets(&front.section(Section::Offsets, node_ids.len() + 1)?, arc_count)?;
        let context = Context {
            node_ids,
            id_prefixes: &node_ids.par_iter().map(id_prefix).collect::<Vec<_>>(),
            offsets: &offsets,
            forwarder_count: front.forwarder_count as usize,
            wide: &wide,
            claims: &wide.par_iter().map(|_| AtomicBool::new(false)).collect::<Vec<_>>(),
        };
        let adjacencies = lists::read(&context, outgoing, incoming)?;
        let inbound_fees = front
            .optional(Section::InboundFees)
            .map(|_| front.section(Section::InboundFees, arc_count))
            .transpose()?
            .map(|bytes| bytes.decode(|fee| AtomicU64::new(u64::from_le_bytes(*fee))));
        Ok(Columns {
            node_features: columns::features(
                &front.section(Section::NodeFeatures, node_ids.len())?,
                set_count,
            )?,
            short_channel_ids: columns::short_channel_ids(
                &front.section(Section::ShortChannelIds, channel_count)?,
            )?,
            channel_features: columns::features(
                &front.section(Section::ChannelFeatures, channel_count)?,
                set_count,
            )?,
            last_update: front
                .section(Section::LastUpdate, arc_count)?
                .decode(|time| AtomicU32::new(u32::from_le_bytes(*time))),
            inbound_fees,
            wide: wide.into_iter().map(AtomicU64::into_inner).collect(),
            adjacencies,
        })
    }
}

/// Values too wide for a record; how many there are is not told but by the section's length.
fn wide(front: &Front<'_>) -> Result<Vec<AtomicU64>, SnapshotError> {
    let section = Section::WideValues;
    let length = front.optional(section).map_or(0, |bytes| bytes.bytes.len());
    let bytes = front.section(section, length / section.width())?;
    Ok(bytes.decode(|value| AtomicU64::new(u64::from_le_bytes(*value))))
}

/// The first four bytes of an id, in its order.
fn id_prefix(id: &NodeId) -> u32 {
    let (first, _) = id.as_bytes().as_chunks::<4>();
    u32::from_be_bytes(first[0])
}
