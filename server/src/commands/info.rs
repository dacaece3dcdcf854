//! `fulgurite info`: tells what is in a graph.

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use clap::Args;
use engine::graph::{GraphBuilder, NodeIdx, Topology};
use engine::synthetic::fit::{self, GraphShape};
use indicatif::{HumanBytes, HumanCount};
use primitives::{ChannelPolicy, Msat};
use serde::Serialize;

use crate::commands::route::load;
use crate::exit::{Failure, Outcome};
use crate::graph_file::{LoadedGraph, Source};
use crate::output::table;
use crate::source_notes::{self, Note};

/// Arguments of the command.
#[derive(Debug, Args)]
pub(crate) struct InfoArgs {
    /// The graph, in any format that is read; without it a synthetic one
    #[arg(long, value_name = "FILE")]
    graph: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// All that is told.
#[derive(Debug, Serialize)]
struct InfoJson {
    name: String,
    format: &'static str,
    compressed: bool,
    file_bytes: u64,
    load_seconds: f64,
    notes: Vec<Note>,
    nodes: usize,
    nodes_with_channels: usize,
    forwarders: u32,
    channels: usize,
    policies: usize,
    disabled_policies: usize,
    inbound_fee_policies: usize,
    unknown_capacities: usize,
    capacity_total_msat: u64,
    memory_bytes: usize,
    bytes_per_channel: f64,
    oldest_update: Option<u32>,
    newest_update: Option<u32>,
    largest_nodes: Vec<LargeNodeJson>,
    shares: Vec<ShareJson>,
    quantile_levels: [f64; fit::LEVELS.len()],
    quantiles: Vec<QuantilesJson>,
}

#[derive(Debug, Serialize)]
struct LargeNodeJson {
    node_id: String,
    channels: usize,
}

#[derive(Debug, Serialize)]
struct ShareJson {
    name: &'static str,
    share: f64,
}

#[derive(Debug, Serialize)]
struct QuantilesJson {
    name: &'static str,
    values: [f64; fit::LEVELS.len()],
}

/// Measures and prints.
pub(crate) fn run(args: &InfoArgs, out: &mut impl Write) -> Result<Outcome, Failure> {
    let LoadedGraph { snapshot, source } = load(args.graph.as_deref())?;
    let topology = snapshot.topology();
    let graph = topology.to_builder();
    let info = InfoJson::new(&source, topology, &graph, &fit::quantiles(&graph));
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &info)?;
        writeln!(out)?;
    } else {
        print(&info, &source, out)?;
    }
    Ok(Outcome::Done)
}

impl InfoJson {
    fn new(source: &Source, topology: &Topology, graph: &GraphBuilder, shape: &GraphShape) -> Self {
        let policies: Vec<&ChannelPolicy> =
            graph.channels().iter().flat_map(|channel| channel.policies.iter().flatten()).collect();
        let count = |is: fn(&ChannelPolicy) -> bool| policies.iter().filter(|policy| is(policy)).count();
        let capacities = || graph.channels().iter().map(|channel| channel.capacity);
        let updates = policies.iter().map(|policy| policy.last_update.to_secs()).filter(|&secs| secs > 0);
        let channels = graph.channels().len();
        InfoJson {
            name: source.name.clone(),
            format: source_notes::format_code(source),
            compressed: source.compressed,
            file_bytes: source.byte_count,
            load_seconds: source.load_time.as_secs_f64(),
            notes: source_notes::notes(source),
            nodes: topology.node_count(),
            nodes_with_channels: shape.node_count,
            forwarders: topology.forwarder_count(),
            channels,
            policies: policies.len(),
            disabled_policies: count(|policy| policy.disabled),
            inbound_fee_policies: count(|policy| !policy.inbound_fee.is_zero()),
            unknown_capacities: capacities().filter(Option::is_none).count(),
            capacity_total_msat: capacities().flatten().sum::<Msat>().to_msat(),
            memory_bytes: topology.size_bytes(),
            bytes_per_channel: topology.size_bytes() as f64 / channels.max(1) as f64,
            oldest_update: updates.clone().min(),
            newest_update: updates.max(),
            largest_nodes: largest_nodes(topology),
            shares: shape.shares.iter().map(|&(name, share)| ShareJson { name, share }).collect(),
            quantile_levels: fit::LEVELS,
            quantiles: shape
                .rows
                .iter()
                .map(|row| QuantilesJson { name: row.name, values: row.quantiles })
                .collect(),
        }
    }
}

