//! Columns that stand alone: each is decoded, then checked against its rule.

use primitives::NodeId;
use rayon::prelude::*;

use super::error::{Rule, SnapshotError};
use super::section::{Bytes, PART_COUNT};

/// Node ids, each with the first byte of a compressed key.
pub(super) fn node_ids(bytes: &Bytes<'_>) -> Result<Vec<NodeId>, SnapshotError> {
    let ids = bytes.bytes.as_chunks::<33>().0;
    if let Some(place) = first(ids, |id| !matches!(id[0], 2 | 3)) {
        return Err(Rule::NodeIdPrefix.broken_at(bytes, place, 2, ids[place][0].into()));
    }
    Ok(bytes.decode(|id| NodeId::from_bytes(*id).expect("all first bytes were checked")))
}

/// Names of channels, ascending.
pub(super) fn short_channel_ids(bytes: &Bytes<'_>) -> Result<Vec<u64>, SnapshotError> {
    let scids = bytes.decode(|scid| u64::from_le_bytes(*scid));
    if let Some(place) = first_descent(&scids, |before, after| before < after) {
        let least = scids[place - 1].saturating_add(1);
        return Err(Rule::ScidsAscend.broken_at(bytes, place, least, scids[place]));
    }
    Ok(scids)
}

/// Places among `set_count` feature vectors.
pub(super) fn features(bytes: &Bytes<'_>, set_count: usize) -> Result<Vec<u16>, SnapshotError> {
    let sets = bytes.decode(|set| u16::from_le_bytes(*set));
    if let Some(place) = first(&sets, |&set| usize::from(set) >= set_count) {
        let max = set_count as u64 - 1;
        return Err(Rule::FeaturesInRange.broken_at(bytes, place, max, sets[place].into()));
    }
    Ok(sets)
}

/// Where the lists of all nodes begin, and where the last one ends.
pub(super) fn offsets(bytes: &Bytes<'_>, arc_count: usize) -> Result<Vec<u32>, SnapshotError> {
    let offsets = bytes.decode(|offset| u32::from_le_bytes(*offset));
    let last = offsets.len() - 1;
    for (place, expected) in [(0, 0), (last, arc_count as u64)] {
        let found = u64::from(offsets[place]);
        if found != expected {
            return Err(Rule::OffsetsAscend.broken_at(bytes, place, expected, found));
        }
    }
    if let Some(place) = first_descent(&offsets, |before, after| before <= after) {
        let (least, found) = (offsets[place - 1].into(), offsets[place].into());
        return Err(Rule::OffsetsAscend.broken_at(bytes, place, least, found));
    }
    Ok(offsets)
}

/// The first value that is bad, looked for in parallel.
fn first<T: Sync>(values: &[T], is_bad: impl Fn(&T) -> bool + Sync) -> Option<usize> {
    values.par_chunks(PART_COUNT).enumerate().find_map_first(|(part, values)| {
        values.iter().position(&is_bad).map(|place| part * PART_COUNT + place)
    })
}

/// The first value that is not in order behind the one before it.
fn first_descent<T: Sync>(values: &[T], is_ordered: impl Fn(&T, &T) -> bool + Sync) -> Option<usize> {
    let pairs = values.len().saturating_sub(1);
    (0..pairs.div_ceil(PART_COUNT)).into_par_iter().find_map_first(|part| {
        let start = part * PART_COUNT;
        let values = &values[start..values.len().min(start + PART_COUNT + 1)];
        let descent = values.windows(2).position(|pair| !is_ordered(&pair[0], &pair[1]));
        descent.map(|place| start + place + 1)
    })
}
