//! The front of the file: a header of fixed form, and the directory.
//!
//! ```text
//! offset size
//!  0     4    offset of the directory's root table: the file begins as any FlatBuffers buffer does
//!  4     4    "FGSN"
//!  8     8    length of the whole file
//! 16     8    where the directory ends, a multiple of 64
//! 24     4    CRC-32 of bytes 64 .. end of the directory
//! 28    32    zero
//! 60     4    CRC-32 of bytes 0 .. 60
//! 64          the rest of the FlatBuffers buffer, padded with zeros
//! ```
//! The header's form never changes; the version is a field of the directory. Bytes 8 to 64 lie in a gap that
//! FlatBuffers allows between the identifier and the root table.

use std::ops::Range;

use flatbuffers::FlatBufferBuilder;
use primitives::{Features, UnixTime};
use rayon::prelude::*;
use schemas::snapshot::{
    self as schema, DIRECTORY_IDENTIFIER, Directory, DirectoryArgs, FeatureSet, FeatureSetArgs,
};

use super::error::{Counted, HeaderPart, SnapshotError};
use super::section::{ALIGNMENT, Bytes, Section, aligned};
use crate::graph::{CHANNEL_COUNT_MAX, FEATURE_SET_COUNT_MAX, NODE_COUNT_MAX};

/// What the caller tells of a snapshot that it writes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SnapshotMeta {
    /// The moment that the graph shows.
    pub created_at: UnixTime,
    /// The program that writes, for people to read.
    pub generator: String,
}

/// What a snapshot tells of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// What the writer told.
    pub meta: SnapshotMeta,
    /// The version of the format.
    pub version: u16,
    /// How many nodes there are.
    pub node_count: u32,
    /// How many channels there are, closed ones included.
    pub channel_count: u32,
    /// Length of the file in bytes.
    pub size: u64,
}

/// A section as the directory lists it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) section: Section,
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) checksum: u32,
}

/// The directory as it is written.
pub(super) struct Contents<'a> {
    pub(super) meta: &'a SnapshotMeta,
    pub(super) node_count: u32,
    pub(super) channel_count: u32,
    pub(super) forwarder_count: u32,
    pub(super) feature_sets: &'a [Features],
}

/// The directory as it was read: its own fields hold, the sections are cut and their lengths not yet compared.
pub(super) struct Front<'a> {
    pub(super) info: SnapshotInfo,
    pub(super) forwarder_count: u32,
    pub(super) feature_sets: Box<[Features]>,
    sections: [Option<(Bytes<'a>, u32)>; Section::ALL.len()],
}

/// Reads what a snapshot tells of itself, without its columns. O(1) in the size of the graph.
///
/// # Errors
/// As [`read_snapshot`](super::read_snapshot).
pub fn snapshot_info(bytes: &[u8]) -> Result<SnapshotInfo, SnapshotError> {
    Front::read(bytes).map(|front| front.info)
}

impl Contents<'_> {
    /// The directory without its header and padding, and the offset of its root table in the file.
    fn encode(&self, entries: &[Entry]) -> (Vec<u8>, u32) {
        let mut builder = FlatBufferBuilder::new();
        let mut feature_sets = Vec::with_capacity(self.feature_sets.len());
        for features in self.feature_sets {
            let bytes = Some(builder.create_vector(features.as_be_bytes()));
            feature_sets.push(FeatureSet::create(&mut builder, &FeatureSetArgs { bytes }));
        }
        let section = |entry: &Entry| {
            schema::Section::new(entry.offset, entry.length, entry.checksum, entry.section.kind())
        };
        let sections = entries.iter().map(section).collect::<Vec<_>>();
        let directory = DirectoryArgs {
            version: VERSION,
            created_at: self.meta.created_at.to_secs(),
            generator: Some(builder.create_string(&self.meta.generator)),
            node_count: self.node_count,
            channel_count: self.channel_count,
            forwarder_count: self.forwarder_count,
            sections: Some(builder.create_vector(&sections)),
            feature_sets: Some(builder.create_vector(&feature_sets)),
        };
        let root = Directory::create(&mut builder, &directory);
        builder.finish(root, Some(DIRECTORY_IDENTIFIER));
        // Offsets inside FlatBuffers are relative: only the first one spans the gap.
        let (start, rest) = builder.finished_data().split_at(8);
        let root = le_u32(start, 0) + (HEADER_SIZE - 8) as u32;
        (rest.to_vec(), root)
    }

    /// Header and directory of a file that has these sections, with offsets from the directory's end on.
    pub(super) fn to_bytes(&self, mut entries: Vec<Entry>) -> Vec<u8> {
        // The length of a directory does not depend on the numbers in it.
        let length = self.encode(&entries).0.len();
        let directory_end = aligned((HEADER_SIZE + length) as u64);
        let mut file_length = directory_end;
        for entry in &mut entries {
            entry.offset += directory_end;
            file_length = file_length.max(entry.offset + aligned(entry.length));
        }
        let (directory, root) = self.encode(&entries);
        let mut bytes = vec![0; HEADER_SIZE];
        bytes.extend(directory);
        bytes.resize(directory_end as usize, 0);
        bytes[..4].copy_from_slice(&root.to_le_bytes());
        bytes[4..8].copy_from_slice(DIRECTORY_IDENTIFIER.as_bytes());
        bytes[8..16].copy_from_slice(&file_length.to_le_bytes());
        bytes[16..24].copy_from_slice(&directory_end.to_le_bytes());
        seal(&mut bytes);
        bytes
    }
}

