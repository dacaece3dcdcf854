//! What `GET /api/v1/layers/{name}` tells: a layer in the form of Core Lightning's askrene-listlayers. The engine writes it
//! piece by piece; here is what the API's document says of it, and what clients in Rust read it with.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::json::{NodeIdText, ScidDirText, ScidText};

/// A layer, as the only one of a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LayerDocumentJson {
    /// The layer.
    pub layers: Vec<LayerJson>,
}

/// All that a layer says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LayerJson {
    /// Its name.
    pub layer: String,
    /// Whether it is kept over restarts, where the server keeps any.
    pub persistent: bool,
    /// Nodes none of whose channels may be used.
    pub disabled_nodes: Vec<NodeIdText>,
    /// Directions that may not be used.
    pub disabled_channels: Vec<ScidDirText>,
    /// Channels that only it knows.
    pub created_channels: Vec<CreatedChannelJson>,
    /// Changed policies.
    pub channel_updates: Vec<ChannelUpdateJson>,
    /// What attempts taught of liquidity.
    pub constraints: Vec<ConstraintJson>,
    /// Preferences for directions.
    pub biases: Vec<BiasJson>,
    /// Preferences for nodes' channels.
    pub node_biases: Vec<NodeBiasJson>,
}

/// A channel that only a layer knows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatedChannelJson {
    /// One end.
    pub source: NodeIdText,
    /// The other end.
    pub destination: NodeIdText,
    /// Its name.
    pub short_channel_id: ScidText,
    /// Its size.
    pub capacity_msat: u64,
}

/// Fields of a direction's policy; what is absent is as in the graph.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelUpdateJson {
    /// Which.
    pub short_channel_id_dir: ScidDirText,
    /// Whether it can be used at all.
    #[schema(nullable = false)]
    pub enabled: Option<bool>,
    /// The smallest HTLC.
    #[schema(nullable = false)]
    pub htlc_minimum_msat: Option<u64>,
    /// The largest HTLC.
    #[schema(nullable = false)]
    pub htlc_maximum_msat: Option<u64>,
    /// The fee's fixed part.
    #[schema(nullable = false)]
    pub fee_base_msat: Option<u32>,
    /// The fee's share of the amount.
    #[schema(nullable = false)]
    pub fee_proportional_millionths: Option<u32>,
    /// Blocks between the expiries of the incoming and the outgoing HTLC.
    #[schema(nullable = false)]
    pub cltv_expiry_delta: Option<u16>,
}

/// Bounds on what a direction can pass.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConstraintJson {
    /// Which.
    pub short_channel_id_dir: ScidDirText,
    /// When it was learnt, in seconds since 1970.
    pub timestamp: u32,
    /// It passes no more than this.
    #[schema(nullable = false)]
    pub maximum_msat: Option<u64>,
    /// It passes as much as this.
    #[schema(nullable = false)]
    pub minimum_msat: Option<u64>,
}

/// A preference for a direction.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BiasJson {
    /// Which.
    pub short_channel_id_dir: ScidDirText,
    /// From -100, thirty times dearer, to 100, thirty times cheaper.
    #[schema(minimum = -100, maximum = 100)]
    pub bias: i8,
    /// Why.
    #[schema(nullable = false)]
    pub description: Option<String>,
    /// When it was said, in seconds since 1970.
    pub timestamp: u32,
}

/// A preference for a node's channels.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeBiasJson {
    /// Which.
    pub node: NodeIdText,
    /// For channels that enter it, from -100 to 100.
    #[schema(minimum = -100, maximum = 100)]
    pub in_bias: i8,
    /// For channels that leave it, from -100 to 100.
    #[schema(minimum = -100, maximum = 100)]
    pub out_bias: i8,
    /// Why.
    #[schema(nullable = false)]
    pub description: Option<String>,
    /// When it was said, in seconds since 1970.
    pub timestamp: u32,
}
