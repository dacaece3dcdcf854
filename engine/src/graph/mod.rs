//! The channel graph in memory.
mod builder;
mod ids;
pub use builder::{
    BuildError, CHANNEL_COUNT_MAX, ChannelDraft, FEATURE_SET_COUNT_MAX, GraphBuilder, NODE_COUNT_MAX,
};
pub use ids::{ArcIdx, ChannelIdx, NodeIdx};
