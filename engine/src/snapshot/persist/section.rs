//! The sections of a snapshot file, one for each column that is stored.

use std::fmt;
use std::ops::Range;

use rayon::prelude::*;
use schemas::snapshot::SectionKind;

/// A column of the file. The numbers are those of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// 33 bytes a node.
    NodeIds = 0,
    /// 2 bytes a node: a place among the feature vectors.
    NodeFeatures = 1,
    /// 8 bytes a channel, ascending.
    ShortChannelIds = 2,
    /// 2 bytes a channel: a place among the feature vectors.
    ChannelFeatures = 3,
    /// 4 bytes an arc: seconds since 1970.
    LastUpdate = 4,
    /// 8 bytes an arc: base and proportional part; left out where no policy has an inbound fee.
    InboundFees = 5,
    /// 8 bytes each: values too wide for a record.
    WideValues = 6,
    /// 4 bytes a node, and 4 more: where its lists begin, the same for both directions.
    Offsets = 7,
    /// 4 bytes an arc: which one, in the order of the lists by tail.
    OutgoingArcs = 8,
    /// 4 bytes an arc: the node it enters.
    OutgoingEnds = 9,
    /// 24 bytes an arc: its policy.
    OutgoingRecords = 10,
    /// 4 bytes an arc: which one, in the order of the lists by head.
    IncomingArcs = 11,
    /// 4 bytes an arc: the node it leaves.
    IncomingEnds = 12,
    /// 24 bytes an arc: its policy.
    IncomingRecords = 13,
}

impl Section {
    /// All of them, in the order of the file.
    pub const ALL: [Section; 14] = [
        Section::NodeIds,
        Section::NodeFeatures,
        Section::ShortChannelIds,
        Section::ChannelFeatures,
        Section::LastUpdate,
        Section::InboundFees,
        Section::WideValues,
        Section::Offsets,
        Section::OutgoingArcs,
        Section::OutgoingEnds,
        Section::OutgoingRecords,
        Section::IncomingArcs,
        Section::IncomingEnds,
        Section::IncomingRecords,
    ];

    /// The number in the schema.
    pub(super) fn kind(self) -> SectionKind {
        SectionKind(self as u16)
    }

    /// Bytes of one value.
    pub(super) const fn width(self) -> usize {
        match self {
            Section::NodeIds => 33,
            Section::NodeFeatures | Section::ChannelFeatures => 2,
            Section::LastUpdate
            | Section::Offsets
            | Section::OutgoingArcs
            | Section::OutgoingEnds
            | Section::IncomingArcs
            | Section::IncomingEnds => 4,
            Section::ShortChannelIds | Section::InboundFees | Section::WideValues => 8,
            Section::OutgoingRecords | Section::IncomingRecords => 24,
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().variant_name().unwrap_or("unknown"))
    }
}

/// The CRC-32 of parts that lie one behind the other, in parallel.
pub(super) fn checksum<P: AsRef<[u8]>>(parts: impl IndexedParallelIterator<Item = P>) -> u32 {
    let hash = |part: P| {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(part.as_ref());
        hasher
    };
    let append = |mut front: crc32fast::Hasher, back: crc32fast::Hasher| {
        front.combine(&back);
        front
    };
    parts.map(hash).reduce(crc32fast::Hasher::new, append).finalize()
}

/// Bytes of a section, and where it begins in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a> {
    pub(super) section: Section,
    pub(super) offset: u64,
    pub(super) bytes: &'a [u8],
}

impl Bytes<'_> {
    /// The checksum of the bytes.
    pub(super) fn checksum(&self) -> u32 {
        checksum(self.bytes.par_chunks(CHECKSUM_PART_SIZE))
    }

    /// Where the value of this number lies in the file.
    pub(super) fn offset_of(&self, value: usize) -> u64 {
        self.offset + (value * self.section.width()) as u64
    }

    /// A column of the values, `N` bytes each, decoded in parallel. The column has no room to spare.
    pub(super) fn decode<const N: usize, T: Send>(
        &self,
        decode: impl Fn(&[u8; N]) -> T + Send + Sync,
    ) -> Vec<T> {
        debug_assert_eq!(N, self.section.width());
        let mut column = Vec::new();
        self.bytes.as_chunks::<N>().0.par_iter().map(decode).collect_into_vec(&mut column);
        column
    }
}

/// Where the next section begins after `end`.
pub(super) fn aligned(end: u64) -> u64 {
    end.next_multiple_of(ALIGNMENT)
}

/// Cuts `count` values into parts of at most [`PART_COUNT`].
pub(super) fn parts(count: usize) -> impl IndexedParallelIterator<Item = Range<usize>> {
    (0..count.div_ceil(PART_COUNT))
        .into_par_iter()
        .map(move |part| part * PART_COUNT..count.min((part + 1) * PART_COUNT))
}

/// Sections and the header begin and end at multiples of this: a cache line.
pub(super) const ALIGNMENT: u64 = 64;
/// Values that are encoded or checked at a time: a megabyte or so, which a core's cache holds.
pub(super) const PART_COUNT: usize = 1 << 15;
const CHECKSUM_PART_SIZE: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_numbered_as_in_the_schema() {
        assert_eq!(Section::ALL.len(), SectionKind::ENUM_VALUES.len());
        for (section, kind) in Section::ALL.into_iter().zip(SectionKind::ENUM_VALUES) {
            assert_eq!(section.kind(), *kind);
            assert_eq!(Some(format!("{section:?}").as_str()), kind.variant_name());
        }
    }

    #[test]
    fn a_checksum_does_not_depend_on_the_cut() {
        let bytes: Vec<u8> = (0..5_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        assert_eq!(checksum(bytes.par_chunks(777)), crc32fast::hash(&bytes));
        assert_eq!(checksum(bytes[..0].par_chunks(777)), crc32fast::hash(&[]));
    }
}
