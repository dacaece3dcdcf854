//! `fulgurite sync`: learns the graph from peers and keeps it in a log.

use std::fs::File;
use std::io::{BufReader, IsTerminal as _, Write, stderr};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, SystemTime};

use clap::Args;
use engine::graph::Topology;
use engine::snapshot::{ChannelGraph, GraphWriter};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use primitives::UnixTime;
use serde::Serialize;
use server::import::{ImportError, Reason};
use server::net::{Notice, OpenedSync, Status, SyncNode};

use crate::exit::{Failure, Outcome};
use crate::gossip_flags::{GossipFlags, log_failure};
use crate::graph_file::{self, SaveFormat};
use crate::progress::{Progress, Unit};
use crate::source_notes::Note;

/// Arguments of the command.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    #[command(flatten)]
    gossip: GossipFlags,
    /// The log of verified gossip; made where it is not there
    #[arg(long, value_name = "FILE")]
    log: PathBuf,
    /// A gossip_store of Core Lightning, or a capture of gossip (GSP), to learn from first; what is in it is believed as a
    /// peer's gossip is
    ///
    /// Without --peer and --listen, this is all that is done.
    #[arg(long, value_name = "FILE")]
    from_gossip_store: Option<PathBuf>,
    /// Write the graph at the end, in the format of the name: .csv, .json (LND's), or a snapshot
    #[arg(long, value_name = "FILE")]
    graph_out: Option<PathBuf>,
    /// Let others connect here, and tell them what we know; port 0 is any
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// End when everything is known that the peers know
    #[arg(long)]
    until_synced: bool,
    /// Threads that check signatures; 0 is one for each processor
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    threads: usize,
    /// Print a summary as JSON at the end; what is told until then goes to the error stream
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Default, Serialize)]
struct SummaryJson {
    log: String,
    log_records: u64,
    log_torn_bytes: u64,
    store: Option<StoreJson>,
    node_id: Option<String>,
    listen: Option<String>,
    nodes: usize,
    channels: usize,
    graph_out: Option<String>,
}

/// What became of the messages of a file.
#[derive(Debug, Serialize)]
struct StoreJson {
    file: String,
    channels: u64,
    updates: u64,
    nodes: u64,
    refused: Vec<Note>,
    removed: u64,
    torn_at: Option<u64>,
    torn_bytes: u64,
}

/// Runs until Ctrl-C, or until all is known.
pub(crate) fn run(args: &SyncArgs, out: &mut impl Write) -> Result<Outcome, Failure> {
    if args.until_synced && args.gossip.peers.is_empty() {
        return Err(Failure::usage("without a peer nothing is ever synced", "add --peer PUBKEY@HOST:PORT"));
    }
    if args.json {
        let summary = learn(args, &mut stderr())?;
        serde_json::to_writer(&mut *out, &summary)?;
        writeln!(out)?;
    } else {
        learn(args, out)?;
    }
    Ok(Outcome::Done)
}

/// The same, told line by line.
fn learn(args: &SyncArgs, out: &mut impl Write) -> Result<SummaryJson, Failure> {
    let mut opened = args.gossip.open(&args.log, args.listen, args.threads)?;
    let notes = opened.notes();
    let mut summary = SummaryJson {
        log: args.log.display().to_string(),
        log_records: notes.record_count,
        log_torn_bytes: notes.torn_bytes,
        ..SummaryJson::default()
    };
    writeln!(out, "log     {}: {} records", args.log.display(), HumanCount(notes.record_count))?;
    if notes.torn_bytes > 0 {
        let size = HumanBytes(notes.torn_bytes);
        writeln!(
            out,
            "        {size} at its end were torn by a crash; they lie beside it, and peers tell them again"
        )?;
    }
    if let Some(path) = &args.from_gossip_store {
        summary.store = Some(import(&mut opened, path, &args.log, out)?);
    }
    let graph = opened.graph().and_then(Topology::build);
    let graph = graph.map_err(|error| Failure::usage(error.to_string(), "use another log"))?;
    if args.from_gossip_store.is_some() && args.gossip.peers.is_empty() && args.listen.is_none() {
        return tell_graph(&graph, args, summary, out);
    }
    let (_, writer) = ChannelGraph::new(graph);
    let (notices_in, notices) = sync_channel(NOTICE_COUNT_MAX);
    let node = opened.start(writer, Some(notices_in));
    let node = node.map_err(|error| start_failure(args, &error))?;
    writeln!(out, "node    {}", node.node_id())?;
    summary.node_id = Some(node.node_id().to_string());
    if let Some(address) = node.listens_at() {
        writeln!(out, "listen  {address}")?;
        summary.listen = Some(address.to_string());
    }
    out.flush()?;
    watch(&node, &notices, args.until_synced)?;
    let mut writer = node.stop().map_err(|error| log_failure(&args.log, error))?;
    writer.publish();
    writer.begin_merge();
    GraphWriter::finish_merge(&mut writer);
    tell_graph(writer.snapshot().topology(), args, summary, out)
}