/// Writes the checksums of directory and header into a front that is complete otherwise.
pub(super) fn seal(front: &mut [u8]) {
    let checksum = crc32fast::hash(&front[HEADER_SIZE..]);
    front[24..28].copy_from_slice(&checksum.to_le_bytes());
    let checksum = crc32fast::hash(&front[..60]);
    front[60..64].copy_from_slice(&checksum.to_le_bytes());
}

impl<'a> Front<'a> {
    /// Checks header and directory and cuts the file into its sections. Unknown sections are skipped.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, SnapshotError> {
        let front = &bytes[..directory_end(bytes)?];
        let directory =
            schema::root_as_directory(front).map_err(|error| SnapshotError::Directory { error })?;
        if directory.version() != VERSION {
            return Err(SnapshotError::Version { found: directory.version(), supported: VERSION });
        }
        let within = |what, found: u64, max: usize| {
            let max = max as u64;
            if found <= max { Ok(()) } else { Err(SnapshotError::TooMany { what, max, found }) }
        };
        within(Counted::Nodes, directory.node_count().into(), NODE_COUNT_MAX)?;
        within(Counted::Channels, directory.channel_count().into(), CHANNEL_COUNT_MAX)?;
        let mut sections = [None; Section::ALL.len()];
        for entry in directory.sections() {
            let Some(section) = Section::ALL.into_iter().find(|known| known.kind() == entry.kind()) else {
                continue;
            };
            let range = place(section, entry, front.len(), bytes.len())?;
            let cut = Bytes { section, offset: entry.offset(), bytes: &bytes[range] };
            if sections[section as usize].replace((cut, entry.checksum())).is_some() {
                return Err(SnapshotError::Repeated { section });
            }
        }
        let meta = SnapshotMeta {
            created_at: UnixTime::from_secs(directory.created_at()),
            generator: directory.generator().unwrap_or_default().to_owned(),
        };
        let info = SnapshotInfo {
            meta,
            version: directory.version(),
            node_count: directory.node_count(),
            channel_count: directory.channel_count(),
            size: bytes.len() as u64,
        };
        let feature_sets = feature_sets(&directory)?;
        Ok(Front { info, forwarder_count: directory.forwarder_count(), feature_sets, sections })
    }

    /// The bytes of a section, `None` where there is none.
    pub(super) fn optional(&self, section: Section) -> Option<Bytes<'a>> {
        self.sections[section as usize].map(|(bytes, _)| bytes)
    }

    /// The bytes of a section of `count` values.
    pub(super) fn section(&self, section: Section, count: usize) -> Result<Bytes<'a>, SnapshotError> {
        let bytes = self.optional(section).ok_or(SnapshotError::Missing { section })?;
        let (expected, found) = ((count * section.width()) as u64, bytes.bytes.len() as u64);
        if found != expected {
            return Err(SnapshotError::SectionLength { section, offset: bytes.offset, expected, found });
        }
        Ok(bytes)
    }

    /// Compares all checksums, in parallel.
    pub(super) fn verify_checksums(&self) -> Result<(), SnapshotError> {
        self.sections.par_iter().flatten().try_for_each(|&(bytes, expected)| {
            let (section, offset, found) = (bytes.section, bytes.offset, bytes.checksum());
            if found == expected {
                Ok(())
            } else {
                Err(SnapshotError::SectionChecksum { section, offset, expected, found })
            }
        })
    }
}

