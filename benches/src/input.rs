//! Query files, reference answers, and for the time being a small reader of channel lists.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use engine::graph::GraphBuilder;
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, InboundFee, Msat, NodeId, ShortChannelId,
    UnixTime,
};
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

/// Reads a list of directed policies, plain or compressed with zstd (`.zst`). Stands in for the engine's importer.
///
/// # Errors
/// Where the file cannot be read or a row is malformed.
pub fn read_channels(path: &Path) -> Result<GraphBuilder, InputError> {
    let mut draft = GraphBuilder::new();
    for row in rows::<PolicyRow>(path)? {
        let row = row?;
        let short_channel_id: ShortChannelId =
            row.scid.parse().map_err(|_| InputError::Malformed { what: "scid" })?;
        if draft.channel(short_channel_id).is_none() {
            let capacity = row.capacity_sat.and_then(Msat::from_sat);
            let (one, two) = (node_id(&row.node1)?, node_id(&row.node2)?);
            draft.add_channel(short_channel_id, one, two, capacity, &Features::default())?;
        }
        let direction = Direction::BOTH[usize::from(row.dir & 1)];
        draft.set_policy(short_channel_id, direction, row.policy())?;
    }
    Ok(draft)
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

#[derive(Deserialize)]
struct PolicyRow {
    scid: String,
    node1: String,
    node2: String,
    capacity_sat: Option<u64>,
    dir: u8,
    base_msat: u32,
    ppm: u32,
    cltv: u16,
    htlc_min: u64,
    htlc_max: u64,
    disabled: u8,
    last_update: u32,
    inbound_base_msat: i32,
    inbound_ppm: i32,
}

impl PolicyRow {
    fn policy(&self) -> ChannelPolicy {
        ChannelPolicy {
            fee: Fee { fee_base_msat: self.base_msat, fee_proportional_millionths: self.ppm },
            inbound_fee: InboundFee {
                base_msat: self.inbound_base_msat,
                proportional_millionths: self.inbound_ppm,
            },
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(self.cltv),
            htlc_minimum_msat: Msat::from_msat(self.htlc_min),
            htlc_maximum_msat: Msat::from_msat(self.htlc_max),
            disabled: self.disabled != 0,
            last_update: UnixTime::from_secs(self.last_update),
        }
    }
}

fn rows<R: DeserializeOwned + 'static>(
    path: &Path,
) -> Result<impl Iterator<Item = Result<R, InputError>> + use<R>, InputError> {
    let file = File::open(path).map_err(|error| InputError::Open { path: path.into(), error })?;
    let bytes: Box<dyn Read> = match path.extension() {
        Some(extension) if extension == "zst" => Box::new(zstd::Decoder::new(file)?),
        _ => Box::new(file),
    };
    let rows = csv::Reader::from_reader(bytes).into_deserialize();
    Ok(rows.map(|row| row.map_err(InputError::Csv)))
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
    /// A row does not fit the graph.
    #[error(transparent)]
    Graph(#[from] engine::graph::BuildError),
}