fn tell_graph(
    graph: &Topology,
    args: &SyncArgs,
    mut summary: SummaryJson,
    out: &mut impl Write,
) -> Result<SummaryJson, Failure> {
    (summary.nodes, summary.channels) = (graph.node_count(), graph.channel_count());
    let (nodes, channels) = (HumanCount(summary.nodes as u64), HumanCount(summary.channels as u64));
    writeln!(out, "graph   {nodes} nodes, {channels} channels")?;
    if let Some(path) = &args.graph_out {
        graph_file::save(graph, SaveFormat::of(path), path)?;
        writeln!(out, "wrote   {}", path.display())?;
        summary.graph_out = Some(path.display().to_string());
    }
    Ok(summary)
}

/// Learns from a file, and tells what became of its messages.
fn import(
    opened: &mut OpenedSync,
    path: &Path,
    log: &Path,
    out: &mut impl Write,
) -> Result<StoreJson, Failure> {
    let file = File::open(path).map_err(Failure::file("read", path))?;
    let metadata = file.metadata().map_err(Failure::file("read", path))?;
    let written = metadata.modified().ok().and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
    let written_at = written.and_then(|since| u32::try_from(since.as_secs()).ok()).unwrap_or(0);
    let mut progress = Progress::new(Unit::Bytes, Some(metadata.len()), "checking");
    let input = BufReader::with_capacity(READ_SIZE, file);
    let imported =
        opened.import_gossip(input, UnixTime::from_secs(written_at), &mut |bytes| progress.set(bytes));
    let counts = imported.map_err(|error| import_failure(path, log, error))?;
    drop(progress);
    let [channels, updates, nodes] =
        [counts.channel_count, counts.update_count, counts.node_count].map(HumanCount);
    writeln!(out, "store   {}: {channels} channels, {updates} updates, {nodes} nodes", path.display())?;
    for (reason, count) in &counts.refused {
        writeln!(out, "        {} {reason}", HumanCount(*count))?;
    }
    if counts.removed_count > 0 {
        writeln!(out, "        {} channels were taken back", HumanCount(counts.removed_count))?;
    }
    match (counts.torn_at, counts.torn_bytes) {
        (None, _) => {}
        (Some(at), 0) => {
            writeln!(out, "        reading ended at byte {at}: what follows is torn, or being written")?;
        }
        (Some(at), bytes) => {
            let size = HumanBytes(bytes);
            writeln!(out, "        {size} from byte {at} on are torn, and passed over")?;
        }
    }
    let note = |(reason, &count): (&Reason, &u64)| Note { count, what: reason.to_string().into() };
    Ok(StoreJson {
        file: path.display().to_string(),
        channels: counts.channel_count,
        updates: counts.update_count,
        nodes: counts.node_count,
        refused: counts.refused.iter().map(note).collect(),
        removed: counts.removed_count,
        torn_at: counts.torn_at,
        torn_bytes: counts.torn_bytes,
    })
}

fn import_failure(path: &Path, log: &Path, error: ImportError) -> Failure {
    match error {
        ImportError::Log(error) => log_failure(log, error),
        ImportError::Store(error) => Failure::import(path, &error.into()),
        error @ (ImportError::Capture(_) | ImportError::Read(_) | ImportError::Compressed) => {
            let hint = match error {
                ImportError::Compressed => "decompress it with zstd -d",
                _ => "check the file and the disk",
            };
            Failure::Content { path: path.to_owned(), message: error.to_string(), hint }
        }
        error => Failure::usage(error.to_string(), "mend this and import again; what was taken stays"),
    }
}

/// Shows what happens until somebody ends it.
fn watch(
    node: &SyncNode<GraphWriter>,
    notices: &Receiver<Notice>,
    until_synced: bool,
) -> Result<(), Failure> {
    let bar = if stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        bar.set_style(style);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
        let (mut ticks, mut before) = (tokio::time::interval(LOOK_EVERY), Status::default());
        loop {
            tokio::select! {
                _ = &mut interrupt => break,
                _ = ticks.tick() => {}
            }
            for notice in notices.try_iter() {
                bar.suspend(|| writeln!(stderr(), "{notice}"))?;
            }
            let status = node.status();
            let per_second =
                (status.message_count - before.message_count) * 1000 / LOOK_EVERY.as_millis() as u64;
            bar.set_message(line(&status, per_second));
            bar.tick();
            if !node.is_running() || (until_synced && status.is_synced) {
                break;
            }
            before = status;
        }
        bar.finish_and_clear();
        Ok(())
    })
}

fn line(status: &Status, per_second: u64) -> String {
    let left = if status.wanted_count == 0 {
        String::new()
    } else {
        format!(", {} to ask for", status.wanted_count)
    };
    format!(
        "{} peers, {} messages a second, {} channels, {} nodes{left}, {} logged",
        status.peers.len(),
        HumanCount(per_second),
        HumanCount(status.channel_count as u64),
        HumanCount(status.node_count as u64),
        HumanBytes(status.log_bytes),
    )
}

fn start_failure(args: &SyncArgs, error: &std::io::Error) -> Failure {
    match args.listen {
        Some(address) => Failure::usage(format!("cannot listen at {address}: {error}"), "change --listen"),
        None => Failure::usage(format!("cannot start: {error}"), "lower --threads"),
    }
}

/// Notices that wait to be shown; more are dropped.
const NOTICE_COUNT_MAX: usize = 256;
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Bytes of a file that are read at a time.
const READ_SIZE: usize = 128 << 10;
