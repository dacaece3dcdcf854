//! `fulgurite generate`: writes a synthetic graph, and payments to ask of it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use engine::graph::Topology;
use engine::synthetic::{AmountRange, SyntheticConfig, generate, random_queries};
use indicatif::{HumanBytes, HumanCount};
use primitives::NodeId;
use serde::Serialize;

use crate::exit::{Failure, Outcome};
use crate::graph_file::{self, SaveFormat};
use crate::output::table;
use crate::progress::{Progress, Unit};

/// Arguments of the command.
#[derive(Debug, Args)]
pub(crate) struct GenerateArgs {
    /// Channels, up to 10,000,000 [default: mainnet's 44371, or as many as fit --nodes]
    #[arg(long, value_name = "N")]
    channels: Option<u32>,
    /// Nodes [default: as many as mainnet would have]
    #[arg(long, value_name = "N")]
    nodes: Option<u32>,
    /// Starts every random stream: the same seed and size give the same graph
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Make each node id a point on the curve, for what checks keys; some 10 us a node
    #[arg(long)]
    valid_keys: bool,
    /// The file to write; - is the output stream
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The format to write [default: by the name: .csv, .json (LND's); snapshot for all others]
    #[arg(long, value_enum)]
    to: Option<SaveFormat>,
    /// Write this many random payments, too: any two nodes, 1,000 to 1,000,000 sat; some have no route
    #[arg(long, value_name = "N", requires = "queries_out")]
    queries: Option<usize>,
    /// The table to write them to
    #[arg(long, value_name = "FILE.csv", requires = "queries")]
    queries_out: Option<PathBuf>,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct SummaryJson {
    nodes: usize,
    channels: usize,
    seed: u64,
    generate_seconds: f64,
    output: String,
    output_bytes: Option<u64>,
    queries: usize,
}

/// Generates and writes.
pub(crate) fn run(args: &GenerateArgs, out: &mut impl Write) -> Result<Outcome, Failure> {
    if args.queries_out.as_deref().is_some_and(|path| path == args.output || path == Path::new("-")) {
        return Err(Failure::usage(
            "the queries would be written over the graph, or into its stream",
            "give --queries-out a file of its own",
        ));
    }
    let started = Instant::now();
    let config = args.config();
    let mut bar = Progress::new(Unit::Channels, Some(u64::from(config.channel_count)), "generating");
    let graph = generate(&config, &mut |count| bar.set(count))?;
    drop(bar);
    let nodes = graph.nodes().to_vec();
    let topology: Topology = graph_file::lay_out(graph)?;
    let generated = started.elapsed();
    graph_file::save(&topology, args.to.unwrap_or_else(|| SaveFormat::of(&args.output)), &args.output)?;
    if let (Some(count), Some(path)) = (args.queries, &args.queries_out) {
        write_queries(&nodes, count, args.seed, path)?;
    }
    if args.output == Path::new("-") {
        return Ok(Outcome::Done);
    }
    let summary = SummaryJson {
        nodes: topology.node_count(),
        channels: topology.channel_count(),
        seed: args.seed,
        generate_seconds: generated.as_secs_f64(),
        output: args.output.display().to_string(),
        output_bytes: args.output.metadata().ok().map(|meta| meta.len()),
        queries: args.queries.unwrap_or(0),
    };
    if args.json {
        serde_json::to_writer(&mut *out, &summary)?;
        writeln!(out)?;
        return Ok(Outcome::Done);
    }
    let (nodes, channels) = (HumanCount(summary.nodes as u64), HumanCount(summary.channels as u64));
    writeln!(out, "made    {nodes} nodes, {channels} channels, in {}", table::time(generated))?;
    writeln!(out, "wrote   {}: {}", summary.output, HumanBytes(summary.output_bytes.unwrap_or(0)))?;
    if let Some(path) = &args.queries_out {
        writeln!(out, "wrote   {}: {} queries", path.display(), HumanCount(summary.queries as u64))?;
    }
    Ok(Outcome::Done)
}

impl GenerateArgs {
    fn config(&self) -> SyntheticConfig {
        let mainnet = SyntheticConfig::mainnet_like(self.seed);
        let mut config = match (self.channels, self.nodes) {
            (None, None) => mainnet,
            (Some(channels), nodes) => {
                SyntheticConfig { node_count: nodes, ..SyntheticConfig::new(self.seed, channels) }
            }
            (None, Some(nodes)) => {
                // Mainnet's ratio; what is out of range is refused by the generator.
                let mainnet_nodes = mainnet.node_count.unwrap_or(1).max(1);
                let channels = u64::from(nodes) * u64::from(mainnet.channel_count) / u64::from(mainnet_nodes);
                let channels = u32::try_from(channels).unwrap_or(u32::MAX);
                SyntheticConfig { node_count: Some(nodes), ..SyntheticConfig::new(self.seed, channels) }
            }
        };
        config.valid_keys = self.valid_keys;
        config
    }
}

fn write_queries(nodes: &[NodeId], count: usize, seed: u64, path: &Path) -> Result<(), Failure> {
    let queries = random_queries(nodes, count, seed, AmountRange::default());
    graph_file::replace(path, |out| {
        let mut out = std::io::BufWriter::new(out);
        writeln!(out, "src,dst,amount_msat")?;
        for (payer, payee, amount) in queries {
            writeln!(out, "{payer},{payee},{}", amount.to_msat())?;
        }
        out.flush()
    })
}
