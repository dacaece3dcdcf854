//! From any recognised file to a fresh builder.

use std::io::{self, BufReader, Cursor, Read};

use super::csv::{CsvError, CsvNotes, read_csv};
use super::detect::{BYTE_ORDER_MARK, DetectError, Format, detect};
use super::gossip_store::read_gossip_store;
use super::gossip_store_records::{GossipStoreError, GossipStoreNotes};
use super::lnd_json::{LndJsonError, read_lnd_json};
use super::rgs::RgsNotes;
use super::rgs_content::RgsSnapshot;
use super::rgs_decode::RgsError;
use super::source::{Bounded, Fault, INPUT_SIZE_MAX, Meter, Metered, WINDOW_LOG_MAX, read_prefix};
use crate::graph::GraphBuilder;

/// A graph that was read to its end.
#[derive(Debug)]
pub struct Imported {
    /// The graph.
    pub graph: GraphBuilder,
    /// What was found.
    pub summary: ImportSummary,
}

/// What an import found, to be told to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportSummary {
    /// The format of the (decompressed) file.
    pub format: Format,
    /// Whether it was compressed with zstd.
    pub compressed: bool,
    /// Bytes of the file that were read.
    pub byte_count: u64,
    /// Nodes in the graph.
    pub node_count: usize,
    /// Channels in the graph.
    pub channel_count: usize,
    /// Directions that have a policy.
    pub policy_count: usize,
    /// What only this format can tell.
    pub notes: ImportNotes,
}

/// What only some formats can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportNotes {
    /// Nothing beyond the graph: every record became part of it.
    None,
    /// Of a CSV that has any.
    Csv(CsvNotes),
    /// Of a `gossip_store`.
    GossipStore(GossipStoreNotes),
    /// Of a rapid gossip sync snapshot.
    Rgs(RgsNotes),
}

/// Recognises a file by its content and reads the graph in it. `progress` is called with the bytes of the file read
/// so far, a few times per MiB.
///
/// Reads the input in large pieces, so that it needs no buffer of its own. O(file).
///
/// # Errors
/// Where the file is of no known format, wrong, or larger than [`INPUT_SIZE_MAX`]; nothing is kept of it then.
pub fn read_graph(input: impl Read, progress: &mut dyn FnMut(u64)) -> Result<Imported, ImportError> {
    let meter = Meter::default();
    let result = read_any(Metered::new(input, &meter, progress), &meter);
    let (format, compressed, graph, notes) = match (result, meter.fault.get()) {
        // A failure of the input is the cause of whatever a parser made of it.
        (Err(_), Some(fault)) => return Err(ImportError::from_fault(fault, &meter)),
        (result, _) => result?,
    };
    let policy_count = graph.channels().iter().map(|channel| channel.policies.iter().flatten().count()).sum();
    let summary = ImportSummary {
        format,
        compressed,
        byte_count: meter.bytes_in.get(),
        node_count: graph.nodes().len(),
        channel_count: graph.channels().len(),
        policy_count,
        notes,
    };
    Ok(Imported { graph, summary })
}

type Parsed = (Format, bool, GraphBuilder, ImportNotes);

fn read_any(mut input: impl Read, meter: &Meter) -> Result<Parsed, ImportError> {
    let prefix = read_prefix(&mut input).map_err(|error| ImportError::Io { kind: error.kind() })?;
    let format = detect(&prefix)?;
    let whole = BufReader::with_capacity(BUFFER_SIZE, begin(format, prefix).chain(input));
    if format != Format::Zstd {
        let (graph, notes) = parse(format, whole)?;
        return Ok((format, false, graph, notes));
    }
    let mut decoder =
        zstd::Decoder::with_buffer(whole).map_err(|error| ImportError::Io { kind: error.kind() })?;
    decoder.window_log_max(WINDOW_LOG_MAX).map_err(|error| ImportError::Io { kind: error.kind() })?;
    let mut inside = Bounded::new(decoder, meter);
    let prefix = read_prefix(&mut inside).map_err(|error| ImportError::Io { kind: error.kind() })?;
    let format = detect(&prefix)?;
    let inside = BufReader::with_capacity(BUFFER_SIZE, begin(format, prefix).chain(inside));
    let (graph, notes) = parse(format, inside)?;
    Ok((format, true, graph, notes))
}

/// The first bytes once more; the parser of JSON knows no byte order mark.
fn begin(format: Format, mut prefix: Vec<u8>) -> Cursor<Vec<u8>> {
    if format == Format::LndJson && prefix.starts_with(BYTE_ORDER_MARK) {
        prefix.drain(..BYTE_ORDER_MARK.len());
    }
    Cursor::new(prefix)
}

