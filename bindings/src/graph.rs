//! Graphs: made, loaded, saved, freed.

use std::ffi::c_char;
use std::fs::File;
use std::io::{self, BufWriter, Cursor, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use crossbeam::queue::ArrayQueue;
use engine::batch::Router;
use engine::flow::PlanWorkspace;
use engine::graph::{ArcIdx, GraphBuilder, Topology};
use engine::import::{Format, Imported, PREFIX_SIZE, detect, read_graph, write_csv, write_lnd_json};
use engine::snapshot::{
    ChannelGraph, GraphWriter, Snapshot, SnapshotMeta, load_snapshot, read_snapshot, write_snapshot,
};

use crate::border::{Out, border, list, path, put_structure, text};
use crate::failure::Failure;
use crate::handle::{free, hand_out, hold, kind};
use crate::log;
use crate::status::{fg_error, fg_status};

/// A channel graph that is searched while it changes. Any number of threads may query it; those that change it wait for
/// one another, and no query ever waits for them.
pub struct fg_graph {
    _private: (),
}

/// A format that a graph is saved in.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum fg_format {
    /// Fulgurite's own, the fastest to load.
    FG_FORMAT_SNAPSHOT = 0,
    /// A table of policies.
    FG_FORMAT_CSV = 1,
    /// LND's describegraph.
    FG_FORMAT_LND_JSON = 2,
}

/// What a graph holds.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct fg_graph_info {
    /// Nodes that queries know.
    pub node_count: u64,
    /// Channels, some of which may be closed.
    pub channel_count: u64,
    /// Counts the publications.
    pub version: u64,
}

/// What lies behind an fg_graph.
pub(crate) struct Graph {
    pub(crate) router: Router,
    writer: Mutex<GraphWriter>,
    plan_spaces: ArrayQueue<Box<PlanWorkspace>>,
}

kind!(Graph, fg_graph, 2, "the fg_graph");

impl Graph {
    pub(crate) fn new(topology: Topology) -> Self {
        let (graph, writer) = ChannelGraph::new(topology);
        let plan_spaces = ArrayQueue::new(PLAN_SPACE_COUNT);
        Graph { router: Router::new(graph), writer: Mutex::new(writer), plan_spaces }
    }

    /// The one hand that changes the graph; waits for it.
    pub(crate) fn writer(&self) -> Result<MutexGuard<'_, GraphWriter>, Failure> {
        self.writer.lock().map_err(|_| Failure::Poisoned)
    }

    /// Runs `work` on the newest snapshot with a workspace for plans.
    pub(crate) fn with_plan_space<R>(&self, work: impl FnOnce(&Arc<Snapshot>, &mut PlanWorkspace) -> R) -> R {
        let mut space = self.plan_spaces.pop().unwrap_or_default();
        let result = work(&self.router.graph().snapshot(), &mut space);
        // A full pool drops it.
        let _ = self.plan_spaces.push(space);
        result
    }
}

/// Makes an empty graph. Free it with fg_graph_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_graph_new(graph: *mut *mut fg_graph, error: *mut fg_error) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("graph", graph, std::ptr::null_mut()) }?;
        out.put(hand_out(Graph::new(Topology::build(GraphBuilder::new())?)));
        Ok(())
    })
}

/// Loads a graph of any known format, told by its content: Fulgurite's snapshot, CSV, LND's describegraph, Core
/// Lightning's gossip_store, LDK's rapid gossip sync; all but the first also compressed with zstd. The file must not be
/// changed meanwhile. Free the graph with fg_graph_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_graph_load(
    file: *const c_char,
    graph: *mut *mut fg_graph,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("graph", graph, std::ptr::null_mut()) }?;
        // SAFETY: the rules of the header.
        let file = path(unsafe { text("file", file) }?)?;
        out.put(hand_out(Graph::new(load(file)?)));
        Ok(())
    })
}

/// The same from memory, which may be freed afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_graph_read(
    bytes: *const u8,
    size: usize,
    graph: *mut *mut fg_graph,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("graph", graph, std::ptr::null_mut()) }?;
        // SAFETY: the rules of the header.
        let bytes = unsafe { list("bytes", bytes, size) }?;
        let topology = match detect(&bytes[..bytes.len().min(PREFIX_SIZE)]) {
            Ok(Format::Snapshot) => read_snapshot(bytes)?,
            // What is wrong with the others is told by the import.
            _ => import(bytes)?,
        };
        out.put(hand_out(Graph::new(topology)));
        Ok(())
    })
}