/// Checks the header and both checksums; returns where the directory ends.
fn directory_end(bytes: &[u8]) -> Result<usize, SnapshotError> {
    if bytes.get(4..8).is_some_and(|identifier| identifier != DIRECTORY_IDENTIFIER.as_bytes()) {
        return Err(SnapshotError::NotASnapshot);
    }
    let found = bytes.len() as u64;
    let Some(header) = bytes.get(..HEADER_SIZE) else {
        return Err(SnapshotError::FileLength { expected: HEADER_SIZE as u64, found });
    };
    verify(HeaderPart::Header, le_u32(header, 60), &header[..60])?;
    let (expected, end) = (le_u64(header, 8), le_u64(header, 16));
    if found != expected {
        return Err(SnapshotError::FileLength { expected, found });
    }
    if end <= HEADER_SIZE as u64 || end > found.min(DIRECTORY_SIZE_MAX) || !end.is_multiple_of(ALIGNMENT) {
        return Err(SnapshotError::DirectoryEnd { end });
    }
    verify(HeaderPart::Directory, le_u32(header, 24), &bytes[HEADER_SIZE..end as usize])?;
    Ok(end as usize)
}

fn verify(part: HeaderPart, expected: u32, bytes: &[u8]) -> Result<(), SnapshotError> {
    let found = crc32fast::hash(bytes);
    if found == expected { Ok(()) } else { Err(SnapshotError::HeaderChecksum { part, expected, found }) }
}

/// Where a section lies in the file's bytes.
fn place(
    section: Section,
    entry: &schema::Section,
    front: usize,
    end: usize,
) -> Result<Range<usize>, SnapshotError> {
    let (offset, length) = (entry.offset(), entry.length());
    let misplaced = SnapshotError::Misplaced { section, offset, length };
    let fits = offset.is_multiple_of(ALIGNMENT) && offset >= front as u64;
    match offset.checked_add(length) {
        Some(last) if fits && last <= end as u64 => Ok(offset as usize..last as usize),
        _ => Err(misplaced),
    }
}

fn feature_sets(directory: &Directory<'_>) -> Result<Box<[Features]>, SnapshotError> {
    let stored = directory.feature_sets();
    let (found, max) = (stored.len(), FEATURE_SET_COUNT_MAX);
    if found == 0 || found > max {
        let (what, max, found) = (Counted::FeatureSets, max as u64, found as u64);
        return Err(SnapshotError::TooMany { what, max, found });
    }
    let read = |(place, set): (usize, FeatureSet<'_>)| {
        let bytes = set.bytes().map_or(&[][..], |bytes| bytes.bytes());
        if bytes.first() == Some(&0) || (place == 0 && !bytes.is_empty()) {
            return Err(SnapshotError::FeatureSet { place });
        }
        Ok(Features::from_be_bytes(bytes))
    };
    stored.iter().enumerate().map(read).collect()
}

fn le_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn le_u64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// The version that is written and read; raised whenever a reader of the old one would misread a file.
const VERSION: u16 = 1;
/// Bytes before the directory.
const HEADER_SIZE: usize = 64;
/// A directory beyond this could not be addressed by FlatBuffers; real ones have some kilobytes.
pub(super) const DIRECTORY_SIZE_MAX: u64 = 1 << 30;
