//! What to generate, and why it may be refused.

use super::degrees;
use crate::graph::BuildError;

/// What graph to generate. Equal values give equal graphs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntheticConfig {
    /// Starts every random stream.
    pub seed: u64,
    /// Channels, 1 to [`CHANNEL_COUNT_MAX`].
    pub channel_count: u32,
    /// Nodes, 2 to twice the channels; by default as many as mainnet would have: about 3.7 channels a node, slowly
    /// rising with the size, as larger graphs have larger hubs.
    pub node_count: Option<u32>,
    /// Whether each node id must be a point on the curve, for what checks keys. Costs some 10 µs a node; without it
    /// an id is 33 random bytes that begin with 2 or 3.
    pub valid_keys: bool,
}

impl SyntheticConfig {
    /// As many channels as you like, all else as on mainnet.
    pub fn new(seed: u64, channel_count: u32) -> Self {
        SyntheticConfig { seed, channel_count, node_count: None, valid_keys: false }
    }

    /// Mainnet's own size on 2025-10-26: 12,020 nodes, 44,371 channels.
    pub fn mainnet_like(seed: u64) -> Self {
        SyntheticConfig { node_count: Some(12_020), ..SyntheticConfig::new(seed, 44_371) }
    }

    /// The number of nodes, once the bounds hold.
    pub(super) fn checked_node_count(&self) -> Result<u32, SyntheticError> {
        let channel_count = self.channel_count;
        if channel_count == 0 || channel_count > CHANNEL_COUNT_MAX {
            return Err(SyntheticError::ChannelCount { channel_count, max: CHANNEL_COUNT_MAX });
        }
        let max = 2 * channel_count;
        let node_count = self.node_count.unwrap_or_else(|| degrees::fitted_node_count(channel_count));
        if node_count < NODE_COUNT_MIN || node_count > max {
            return Err(SyntheticError::NodeCount { node_count, min: NODE_COUNT_MIN, max });
        }
        Ok(node_count)
    }
}

/// The most channels: some 220 times mainnet, a gigabyte and a half.
pub const CHANNEL_COUNT_MAX: u32 = 10_000_000;

/// A channel has two ends.
const NODE_COUNT_MIN: u32 = 2;

/// Why no graph was generated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntheticError {
    /// Too few or too many channels.
    #[error("a synthetic graph has 1 to {max} channels, {channel_count} were asked for")]
    ChannelCount {
        /// What was asked for.
        channel_count: u32,
        /// The most that is supported.
        max: u32,
    },
    /// Each node needs a channel, and a channel two nodes.
    #[error("that many channels join {min} to {max} nodes, {node_count} were asked for")]
    NodeCount {
        /// What was asked for.
        node_count: u32,
        /// The fewest.
        min: u32,
        /// The most.
        max: u32,
    },
    /// The graph refused what was generated; a bug here.
    #[error("a generated channel does not fit the graph")]
    Build(#[from] BuildError),
}
