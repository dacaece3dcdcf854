//! `fulgurite import`: turns a graph of any format into a snapshot, or another format that is written.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use indicatif::{HumanBytes, HumanCount};
use serde::Serialize;

use crate::exit::{Failure, Outcome};
use crate::graph_file::{self, LoadedGraph, SaveFormat};
use crate::output::table;
use crate::source_notes::{self, Note};

/// Arguments of the command.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The file to read
    file: PathBuf,
    /// The file to write; - is the output stream
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The format to write [default: by the name: .csv, .json (LND's); snapshot for all others]
    #[arg(long, value_enum)]
    to: Option<SaveFormat>,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct SummaryJson {
    file: String,
    format: &'static str,
    compressed: bool,
    file_bytes: u64,
    nodes: usize,
    channels: usize,
    load_seconds: f64,
    notes: Vec<Note>,
    output: String,
    output_bytes: Option<u64>,
    save_seconds: f64,
}

/// Reads and writes.
pub(crate) fn run(args: &ImportArgs, out: &mut impl Write) -> Result<Outcome, Failure> {
    let LoadedGraph { snapshot, source } = graph_file::load(&args.file)?;
    let topology = snapshot.topology();
    let started = Instant::now();
    graph_file::save(topology, args.to.unwrap_or_else(|| SaveFormat::of(&args.output)), &args.output)?;
    if args.output == Path::new("-") {
        // The graph went where a summary would go.
        return Ok(Outcome::Done);
    }
    let summary = SummaryJson {
        file: source.name.clone(),
        format: source_notes::format_code(&source),
        compressed: source.compressed,
        file_bytes: source.byte_count,
        nodes: topology.node_count(),
        channels: topology.channel_count(),
        load_seconds: source.load_time.as_secs_f64(),
        notes: source_notes::notes(&source),
        output: args.output.display().to_string(),
        output_bytes: args.output.metadata().ok().map(|meta| meta.len()),
        save_seconds: started.elapsed().as_secs_f64(),
    };
    if args.json {
        serde_json::to_writer(&mut *out, &summary)?;
        writeln!(out)?;
        return Ok(Outcome::Done);
    }
    writeln!(
        out,
        "read    {}: {}, {}, in {}",
        summary.file,
        source_notes::format_name(&source),
        HumanBytes(summary.file_bytes),
        table::time(source.load_time),
    )?;
    for note in &summary.notes {
        writeln!(out, "        {} {}", HumanCount(note.count), note.what)?;
    }
    let (nodes, channels) = (HumanCount(summary.nodes as u64), HumanCount(summary.channels as u64));
    writeln!(out, "graph   {nodes} nodes, {channels} channels")?;
    let size = HumanBytes(summary.output_bytes.unwrap_or(0));
    writeln!(out, "wrote   {}: {size}, in {}", summary.output, table::time(started.elapsed()))?;
    Ok(Outcome::Done)
}
