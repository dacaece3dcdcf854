//! Graphs, payments and reference answers, from files; the first two also made up.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use engine::graph::{ArcIdx, BuildError, GraphBuilder, Topology};
use engine::import::{ImportError, read_graph};
use engine::snapshot::{Snapshot, SnapshotError, load_snapshot};
use engine::synthetic::{AmountRange, SyntheticConfig, SyntheticError, generate, random_queries};
use primitives::{Msat, NodeId};
use rand::Rng;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Query;

/// Reads `src,dst,amount_msat`, at most `limit` of them; further columns are ignored.
///
/// # Errors
/// Where the file cannot be read or a row is malformed.
pub fn read_queries(path: &Path, limit: usize) -> Result<Vec<Query>, InputError> {
    rows(path)?
        .take(limit)
        .map(|row: Result<QueryRow, InputError>| {
            let row = row?;
            Ok(Query {
                payer: node_id(&row.src)?,
                payee: node_id(&row.dst)?,
                amount: Msat::from_msat(row.amount_msat),
            })
        })
        .collect()
}

/// Reads the `min_fee_msat` column of a file of exact answers, at most `limit` rows; an empty field means no route.
///
/// # Errors
/// Where the file cannot be read or a row is malformed.
pub fn read_reference(path: &Path, limit: usize) -> Result<Vec<Option<u64>>, InputError> {
    rows(path)?
        .take(limit)
        .map(|row: Result<ReferenceRow, InputError>| row.map(|row| row.min_fee_msat))
        .collect()
}

/// Where a graph, or its payments, come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file, of any format that is read.
    File(PathBuf),
    /// Written `gen:N`: that many channels of a synthetic graph, or random payments.
    Generated(u32),
}

/// Reads or makes a graph. The node ids of one that is made are points on the curve, as LDK wants them.
///
/// # Errors
/// Where the file cannot be read, is of no known format or malformed; where a graph of that size is not made.
pub fn graph(origin: &Origin) -> Result<GraphBuilder, InputError> {
    let path = match origin {
        Origin::File(path) => path,
        &Origin::Generated(channel_count) => {
            let config = SyntheticConfig { valid_keys: true, ..SyntheticConfig::new(SEED, channel_count) };
            return Ok(generate(&config, &mut |_| ())?);
        }
    };
    match read_graph(open(path)?, &mut |_| ()) {
        Ok(imported) => Ok(imported.graph),
        Err(ImportError::Snapshot) => Ok(load_snapshot(path)?.to_builder()),
        Err(error) => Err(error.into()),
    }
}

/// The real graph where `FULGURITE_DATA` names a folder that holds it, else one that is made up, of as many channels.
///
/// # Errors
/// As [`graph`].
pub fn mainnet_or_made_up() -> Result<Snapshot, InputError> {
    let folder = std::env::var_os("FULGURITE_DATA");
    let file = folder.map(|folder| Path::new(&folder).join("data/mainnet-2025-10-26/channels.csv.zst"));
    let origin = file.filter(|file| file.exists()).map_or(Origin::Generated(MADE_UP_COUNT), Origin::File);
    Ok(Snapshot::from_topology(Topology::build(graph(&origin)?)?))
}

/// Two nodes that are ends of random channels: most nodes have a single small one, which leaves little to search.
pub fn random_ends(snapshot: &Snapshot, rng: &mut impl Rng) -> [NodeId; 2] {
    let arc_count = 2 * snapshot.channel_count() as u32;
    let mut end = || snapshot.tail(ArcIdx::from_u32(rng.random_range(0..arc_count)));
    let (payer, mut payee) = (end(), end());
    while payee == payer {
        payee = end();
    }
    [payer, payee].map(|node| snapshot.node_id(node))
}

/// Reads at most `limit` payments, or makes random ones between nodes of `draft`.
///
/// # Errors
/// As [`read_queries`].
pub fn queries(origin: &Origin, draft: &GraphBuilder, limit: usize) -> Result<Vec<Query>, InputError> {
    match origin {
        Origin::File(path) => read_queries(path, limit),
        &Origin::Generated(count) => {
            let count = limit.min(count as usize);
            let queries = random_queries(draft.nodes(), count, SEED, AmountRange::default());
            Ok(queries.into_iter().map(|(payer, payee, amount)| Query { payer, payee, amount }).collect())
        }
    }
}

impl Origin {
    /// Reads `gen:N`, or takes the text for a file's name.
    ///
    /// # Errors
    /// Where what follows `gen:` is no number.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        match text.strip_prefix("gen:") {
            None => Ok(Origin::File(text.into())),
            Some(count) => {
                let count = count.parse().map_err(|_| InputError::Malformed { what: "count after gen:" })?;
                Ok(Origin::Generated(count))
            }
        }
    }
}

#[derive(Deserialize)]
struct QueryRow {
    src: String,
    dst: String,
    amount_msat: u64,
}

#[derive(Deserialize)]
struct ReferenceRow {
    min_fee_msat: Option<u64>,
}

fn rows<R: DeserializeOwned + 'static>(
    path: &Path,
) -> Result<impl Iterator<Item = Result<R, InputError>> + use<R>, InputError> {
    let file = open(path)?;
    let bytes: Box<dyn Read> = match path.extension() {
        Some(extension) if extension == "zst" => Box::new(zstd::Decoder::new(file)?),
        _ => Box::new(file),
    };
    let rows = csv::Reader::from_reader(bytes).into_deserialize();
    Ok(rows.map(|row| row.map_err(InputError::Csv)))
}

fn open(path: &Path) -> Result<File, InputError> {
    File::open(path).map_err(|error| InputError::Open { path: path.into(), error })
}

fn node_id(text: &str) -> Result<NodeId, InputError> {
    text.parse().map_err(|_| InputError::Malformed { what: "node id" })
}

/// Why an input file was not understood.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// A file cannot be opened.
    #[error("{}: {error}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the file system says.
        error: io::Error,
    },
    /// Reading failed on the way.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A row has the wrong columns.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// A field says nothing we know.
    #[error("malformed {what}")]
    Malformed {
        /// Which field.
        what: &'static str,
    },
    /// A file holds no graph.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// A graph has no room.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A snapshot is damaged.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// No graph of that size is made.
    #[error(transparent)]
    Synthetic(#[from] SyntheticError),
}

/// Whether a bench measures, or only shows that it runs: cargo gives it `--bench`, and who wants to see it run adds `--test`.
pub fn is_measured() -> bool {
    let is_given = |wanted| std::env::args().any(|argument| argument == wanted);
    is_given("--bench") && !is_given("--test")
}

/// As many channels as the real network has.
const MADE_UP_COUNT: u32 = 44_000;
/// Of graphs and payments that are made.
const SEED: u64 = 1;