/// The first nodes of a topology: they are numbered by falling degree.
fn largest_nodes(topology: &Topology) -> Vec<LargeNodeJson> {
    let count = topology.node_count().min(LARGEST_COUNT) as u32;
    let nodes = (0..count).map(NodeIdx::from_u32);
    nodes
        .map(|node| LargeNodeJson {
            node_id: topology.node_id(node).to_string(),
            channels: topology.outgoing(node).count(),
        })
        .collect()
}

fn print(info: &InfoJson, source: &Source, out: &mut impl Write) -> Result<(), Failure> {
    let number = |count: usize| HumanCount(count as u64).to_string();
    let share = |part: usize, of: usize| format!("{:.1} %", 100.0 * part as f64 / of.max(1) as f64);
    let facts = [
        ("graph", info.name.clone()),
        ("format", source_notes::format_name(source)),
        ("file", HumanBytes(info.file_bytes).to_string()),
        ("loaded in", table::time(source.load_time)),
        ("nodes", format!("{}, {} with channels", number(info.nodes), number(info.nodes_with_channels))),
        ("forwarders", format!("{} (two neighbours or more)", number(info.forwarders as usize))),
        ("channels", format!("{}, {} of unknown capacity", number(info.channels), info.unknown_capacities)),
        ("policies", number(info.policies)),
        (
            "disabled",
            format!("{} ({})", number(info.disabled_policies), share(info.disabled_policies, info.policies)),
        ),
        (
            "inbound fees",
            format!(
                "{} ({})",
                number(info.inbound_fee_policies),
                share(info.inbound_fee_policies, info.policies)
            ),
        ),
        ("capacity", format!("{} sat", table::sat(Msat::from_msat(info.capacity_total_msat)))),
        (
            "memory",
            format!(
                "{}, {:.0} bytes a channel",
                HumanBytes(info.memory_bytes as u64),
                info.bytes_per_channel
            ),
        ),
        ("policies from", format!("{} to {}", date(info.oldest_update), date(info.newest_update))),
    ];
    for (name, value) in facts {
        writeln!(out, "{name:14} {value}")?;
    }
    for note in &info.notes {
        writeln!(out, "{:14} {} {}", "note", HumanCount(note.count), note.what)?;
    }
    for node in &info.largest_nodes {
        writeln!(out, "{:14} {} with {} channels", "large node", node.node_id, number(node.channels))?;
    }
    writeln!(out)?;
    let shares = info.shares.iter().map(|row| [row.name.to_owned(), format!("{:.1} %", 100.0 * row.share)]);
    writeln!(out, "{}\n", table::trimmed(&table::plain(["share of", ""], [false, true], shares)))?;
    print_quantiles(info, out)
}

fn print_quantiles(info: &InfoJson, out: &mut impl Write) -> Result<(), Failure> {
    let header = ["quantiles", "1 %", "5 %", "10 %", "25 %", "50 %", "75 %", "90 %", "95 %", "99 %"];
    let right = header.map(|name| name != "quantiles");
    let rows = info.quantiles.iter().map(|row| {
        let digits = if row.name.ends_with("/ capacity") { 3 } else { 0 };
        let mut cells = row.values.iter().map(|value| format!("{value:.digits$}"));
        let mut next = || cells.next().unwrap_or_default();
        [row.name.to_owned(), next(), next(), next(), next(), next(), next(), next(), next(), next()]
    });
    Ok(writeln!(out, "{}", table::trimmed(&table::plain(header, right, rows)))?)
}

fn date(secs: Option<u32>) -> String {
    secs.map_or_else(
        || "unknown".to_owned(),
        |secs| {
            let moment = UNIX_EPOCH + Duration::from_secs(u64::from(secs));
            humantime::format_rfc3339_seconds(moment).to_string()
        },
    )
}

/// Enough to have some ids at hand.
const LARGEST_COUNT: usize = 5;