/// Writes the graph to a file, which appears whole or not at all, in an fg_format. All that was applied is in it,
/// published or not: it is published with it. Changes of the graph wait; queries do not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_graph_save(
    graph: *const fg_graph,
    file: *const c_char,
    format: u32,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let graph = unsafe { hold::<Graph>(graph) }?;
        // SAFETY: the rules of the header.
        let file = path(unsafe { text("file", file) }?)?;
        let format = SaveFormat::of(format)?;
        let mut writer = graph.writer()?;
        // One that is under way already knows nothing of the newest changes.
        writer.finish_merge();
        writer.begin_merge();
        writer.finish_merge();
        save(writer.snapshot().topology(), format, file)?;
        log::info(&format_args!("saved the graph to {}", file.display()));
        Ok(())
    })
}

/// Tells what the published graph holds. `size` is sizeof(fg_graph_info). Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_graph_get_info(
    graph: *const fg_graph,
    info: *mut fg_graph_info,
    size: usize,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let graph = unsafe { hold::<Graph>(graph) }?;
        let snapshot = graph.router.graph().snapshot();
        let value = fg_graph_info {
            node_count: snapshot.node_count() as u64,
            channel_count: snapshot.channel_count() as u64,
            version: snapshot.version(),
        };
        // SAFETY: the rules of the header.
        unsafe { put_structure("info", info, size, &value) }
    })
}

/// Frees a graph; null is fine. Routes, plans and views live on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_graph_free(graph: *mut fg_graph) -> fg_status {
    // SAFETY: the rules of the header.
    border!(std::ptr::null_mut(), || unsafe { free::<Graph>(graph) })
}

#[derive(Clone, Copy)]
enum SaveFormat {
    Snapshot,
    Csv,
    LndJson,
}

impl SaveFormat {
    fn of(format: u32) -> Result<Self, Failure> {
        match format {
            0 => Ok(SaveFormat::Snapshot),
            1 => Ok(SaveFormat::Csv),
            2 => Ok(SaveFormat::LndJson),
            _ => Err(Failure::Range { what: "format", value: u64::from(format), expected: "an fg_format" }),
        }
    }
}

fn load(file: &Path) -> Result<Topology, Failure> {
    let mut input = File::open(file)?;
    if input.metadata()?.is_dir() {
        return Err(Failure::Io(io::ErrorKind::IsADirectory));
    }
    let mut prefix = Vec::with_capacity(PREFIX_SIZE);
    (&mut input).take(PREFIX_SIZE as u64).read_to_end(&mut prefix)?;
    match detect(&prefix) {
        Ok(Format::Snapshot) => {
            let topology = load_snapshot(file)?;
            let (nodes, channels) = (topology.node_count(), topology.channel_count());
            log::info(&format_args!("read {nodes} nodes, {channels} channels of a snapshot"));
            Ok(topology)
        }
        _ => import(Cursor::new(prefix).chain(input)),
    }
}

fn import(input: impl Read) -> Result<Topology, Failure> {
    let Imported { graph, summary } = read_graph(input, &mut |_| ())?;
    log::info(&format_args!(
        "read {} nodes, {} channels, {} policies of a {}",
        summary.node_count, summary.channel_count, summary.policy_count, summary.format
    ));
    if summary.notes != engine::import::ImportNotes::None {
        log::warning(&format_args!("{:?}", summary.notes));
    }
    Ok(Topology::build(graph)?)
}

/// Writes a file beside `file` and renames it.
fn save(topology: &Topology, format: SaveFormat, file: &Path) -> Result<(), Failure> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut options = tempfile::Builder::new();
    options.prefix(".fulgurite-");
    #[cfg(unix)]
    options.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut temporary = options.tempfile_in(folder)?;
    let mut out = BufWriter::with_capacity(BUFFER_SIZE, temporary.as_file_mut());
    match format {
        SaveFormat::Snapshot => {
            // The graph's own time, not the clock's: equal graphs make equal files.
            let arcs = (0..topology.channel_count() as u32 * 2).map(ArcIdx::from_u32);
            let newest = arcs.filter_map(|arc| topology.policy(arc)).map(|policy| policy.last_update).max();
            let generator = concat!("fulgurite ", env!("CARGO_PKG_VERSION")).to_owned();
            let meta = SnapshotMeta { created_at: newest.unwrap_or_default(), generator };
            write_snapshot(topology, &meta, &mut out)?;
        }
        SaveFormat::Csv => write_csv(&topology.to_builder(), &mut out)?,
        SaveFormat::LndJson => write_lnd_json(&topology.to_builder(), &mut out)?,
    }
    out.flush()?;
    drop(out);
    temporary.persist(file).map_err(|error| error.error)?;
    Ok(())
}

/// Enough to make system calls rare.
const BUFFER_SIZE: usize = 1 << 18;
/// Workspaces for plans that are kept; each holds some MB.
const PLAN_SPACE_COUNT: usize = 16;
