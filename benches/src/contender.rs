//! What every router under test must offer, and the words its answers are given in.

use std::fmt;
use std::path::Path;

use engine::graph::GraphBuilder;
use primitives::{Msat, NodeId, ShortChannelId};
use serde::{Deserialize, Serialize};

/// A router under test.
///
/// The work of one query is split in two: [`Contender::request`] is preparation that a caller does once for a payment
/// (parsing keys, filling parameters) and is not timed; [`Contender::route`] is timed.
pub trait Contender: Sized + Sync {
    /// The name in tables and on the command line.
    const NAME: &'static str;
    /// What it can be asked.
    const MODES: &'static [Mode];
    /// A prepared query.
    type Request: Sync;
    /// What a thread reuses from query to query; `()` for routers that allocate afresh.
    type Scratch;

    /// Lays out the graph. Must keep every channel, policy, capacity and feature that it has a place for.
    ///
    /// # Errors
    /// Where the router refuses a part of the graph; a smaller graph must never be measured in silence.
    fn build(draft: &GraphBuilder) -> Result<Self, BuildError>;

    /// Prepares one query; not timed.
    ///
    /// # Errors
    /// Where the query cannot even be put to this router.
    fn request(&self, query: &Query, mode: Mode) -> Result<Self::Request, NoRoute>;

    /// A thread's scratch memory.
    fn scratch(&self) -> Self::Scratch;

    /// Finds one route; this is what is timed.
    ///
    /// # Errors
    /// Where there is no route, or the router found none.
    fn route(&self, scratch: &mut Self::Scratch, request: &Self::Request) -> Result<Answer, NoRoute>;
}

/// A contender with a file format of its own, whose loading is timed and whose memory is taken after it.
pub trait Stored: Contender {
    /// Writes the graph.
    ///
    /// # Errors
    /// Where the file cannot be written.
    fn write(&self, path: &Path) -> Result<(), StoreError>;

    /// Reads what [`Stored::write`] wrote.
    ///
    /// # Errors
    /// Where the file cannot be read or is not the router's own.
    fn read(path: &Path) -> Result<Self, StoreError>;
}

/// One payment to route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// Who pays. Its own first channel is free of fees.
    pub payer: NodeId,
    /// Who is paid.
    pub payee: NodeId,
    /// What must arrive.
    pub amount: Msat,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The least fee on one path; no other limits (mode A).
    MinFee,
    /// The router's own default cost and limits, in several parts if it likes (mode B).
    Defaults,
}

impl Mode {
    /// Both, in order.
    pub const ALL: [Mode; 2] = [Mode::MinFee, Mode::Defaults];
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Mode::MinFee => "min-fee",
            Mode::Defaults => "defaults",
        })
    }
}

/// A route, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What the payer pays on top of the amount, anything that the payee is overpaid included.
    pub fee_msat: u64,
    /// Channels on the longest part.
    pub hops: u32,
    /// The largest sum, over the parts, of the `cltv_expiry_delta`s between payer and payee: the payer's own and the
    /// payee's final delta left out.
    pub cltv: u32,
    /// How many paths the payment was split into.
    pub parts: u32,
}

/// Why there is no answer, in the router's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRoute(pub &'static str);

/// Why a graph cannot be handed to a router.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The router is not there to be measured.
    #[error("this contender is not available in this build")]
    Unavailable,
    /// A channel was refused.
    #[error("the router refused channel {short_channel_id}")]
    Channel {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// A policy was refused.
    #[error("the router refused a policy of channel {short_channel_id}")]
    Policy {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// A node's announcement was refused.
    #[error("the router refused node {node_id}")]
    Node {
        /// The node.
        node_id: NodeId,
    },
}

/// Why a contender's own file was not written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file system said no.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The bytes are not the router's own.
    #[error("the file does not hold this contender's graph")]
    Malformed,
}
