//! Graphs in files: opens any format by its content, and writes the formats that are written.
//!
//! The seam to the engine's two ways in: a snapshot is loaded as it is laid out, all else is imported and laid out.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use engine::graph::{ArcIdx, GraphBuilder, Topology};
use engine::import::{
    Format, ImportNotes, Imported, PREFIX_SIZE, detect, read_graph, write_csv, write_lnd_json,
};
use engine::snapshot::{self, Snapshot, SnapshotMeta};

use crate::exit::Failure;
use crate::progress::{Progress, Unit};

/// A graph that is ready for queries.
#[derive(Debug)]
pub(crate) struct LoadedGraph {
    /// The graph.
    pub(crate) snapshot: Snapshot,
    /// Where it came from.
    pub(crate) source: Source,
}

/// Where a graph came from, to be told to the user.
#[derive(Debug)]
pub(crate) struct Source {
    /// The file's name, or what stands for it.
    pub(crate) name: String,
    /// Its format; `None` where it was made on the spot.
    pub(crate) format: Option<Format>,
    /// Whether it was compressed with zstd.
    pub(crate) compressed: bool,
    /// The file's size.
    pub(crate) byte_count: u64,
    /// What was skipped, and other things that only some formats tell.
    pub(crate) notes: ImportNotes,
    /// From the first byte to the first query.
    pub(crate) load_time: Duration,
}

/// A format that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum SaveFormat {
    /// Fulgurite's own, the fastest to load
    Snapshot,
    /// A table of policies, one direction of a channel a line
    Csv,
    /// LND's describegraph
    LndJson,
}

/// Opens a graph of any format.
pub(crate) fn load(path: &Path) -> Result<LoadedGraph, Failure> {
    let (topology, source) = load_topology(path)?;
    Ok(LoadedGraph { snapshot: Snapshot::from_topology(topology), source })
}

/// The same, for whoever goes on to change it.
pub(crate) fn load_topology(path: &Path) -> Result<(Topology, Source), Failure> {
    let started = Instant::now();
    let (mut file, size) = open(path)?;
    let (topology, format, compressed, byte_count, notes) = match sniff(path, &mut file)? {
        Begin::Snapshot => (load_snapshot(path)?, Format::Snapshot, false, size, ImportNotes::None),
        Begin::Other(prefix) => {
            let Imported { graph, summary } = import(path, io::Cursor::new(prefix).chain(file), size)?;
            let topology = lay_out(graph)?;
            (topology, summary.format, summary.compressed, summary.byte_count, summary.notes)
        }
    };
    let name = path.display().to_string();
    let source =
        Source { name, format: Some(format), compressed, byte_count, notes, load_time: started.elapsed() };
    Ok((topology, source))
}

/// Lays a graph out for queries.
pub(crate) fn lay_out(graph: GraphBuilder) -> Result<Topology, Failure> {
    Topology::build(graph).map_err(|error| Failure::usage(error.to_string(), "use a smaller graph"))
}

/// Writes a graph. A file appears whole or not at all; `-` is the output stream.
pub(crate) fn save(topology: &Topology, format: SaveFormat, path: &Path) -> Result<(), Failure> {
    let write_to = |out: &mut dyn Write| -> io::Result<()> {
        let mut out = BufWriter::with_capacity(BUFFER_SIZE, out);
        match format {
            SaveFormat::Snapshot => write_snapshot(topology, &mut out)?,
            SaveFormat::Csv => write_csv(&topology.to_builder(), &mut out)?,
            SaveFormat::LndJson => write_lnd_json(&topology.to_builder(), &mut out)?,
        }
        out.flush()
    };
    if path == Path::new("-") {
        return Ok(write_to(&mut io::stdout().lock())?);
    }
    replace(path, write_to)
}

/// Writes a file beside `path` and renames it, so that no reader ever sees half of it.
pub(crate) fn replace(
    path: &Path,
    write_to: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let is_special = path.metadata().is_ok_and(|meta| !meta.is_file());
    if is_special {
        // A device or a pipe is written to, not replaced.
        let mut file = File::create(path).map_err(Failure::file("write", path))?;
        return write_to(&mut file).map_err(Failure::file("write", path));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut options = tempfile::Builder::new();
    options.prefix(".fulgurite-");
    #[cfg(unix)]
    options.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = options.tempfile_in(folder).map_err(unnamed);
    let mut file = file.map_err(Failure::file("write", path))?;
    write_to(file.as_file_mut()).map_err(Failure::file("write", path))?;
    file.persist(path).map_err(|error| Failure::file("write", path)(error.error))?;
    Ok(())
}

/// The error without the name of the temporary file, which tells nobody anything.
fn unnamed(error: io::Error) -> io::Error {
    let told = error.to_string();
    let cause = told.split(" at path ").next().unwrap_or(&told).to_owned();
    io::Error::new(error.kind(), cause)
}

impl SaveFormat {
    /// The format that a file's name asks for.
    pub(crate) fn of(path: &Path) -> Self {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("csv") => SaveFormat::Csv,
            Some("json") => SaveFormat::LndJson,
            _ => SaveFormat::Snapshot,
        }
    }
}

/// What a file begins with.
enum Begin {
    Snapshot,
    Other(Vec<u8>),
}

fn open(path: &Path) -> Result<(File, u64), Failure> {
    let file = File::open(path).map_err(Failure::file("open", path))?;
    let meta = file.metadata().map_err(Failure::file("open", path))?;
    if meta.is_dir() {
        return Err(Failure::file("open", path)(io::ErrorKind::IsADirectory.into()));
    }
    Ok((file, meta.len()))
}

fn sniff(path: &Path, file: &mut File) -> Result<Begin, Failure> {
    let mut prefix = Vec::with_capacity(PREFIX_SIZE);
    file.take(PREFIX_SIZE as u64).read_to_end(&mut prefix).map_err(Failure::file("read", path))?;
    Ok(match detect(&prefix) {
        Ok(Format::Snapshot) => Begin::Snapshot,
        // What is wrong with the others is told by the import.
        _ => Begin::Other(prefix),
    })
}

fn import(path: &Path, input: impl Read, size: u64) -> Result<Imported, Failure> {
    let mut bar = Progress::new(Unit::Bytes, Some(size), "reading");
    read_graph(input, &mut |count| bar.set(count)).map_err(|error| Failure::import(path, &error))
}

fn load_snapshot(path: &Path) -> Result<Topology, Failure> {
    snapshot::load_snapshot(path).map_err(|error| Failure::snapshot(path, &error))
}

fn write_snapshot(topology: &Topology, out: &mut impl Write) -> io::Result<()> {
    // The graph's own time, not the clock's: equal graphs make equal files.
    let arcs = (0..topology.channel_count() as u32 * 2).map(ArcIdx::from_u32);
    let newest = arcs.filter_map(|arc| topology.policy(arc)).map(|policy| policy.last_update).max();
    let generator = concat!("fulgurite ", env!("CARGO_PKG_VERSION")).to_owned();
    let meta = SnapshotMeta { created_at: newest.unwrap_or_default(), generator };
    snapshot::write_snapshot(topology, &meta, out).map(drop)
}

/// Enough to make system calls rare.
const BUFFER_SIZE: usize = 1 << 18;