fn parse(format: Format, input: impl Read) -> Result<(GraphBuilder, ImportNotes), ImportError> {
    match format {
        Format::Csv => {
            let (graph, notes) = read_csv(input)?;
            let has_none = notes == CsvNotes::default();
            Ok((graph, if has_none { ImportNotes::None } else { ImportNotes::Csv(notes) }))
        }
        Format::LndJson => Ok((read_lnd_json(input)?, ImportNotes::None)),
        Format::GossipStore => {
            let (graph, notes) = read_gossip_store(input)?;
            Ok((graph, ImportNotes::GossipStore(notes)))
        }
        Format::Rgs => {
            let mut graph = GraphBuilder::new();
            let notes = RgsSnapshot::decode(input)?.apply(&mut graph)?;
            Ok((graph, ImportNotes::Rgs(notes)))
        }
        Format::Snapshot => Err(ImportError::Snapshot),
        Format::Zstd => Err(ImportError::NestedZstd),
    }
}

/// Bytes that are read from a file at a time.
const BUFFER_SIZE: usize = 128 << 10;

/// Why a file was not imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The format is not known.
    #[error(transparent)]
    Detect(#[from] DetectError),
    /// The input failed.
    #[error("reading failed: {kind}")]
    Io {
        /// What failed.
        kind: io::ErrorKind,
    },
    /// The zstd stream is torn or damaged.
    #[error("the zstd stream is damaged or cut short, near byte {byte_count} of the file")]
    Zstd {
        /// Bytes of the file that were read.
        byte_count: u64,
    },
    /// More data than any graph needs.
    #[error(
        "refused after {decompressed_count} decompressed bytes from {byte_count}: a file has at most {INPUT_SIZE_MAX} \
         bytes, and grows at most {expansion}-fold",
        expansion = super::source::EXPANSION_MAX
    )]
    TooLarge {
        /// Bytes of the file that were read.
        byte_count: u64,
        /// Bytes that they became; 0 where they are not compressed.
        decompressed_count: u64,
    },
    /// A zstd stream holds another one.
    #[error("the zstd stream holds another zstd stream; expected a graph file in it")]
    NestedZstd,
    /// The project's own snapshot, which is mapped and not imported.
    #[error("this is a Fulgurite snapshot: it is opened as it is, uncompressed, and not imported")]
    Snapshot,
    /// A fault in a CSV.
    #[error("{format}: {0}", format = Format::Csv)]
    Csv(#[from] CsvError),
    /// A fault in LND's JSON.
    #[error("{format}: {0}", format = Format::LndJson)]
    LndJson(#[from] LndJsonError),
    /// A fault in a `gossip_store`.
    #[error("{format}: {0}", format = Format::GossipStore)]
    GossipStore(#[from] GossipStoreError),
    /// A fault in a rapid gossip sync snapshot.
    #[error("{format}: {0}", format = Format::Rgs)]
    Rgs(#[from] RgsError),
}

impl ImportError {
    fn from_fault(fault: Fault, meter: &Meter) -> Self {
        let byte_count = meter.bytes_in.get();
        match fault {
            Fault::Io(kind) => ImportError::Io { kind },
            Fault::Zstd => ImportError::Zstd { byte_count },
            Fault::TooLarge => {
                ImportError::TooLarge { byte_count, decompressed_count: meter.bytes_out.get() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Imported, ImportError> {
        read_graph(bytes, &mut |_| ())
    }

    #[test]
    fn torn_zstd_is_named_as_the_cause() {
        let header =
            b"scid,node1,node2,capacity_sat,dir,base_msat,ppm,cltv,htlc_min,htlc_max,disabled,last_update\n";
        let packed = zstd::encode_all(&header[..], 3).expect("in memory");
        assert_eq!(read(&packed).expect("whole").summary.channel_count, 0);
        for size in 4..packed.len() {
            assert!(matches!(read(&packed[..size]), Err(ImportError::Zstd { .. })), "{size} bytes");
        }
    }

    #[test]
    fn nested_and_swelling_streams_are_refused() {
        let once = zstd::encode_all(&b"{\"nodes\":[],\"edges\":[]}"[..], 3).expect("in memory");
        assert!(read(&once).expect("whole").summary.compressed);
        let twice = zstd::encode_all(&once[..], 3).expect("in memory");
        assert!(matches!(read(&twice), Err(ImportError::NestedZstd)));
        let spaces = b"{".iter().copied().chain(std::iter::repeat_n(b' ', 64 << 20)).collect::<Vec<_>>();
        let bomb = zstd::encode_all(&spaces[..], 3).expect("in memory");
        assert!(matches!(read(&bomb), Err(ImportError::TooLarge { .. })));
    }

    #[test]
    fn snapshots_are_pointed_elsewhere() {
        assert!(matches!(read(b"\x10\0\0\0FGSN\0\0\0\0"), Err(ImportError::Snapshot)));
        assert!(matches!(read(b""), Err(ImportError::Detect(DetectError::Empty))));
    }
}
