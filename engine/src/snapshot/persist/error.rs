//! Why a file is no snapshot that can be read.

use std::fmt;
use std::io;

use super::section::{Bytes, Section};

/// Why a snapshot was not loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The file could not be opened or mapped.
    #[error("the snapshot cannot be opened: {kind}")]
    Unreadable {
        /// What the operating system said.
        kind: io::ErrorKind,
    },
    /// The file is something else.
    #[error("not a snapshot: bytes 4 to 8 are not \"FGSN\"")]
    NotASnapshot,
    /// Another program version wrote the file.
    #[error("the snapshot has format version {found}; this program reads version {supported}")]
    Version {
        /// The version of the file.
        found: u16,
        /// The version that this program reads and writes.
        supported: u16,
    },
    /// The file was cut, or something was appended.
    #[error("the snapshot should have {expected} bytes and has {found}")]
    FileLength {
        /// What the header says; its own size where there is no whole header.
        expected: u64,
        /// The bytes there are.
        found: u64,
    },
    /// The header or the directory was damaged.
    #[error("{part} has checksum {found:08x} instead of {expected:08x}")]
    HeaderChecksum {
        /// Which of both.
        part: HeaderPart,
        /// The checksum that is stored.
        expected: u32,
        /// The checksum of the bytes there are.
        found: u32,
    },
    /// The directory cannot lie where the header says.
    #[error("the directory cannot end at byte {end}")]
    DirectoryEnd {
        /// Where the header says that it ends.
        end: u64,
    },
    /// The directory is no FlatBuffers table of the schema.
    #[error("the directory at byte 64 is malformed: {error}")]
    Directory {
        /// What FlatBuffers found.
        error: flatbuffers::InvalidFlatbuffer,
    },
    /// There are more nodes, channels or feature vectors than a graph holds.
    #[error("the directory tells of {found} {what}, more than the {max} that fit")]
    TooMany {
        /// Of what.
        what: Counted,
        /// The greatest count.
        max: u64,
        /// The count in the directory.
        found: u64,
    },
    /// A feature vector is not in its one form, or the first one is not empty.
    #[error("feature vector {place} is not in its shortest form, or is the first and not empty")]
    FeatureSet {
        /// Its place in the directory.
        place: usize,
    },
    /// A section is not in the directory.
    #[error("section {section} is missing")]
    Missing {
        /// Which one.
        section: Section,
    },
    /// A section is in the directory twice.
    #[error("section {section} is listed twice")]
    Repeated {
        /// Which one.
        section: Section,
    },
    /// A section lies outside the file, in its header, or askew.
    #[error("section {section} cannot have {length} bytes at byte {offset}")]
    Misplaced {
        /// Which one.
        section: Section,
        /// Where the directory says that it begins.
        offset: u64,
        /// Its length in the directory.
        length: u64,
    },
    /// A section has too many or too few bytes for the counts in the directory.
    #[error("section {section} at byte {offset} should have {expected} bytes and has {found}")]
    SectionLength {
        /// Which one.
        section: Section,
        /// Where it begins.
        offset: u64,
        /// The length that the counts ask for.
        expected: u64,
        /// The length in the directory.
        found: u64,
    },
    /// A section was damaged.
    #[error("section {section} at byte {offset} has checksum {found:08x} instead of {expected:08x}")]
    SectionChecksum {
        /// Which one.
        section: Section,
        /// Where it begins.
        offset: u64,
        /// The checksum in the directory.
        expected: u32,
        /// The checksum of the bytes there are.
        found: u32,
    },
    /// The bytes are as they were written, but they are no graph.
    #[error("section {section}, byte {offset}: {rule}: expected {expected}, found {found}")]
    Content {
        /// Which section.
        section: Section,
        /// The byte of the file where the value lies; where the section begins if the rule is about all of it.
        offset: u64,
        /// The rule that is broken.
        rule: Rule,
        /// What the rule asks for: a value, or the bound that was passed.
        expected: u64,
        /// What there is.
        found: u64,
    },
}

/// The parts of the file before its sections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderPart {
    /// The first 64 bytes.
    Header,
    /// What lies between the header and the first section.
    Directory,
}

/// What a directory counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Nodes.
    Nodes,
    /// Channels.
    Channels,
    /// Distinct feature vectors; there is always one.
    FeatureSets,
}

/// What every stored graph obeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// A node id begins with 2 or 3.
    NodeIdPrefix,
    /// No two nodes have one id.
    NodeIdsDistinct,
    /// `short_channel_id`s ascend.
    ScidsAscend,
    /// Features refer to a feature vector in the directory.
    FeaturesInRange,
    /// Lists begin at 0, end where arcs end, and no list begins before another that it follows.
    OffsetsAscend,
    /// Arcs are numbered below twice the count of channels.
    ArcInRange,
    /// Nodes are numbered below their count.
    EndInRange,
    /// Every arc is in one list.
    ArcOnce,
    /// Nodes with two neighbours come first, their count is right, and degrees fall.
    NodeOrder,
    /// Both arcs of a channel join the same nodes, with the same capacity.
    ArcsPaired,
    /// `node_id_1` of a channel is less than `node_id_2`.
    NodesInOrder,
    /// The lists by tail and by head hold the same arcs.
    ListsAgree,
    /// A record refers to a wide value that there is.
    WideInRange,
    /// No two fields refer to one wide value.
    WideOnce,
    /// A record is what its policy is packed into.
    RecordPacked,
}

impl Rule {
    /// The error of a broken rule at one value of a section.
    pub(super) fn broken_at(
        self,
        bytes: &Bytes<'_>,
        value: usize,
        expected: u64,
        found: u64,
    ) -> SnapshotError {
        let offset = bytes.offset_of(value);
        SnapshotError::Content { section: bytes.section, offset, rule: self, expected, found }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::NodeIdPrefix => "a node id begins with 2 or 3",
            Rule::NodeIdsDistinct => "no two nodes have one id",
            Rule::ScidsAscend => "short channel ids ascend",
            Rule::FeaturesInRange => "features refer to a vector in the directory",
            Rule::OffsetsAscend => "lists follow one another from the first arc to the last",
            Rule::ArcInRange => "arcs are numbered below twice the count of channels",
            Rule::EndInRange => "nodes are numbered below their count",
            Rule::ArcOnce => "every arc is in one list",
            Rule::NodeOrder => "nodes with two neighbours come first, then degrees fall",
            Rule::ArcsPaired => "both arcs of a channel join the same nodes with the same capacity",
            Rule::NodesInOrder => "node_id_1 is less than node_id_2",
            Rule::ListsAgree => "the lists by tail and by head hold the same arcs",
            Rule::WideInRange => "a record refers to a wide value that there is",
            Rule::WideOnce => "no two fields refer to one wide value",
            Rule::RecordPacked => "a record is what its policy is packed into",
        })
    }
}

impl fmt::Display for HeaderPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HeaderPart::Header => "the header",
            HeaderPart::Directory => "the directory",
        })
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Counted::Nodes => "nodes",
            Counted::Channels => "channels",
            Counted::FeatureSets => "feature vectors",
        })
    }
}
